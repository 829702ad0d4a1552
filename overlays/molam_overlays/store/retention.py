"""How long rows are kept."""

from __future__ import annotations

from typing import Final

import attrs

from molam_overlays.annotations import at_home

_DAY: Final = 24 * 3600.0

PAYLOAD_RETENTION_SECONDS: Final = 30 * _DAY
EVENT_RETENTION_SECONDS: Final = 180 * _DAY
ANSWER_RETENTION_SECONDS: Final = 7 * _DAY
CALL_RETENTION_SECONDS: Final = 30 * _DAY


@attrs.frozen(kw_only=True)
class Retention:
    """How long rows are kept, in seconds; None keeps them for good.

    Unfinished events, open calls and unexplained claims stay, however old. Answers and calls stay
    for 24 hours at least, as long as Molam remembers their keys.
    """

    payload_seconds: float | None = PAYLOAD_RETENTION_SECONDS
    """Payloads of finished events, from their arrival; 30 days."""
    event_seconds: float | None = EVENT_RETENTION_SECONDS
    """Finished events, from their arrival; 180 days. One that is gone is no duplicate when it comes again."""
    answer_seconds: float | None = ANSWER_RETENTION_SECONDS
    """Answers and released keys of an `IdempotencyStore`, untouched for so long; 7 days."""
    call_seconds: float | None = CALL_RETENTION_SECONDS
    """Calls in the journal, from when they were settled; 30 days."""


RETENTION: Final = Retention()

at_home("molam_sdk.inbox", Retention)
