"""Views through templates into a tree of files in memory, formatted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.decide.runtime import RUNTIME
from generator.decide.views import Brand, Entry, Package
from generator.text.literal import literal, plain
from generator.write.formatter import formatted

TEMPLATES: Final = Path(__file__).with_name("templates")

_APP: Final = "contrib.django"
"""Names of the runtime that are a Django app as well."""

_NAMES_A_FILE: Final = 800
"""A name takes up to five lines where it is listed."""

Tree = dict[str, bytes]
"""Path below the package folder, with slashes, to content."""


def render(package: Package, document: Mapping[str, Any], migrations: Path) -> Tree:
    """Return all files of the emitted package.

    Raises:
        FormatterError: the formatter did not do its work.
    """
    texts = dict(_texts(package))
    tree = {path: text.encode("utf-8") for path, text in formatted(texts, package.name).items()}
    tree["openapi.json"] = _json(document)
    tree["py.typed"] = b""
    for path in sorted(migrations.rglob("*.sql")):
        tree[f"migrations/{path.relative_to(migrations).as_posix()}"] = path.read_bytes()
    return tree


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


@cache
def environment(folder: Path) -> Environment:
    """Return what renders a folder's templates: source or Markdown, whose texts were made safe before."""
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - not HTML
        auto_reload=False,
    )


def _texts(package: Package) -> Iterator[tuple[str, str]]:
    templates = environment(TEMPLATES)
    shared: dict[str, Any] = templates.globals  # which macros see as well
    shared["runtime"] = RUNTIME
    source = plain(package.source)

    def text(template: str, **view: Any) -> str:
        return templates.get_template(template).render(source=source, **view)

    for module in package.models:
        path = f"models/{module.module.rpartition('.')[2]}.py"
        yield path, text("model.py.jinja", module=module)
    yield from _models(text, package)
    for api in package.api:
        yield f"api/{api.module.rpartition('.')[2]}.py", text("api.py.jinja", module=api)
    doc = "One module a tag of the document, one function an operation."
    yield "api/__init__.py", text("package.py.jinja", doc=doc)
    yield "client.py", text("client.py.jinja", client=package.client)
    yield "async_client.py", text("async_client.py.jinja", client=package.async_client)
    yield from _parts(text, package)
    if package.events is not None:
        yield "events.py", text("events.py.jinja", events=package.events)
    server = literal(package.server)
    yield "config.py", text("config.py.jinja", package=package, server=server)
    names = [handed.module for handed in package.reexports]
    folders = {name.partition(".")[0] for name in names if "." in name} | {_APP}
    for handed in package.reexports:
        place = handed.module.replace(".", "/")
        path = f"{place}/__init__.py" if handed.module in folders else f"{place}.py"
        yield (
            path,
            _lazy(text, handed.doc, handed.entries, handed.submodules)
            if handed.submodules
            else text("reexport.py.jinja", module=handed),
        )
    yield (
        "__init__.py",
        _lazy(
            text,
            package.top_doc,
            package.top,
            package.submodules,
            literal(package.brand.version),
            package.brand if package.says_home else None,
        ),
    )
    yield "_product.py", text("product.py.jinja", package=package)
    yield "__main__.py", text("main.py.jinja", package=package)
    yield "sandbox/__init__.py", text("sandbox.py.jinja", package=package)
    yield "pytest_plugin.py", text("pytest_plugin.py.jinja", package=package)
    if _APP in names:
        yield f"{_APP.replace('.', '/')}/apps.py", text("django_apps.py.jinja", package=package)


def _models(text: Any, package: Package) -> Iterator[tuple[str, str]]:
    """Yield the file that hands out all models, and what it is split into where there are many."""
    doc, listed = '"""Every model of the API."""', package.model_names
    if len(listed) <= _NAMES_A_FILE:
        yield "models/__init__.py", _lazy(text, doc, listed)
        return
    parts: list[str] = []
    for start in range(0, len(listed), _NAMES_A_FILE):
        parts.append(f"_names_{len(parts) + 1}")
        entries = listed[start : start + _NAMES_A_FILE]
        yield f"models/{parts[-1]}.py", text("names.py.jinja", entries=entries)
    yield (
        "models/__init__.py",
        text(
            "lazy.py.jinja",
            doc=doc,
            parts=parts,
            package=package.name,
            entries=(),
            submodules=(),
            version="",
            brand=None,
        ),
    )


def _parts(text: Any, package: Package) -> Iterator[tuple[str, str]]:
    """Yield the files of methods that do not stand in the clients' own."""
    for folder, template, client in (
        ("groups", "part.py.jinja", package.client),
        ("async_groups", "async_part.py.jinja", package.async_client),
    ):
        for part in client.files:
            place = part.module.removeprefix(f"{package.name}.").replace(".", "/")
            yield f"{place}.py", text(template, part=part)
        if client.groups:
            doc = f"The groups of the {'async' if template[0] == 'a' else 'blocking'} client."
            yield f"{folder}/__init__.py", text("package.py.jinja", doc=doc)


def _lazy(
    text: Any,
    doc: str,
    entries: tuple[Entry, ...],
    submodules: tuple[Entry, ...] = (),
    version: str = "",
    brand: Brand | None = None,
) -> str:
    names = sorted([entry.name for entry in entries] + (["__version__"] if version else []))
    rendered: str = text(
        "lazy.py.jinja",
        doc=doc,
        parts=(),
        entries=entries,
        submodules=submodules,
        names=names,
        version=version,
        brand=brand,
    )
    return rendered
