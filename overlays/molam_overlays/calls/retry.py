"""What is repeated, and how long to wait: every rule, each as a pure decision.

The rules are those of the fault table. A request is repeated when another attempt can help and
cannot do harm: it is safe (GET), it carries an idempotency key, or nothing of it was sent. Clock
and randomness come in as arguments.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from molam_overlays.calls.call import Call
from molam_overlays.calls.quota import (
    renew_locks,
)
from molam_overlays.calls.world import World
from molam_overlays.errors import (
    ApiError,
    MolamError,
    NetworkError,
    TimeoutError,  # noqa: A004
)
from molam_overlays.outcome import (
    ruling_of,
)


def next_pause(
    call: Call[Any],
    error: MolamError,
    policy: RetryPolicy,
    world: World,
    *,
    retries: int,
    elapsed: float,
    last_chance: bool,
) -> tuple[float | None, bool]:
    """Return the seconds to wait before another attempt, None for no more attempts.

    The second value tells that the next attempt is the last one, allowed past the deadline
    because what became of the request is unknown.
    """
    if last_chance or retries >= policy.max_retries:
        return None, last_chance
    retry_after = None
    repeatable = call.operation.repeatable
    if isinstance(error, ApiError):
        retry_after = error.retry_after
        can_repeat = repeatable and ruling_of(error.status_code or 0, error.code).repeat
    else:
        can_repeat = failure_is_repeatable(error, repeatable_call=repeatable)
    pause = wait_before_retry(retries, retry_after, world.random) if can_repeat else None
    if pause is None or policy.deadline is None or elapsed + pause < policy.deadline:
        return pause, False
    left = max(0.0, policy.deadline - elapsed)
    fate_unknown = call.operation.keyed and error.delivery == "maybe_processed"
    if not fate_unknown or (retry_after or 0.0) > left:
        return None, False
    return min(pause, left), True


BACKOFF_FIRST: Final = 0.5
"""Seconds before the first retry, before jitter."""
BACKOFF_LIMIT: Final = 8.0
"""Seconds no backoff exceeds."""
RETRY_AFTER_LIMIT: Final = 60.0
"""Seconds. A server that asks for more is not waited for: the error is raised at once."""

FORGOTTEN: Final = (
    "The server has forgotten this call's idempotency key, which is older than 24 hours: repeating "
    "it could do it twice. Look up what became of it instead."
)
SET_BACK: Final = (
    "This machine's clock was set back since the call, so nobody can tell whether the server still "
    "remembers its idempotency key. Nothing was sent. Look up what became of it instead."
)


def failure_is_repeatable(error: MolamError, *, repeatable_call: bool) -> bool:
    """Tell whether a failure on the wire may be answered by another attempt.

    A call that is neither safe nor keyed is repeated only when nothing was sent.
    """
    if isinstance(error, NetworkError):
        return error.repeatable and (repeatable_call or error.delivery == "not_sent")
    if isinstance(error, TimeoutError):
        return repeatable_call or error.delivery == "not_sent"
    return False


def backoff(retry: int, random: float) -> float:
    """Return the seconds to wait before a retry.

    ``min(8, 0.5 * 2**retry)`` times a factor from 0.5 to 1.

    Args:
        retry: 0 for the first retry.
        random: from 0 up to 1.
    """
    longest = min(BACKOFF_LIMIT, BACKOFF_FIRST * 2.0 ** min(retry, 10))
    return longest * (0.5 + random / 2)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks for (RFC 9110 section 10.2.3).

    None for garbage and for negative or past values.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else math.inf
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    try:
        seconds = (moment - now).total_seconds()
    except OverflowError:
        return None
    return seconds if seconds > 0 else None


class RetryPolicy(NamedTuple):
    """How far one call may go."""

    max_retries: int
    """Attempts after the first."""
    timeout: float
    """Seconds for one attempt as a whole."""
    deadline: float | None = None
    """Seconds for the call as a whole, from its start; None for no limit."""


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=renew_locks)


def wait_before_retry(
    retry: int, retry_after: float | None, random: Callable[[], float]
) -> float | None:
    """Return the seconds to wait, None when the server asks for longer than is reasonable.

    ``Retry-After`` is a floor under the backoff.
    """
    if retry_after is not None and retry_after > RETRY_AFTER_LIMIT:
        return None
    return max(backoff(retry, random()), retry_after or 0.0)
