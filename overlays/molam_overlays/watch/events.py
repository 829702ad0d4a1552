"""What hooks are told."""

from __future__ import annotations

import attrs

from molam_overlays.outcome import Delivery


@attrs.frozen(kw_only=True)
class CallEvent:
    """What all events tell."""

    operation_id: str
    """The document's operationId; method and path for a request the document does not know."""
    method: str
    """Upper case."""
    path_template: str
    """The path without ids, where the document knows it."""
    host: str
    """The server's name."""
    idempotency_key: str | None
    """None for reads."""


@attrs.frozen(kw_only=True)
class RequestEvent(CallEvent):
    """An attempt is about to be sent."""

    attempt: int
    """1 for the first."""


@attrs.frozen(kw_only=True)
class ResponseEvent(CallEvent):
    """A response came, whatever its status."""

    attempt: int
    """1 for the first."""
    status: int
    """The HTTP status."""
    duration: float
    """Seconds this attempt took."""
    request_id: str | None
    """The server's ``X-Request-Id``."""


@attrs.frozen(kw_only=True)
class RetryEvent(CallEvent):
    """An attempt did not help; another follows after a pause."""

    attempt: int
    """The one that failed."""
    outcome: str
    """What came of it: a status, or such as ``read timeout``."""
    status: int | None
    """None when no response came."""
    duration: float
    """Seconds the failed attempt took."""
    request_id: str | None
    """The server's ``X-Request-Id``."""
    wait: float
    """Seconds until the next attempt."""


@attrs.frozen(kw_only=True)
class ErrorEvent(CallEvent):
    """A call failed for good; the caller gets an exception."""

    attempts: int
    """How many were made."""
    error: str
    """The exception's class, such as ``RateLimitError``."""
    status: int | None
    """None when the last attempt brought no response."""
    code: str | None
    """The API's machine-readable code."""
    duration: float
    """Seconds all attempts took, pauses not counted."""
    request_id: str | None
    """The server's ``X-Request-Id`` for the last attempt."""
    delivery: Delivery | None
    """What became of the request; None for an error that is not of this SDK."""
