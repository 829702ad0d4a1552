"""The store of tokens that stops retry storms."""

from __future__ import annotations

import threading
import weakref
from typing import Final

QUOTA_CAPACITY: Final = 500
QUOTA_RETRY_COST: Final = 5
QUOTA_TIMEOUT_COST: Final = 10
QUOTA_SUCCESS_REFUND: Final = 1


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


def renew_locks() -> None:
    """Give every quota a lock of this process: one that a fork caught may be held for ever."""
    for quota in list(_quotas):
        quota.renew_lock()
