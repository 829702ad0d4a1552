"""A valid example of any schema: the document's own where it has one, else made up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

from molam_overlays.sandbox.contract import Contract

_DEPTH = 12
_FORMATS = {
    "date-time": "2025-01-16T12:00:00Z",
    "date": "2025-01-16",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "email": "someone@example.com",
    "uuid": "6f1c2f0e-58ab-4e0c-9d4c-0f6d2f1c9a11",
    "ipv4": "127.0.0.1",
    "iso-4217": "USD",
    "phone": "+221770000000",
    "iban": "FR7630006000011234567890189",
    "hostname": "example.com",
}


class Examples:
    """Valid values by JSON pointer."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._document = contract.document

    def of_media(self, pointer: str) -> Any:
        """Return a value for a media type object, such as the JSON of a response."""
        _, media = self._document.resolve(pointer)
        schema = f"{pointer}/schema"
        offered = [each["value"] for each in media.get("examples", {}).values() if "value" in each]
        if "example" in media:
            offered.append(media["example"])
        for value in offered:
            if "schema" not in media or not self._contract.problems(schema, value):
                return deepcopy(value)
        return self.of_schema(schema) if "schema" in media else None

    def of_schema(self, pointer: str, depth: int = 0) -> Any:
        """Return a value that the schema at a pointer accepts."""
        pointer, schema = self._document.resolve(pointer)
        if not isinstance(schema, dict):
            return None
        rules = cast("dict[str, Any]", schema)
        if "const" in rules:
            return rules["const"]
        told = [
            *rules.get("examples", ()),
            *(rules[key] for key in ("example", "default") if key in rules),
        ]
        for value in [*told, *rules.get("enum", ())]:
            if not self._contract.problems(pointer, value):
                return deepcopy(value)
        for union in ("oneOf", "anyOf"):
            for index in range(len(rules.get(union, ()))):
                value = self.of_schema(f"{pointer}/{union}/{index}", depth + 1)
                if not self._contract.problems(pointer, value):
                    return value
        kinds = rules.get("type")
        kind = kinds if isinstance(kinds, str) else kinds[0] if kinds else None
        if kind == "object" or "allOf" in rules or "properties" in rules:
            return self._object(pointer, rules, depth)
        if kind == "array":
            if depth > _DEPTH or "items" not in rules:
                return []
            wanted = max(1, rules.get("minItems", 1))
            return [self.of_schema(f"{pointer}/items", depth + 1) for _ in range(wanted)]
        return _scalar(kind, rules)

    def _object(self, pointer: str, rules: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = self._required(pointer)
        return {
            name: self.of_schema(where, depth + 1)
            for name, where in self._document.properties(pointer).items()
            if name in required or depth < _DEPTH // 4
        }

    def _required(self, pointer: str) -> set[str]:
        end, rules = self._document.resolve(pointer)
        names = set(rules.get("required", ()))
        for index in range(len(rules.get("allOf", ()))):
            names |= self._required(f"{end}/allOf/{index}")
        return names


def _scalar(kind: str | None, rules: Mapping[str, Any]) -> Any:
    if kind in {"integer", "number"}:
        return _number(rules)
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    if kind == "string":
        return _text(rules)
    return {}


def _number(rules: Mapping[str, Any]) -> Any:
    low = rules.get("minimum", rules.get("exclusiveMinimum"))
    high = rules.get("maximum", rules.get("exclusiveMaximum"))
    step = rules.get("multipleOf", 1)
    if low is None:
        value = min(1, high) if high is not None else 1
    else:
        value = low if "minimum" in rules else low + step
    if value % step:
        value += step - value % step
    if "exclusiveMaximum" in rules and low is None and value >= rules["exclusiveMaximum"]:
        value = high - step
    if high is not None and value > high:
        value = (low + high) / 2
    return value


def _text(rules: Mapping[str, Any]) -> str:
    if rules.get("format") in _FORMATS:
        return _FORMATS[rules["format"]]
    text = _matching(rules["pattern"]) if "pattern" in rules else "text"
    shortest: int = rules.get("minLength", 0)
    longest: int | None = rules.get("maxLength")
    return text.ljust(shortest, "0")[:longest]


def _matching(pattern: str) -> str:
    """Make a text for a simple pattern: literals, classes, repeats, groups, alternatives."""
    parsed = _parser().parse(pattern)
    return "".join(map(_piece, parsed))


def _parser() -> Any:
    try:
        from re import _parser as parser  # type: ignore[attr-defined,unused-ignore]
    except ImportError:  # Python 3.10
        import sre_parse as parser  # type: ignore[no-redef,import-not-found,unused-ignore]
    return parser


def _piece(step: Any) -> str:
    operator, argument = str(step[0]), step[1]
    match operator:
        case "LITERAL":
            return chr(argument)
        case "ANY" | "NOT_LITERAL":
            return "a" if argument != ord("a") else "b"
        case "IN":
            return _member(argument)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, _, inner = argument
            times: int = low
            return "".join(map(_piece, inner)) * times
        case "SUBPATTERN":
            return "".join(map(_piece, argument[-1]))
        case "BRANCH":
            return "".join(map(_piece, argument[1][0]))
        case _:
            return ""


def _member(choices: Any) -> str:
    for operator, argument in choices:
        if str(operator) == "LITERAL":
            return chr(argument)
        if str(operator) == "RANGE":
            return chr(argument[0])
        if str(operator) == "CATEGORY":
            return "0" if "DIGIT" in str(argument) else "a"
    return next(
        chr(code)
        for code in range(33, 127)
        if re.fullmatch(r"[A-Za-z0-9_-]", chr(code))
        and not any(str(op) == "LITERAL" and arg == code for op, arg in choices)
    )
