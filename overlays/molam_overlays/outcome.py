"""What became of a call: its attempts, its answer, and whether it may have been processed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from molam_overlays.annotations import at_home
from molam_overlays.redact import SECRET_HEADERS
from molam_overlays.wire import Headers, made

Delivery = Literal["not_sent", "rejected", "maybe_processed"]
"""What became of a request, from harmless to unknown.

``not_sent``: nothing reached the server. ``rejected``: the server answered that it did nothing.
``maybe_processed``: it may have been carried out.
"""

_GRAVITY: dict[Delivery, int] = {"not_sent": 0, "rejected": 1, "maybe_processed": 2}


class Attempt(NamedTuple):
    """One try at sending a request."""

    number: int
    """1 for the first."""
    started_at: datetime
    """When it began, UTC."""
    duration: float
    """How long it took, in seconds."""
    outcome: str
    """A status such as ``503``, or the name of the failure such as ``response timeout``."""
    status: int | None = None
    """The HTTP status, None when no response came."""
    request_id: str | None = None
    """The server's ``X-Request-Id``, None when no response came."""
    delivery: Delivery | None = None
    """What this attempt alone says about the fate of the request; None for a success."""

    def __reduce__(self) -> tuple[Any, ...]:
        return made, (__name__, "Attempt", *self)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()


def worst_delivery(attempts: Sequence[Attempt]) -> Delivery:
    """Return the gravest delivery of all attempts; ``not_sent`` when there were none."""
    worst: Delivery = "not_sent"
    for attempt in attempts:
        if attempt.delivery is not None and _GRAVITY[attempt.delivery] > _GRAVITY[worst]:
            worst = attempt.delivery
    return worst


IN_FLIGHT = "idempotency_in_flight"


class Ruling(NamedTuple):
    """What a status says of the request that it answers."""

    repeat: bool
    """Whether another attempt, which does no harm, may help."""
    delivery: Delivery


_REFUSED: Final = Ruling(False, "rejected")
_BUSY: Final = Ruling(True, "rejected")
_PERHAPS: Final = Ruling(True, "maybe_processed")
_UNABLE: Final = Ruling(False, "maybe_processed")
_STATUSES: Final = (
    # From, to: the first row that fits holds. The fault table of the guide, in code.
    (408, 408, _PERHAPS),
    (425, 425, _BUSY),
    (429, 429, _BUSY),
    (400, 499, _REFUSED),
    (501, 501, _UNABLE),
    (505, 505, _UNABLE),
    (500, 599, _PERHAPS),
)


def ruling_of(status: int, code: str | None) -> Ruling:
    """Return what a status and an error code say; of a status without a row, next to nothing."""
    if status == 409 and code == IN_FLIGHT:
        return _PERHAPS
    return next((row for first, last, row in _STATUSES if first <= status <= last), _UNABLE)


class ResponseInfo(NamedTuple):
    """What happened on the way to a result."""

    status: int = 0
    """The HTTP status; 0 for an object that no call returned."""
    request_id: str | None = None
    """The server's ``X-Request-Id``."""
    headers: Mapping[str, str] = Headers()
    """The response headers, read without regard to case."""
    attempts: tuple[Attempt, ...] = ()
    """What was tried, in order; one entry when the first attempt succeeded."""
    idempotency_key: str | None = None
    """The key the call was sent with; None for reads."""

    def __reduce__(self) -> tuple[Any, ...]:
        values = self
        if not SECRET_HEADERS.isdisjoint(self.headers):
            kept = [pair for pair in self.headers.items() if pair[0].lower() not in SECRET_HEADERS]
            values = self._replace(headers=Headers(kept))
        return made, (__name__, "ResponseInfo", *values)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()


at_home("molam_sdk.exceptions", Attempt)
at_home("molam_sdk.models", ResponseInfo)
NO_RESPONSE: Final = ResponseInfo()
"""The `response` of an object that no call returned."""
