"""A validator's errors in our words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from generator.read import pointer as pointers
from generator.read.position import DocumentError
from generator.text.shown import shown

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

    from generator.read.document import Document
# From the validator's errors to ours


def first(document: Document, errors: Iterable[ValidationError], base: str) -> DocumentError:
    """Return the error that says most, of those that were found below `base`."""
    found = list(errors)
    # What is unevaluated is so because something beside it is wrong: say that, not this.
    told = [error for error in found if error.validator != "unevaluatedProperties"] or found
    if not told:
        return document.error(
            "The document does not fit the schema of OpenAPI", base, "Run openapi-spec-validator"
        )
    # In the order of the document: what is wrong first is corrected first.
    error = min(
        (_cause(error) for error in told),
        key=lambda error: document.position(pointers.join(base, *error.absolute_path)),
    )
    at = pointers.join(base, *error.absolute_path)
    what, advice = _in_words(error, at)
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        unknown = _unknown_keys(error)
        if unknown:
            at = pointers.join(at, unknown[0])
    return document.error(what, at, advice)


def _cause(error: ValidationError) -> ValidationError:
    """Return why no choice of an error fits: the error in the choice that was meant."""
    while error.context:
        choices: dict[Any, list[ValidationError]] = {}
        for part in error.context:
            choices.setdefault(part.schema_path[0], []).append(part)
        if all(_is_missing(parts) for parts in choices.values()):
            return error
        meant = [parts for parts in choices.values() if not _is_other(parts, error)]
        if not meant:
            return error
        # Most has been matched where the fewest errors are, and those deep inside.
        best = min(meant, key=lambda parts: (len(parts), -max(len(part.path) for part in parts)))
        error = max(best, key=lambda part: len(part.path))
    return error


def _is_missing(parts: list[ValidationError]) -> bool:
    return len(parts) == 1 and parts[0].validator == "required" and not parts[0].path


def _is_other(parts: list[ValidationError], error: ValidationError) -> bool:
    """Return whether a choice is about something else: another type, or a reference."""
    own = [part for part in parts if len(part.absolute_path) == len(error.absolute_path)]
    instance: Any = error.instance
    return any(part.validator == "type" for part in own) or (
        isinstance(instance, dict)
        and "$ref" not in instance
        and any("'$ref' is a required" in part.message for part in own)
    )


def _place(at: str) -> str:
    return f"in {at}" if at else "at the top of the document"


def _unknown_keys(error: ValidationError) -> list[str]:
    if not isinstance(error.instance, dict):
        return []
    named = re.findall(r"'([^']*)'", error.message.partition("(")[2] or error.message)
    known = [name for name in named if name in error.instance]
    return known or [name for name in error.instance if name in error.message]


def _in_words(error: ValidationError, at: str) -> tuple[str, str]:
    where = _place(at)
    value: Any = error.instance
    rule: Any = error.validator_value
    name = shown(pointers.split(at)[-1]) if at else "The document"
    if error.validator in ("required", "dependentRequired"):
        match = re.match(r"'(.*?)' is (?:a required|a dependency)", error.message)
        missing = match[1] if match else str(rule)
        return f"The key {shown(missing)} is missing {where}", "Add it"
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        unknown = _unknown_keys(error)
        if unknown:
            return (
                f"The key {shown(unknown[0])} means nothing {where}",
                "Correct or remove it; own keys start with x-",
            )
    if error.validator == "type":
        kinds: list[str] = rule if isinstance(rule, list) else [rule]
        words = " or ".join(_KINDS.get(kind, kind) for kind in kinds)
        return f"{name} must be {words}, not {_kind(value)}, {where}", _type_advice(value, kinds)
    if error.validator in ("enum", "const"):
        values = rule if isinstance(rule, list) else [rule]
        listed = ", ".join(json.dumps(item) for item in values)
        return f"{short(value)} is not a known value {where}", f"Write one of {listed}"
    if error.validator == "pattern":
        return f"{short(value)} has the wrong form {where}", f"It must match {rule}"
    if error.validator in ("oneOf", "anyOf") and isinstance(value, dict):
        missing = [part.message.split("'")[1] for part in error.context if _is_missing([part])]
        if missing:
            return f"One of the keys {', '.join(missing)} is missing {where}", "Add one"
        return f"The keys of {name} do not go together {where}", "Compare it with the specification"
    return f"{short(error.message)[1:-1]} {where}", "Compare it with the specification"


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
