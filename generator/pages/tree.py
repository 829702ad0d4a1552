"""Pages through templates into a tree of files in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from generator.decide.views import Package
from generator.pages import failures, objects, operations
from generator.pages.operations import Page
from generator.pages.words import cell, prose
from generator.understand.api import Api
from generator.write.formatter import formatted
from generator.write.render import Tree, environment

TEMPLATES: Final = Path(__file__).with_name("templates")


def pages(api: Api, package: Package) -> Tree:
    """Return all pages of an API.

    Raises:
        FormatterError: the formatter did not do its work.
    """
    templates = environment(TEMPLATES)
    tagged = _formatted(operations.pages(api, package), package.name)

    def text(template: str, **view: Any) -> bytes:
        rendered = templates.get_template(template).render(package=package, **view)
        return rendered.encode("utf-8")

    title = cell(api.info.get("title"))
    tree = {f"{page.stem}.md": text("operations.md.jinja", page=page) for page in tagged}
    tree["objects.md"] = text("objects.md.jinja", objects=tuple(objects.objects(package)))
    tree["events.md"] = text("events.md.jinja", events=tuple(objects.events(api, package)))
    tree["errors.md"] = text("errors.md.jinja", failures=failures.failures(api))
    said = prose(api.info.get("summary"))
    tree["index.md"] = text("index.md.jinja", title=title, said=said, pages=tagged)
    return tree


def _formatted(pages: list[Page], package: str) -> list[Page]:
    """Break the lines of all samples, in one run."""
    neat = formatted(dict(_sources(pages)), package)
    return [
        attrs.evolve(page, entries=tuple(
            attrs.evolve(entry, sample=attrs.evolve(
                entry.sample,
                blocking=neat[f"{entry.name}.py"],
                awaiting=neat[f"{entry.name}_async.py"],
            ))
            for entry in page.entries
        ))
        for page in pages
    ]  # fmt: skip


def _sources(pages: list[Page]) -> Iterator[tuple[str, str]]:
    for page in pages:
        for entry in page.entries:
            yield f"{entry.name}.py", entry.sample.blocking
            yield f"{entry.name}_async.py", entry.sample.awaiting


def difference(disk: Mapping[str, bytes], tree: Mapping[str, bytes], name: str) -> str:
    """Say which pages are not what the document gives; an empty text when all are."""
    differing = [path for path in sorted({*disk, *tree}) if disk.get(path) != tree.get(path)]
    if not differing:
        return ""
    listed = "\n".join(f"  {path}" for path in differing)
    return (
        f"{name}/ is not what the generator emits from the document:\n{listed}\n"
        "Run make generate, and review both diffs."
    )
