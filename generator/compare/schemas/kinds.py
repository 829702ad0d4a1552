"""One kind of value that became another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from generator.compare.surface import Surface
from generator.understand.schema import Schema

_TYPES: Final[Mapping[str, str]] = {
    "date-time": "datetime",
    "date": "date",
    "time": "time",
    "duration": "timedelta",
    "uuid": "UUID",
    "decimal": "Decimal",
    "byte": "bytes",
    "binary": "bytes",
}
"""Formats of text that are types of their own in Python."""

_PLAIN: Final[Mapping[str, str]] = {
    "any": "Any",
    "array": "list",
    "boolean": "bool",
    "integer": "int",
    "map": "Mapping",
    "null": "None",
    "number": "Decimal",
    "object": "object",
    "string": "str",
    "union": "Union",
}


def python_type(schema: Schema) -> str:
    """Return what a scalar is in Python, by kind and format."""
    form = str(schema.fact("format") or "")
    if schema.kind == "string":
        return _TYPES.get(form, "str")
    if schema.kind == "number":
        return "float" if form in ("float", "double") else "Decimal"
    return _PLAIN.get(schema.kind, schema.kind)


def is_text(surface: Surface, schema: Schema) -> bool:
    """Return whether a schema is text to readers, of known values or not."""
    solid = surface.solid(schema)
    if solid.kind == "union":
        return all(is_text(surface, member) for member in solid.members)
    if solid.kind == "enum":
        return all(isinstance(value, str) for value in solid.values)
    return solid.kind == "string" and python_type(solid) == "str"


def shown_value(value: Any) -> str:
    """Return a JSON value as messages show it."""
    text = json.dumps(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"
