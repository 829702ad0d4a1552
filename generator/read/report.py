"""All that is wrong with a document, told to people and to tools."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from generator.read.findings import Accepted, Findings, MistakesError
from generator.read.position import DocumentError


def each(error: DocumentError) -> tuple[DocumentError, ...]:
    """Return the mistakes that an error stands for, the worst first."""
    return error.errors if isinstance(error, MistakesError) else (error,)


def text(errors: Sequence[DocumentError], name: str) -> str:
    """Return mistakes by rule, the worst first: a line each, and how many there are.

    Args:
        errors: the mistakes, sorted.
        name: how the command line names the document.
    """
    if len(errors) == 1:
        return _line(errors[0])
    return "\n".join(_lines(errors, name))


def _line(error: DocumentError) -> str:
    return f"{error} [{error.rule.name}]"


def _lines(errors: Sequence[DocumentError], name: str) -> Iterator[str]:
    yield from map(_line, errors)
    yield f"{len(errors)} mistakes:"
    acceptable = 0
    for rule, group in groupby(errors, key=lambda error: error.rule):
        count = sum(1 for _ in group)
        said = f"  {count} {rule.name}"
        if rule.acceptable:
            acceptable += count
            said += f", which can be lived with: {_small(rule.living)}"
        yield said
    if acceptable:
        yield f"To live with {acceptable} of them: python -m generator accept {name or 'DOCUMENT'}"


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]


def warnings(errors: Sequence[DocumentError]) -> str:
    """Return what changes nothing for users: a line each, with what is made of it."""
    return "\n".join(
        f"{error.position}: warning: {error.what} {error.rule.living}. [{error.rule.name}]"
        for error in errors
    )


def as_json(mistakes: Sequence[DocumentError], findings: Findings | None) -> str:
    """Return the same for tools, with what is lived with."""
    warned = findings.warnings if findings else []
    lived_with = findings.lived_with if findings else []
    accepted = findings.accepted if findings else {}
    data = {
        "count": len(mistakes),
        "mistakes": [_data(error) for error in mistakes],
        "warnings": [_data(error) for error in warned],
        "accepted": [
            _data(error, accepted[error.rule.name, error.address]) for error in lived_with
        ],
    }
    return json.dumps(data, indent=1, ensure_ascii=False)


def _data(error: DocumentError, accepted: Accepted | None = None) -> dict[str, Any]:
    where = error.position
    return {
        "rule": error.rule.name,
        "file": where.file if where else None,
        "line": where.line if where else None,
        "column": where.column if where else None,
        "pointer": error.address or None,
        "what": error.what,
        "advice": error.advice,
        "acceptable": error.rule.acceptable,
        "consequence": error.rule.living or None,
        **({"reason": accepted.reason} if accepted else {}),
    }
