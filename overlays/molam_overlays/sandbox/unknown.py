"""Fields of a request that the document does not have: accepted, since objects stay open, and told."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, cast

from molam_overlays.sandbox.document import Document


def unknown_fields(document: Document, pointer: str, body: Any) -> list[dict[str, str | None]]:
    """List what the schema at a pointer does not name, each with the name that may be meant."""
    return [{"field": field, "meant": meant} for field, meant in _walk(document, pointer, body)]


def _walk(document: Document, pointer: str, value: Any) -> Iterator[tuple[str, str | None]]:
    pointer = _variant(document, pointer, value)
    _, schema = document.resolve(pointer)
    if not isinstance(schema, dict):
        return
    if isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            for field, meant in _walk(document, f"{document.follow(pointer)}/items", each):
                yield f"{index}.{field}", meant
        return
    known = document.properties(pointer)
    if not isinstance(value, dict) or not known:
        return
    for name, each in cast("dict[str, Any]", value).items():
        if name in known:
            for field, meant in _walk(document, known[name], each):
                yield f"{name}.{field}", meant
        elif "additionalProperties" not in schema:
            yield name, next(iter(get_close_matches(name.lower(), known, 1)), None)


def _variant(document: Document, pointer: str, value: Any) -> str:
    """Return the schema of a union that its tag names; else the pointer itself."""
    _, schema = document.resolve(pointer)
    if isinstance(schema, dict) and isinstance(value, dict):
        tag = cast("Any", schema).get("discriminator", {})
        told = cast("Any", value).get(tag.get("propertyName"))
        mapping = cast("dict[str, str]", tag.get("mapping", {}))
        if isinstance(told, str) and told in mapping:
            return mapping[told].removeprefix("#")
    return pointer
