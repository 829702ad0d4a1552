"""Paths and their parameters, which have to belong together (OpenAPI 3.1.1, 4.8.8.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from generator.read import pointer as pointers
from generator.read.anatomy import METHODS
from generator.text.shown import shown

if TYPE_CHECKING:
    from generator.read.document import Document

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def check_paths(document: Document) -> None:
    """Check all paths; what is wrong is changed as its rule says."""
    shapes: dict[str, str] = {}
    checked: dict[str, None] = {}
    for path, item in (document.root.get("paths") or {}).items():
        if path.startswith("x-"):
            continue
        at = pointers.join("/paths", path)
        names = _placeholders(document, path, at)
        shape = _PLACEHOLDER.sub("{}", path)
        if shape in shapes and isinstance(item, dict):
            document.wrong(
                f"The path {shown(path)} is the same as {shown(shapes[shape])} "
                f"({document.position(pointers.join('/paths', shapes[shape]))})",
                at,
                "Put the operations of both under one",
                "paths-meet",
            )
        shapes.setdefault(shape, path)
        merged, real = document.follow(item, at)
        if isinstance(merged, dict) and real not in checked:
            checked[real] = None
            _check_item(document, path, names, merged, real)


def _check_item(
    document: Document, path: str, names: list[str], item: dict[str, Any], at: str
) -> None:
    shared = _parameters(document, item, at)
    given = [name for name, location in shared if location == "path"]
    _drop_unknown(document, path, names, shared)
    for method in METHODS:
        if method in item:
            below = pointers.join(at, method)
            own = _parameters(document, item[method], below)
            described = {name for name, location in own if location == "path"}.union(given)
            _drop_unknown(document, path, names, own)
            for name in names:
                if name not in described:
                    _describe(document, f"{method.upper()} {path}", name, item[method], below)


def _placeholders(document: Document, path: str, at: str) -> list[str]:
    """Return the names of the parameters in a path, in order, each once."""
    if not path.startswith("/"):
        what = f"The path {shown(path)} does not start with a slash"
        document.wrong(what, at, "Put one in front", "path-form")
    names = _PLACEHOLDER.findall(path)
    if {"{", "}"} & set(_PLACEHOLDER.sub("", path)):
        what = f"The braces of the path {shown(path)} do not match"
        document.wrong(what, at, "Close each parameter", "path-form")
    for name in dict.fromkeys(names):
        if not name or names.count(name) > 1:
            document.wrong(
                f"The path {shown(path)} has the parameter {shown(name)} "
                + ("twice" if name else "without a name"),
                at,
                "Give each parameter a name of its own",
                "path-form",
            )
    return [name for name in dict.fromkeys(names) if name]


def _describe(
    document: Document, title: str, name: str, operation: dict[str, Any], at: str
) -> None:
    """Take down that a parameter in a path is not described; let it be text."""
    document.wrong(
        f"The path parameter {shown(name)} of {title} is not described",
        pointers.join(at, "parameters", name),
        "Add it under parameters, with `in: path` and `required: true`",
        "path-parameter-missing",
    )
    added = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    operation["parameters"] = [*operation.get("parameters", ()), added]


def _drop_unknown(
    document: Document, path: str, names: list[str], found: Mapping[tuple[str, str], str]
) -> None:
    """Take out path parameters that the path does not have."""
    unknown = [
        (name, pointer)
        for (name, location), pointer in found.items()
        if location == "path" and name not in names
    ]
    for name, pointer in reversed(unknown):
        document.wrong(
            f"The path parameter {shown(name)} is not in the path {shown(path)}",
            pointer,
            f"Write {{{name}}} into the path, or remove the parameter",
            "path-parameter-unknown",
        )
        document.remove(pointer)


def _parameters(document: Document, holder: Any, at: str) -> dict[tuple[str, str], str]:
    """Return the parameters of a path or operation: name and place to pointer."""
    found: dict[tuple[str, str], str] = {}
    again: list[str] = []
    for index, parameter in enumerate(holder.get("parameters", ())):
        pointer = pointers.join(at, "parameters", index)
        value, _ = document.follow(parameter, pointer)
        name, location = value["name"], value["in"]
        key = (name.lower() if location == "header" else name, location)
        if key in found:
            document.wrong(
                f"The {location} parameter {shown(name)} is described twice "
                f"(also {document.position(found[key])})",
                pointer,
                "Remove one of the two",
                "duplicate-parameter",
            )
            again.append(pointer)
        found.setdefault(key, pointer)
    for pointer in reversed(again):
        document.remove(pointer)
    return _parameters(document, holder, at) if again else found
