"""The sandbox's clock: it can be stopped, and moved forward, never back.

Settlement, webhook retries and expiry follow this clock. Signatures do not: a receiver compares
them with its own clock, so they carry the machine's time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timezone

_FRACTION = re.compile(r"\.([0-9]+)")


def machine_ms() -> int:
    """Return the machine's time in unix milliseconds."""
    return time.time_ns() // 1_000_000


class Clock:
    """Time in unix milliseconds: the machine's, ahead of it, or standing still."""

    def __init__(self, machine: Callable[[], int] = machine_ms, *, frozen: bool = False) -> None:
        self._machine = machine
        self._ahead_ms = 0
        self._stands_at: int | None = machine() if frozen else None

    def now_ms(self) -> int:
        """Return the time, unix milliseconds."""
        if self._stands_at is not None:
            return self._stands_at
        return self._machine() + self._ahead_ms

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._stands_at is not None

    @property
    def ahead_ms(self) -> int:
        """How far the clock is ahead of the machine's, in milliseconds."""
        return self.now_ms() - self._machine()

    def freeze(self) -> None:
        """Stand still from now on."""
        self._stands_at = self.now_ms()

    def thaw(self) -> None:
        """Run on from where the clock stands."""
        if self._stands_at is not None:
            self._ahead_ms = self._stands_at - self._machine()
            self._stands_at = None

    def advance(self, ms: int) -> None:
        """Move forward by some milliseconds.

        Raises:
            ValueError: the number is negative, or would leave the calendar.
        """
        if ms < 0:
            raise ValueError("the clock only moves forward; start a fresh sandbox to go back")
        if self.now_ms() + ms > _LAST_MS:
            raise ValueError("the clock would leave the calendar")
        if self._stands_at is not None:
            self._stands_at += ms
        else:
            self._ahead_ms += ms


_LAST_MS = int(datetime(9990, 1, 1, tzinfo=timezone.utc).timestamp() * 1000)


def rfc3339(ms: int) -> str:
    """Write unix milliseconds as RFC 3339 in UTC, to the second."""
    moment = datetime.fromtimestamp(ms / 1000, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_rfc3339(text: str) -> int:
    """Read RFC 3339 with an offset as unix milliseconds.

    Raises:
        ValueError: it is not that.
    """
    # Before Python 3.11 fromisoformat knows neither Z nor every length of fraction.
    whole = _FRACTION.sub("", text.upper().replace("Z", "+00:00"))
    moment = datetime.fromisoformat(whole)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    fraction = _FRACTION.search(text)
    return int(moment.timestamp()) * 1000 + (int(fraction[1][:3].ljust(3, "0")) if fraction else 0)
