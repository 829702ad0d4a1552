"""Connections of an async adapter: `lines_sync` with await. What changes who holds which has none."""

from __future__ import annotations

import sys
from typing import Any

import anyio

from molam_overlays.transport import failures, library
from molam_overlays.transport.library import Library
from molam_overlays.transport.lines_sync import Connections
from molam_overlays.transport.loops import Home, Homes
from molam_overlays.transport.stack import Slot, Stack, Waiter
from molam_overlays.transport.target import Origin
from molam_overlays.transport.wire_async import Wire, clock


class AsyncLines:
    """Who holds which connection, of one pool's worth for each event loop."""

    def __init__(
        self, source: Connections, limit: int, expiry: float, resting: int = sys.maxsize
    ) -> None:
        self._source = source
        self._expiry = expiry
        # How many may lie idle, where that is fewer than there may be.
        self._resting = resting if resting < limit else sys.maxsize
        self._closed = False
        self._homes: Homes[Stack[Line]] = Homes(lambda: Stack(limit, expiry), _close)

    @property
    def held(self) -> int:
        """How many slots are neither empty nor at rest, on all loops."""
        return sum(stack.held for stack in self._homes.each())

    async def acquire(self, origin: Origin, timeout: float) -> Slot[Line]:  # noqa: ASYNC109
        """Return a slot with a connection for an origin; the caller sees to it that this ends in time.

        Raises:
            ClientClosedError: the adapter is closed.
        """
        home, now = await self._homes.here(), clock()
        slot = home.kept.take(origin, now, now + timeout)
        if slot is None:
            slot = await self._await_turn(home, now, now + timeout)
        try:
            if self._closed:
                raise failures.closed()
            found = slot.line
            if found is not None:
                young = now - found.idle_since <= self._expiry
                if young and found.origin == origin and library.alive(found.connection):
                    return slot
                slot.line = None
                await _discard([found])
            source = self._source
            wire = Wire(source.library.core)
            # Another loop's thread may be making the TLS context: that takes as long as to make it.
            connection = source.connection(origin, wire, timeout)
            slot.line = Line(origin, connection, wire, source.library)
        except BaseException:
            await self.release(slot, False)
            raise
        return slot

    async def _await_turn(self, home: Home[Stack[Line]], now: float, due: float) -> Slot[Line]:
        stack = home.kept
        waiter = _Waiter(due)
        try:
            stack.wait(waiter, now)
            if waiter.slot is None:
                await waiter.turn.wait()
        except BaseException:
            stack.leave(waiter)
            if waiter.slot is not None:  # at the same moment: it is for the next one
                await self.release(waiter.slot, True)
            raise
        if waiter.slot is None:
            raise failures.closed()
        return waiter.slot

    async def release(self, slot: Slot[Line], reusable: bool) -> None:
        """Give a slot back, with its connection if that can be used again."""
        home = await self._homes.here()
        stack = home.kept
        reusable = reusable and not home.ended and stack.resting < self._resting
        try:
            if not reusable and slot.line is not None:
                await _discard([slot.line])
        finally:
            doomed = stack.give_back(slot, clock(), reusable=reusable)
            if doomed:
                await _discard(doomed)

    async def aclose(self) -> None:
        """Close all connections; safe twice. Calls in progress end, and close theirs."""
        self._closed = True
        await self._homes.aclose()

    def forget_inherited(self) -> None:
        """Drop what a fork has left us.

        Nothing is closed: the parent's event loop shares its selector with us, and closing would
        take the parent's connections out of it.
        """
        for stack in self._homes.each():
            stack.abandon()
        self._homes.forget_inherited()


async def _close(stack: Stack[Line]) -> None:
    await _discard(stack.close())


class _Waiter(Waiter["Line"]):
    __slots__ = ("turn",)

    def __init__(self, due: float) -> None:
        super().__init__(due)
        self.turn = anyio.Event()

    def wake(self) -> None:
        self.turn.set()


class Line:
    """One connection, and its library's transport over it."""

    def __init__(self, origin: Origin, connection: Any, wire: Wire, whose: Library) -> None:
        self.transport = whose.over("Async", connection)
        self.connection = connection
        self.wire = wire
        self.origin = origin
        self.idle_since = 0.0
        self.fresh = True
        self.proxied = library.is_proxied(connection)


async def _discard(lines: list[Line]) -> None:
    with anyio.CancelScope(shield=True):
        for each in lines:
            await each.wire.close()
