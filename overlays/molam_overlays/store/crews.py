"""Several workers in one process: threads or tasks, which start, are woken and stop together.

The first error of any of them ends them all, as does `stop`: each finishes the event at hand and
puts the rest of its batch back. One connection listens for all.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from molam_overlays.store.tasks import insist
from molam_overlays.store.upkeep import Upkeep
from molam_overlays.store.waking import AsyncWatch, Watch, within

Work = Callable[["Crew"], int]
"""Works until the crew is told to stop; returns how many events were handled."""


class Crew:
    """What the workers of a process share: when to stop, and when to wake."""

    def __init__(self, stop: Any, watch: Watch, count: int) -> None:
        self._stop = stop
        self._watch = watch
        self._count = count
        self._failed = False
        self._idle: Upkeep | None = None
        self._news = threading.Event()

    def is_set(self) -> bool:
        """Tell whether to stop."""
        return self._failed or bool(self._stop.is_set())

    def heed(self) -> threading.Event:
        """Return what is set by whatever comes from here on."""
        if self._count == 1:
            self._watch.heed()
        return self._news

    def rest(self, news: threading.Event, seconds: float) -> None:
        """Wait for news, for `stop`, or until the seconds are over."""
        if self._count == 1:
            self._watch.rest(self._stop, seconds)
        elif not self.is_set():  # the last news may have come before these were heeded
            news.wait(seconds)

    def upkeep(self, upkeep: Upkeep) -> Upkeep:
        """Return what the next worker to start has to see to: the first to all of it, others to nothing."""
        given, self._idle = (upkeep if self._idle is None else self._idle), Upkeep(None, 0.0)
        return given

    def run(self, work: Work) -> int:
        """Work in this thread and `count` - 1 others; return how many events were handled."""
        if self._count == 1:
            return work(self)
        handled: list[int] = []
        errors: list[BaseException] = []

        def one() -> None:
            try:
                handled.append(work(self))
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
                errors.append(error)
                self._end()

        threads = [threading.Thread(target=one, daemon=True) for _ in range(self._count - 1)]
        threads.append(threading.Thread(target=self._listen, daemon=True))
        try:
            for thread in threads:
                thread.start()
            handled.append(work(self))
        finally:
            self._end()
            for thread in threads:
                thread.join()
        if errors:
            raise errors[0]
        return sum(handled)

    def _listen(self) -> None:
        while not self.is_set():
            self._watch.rest(self, 1.0)
            self._ring()

    def wait(self, seconds: float) -> bool:
        """Wait until told to stop, as a `threading.Event` does."""
        until = time.monotonic() + seconds
        while not self.is_set() and (left := until - time.monotonic()) > 0:
            self._stop.wait(min(left, 0.05))
        return self.is_set()

    def _ring(self) -> None:
        news, self._news = self._news, threading.Event()
        news.set()

    def _end(self) -> None:
        self._failed = True
        self._ring()


class AsyncCrew:
    """The async twin of `Crew`; `count` tasks."""

    def __init__(self, stop: Any, watch: AsyncWatch, count: int) -> None:
        self._stop = stop
        self._watch = watch
        self._count = count
        self._failed = False
        self._idle: Upkeep | None = None
        self._news = asyncio.Event()

    def is_set(self) -> bool:
        """See `Crew.is_set`."""
        return self._failed or bool(self._stop.is_set())

    def heed(self) -> asyncio.Event:
        """See `Crew.heed`."""
        if self._count == 1:
            self._watch.heed()
        return self._news

    async def rest(self, news: asyncio.Event, seconds: float) -> None:
        """See `Crew.rest`."""
        if self._count == 1:
            await self._watch.rest(self._stop, seconds)
        elif not self.is_set():
            await within(news.wait(), seconds)

    def upkeep(self, upkeep: Upkeep) -> Upkeep:
        """See `Crew.upkeep`."""
        given, self._idle = (upkeep if self._idle is None else self._idle), Upkeep(None, 0.0)
        return given

    async def run(self, work: Callable[[AsyncCrew], Awaitable[int]]) -> int:
        """Work in `count` tasks; return how many events were handled."""
        if self._count == 1:
            return await work(self)
        tasks = [asyncio.ensure_future(work(self)) for _ in range(self._count)]
        listening = asyncio.ensure_future(self._listen())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            self._end()
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            await insist(_all(tasks))
            raise
        finally:
            self._end()
            listening.cancel()
        return sum(task.result() for task in tasks)

    async def _listen(self) -> None:
        while not self.is_set():
            await self._watch.rest(self._stop, 1.0)
            self._ring()

    def _ring(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _end(self) -> None:
        self._failed = True
        self._ring()


async def _all(tasks: list[asyncio.Task[int]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
