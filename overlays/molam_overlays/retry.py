"""What is repeated, and how long to wait: every rule, each as a pure decision.

The rules are those of the fault table. A request is repeated when another attempt can help and
cannot do harm: it is safe (GET), it carries an idempotency key, or nothing of it was sent. Clock
and randomness come in as arguments.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from molam_overlays.errors import (
    IN_FLIGHT,
    MolamError,
    NetworkError,
    TimeoutError,  # noqa: A004
)

BACKOFF_FIRST: Final = 0.5
"""Seconds before the first retry, before jitter."""
BACKOFF_LIMIT: Final = 8.0
"""Seconds no backoff exceeds."""
RETRY_AFTER_LIMIT: Final = 60.0
"""Seconds. A server that asks for more is not waited for: the error is raised at once."""

QUOTA_CAPACITY: Final = 500
QUOTA_RETRY_COST: Final = 5
QUOTA_TIMEOUT_COST: Final = 10
QUOTA_SUCCESS_REFUND: Final = 1


def status_is_repeatable(status: int, code: str | None) -> bool:
    """Tell whether a status may be answered by another attempt."""
    if status in (408, 425, 429):
        return True
    if status == 409:
        return code == IN_FLIGHT
    return 500 <= status <= 599 and status not in (501, 505)


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


class RetryQuota:
    """A client's store of tokens that stops retry storms.

    500 tokens. A retry costs 5, after a timeout 10; a success without a retry gives 1 back, a
    success after retries what its last retry cost. An empty quota means: fail at once. A healthy
    client never notices; one that faces a dead server soon stops adding to its load. Thread-safe.
    """

    __slots__ = ("__weakref__", "_lock", "_tokens")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens = QUOTA_CAPACITY
        _quotas.add(self)

    @property
    def tokens(self) -> int:
        """How many tokens are left, from 0 to 500."""
        return self._tokens

    def spend(self, *, after_timeout: bool) -> int | None:
        """Take the cost of one retry; return it, or None when there are too few tokens."""
        cost = QUOTA_TIMEOUT_COST if after_timeout else QUOTA_RETRY_COST
        with self._lock:
            if self._tokens < cost:
                return None
            self._tokens -= cost
            return cost

    def give_back(self, cost: int | None) -> None:
        """Credit a success: the cost of its last retry, or 1 when it needed none."""
        if cost is None and self._tokens >= QUOTA_CAPACITY:
            return
        with self._lock:
            self._tokens = min(QUOTA_CAPACITY, self._tokens + (cost or QUOTA_SUCCESS_REFUND))

    def renew_lock(self) -> None:
        """Replace the lock: after a fork, the one inherited may be held by nobody."""
        self._lock = threading.Lock()


_quotas: weakref.WeakSet[RetryQuota] = weakref.WeakSet()


def _renew_locks() -> None:
    for quota in list(_quotas):
        quota.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


def wait_before_retry(
    retry: int, retry_after: float | None, random: Callable[[], float]
) -> float | None:
    """Return the seconds to wait, None when the server asks for longer than is reasonable.

    ``Retry-After`` is a floor under the backoff.
    """
    if retry_after is not None and retry_after > RETRY_AFTER_LIMIT:
        return None
    return max(backoff(retry, random()), retry_after or 0.0)
