"""What each keyword of JSON Schema is about: one table, and what is read off it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal

import attrs

from generator.understand.schema import Kind


@attrs.frozen
class Keyword:
    """One keyword that narrows which values are valid."""

    name: str
    types: tuple[str, ...] = ()
    """JSON types it speaks about, of other values it says nothing; none: the server's to check."""
    end: Literal["", "least", "most"] = ""
    """Which end of a range it is: joined, the higher least and the lower most hold."""
    argument: str = ""
    """What the runtime calls it, where that checks it before anything is sent."""
    unit: str = ""
    """What it counts, as docstrings say it; empty for what they do not tell."""
    noun: str = ""
    """What it limits, as the report of `diff` says it."""


_NUMBERS: Final = ("integer", "number")
_TABLE: Final = (
    Keyword("minLength", ("string",), "least", "min_length", "characters", "length"),
    Keyword("maxLength", ("string",), "most", "max_length", "characters", "length"),
    Keyword("pattern", ("string",), argument="pattern"),
    Keyword("contentEncoding", ("string",)),
    Keyword("contentMediaType", ("string",)),
    # Of integers a format says how wide they are elsewhere; Python has one int.
    Keyword("format", ("string", "number")),
    Keyword("minimum", _NUMBERS, "least", "minimum"),
    Keyword("maximum", _NUMBERS, "most", "maximum"),
    Keyword("exclusiveMinimum", _NUMBERS, "least", "exclusive_minimum"),
    Keyword("exclusiveMaximum", _NUMBERS, "most", "exclusive_maximum"),
    Keyword("multipleOf", _NUMBERS, argument="multiple_of"),
    Keyword("items", ("array",)),
    Keyword("prefixItems", ("array",)),
    Keyword("minItems", ("array",), "least", "min_items", "items", "number of items"),
    Keyword("maxItems", ("array",), "most", "max_items", "items", "number of items"),
    Keyword("uniqueItems", ("array",), argument="unique_items"),
    Keyword("properties", ("object",)),
    Keyword("additionalProperties", ("object",)),
    Keyword("patternProperties", ("object",)),
    Keyword("required", ("object",)),
    Keyword("minProperties", ("object",), "least", "min_properties", noun="number of keys"),
    Keyword("maxProperties", ("object",), "most", "max_properties", noun="number of keys"),
    Keyword("propertyNames", ("object",)),
    Keyword("dependentRequired", ("object",)),
    Keyword("unevaluatedProperties", ("object",)),
    Keyword("discriminator", ("object",)),
    Keyword("not"),
    Keyword("if"),
    Keyword("then"),
    Keyword("else"),
    Keyword("contains"),
    Keyword("minContains"),
    Keyword("maxContains"),
    Keyword("dependentSchemas"),
    Keyword("dependencies"),
    Keyword("unevaluatedItems"),
    Keyword("contentSchema"),
)
KEYWORDS: Final[Mapping[str, Keyword]] = {keyword.name: keyword for keyword in _TABLE}
"""By name, in the order of the runtime's arguments."""

UNCHECKED: Final = tuple(keyword.name for keyword in _TABLE if not keyword.types)
"""Keywords that the SDK leaves to the server, and says so."""

ANNOTATIONS: Final = frozenset(
    {
        "$anchor",
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "default",
        "definitions",
        "deprecated",
        "description",
        "example",
        "examples",
        "externalDocs",
        "nullable",
        "readOnly",
        "title",
        "writeOnly",
        "xml",
    }
)
"""Keywords that say nothing about which values are valid."""


def annotations_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the keywords that say nothing about which values are valid, extensions among them."""
    return {name: value for name, value in facts.items() if is_annotation(name)}


def is_annotation(name: str) -> bool:
    """Tell whether a keyword says nothing about which values are valid, as extensions do."""
    return name in ANNOTATIONS or name.startswith("x-")


def facts_of(raw: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Keep the keywords that speak about one JSON type."""
    return {
        name: value
        for name, value in raw.items()
        if name in KEYWORDS and kind in KEYWORDS[name].types
    }


def type_meant(names: Iterable[str]) -> Literal["", "array", "object"]:
    """Return the type of a schema that names none, as its keywords tell; empty for any."""
    # A discriminator stands beside unions as well.
    meant = {KEYWORDS[name].types for name in names if name in KEYWORDS and name != "discriminator"}
    return "object" if ("object",) in meant else "array" if ("array",) in meant else ""


@cache
def constraints(kind: Kind) -> tuple[Keyword, ...]:
    """Return the keywords that the runtime checks of a kind, in the order of its arguments."""
    name = "object" if kind == "map" else kind
    return tuple(keyword for keyword in _TABLE if keyword.argument and name in keyword.types)


def tightest(all_facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Join constraints: of two on one thing the narrower holds."""
    joined: dict[str, Any] = {}
    for facts in all_facts:
        for name, value in facts.items():
            end = KEYWORDS[name].end if name in KEYWORDS else ""
            if joined.get(name) is None or not end:
                joined[name] = value
            else:
                joined[name] = (max if end == "least" else min)(joined[name], value)
    return joined
