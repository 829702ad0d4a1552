"""What the published schemas complain about, in our words, and how the rest is read then."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from generator.read import pointer as pointers
from generator.text.shown import shown

ABSENT: Final = object()
"""In place of a value: there is none."""

_PROSE: Final = frozenset(
    {"description", "summary", "title", "termsOfService", "externalDocs", "contact", "license",
     "example", "examples"}
)  # fmt: skip
_MAY_BE_EMPTY: Final = frozenset(
    {"callbacks", "encoding", "enum", "headers", "links", "operationId", "parameters", "properties",
     "required", "servers", "tags", "variables"}
)  # fmt: skip
"""Keys behind which, in YAML, somebody wrote nothing: as good as not there."""
_NAMED_SCHEMAS: Final = frozenset({"properties", "schemas", "$defs", "definitions"})
_PROSE_OBJECTS: Final = frozenset({"externalDocs", "contact", "license", "info"})
_FILLED: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("description", "title", "version", "name", "url", "authorizationUrl",
                     "tokenUrl"), ""),
    **{key: {} for key in ("paths", "content", "scopes", "flows", "schema")},
    "info": {"title": "API", "version": ""},
    "responses": {"default": {"description": ""}},
}  # fmt: skip
"""What is read where a key is missing without which the rest still means something."""
_NAMED_BY: Final = frozenset({"parameter", "securityScheme"})
"""Kinds of objects that are nothing without a name."""
_OF_3_1: Final = frozenset(
    {"const", "if", "then", "else", "prefixItems", "patternProperties", "contains",
     "propertyNames", "$defs", "definitions", "contentEncoding", "contentMediaType",
     "dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems",
     "contentSchema", "minContains", "maxContains", "$anchor", "$id"}
)  # fmt: skip
_SAYING_NOTHING: Final = frozenset({"examples", "$comment", "$schema"})
"""Those of OpenAPI 3.1 from which nothing follows."""
_WORDS: Final = frozenset({"$ref", "in", "type", "openapi"})
"""Keys whose text is never a number by mistake."""
_REPEATED: Final = {"required": "duplicate-required", "tags": "duplicate-tag"}
_EXCLUSIVE: Final = ("exclusiveMinimum", "exclusiveMaximum")


@attrs.frozen
class Complaint:
    """One thing that does not fit, and what is read in its place."""

    rule: str
    what: str
    at: str
    """The pointer of what does not fit."""
    advice: str
    target: str
    """The pointer of what changes so that it fits."""
    value: Any = ABSENT
    """What is read there."""
    kept: bool = False
    """Whether it is read as it is, by us if not by the published schema."""
    lacking: bool = False
    """Whether something is missing."""


def complaints(errors: Iterable[Any], base: str, kinds: Mapping[str, str]) -> Iterator[Complaint]:
    """Yield what is wrong, from what a validator says.

    Args:
        errors: of jsonschema_rs.
        base: the pointer of what was held to the schema.
        kinds: what each object of the document is, by pointer.
    """
    found = [leaf for error in errors for leaf in _leaves(error)]
    # What is unevaluated is so because something beside it is wrong: say that, not this.
    told = [error for error in found if _word(error) != "unevaluatedProperties"] or found
    for error in told:
        at = pointers.join(base, *error.instance_path)
        yield from _complaints(error, at, kinds.get(at, ""))


def _word(error: Any) -> str:
    return str(error.kind.name)


def _leaves(error: Any) -> Iterator[Any]:
    """Yield why no choice of an error fits: the errors in the choice that was meant."""
    choices: list[list[Any]] = getattr(error.kind, "context", None) or []
    # A choice without errors: several fit, where one should.
    meant = [parts for parts in choices if parts and not _is_other(parts, error)]
    if not meant or all(_is_missing(parts, error) for parts in choices):
        yield error
        return
    # Most has been matched where the fewest errors are, and those deep inside.
    best = min(
        meant,
        key=lambda parts: (
            any(_tells_kind(part, error) for part in parts),
            len(parts),
            -max(len(part.instance_path) for part in parts),
        ),
    )
    for part in best:
        yield from _leaves(part)


def _is_missing(parts: list[Any], error: Any) -> bool:
    return (
        len(parts) == 1
        and _word(parts[0]) == "required"
        and len(parts[0].instance_path) == len(error.instance_path)
    )


def _tells_kind(part: Any, error: Any) -> bool:
    """Tell whether an error says that a choice is about another kind of object."""
    below = part.instance_path[len(error.instance_path) :]
    return _word(part) in ("enum", "const") and list(below) in (["in"], ["type"], ["scheme"])


def _is_other(parts: list[Any], error: Any) -> bool:
    """Tell whether a choice is about something else: another type, or a reference."""
    own = [part for part in parts if len(part.instance_path) == len(error.instance_path)]
    instance: Any = error.instance
    return any(_word(part) == "type" for part in own) or (
        isinstance(instance, dict)
        and "$ref" not in instance
        and any(_word(part) == "required" and part.kind.property == "$ref" for part in own)
    )


def _complaints(error: Any, at: str, kind: str) -> Iterator[Complaint]:
    word = _word(error)
    value: Any = error.instance
    where = f"in {at}" if at else "at the top of the document"
    key = pointers.split(at)[-1] if at else ""
    name = shown(key) if at else "The document"
    if word in ("required", "dependentRequired"):
        yield _missing(error.kind.property, value, at, kind, where)
    elif word in ("additionalProperties", "unevaluatedProperties"):
        for one in error.kind.unexpected:
            yield _unexpected(one, value, at, kind, where)
    elif word == "uniqueItems":
        yield from _repeated(value, at, key)
    elif word == "minItems":
        rule = "empty-enum" if key == "enum" else "empty-list"
        yield Complaint(rule, f"{name} is an empty list {where}", at, "Remove or fill it", at)
    elif word == "minProperties" and key == "responses":
        fill = _FILLED["responses"]
        yield Complaint("missing-key", f"There is no response {where}", at, "Add one", at, fill)
    elif word in ("oneOf", "anyOf") and isinstance(value, dict):
        yield _no_choice(error, at, name, where)
    elif word == "not" and isinstance(value, dict) and {"example", "examples"} <= value.keys():
        yield Complaint(
            "two-examples", f"The keys example and examples do not go together {where}", at,
            "Remove one of the two", pointers.join(at, "example"),
        )  # fmt: skip
    elif word == "type" or word in ("oneOf", "anyOf"):
        kinds = list(error.kind.types) if word == "type" else ["object"]
        yield _of_wrong_type(value, kinds, at, name, where)
    elif word in ("enum", "const"):
        values = error.kind.options if word == "enum" else [error.kind.expected_value]
        listed = ", ".join(json.dumps(item) for item in values)
        what = f"{short(value)} is not a known value {where}"
        if key == "type" and value == "null":
            yield Complaint("other-dialect", what, at, "Write `nullable: true`", at, kept=True)
        elif key == "required" and values == [True]:
            what = f"The path parameter is not required {where}"
            yield Complaint("path-parameter-optional", what, at, "Write true", at, True)
        else:
            yield Complaint("wrong-value", what, at, f"Write one of {listed}", at)
    elif word == "pattern":
        what = f"{short(value)} has the wrong form {where}"
        yield Complaint("wrong-value", what, at, f"It must match {error.kind.pattern}", at)
    elif isinstance(value, (dict, list)):
        what = f"The parts of {name} do not go together {where}"
        yield Complaint("structure", what, at, "Compare it with the specification", at)
    else:
        what = f"{short(str(error.message))[1:-1]} {where}"
        yield Complaint("wrong-value", what, at, "Compare it with the specification", at)


def _missing(key: str, value: Any, at: str, kind: str, where: str) -> Complaint:
    what = f"The key {shown(key)} is missing {where}"
    if key == "required" and value.get("in") == "path":
        what = f"The path parameter {shown(str(value.get('name')))} is not required {where}"
        return Complaint(
            "path-parameter-optional", what, pointers.join(at, key), "Add `required: true`",
            pointers.join(at, key), True, lacking=True,
        )  # fmt: skip
    place = pointers.join(at, key)
    if key in _FILLED and not (key == "name" and kind in _NAMED_BY):
        rule = "missing-key"
        if key == "description" or kind in _PROSE_OBJECTS - {"info"}:
            rule = "missing-description"
        return Complaint(rule, what, place, "Add it", place, _FILLED[key], lacking=True)
    return Complaint("missing-key", what, place, "Add it", at, lacking=True)


def _unexpected(key: str, value: Any, at: str, kind: str, where: str) -> Complaint:
    place = pointers.join(at, key)
    what = f"The key {shown(key)} means nothing {where}"
    advice = "Correct or remove it; own keys start with x-"
    if kind == "schema" and key in _SAYING_NOTHING:
        return Complaint("later-annotation", what, place, advice, place)
    if kind == "schema" and key in _OF_3_1:
        what = f"The key {shown(key)} is OpenAPI 3.1's, this document is 3.0 {where}"
        return Complaint(
            "other-dialect", what, place, "Write the document in 3.1", place, kept=True
        )
    if isinstance(value, Mapping) and isinstance(value.get("$ref"), str) and key != "$ref":
        what = f"The key {shown(key)} beside $ref means nothing {where}"
        return Complaint("reference-sibling", what, place, "Remove it", place)
    return Complaint("unknown-key", what, place, advice, place)


def _repeated(value: list[Any], at: str, key: str) -> Iterator[Complaint]:
    """Yield the items of a list that stand in it before: the last first, as they go out."""
    rule = _REPEATED.get(key, "duplicate-item")
    for index in range(len(value) - 1, 0, -1):
        if any(_equal(value[index], value[before]) for before in range(index)):
            place = pointers.join(at, index)
            what = f"{short(value[index])} stands twice in {at}"
            yield Complaint(rule, what, place, "Remove one of the two", place)


def _equal(left: Any, right: Any) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _no_choice(error: Any, at: str, name: str, where: str) -> Complaint:
    value = error.instance
    missing = [
        parts[0].kind.property
        for parts in getattr(error.kind, "context", None) or []
        if _is_missing(parts, error)
    ]
    if missing:
        what = f"One of the keys {', '.join(missing)} is missing {where}"
        fill = next((key for key in missing if key in _FILLED), None)
        place = pointers.join(at, fill or missing[0])
        if fill is None:
            return Complaint("missing-key", what, place, "Add one", at, lacking=True)
        rule = "missing-description" if fill == "description" else "missing-key"
        return Complaint(rule, what, place, "Add one", place, _FILLED[fill], lacking=True)
    what = f"The keys of {name} do not go together {where}"
    target = at
    if {"schema", "content"} <= value.keys():
        target = pointers.join(at, "content")
    return Complaint("structure", what, at, "Compare it with the specification", target)


def _of_wrong_type(value: Any, kinds: list[str], at: str, name: str, where: str) -> Complaint:
    words = " or ".join(_KINDS.get(kind, kind) for kind in kinds)
    what = f"{name} must be {words}, not {_kind(value)}, {where}"
    advice = _type_advice(value, kinds)
    tokens = pointers.split(at)
    key = tokens[-1] if tokens else ""
    above = tokens[-2] if len(tokens) > 1 else ""
    if value is None and above in _NAMED_SCHEMAS:
        return Complaint("wrong-type", what, at, "Write {} for any value", at, {})
    if value is None and (key in _PROSE or above in _PROSE_OBJECTS):
        what = f"{name} is null, which is no text, {where}"
        return Complaint("null-description", what, at, "Remove it", at)
    if value is None and key in _MAY_BE_EMPTY:
        return Complaint("null-value", f"{name} is null {where}", at, "Remove it", at)
    if (key == "type" and isinstance(value, list)) or (
        key in _EXCLUSIVE and isinstance(value, (bool, int, float))
    ):
        return Complaint("other-dialect", what, at, advice, at, kept=True)
    if "string" in kinds and isinstance(value, (bool, int, float)) and key not in _WORDS:
        text = json.dumps(value)
        return Complaint("wrong-type", what, at, advice, at, text)
    return Complaint("wrong-type", what, at, advice, at)


def short(value: Any) -> str:
    """Return a JSON value as messages show it."""
    return shown(value if isinstance(value, str) else json.dumps(value, default=str))


_KINDS: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the {'text' if isinstance(value, str) else 'number'} {short(value)}"


def _type_advice(value: Any, kinds: list[str]) -> str:
    if kinds == ["string"] and isinstance(value, list) and "null" in value:
        return "OpenAPI 3.0 knows one type and `nullable: true`; 3.1 knows lists of types"
    if "string" in kinds and isinstance(value, (int, float)):
        return "Put it in quotes"
    if (
        "boolean" in kinds
        and isinstance(value, str)
        and value.lower() in ("yes", "no", "on", "off")
    ):
        return "Write true or false: only YAML before 1.2 took it for one"
    return "Correct its type"
