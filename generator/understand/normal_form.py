"""One raw schema, in either dialect, as a `Schema` in normal form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from generator.read import pointer as pointers
from generator.understand.allof import combine
from generator.understand.keywords import (
    KEYWORDS,
    annotations_of,
    facts_of,
    is_annotation,
    type_meant,
)
from generator.understand.registry import Place, Registry
from generator.understand.schema import Kind, Schema
from generator.understand.unions import Alternatives, union
from generator.understand.values import distinct, fits

_COMPOSED: Final = ("allOf", "oneOf", "anyOf")
_LEAVES: Final[Mapping[str, Kind]] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


def normal_form(raw: Any, place: Place, registry: Registry) -> Schema:
    """Return the normal form of one schema, without a name for itself.

    Raises:
        DocumentError: something in it cannot be emitted.
    """
    at = place.at
    if raw is True:
        return Schema(at=at, kind="any")
    if not isinstance(raw, Mapping):
        raise registry.document.error(*_no_schema(raw, at))
    if raw.get("$ref") is not None and registry.document.version == "3.0":
        # OpenAPI 3.0 ignores what stands beside $ref; the description does no harm.
        raw = {k: v for k, v in raw.items() if k in ("$ref", "description", "summary")}
    own = {k: v for k, v in raw.items() if k != "$ref" and k not in _COMPOSED}
    parts = list(_parts(raw, place, registry))
    if not parts:
        return _plain(own, place, registry)
    if any(part.kind == "union" for part in parts):
        # The alternatives have been told apart by it.
        own.pop("discriminator", None)
    shape = [word for word in own if not is_annotation(word)]
    if shape and not (shape == ["type"] and own["type"] == "object" and len(parts) == 1):
        parts.insert(0, _plain(own, place, registry))
    combined = parts[0] if len(parts) == 1 else combine(parts, place, registry)
    return attrs.evolve(
        combined,
        at=at,
        facts={**combined.facts, **annotations_of(own)},
        nullable=combined.nullable or bool(own.get("nullable")),
    )


def _no_schema(raw: Any, at: str) -> tuple[str, str, str, str]:
    if raw is False:
        what = "The schema false allows no value at all"
        return what, at, "Leave the property out", "false-schema"
    return "A schema is an object or a boolean", at, "Correct the schema", "wrong-type"


def _parts(raw: Mapping[str, Any], place: Place, registry: Registry) -> Iterator[Schema]:
    """Yield what all has to fit beside the schema's own keywords."""
    ref = raw.get("$ref")
    if ref is not None:
        yield registry.at_place(registry.reference(str(ref), place.at), place.at)
    for index, part in enumerate(raw.get("allOf") or ()):
        yield registry.form(part, place.below("allOf", index))
    for keyword in ("oneOf", "anyOf"):
        if keyword in raw:
            yield union(
                Alternatives(
                    raw[keyword],
                    pointers.join(place.at, keyword),
                    keyword,
                    raw.get("discriminator"),
                ),
                place,
                registry,
            )


def _plain(raw: Mapping[str, Any], place: Place, registry: Registry) -> Schema:
    """Return the normal form of a schema without composition."""
    given = raw.get("type")
    types: list[str] = [given] if isinstance(given, str) else list(given or ())
    nullable = bool(raw.get("nullable")) or "null" in types
    if types == ["null"]:
        return Schema(at=place.at, kind="null", facts=raw, nullable=True)
    types = [one for one in types if one != "null"]
    if "const" in raw or "enum" in raw:
        return _enum(raw, types, nullable, place, registry)
    if not types:
        meant = type_meant(raw)
        if not meant:
            return Schema(at=place.at, kind="any", facts=raw, nullable=nullable)
        types = [meant]
    if "integer" in types and "number" in types:
        types.remove("integer")
    if len(types) > 1:
        return _of_types(raw, types, nullable, place, registry)
    return _of_type(raw, types[0], nullable, place, registry)


def _enum(
    raw: Mapping[str, Any], types: Sequence[str], nullable: bool, place: Place, registry: Registry
) -> Schema:
    listed = (raw["const"],) if "const" in raw else distinct(raw["enum"])
    values = tuple(value for value in listed if value is not None)
    nullable = nullable or None in listed
    if listed and not values:
        return Schema(at=place.at, kind="null", facts=raw, nullable=True)
    if types and not any(fits(value, one) for value in values for one in types):
        registry.document.wrong(
            f"No value of enum or const is of the type {' or '.join(types)}",
            pointers.join(place.at, "const" if "const" in raw else "enum"),
            "Correct the type or the values",
            "enum-type",
        )
    return Schema(at=place.at, kind="enum", facts=raw, nullable=nullable, values=values)


