"""Connections of a blocking adapter: each carries one call at a time; `Stack` says who gets which."""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from typing import Any, Protocol

import httpx

from molam_overlays.transport import failures, library
from molam_overlays.transport.library import Library
from molam_overlays.transport.stack import Slot, Stack, Waiter
from molam_overlays.transport.target import Origin, Target
from molam_overlays.transport.wire_sync import Wire, clock

_LOOK_AFTER = 0.25
"""Seconds after which one who waits for a connection looks for itself."""


class Connections(Protocol):
    """Where new connections come from, and whose they are."""

    @property
    def library(self) -> Library: ...

    def connection(self, origin: Origin, backend: Any, patience: float) -> Any:
        """Return one of httpcore's, not connected yet, that opens its sockets with `backend`."""


class Lines:
    """Who holds which connection, of one pool's worth."""

    def __init__(
        self, source: Connections, limit: int, expiry: float, resting: int = sys.maxsize
    ) -> None:
        self._source = source
        self._limit = limit
        self._expiry = expiry
        self._resting = resting
        self._closed = False
        self._start()

    def _start(self) -> None:
        self.stack: Stack[Line] = Stack(self._limit, self._expiry)
        # Nobody is warned of a socket because he forgot to close: what is at rest is closed with this,
        # or when the process ends, and a call that comes later still, at exit, makes a new connection.
        self._forgotten = weakref.finalize(self, _discard_resting, self.stack)

    @property
    def held(self) -> int:
        """How many slots are neither empty nor at rest."""
        return self.stack.held

    def acquire(self, target: Target, deadline: float, timeout: float) -> Slot[Line]:
        """Return a slot with a connection for the target.

        Raises:
            TimeoutError: none came free, or stood, by the deadline.
            ClientClosedError: the adapter is closed.
        """
        origin, now = target.origin, clock()
        slot = self.stack.take(origin, now, deadline)
        if slot is None:
            slot = self._await_turn(target, deadline, timeout)
        try:
            if self._closed:
                raise failures.closed()
            found = slot.line
            if found is not None:
                young = now - found.idle_since <= self._expiry
                if young and found.origin == origin and library.alive(found.connection):
                    return slot
                slot.line = None
                found.wire.close()
            source = self._source
            wire = Wire(source.library.core)
            connection = source.connection(origin, wire, deadline - now)
            slot.line = Line(origin, connection, wire, source.library)
        except httpx.ConnectTimeout:
            self.release(slot, False)
            raise failures.connect_timeout(target.host, timeout) from None
        except BaseException:
            self.release(slot, False)
            raise
        return slot

    def _await_turn(self, target: Target, deadline: float, timeout: float) -> Slot[Line]:
        stack = self.stack
        waiter = _Waiter(deadline)
        try:
            stack.wait(waiter, clock())
            while waiter.slot is None and not self._closed:
                left = deadline - clock()
                if left <= 0:
                    break
                if not waiter.turn.acquire(timeout=min(left, _LOOK_AFTER)):
                    stack.wait_on(waiter, clock())
            if waiter.slot is None and not stack.leave(waiter):
                waiter.turn.acquire(timeout=_LOOK_AFTER)  # another thread is handing one over
        except BaseException:
            stack.leave(waiter)
            if waiter.slot is not None:
                self.release(waiter.slot, True)
            raise
        if waiter.slot is not None:
            return waiter.slot
        raise failures.closed() if self._closed else failures.pool_timeout(target.host, timeout)

    def release(self, slot: Slot[Line], reusable: bool) -> None:
        """Give a slot back, with its connection if that can be used again."""
        reusable = reusable and (self._resting >= self._limit or self.stack.resting < self._resting)
        try:
            if not reusable and slot.line is not None:
                slot.line.wire.close()
        finally:
            for each in self.stack.give_back(slot, clock(), reusable=reusable):
                each.wire.close()

    def close(self) -> None:
        """Close all connections; safe twice. Calls in progress end, and close theirs."""
        self._closed = True
        for each in self.stack.close():
            each.wire.close()

    def forget_inherited(self) -> None:
        """Drop what a fork has left us: the connections are the parent's."""
        inherited = self.stack.abandon()
        self._forgotten.detach()
        self._start()
        self.stack.closed = self._closed
        for each in inherited:
            each.wire.close()  # closes our copy of the socket; says nothing to the server


def _discard_resting(stack: Stack[Line]) -> None:
    for each in stack.empty():
        each.wire.close()


class _Waiter(Waiter["Line"]):
    __slots__ = ("turn",)

    def __init__(self, due: float) -> None:
        super().__init__(due)
        # Not an Event, whose own lock an exception of a signal handler may leave held.
        self.turn = threading.Lock()
        self.turn.acquire()

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # told already
            self.turn.release()


class Line:
    """One connection, and its library's transport over it."""

    def __init__(self, origin: Origin, connection: Any, wire: Wire, whose: Library) -> None:
        self.transport = whose.over("", connection)
        self.connection = connection
        self.wire = wire
        self.origin = origin
        self.idle_since = 0.0
        self.proxied = library.is_proxied(connection)
