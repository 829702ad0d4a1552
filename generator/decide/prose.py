"""What docstrings of emitted code say, gathered from the document.

A sentence is said where a reader looks for it: limits and defaults beside the argument, errors
beside the method, and never twice in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from generator.decide.patterns import pattern_problem
from generator.text.docstring import WIDTH, quoted, wrap
from generator.text.literal import comment, literal
from generator.text.markdown import readable
from generator.understand.api import Operation, Response
from generator.understand.keywords import UNCHECKED, constraints
from generator.understand.schema import Schema

# Statuses and the class that `molam_sdk.exceptions` raises for them (product/sdk.md, Errors).
_ERRORS: Final[Mapping[str, str]] = {
    "400": "InvalidRequestError",
    "401": "AuthenticationError",
    "402": "PaymentDeclinedError",
    "403": "PermissionDeniedError",
    "404": "NotFoundError",
    "409": "ConflictError",
    "422": "InvalidRequestError",
    "429": "RateLimitError",
}
_OF_NUMBERS: Final = ("minimum", "maximum")
_WORDLESS: Final = 2**53 - 1
"""Limits from here on only say that the number is a JSON number."""


def error_class(status: str) -> str:
    """Return the name of the error class of a status, a range or ``default``."""
    if status.startswith("5"):
        return "ServerError"
    return _ERRORS.get(status, "ApiError")


def sentence(text: str) -> str:
    """Return text that ends like a sentence."""
    text = text.strip()
    return text if not text or text[-1] in ".!?:" else text + "."


def told(*texts: Any) -> str:
    """Return the first text of the document that there is, as plain sentences."""
    return sentence(readable(str(next(filter(None, texts), ""))))


def one_line(text: Any) -> str:
    """Return a text of the document as plain text on one line."""
    return " ".join(readable(str(text or "")).split())


def described(schema: Schema, target: Schema | None = None) -> str:
    """Return what the document says about the place where a schema stands."""
    for part in (schema, target):
        said = part.fact("description") if part is not None else None
        if isinstance(said, str) and said.strip():
            return told(said)
    return ""


def limits(schema: Schema) -> str:
    """Return the limits of a schema in words, empty when there are none worth a word."""
    told = [one for one in constraints(schema.kind) if one.unit or one.name in _OF_NUMBERS]
    if not told:
        return ""
    least, most = (schema.fact(keyword.name) for keyword in told)
    unit = f" {told[0].unit}".rstrip()
    if unit:
        least = least or None
        if unit == " characters" and least == 1 and most is None:
            least = None
    elif isinstance(most, (int, float)) and most >= _WORDLESS:
        most = None
    if least is not None and most is not None:
        return f"Exactly {most}{unit}." if least == most else f"{least} to {most}{unit}."
    if most is not None:
        return f"At most {most}{unit}."
    if least is not None:
        return f"At least {least}{unit}."
    return ""


def unchecked(schema: Schema) -> str:
    """Name the constraints that only the server checks."""
    left = [f"`{keyword}`" for keyword in UNCHECKED if keyword in schema.facts]
    pattern = schema.fact("pattern")
    if schema.kind == "string" and isinstance(pattern, str) and pattern_problem(pattern):
        left.append("`pattern`")
    return f"Checked by the server alone: {', '.join(left)}." if left else ""


def deprecation(facts: Mapping[str, Any], what: str = "") -> str:
    """Return the sentence about a deprecation, empty when there is none."""
    if not facts.get("deprecated"):
        return ""
    reason = facts.get("x-deprecatedMessage") or facts.get("x-deprecation-reason")
    said = f": {comment(str(reason))}" if isinstance(reason, str) and reason.strip() else ""
    return sentence(f"{what or 'Deprecated'}{said}")


def default_of(value: Any) -> str:
    """Return the sentence about a default."""
    shown = "true" if value is True else "false" if value is False else literal(value)
    return f"Default {shown}."


def property_doc(schema: Schema, target: Schema | None, *, indent: int = 4) -> str:
    """Return the docstring beneath a property."""
    parts = [described(schema, target)]
    facts = schema.facts
    if facts.get("default") is not None and not _speaks_of_default(parts[0]):
        parts.append(default_of(facts["default"]))
    if facts.get("readOnly"):
        parts.append("Set by the server.")
    if facts.get("writeOnly"):
        parts.append("Never in a response.")
    parts.append(deprecation(facts))
    parts.append(unchecked(schema))
    return paragraph_doc(" ".join(part for part in parts if part), indent)


def _speaks_of_default(text: str) -> bool:
    return "default" in text.lower()


def paragraph_doc(text: str, indent: int) -> str:
    """Return a docstring of text that wraps as it needs to."""
    return quoted(wrap(text, WIDTH - indent), indent) if text.strip() else ""


def module_doc(text: str) -> str:
    """Return a module's docstring."""
    return quoted(wrap(text, WIDTH), 0)


def argument_lines(name: str, text: str, indent: int) -> list[str]:
    """Return the lines of one entry of an Args or Raises section."""
    lines = wrap(f"{name}: {text or 'Not described.'}", WIDTH - indent - 8)
    return [" " * 4 + lines[0], *((" " * 8 + line) if line else "" for line in lines[1:])]


def section(title: str, entries: Iterable[tuple[str, str]], indent: int) -> list[str]:
    """Return the lines of a section with entries; none when there are none."""
    lines = [line for name, text in entries for line in argument_lines(name, text, indent)]
    return ["", f"{title}:", *lines] if lines else []


def raised(operation: Operation) -> list[tuple[str, str]]:
    """Return error classes and when they are raised."""
    by_class: dict[str, list[str]] = {}
    for answer in operation.responses:
        if answer.status.startswith("2"):
            continue
        said = sentence(one_line(answer.description)) or "Not described."
        label = "any other status" if answer.status == "default" else answer.status
        by_class.setdefault(error_class(answer.status), []).append(f"{label}: {said}")
    return [(name, " ".join(said)) for name, said in by_class.items()]


def returned(successes: Sequence[Response]) -> list[str]:
    """Return what a method gives back, a line of text a response."""
    lines = []
    for answer in successes:
        said = sentence(one_line(answer.description))
        headers = [h for h in answer.headers if h.name.lower() != "x-request-id"]
        if headers:
            listed = "; ".join(
                f"`{h.name}`: {sentence(comment(str(h.facts.get('description') or '')))}".rstrip(
                    ": "
                )
                for h in headers
            )
            said = f"{said} Headers, in its `response`: {listed}"
        if len(successes) > 1:
            said = f"{answer.status}: {said}"
        lines.append(said)
    return [line for line in lines if line]