def _of_types(
    raw: Mapping[str, Any], types: list[str], nullable: bool, place: Place, registry: Registry
) -> Schema:
    if "number" in types and raw.get("format") != "decimal":
        # Mixed with other types a number is plain JSON: whole ones stay int, others float.
        types.insert(types.index("number"), "integer")
        raw = {"format": "double", **raw}
    members = []
    for one in types:
        own = place.called(one)
        member = _plain({**facts_of(raw, one), "type": one}, own, registry)
        # One place, several schemas: the place itself is the union's.
        member = attrs.evolve(member, at=pointers.join(place.at, "*", one))
        members.append(registry.hoist(member, own.words))
    return Schema(
        at=place.at,
        kind="union",
        facts=annotations_of(raw),
        nullable=nullable,
        members=tuple(members),
    )


def _of_type(
    raw: Mapping[str, Any], kind: str, nullable: bool, place: Place, registry: Registry
) -> Schema:
    if kind == "object":
        return _object(raw, nullable, place, registry)
    if kind == "array":
        return _array(raw, nullable, place, registry)
    if kind not in _LEAVES:
        raise registry.document.error(
            f"There is no type {kind!r}",
            pointers.join(place.at, "type"),
            "Use object, array, string, number, integer, boolean or null",
            "unknown-schema-type",
        )
    if kind == "integer":
        # 1.0 is an integer to JSON Schema, and no int to Python.
        raw = {
            name: int(fact) if isinstance(fact, float) and fact.is_integer() else fact
            for name, fact in raw.items()
        }
    return Schema(at=place.at, kind=_LEAVES[kind], facts=raw, nullable=nullable)


def _array(raw: Mapping[str, Any], nullable: bool, place: Place, registry: Registry) -> Schema:
    items = raw.get("items", True)
    words = place.called("item")
    first = raw.get("prefixItems")
    if isinstance(items, list):
        item = union(Alternatives(items, pointers.join(place.at, "items")), words, registry)
    elif first:
        listed = [*first, *([items] if items is not False else [])]
        at = pointers.join(place.at, "prefixItems")
        item = union(Alternatives(listed, at), words, registry)
    else:
        item = registry.form(items, place.below("items", words="item"))
    return Schema(
        at=place.at,
        kind="array",
        facts=raw,
        nullable=nullable,
        item=registry.hoist(item, words.words),
    )


def _object(raw: Mapping[str, Any], nullable: bool, place: Place, registry: Registry) -> Schema:
    extra, declared = _extra(raw, place, registry)
    patterns = {
        pattern: registry.placed(part, place.below("patternProperties", pattern, words="value"))
        for pattern, part in (raw.get("patternProperties") or {}).items()
    }
    names = _names(raw.get("propertyNames"), place.below("propertyNames", words="name"), registry)
    properties = {
        name: registry.placed(part, place.below("properties", name, words=name), owner=place.at)
        for name, part in (raw.get("properties") or {}).items()
        if part is not False
    }
    required = frozenset(raw.get("required") or ())
    for name in sorted(required - properties.keys()):
        # Required, yet nowhere described: any value will do.
        properties[name] = Schema(at=pointers.join(place.at, "required"), kind="any")
    shaped = bool(properties) or "discriminator" in raw
    return Schema(
        at=place.at,
        kind="object" if shaped or (extra is False and not patterns) else "map",
        facts=raw,
        nullable=nullable,
        properties=properties,
        required=required,
        extra=extra,
        extra_declared=declared,
        patterns=patterns,
        names=names,
        rules=tuple(_rules(raw, shaped, properties, () if extra is not False else tuple(patterns))),
    )


def _extra(raw: Mapping[str, Any], place: Place, registry: Registry) -> tuple[Schema | bool, bool]:
    """Return what undeclared properties hold, and whether the document itself says so."""
    extra: Schema | bool = True
    declared = False
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        given = raw.get(keyword, True)
        if given is False:
            extra, declared = False, True
        elif given not in (True, {}) and not declared:
            extra = registry.placed(given, place.below(keyword, words="value"))
            declared = True
        elif keyword in raw:
            declared = declared or bool(raw.get("properties"))
    return extra, declared


def _names(raw: Any, place: Place, registry: Registry) -> Schema | None:
    if not isinstance(raw, Mapping):
        return None
    return registry.form(raw if "$ref" in raw else {"type": "string", **raw}, place)


def _rules(
    raw: Mapping[str, Any], shaped: bool, properties: Iterable[str], patterns: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Yield the checks over an object as a whole, as name and argument.

    Args:
        raw: its keywords.
        shaped: whether it has properties of its own.
        properties: their names.
        patterns: what all other names have to match; none when they need not.
    """
    for name, needed in (raw.get("dependentRequired") or {}).items():
        yield "dependent_required", (name, tuple(needed))
    if shaped and patterns:
        yield "names_match", (patterns, tuple(properties))
    for keyword in ("minProperties", "maxProperties"):
        if shaped and keyword in raw:
            yield KEYWORDS[keyword].argument, raw[keyword]
