"""How many connections a store opens at most, and who waits for one.

Not a lock and a counter: between taking a place and noting who has it, a signal handler's exception
may fall. Here taking is noting, as everywhere in `blocking`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Final

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.errors import StoreUnavailableError
from molam_overlays.store import fork

_LOOK_SECONDS: Final = 0.05


@attrs.frozen
class Pool:
    """A store's URL, with how many connections it may have; every store takes it in the URL's place."""

    url: str = attrs.field(repr=False)
    """``postgresql://…``; for ``sqlite:///…`` nothing is bounded, since a file has one writer anyway."""
    most: int = attrs.field(default=10, kw_only=True)
    """Connections open at a time: of a blocking store in all threads, of an async one in each event loop."""
    idle: int = attrs.field(default=4, kw_only=True)
    """Connections kept open while nobody uses them."""
    wait_seconds: float = attrs.field(default=30.0, kw_only=True)
    """How long a step waits for one before it fails with `StoreUnavailableError`."""

    def __attrs_post_init__(self) -> None:
        if self.most < 1 or self.idle < 0 or self.wait_seconds < 0:
            raise ValueError("A pool has most >= 1, idle >= 0 and wait_seconds >= 0.")


def settings_of(target: object) -> tuple[object, Pool]:
    """Return what to connect to and by which settings, where a caller gave a pool or anything else."""
    if isinstance(target, Pool):
        return target.url, target
    return target, Pool("")


def full(pool: Pool) -> StoreUnavailableError:
    """Say that no connection became free."""
    return StoreUnavailableError(
        f"All {pool.most} connections of the store stayed in use for {pool.wait_seconds:g} s. Nothing was "
        "stored. Give it Pool(url, most=…) with more of them, or keep transactions shorter."
    )


class Places:
    """The places that connections take: one from before it is opened until it is closed."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._open()
        self._news = threading.Lock()  # released whenever somebody leaves
        self._news.acquire()

    def _open(self) -> None:
        self._generation = fork.generation()
        self._places: list[dict[str, object]] = [{} for _ in range(self._most or 0)]

    def take(self, step: object) -> dict[str, object] | None:
        """Return a place that is this step's from now on, as its ``holder``; None when all are taken."""
        if self._most is None:
            return {}
        if self._generation != fork.generation():
            self._open()  # the parent's threads are not here to leave
        for place in self._places:
            if place.setdefault("holder", step) is step:
                return place
        return None

    def wait(self, until: float) -> bool:
        """Wait for news; False when it is past this time, by `time.monotonic`."""
        left = until - time.monotonic()
        if left > 0:
            self._news.acquire(timeout=min(left, _LOOK_SECONDS))  # news may get lost
        return left > 0

    def leave(self, holder: object) -> None:
        """Give back what is held by a step or a connection, if anything."""
        for place in self._places:
            if place.get("holder") is holder:
                place.clear()
        self.tell()

    def tell(self) -> None:
        """Have those who wait look again."""
        with contextlib.suppress(RuntimeError):  # there is news already
            self._news.release()


at_home("molam_sdk.idempotency", Pool)
