"""What the page of errors says: every code that the document shows, its cause and its remedy.

A code is an example of an error response: `summary` is the cause, `description` the remedy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from generator.decide import prose
from generator.pages.samples import examples_at
from generator.pages.words import cell
from generator.understand.api import Api

_REPEATED: Final = ("429", "5XX")
_IN_FLIGHT: Final = "idempotency_in_flight"


@attrs.frozen
class Failure:
    """One error code."""

    code: str
    status: str
    error: str
    """The class that is raised."""
    delivery: str
    repeated: bool
    """Whether the client repeats the call by itself."""
    cause: str
    remedy: str


def failures(api: Api) -> list[Failure]:
    """Return the codes by status, each once, in the order of the document."""
    found: dict[str, Failure] = {}
    answers = [answer for one in api.operations for answer in one.responses]
    for answer in sorted(answers, key=lambda one: one.status):
        if answer.status.startswith("2"):
            continue
        for media in answer.media:
            for _, example in examples_at(api, media.at):
                code = _code(example.get("value"))
                if code and code not in found:
                    found[code] = _failure(code, answer.status, example)
    return list(found.values())


def _code(body: Any) -> str:
    detail = body.get("error") if isinstance(body, dict) else None
    code = detail.get("code") if isinstance(detail, dict) else None
    return code if isinstance(code, str) else ""


def _failure(code: str, status: str, example: Mapping[str, Any]) -> Failure:
    unknown = status == "5XX" or code == _IN_FLIGHT
    return Failure(
        code=code,
        status=status,
        error=prose.error_class(status),
        delivery="maybe_processed" if unknown else "rejected",
        repeated=status in _REPEATED or code == _IN_FLIGHT,
        cause=cell(prose.told(example.get("summary"))),
        remedy=cell(prose.told(example.get("description"))),
    )
