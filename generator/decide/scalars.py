"""Leaves, enums and limits in Python."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from generator.decide.imports import use
from generator.decide.runtime import CODEC
from generator.understand.schema import Schema


@attrs.frozen
class Shape:
    """One schema in Python, null left out; expressions name what they use by tokens."""

    read: str
    """Annotation of what an attribute gives."""
    accept: str
    """Annotation of what an argument takes."""
    runtime: str
    """Expression of the type that decodes and encodes."""


STRINGS: Final[Mapping[str, tuple[str, str, str]]] = {
    # Format: annotation module, annotation name, codec class.
    "date-time": ("datetime", "datetime", "DateTime"),
    "date": ("datetime", "date", "Date"),
    "time": ("datetime", "time", "Time"),
    "duration": ("datetime", "timedelta", "Duration"),
    "uuid": ("uuid", "UUID", "Uuid"),
    "decimal": ("decimal", "Decimal", "DecimalText"),
    "byte": ("builtins", "bytes", "Base64"),
}
_BOUNDS: Final = (
    ("minimum", "minimum"),
    ("maximum", "maximum"),
    ("exclusiveMinimum", "exclusive_minimum"),
    ("exclusiveMaximum", "exclusive_maximum"),
    ("multipleOf", "multiple_of"),
)


def is_file(schema: Schema) -> bool:
    """Tell whether a schema in a multipart body describes a file."""
    if schema.kind == "string":
        return schema.fact("format") == "binary" or (
            "contentMediaType" in schema.facts and "contentEncoding" not in schema.facts
        )
    return schema.kind == "any" and not set(schema.facts) - {"description", "title"}


def call(name: str, *arguments: str) -> str:
    """Return the source of a call; empty arguments are left out."""
    return f"{use(CODEC, name)}({', '.join(argument for argument in arguments if argument)})"


def bounds(schema: Schema) -> Iterable[tuple[str, Any]]:
    """Yield the runtime's arguments for the limits of a number."""
    for keyword, argument in _BOUNDS:
        value = schema.fact(keyword)
        if value is None or value is False:
            continue
        if value is True:
            # OpenAPI 3.0: `exclusiveMinimum: true` sharpens `minimum`.
            value = schema.fact(_INCLUSIVE[keyword])
        elif _INCLUSIVE.get(keyword) is None and schema.fact(_EXCLUSIVE.get(keyword, "")) is True:
            continue
        if value is not None:
            yield argument, value


_INCLUSIVE: Final = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_EXCLUSIVE: Final = {inclusive: exclusive for exclusive, inclusive in _INCLUSIVE.items()}


def as_whole(value: Any) -> Any:
    """Return a number that is whole as an int."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def integral(argument: str, value: float) -> int:
    """Return the integer that a limit of an integer comes to."""
    if argument == "minimum" or argument == "exclusive_maximum":
        return math.ceil(value)
    return math.floor(value)


def digits(value: Any) -> str:
    """Return a number as source that loses no digit."""
    return repr(value)
