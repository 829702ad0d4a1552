"""What is sent and what comes back, by media type."""

from __future__ import annotations

from typing import Final

from generator.understand.api import Operation, Response

WITH_PARTS: Final = ("array", "map", "object", "union")


def successful(operation: Operation) -> list[Response]:
    """Return the responses that a method returns from; others raise."""
    good = [answer for answer in operation.responses if answer.status.startswith("2")]
    if good:
        return good
    return [answer for answer in operation.responses if answer.status == "default"]
