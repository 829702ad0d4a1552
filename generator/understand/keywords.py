"""What each keyword of JSON Schema is about, and how two uses of one are joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from generator.understand.schema import ANNOTATIONS, Schema

OBJECT_WORDS: Final = frozenset(
    {
        "properties",
        "additionalProperties",
        "patternProperties",
        "required",
        "minProperties",
        "maxProperties",
        "propertyNames",
        "dependentRequired",
        "unevaluatedProperties",
    }
)
ARRAY_WORDS: Final = frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"})
COMPOSED: Final = ("allOf", "oneOf", "anyOf")
UNCHECKED: Final = (
    "not",
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "dependentSchemas",
    "dependencies",
    "unevaluatedItems",
    "contentSchema",
)
"""Keywords that only narrow what is valid; the SDK leaves them to the server, and says so."""
REFUSED: Final = ("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")

PLACE: Final = frozenset({"default", "deprecated", "readOnly", "writeOnly", "nullable"})
"""Annotations that belong to the place where a schema stands, not to the schema itself."""

OF_PARTS: Final = frozenset(
    {"properties", "required", "additionalProperties", "patternProperties", "discriminator"}
)
ONLY_REQUIRED: Final = frozenset({"required", "description", "title", "type"})
RULES: Final = {"minProperties": "min_properties", "maxProperties": "max_properties"}

_FACTS: Final[Mapping[str, frozenset[str]]] = {
    "string": frozenset(
        {"minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"}
    ),
    "number": frozenset(
        {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"}
    ),
    "array": ARRAY_WORDS,
    "object": OBJECT_WORDS | {"discriminator"},
    "boolean": frozenset(),
}
_FACTS_OF_INTEGERS: Final = _FACTS["number"] - {"format"}


def facts_of(raw: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Keep the keywords that speak about one type."""
    wanted = _FACTS_OF_INTEGERS if kind == "integer" else _FACTS[kind]
    return {name: value for name, value in raw.items() if name in wanted}


def tightest(all_facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Join constraints: of two on one thing the narrower holds."""
    merged: dict[str, Any] = {}
    for facts in all_facts:
        for name, value in facts.items():
            known = merged.get(name)
            if known is None or name not in _PICK:
                merged[name] = value
            else:
                merged[name] = _PICK[name](known, value)
    return merged


_PICK: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}


def same(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are equal; true is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return values in order, each once."""
    found: list[Any] = []
    seen: set[Any] = set()
    for value in values:
        key = (type(value), value) if not isinstance(value, (list, dict)) else repr(value)
        if key not in seen:
            seen.add(key)
            found.append(value)
    return tuple(found)


def fits(value: Any, kind: str) -> bool:
    """Tell whether a JSON value is of a kind."""
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return False


def identity(schema: Schema) -> Any:
    """Return what two schemas share when they are one."""
    if schema.kind == "ref":
        return schema.target
    if schema.kind in ("string", "integer", "number", "boolean"):
        facts = {k: v for k, v in schema.facts.items() if k not in ANNOTATIONS and k[:2] != "x-"}
        return schema.kind, repr(sorted(facts.items(), key=repr))
    return id(schema)
