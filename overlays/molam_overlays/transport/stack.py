"""Who holds which connection: a stack of idle ones per origin, and a queue of those who wait.

Last in, first out: the connection used last is the least likely to have been closed by the
server, and those at the bottom grow old and are closed. Those who wait are served in the order
they came, and nobody overtakes them. There is no search: every step costs the same whatever the
number of connections and waiters, unlike httpcore's pool, which goes through all of them each time.

Bookkeeping alone: no I/O, no clock, and no lock. A `Slot` is the right to have one connection open;
there are never more than `limit`. At any moment it lies in one of the containers here, or a call
holds it. A signal handler may raise between any two instructions, those of a ``finally`` too, so
nothing here relies on a call to bring its slot back: the stack knows its slots weakly, and one whose
call is gone is counted no more (`_recount`). Threads meet only in single operations of deque, list
and dict, which are one step each. That is why no lock can be left held either, by such an exception
or in the child of a fork, and why a handler may itself make a call.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import Final, Generic, Protocol, TypeVar
from weakref import ref

from molam_overlays.transport.target import Origin

_GRACE: Final = 5.0
"""Seconds after which a slot is counted no more although something, a traceback say, still holds
it: its call should have been over by then."""
_AT_REST: Final = float("inf")
_LOST: Final = float("-inf")


class Resting(Protocol):
    """What the stack needs from a connection."""

    origin: Origin
    idle_since: float


L = TypeVar("L", bound=Resting)


class Slot(Generic[L]):
    """The right to have one connection open, and that connection, once there is one."""

    __slots__ = ("__weakref__", "due", "line")

    def __init__(self) -> None:
        self.line: L | None = None
        """Whoever takes the slot looks whether this still serves; it may belong to another origin."""
        self.due = _AT_REST
        """When the call that holds the slot must be over."""


class Waiter(Generic[L]):
    """One who waits for a slot."""

    __slots__ = ("__weakref__", "due", "mark", "slot")

    def __init__(self, due: float) -> None:
        self.due = due
        self.slot: Slot[L] | None = None
        self.mark: ref[Waiter[L]] = ref(self)

    def wake(self) -> None:
        """Tell the one who waits: there is a slot, or the stack has been closed."""
        raise NotImplementedError


class Stack(Generic[L]):
    """Connections at rest, slots, and those who wait for one."""

    def __init__(self, limit: int, expiry: float) -> None:
        self.limit = limit
        self.expiry = expiry
        self.closed = False
        self._slots: list[ref[Slot[L]]] = []
        self._dead: deque[ref[Slot[L]]] = deque()
        self._empty: deque[Slot[L]] = deque()
        self._idle: dict[Origin, deque[Slot[L]]] = {}
        self._queue: deque[ref[Waiter[L]]] = deque()
        self._next_recount = _LOST

    @property
    def held(self) -> int:
        """How many slots are neither empty nor at rest."""
        at_rest = self.resting + len(self._empty)
        return sum(mark() is not None for mark in self._slots) - at_rest

    @property
    def resting(self) -> int:
        """How many connections are at rest."""
        return sum(len(idle) for idle in tuple(self._idle.values()))

    def take(self, origin: Origin, now: float, due: float) -> Slot[L] | None:
        """Take a slot, if possible with the connection of `origin` that was used last.

        None when there is no slot, or others wait for one.
        """
        if self._queue:
            return None
        slot = _pop(self._idle.get(origin)) or self._vacant(now)
        if slot is not None:
            slot.due = due
        return slot

    def wait(self, waiter: Waiter[L], now: float) -> None:
        """Queue up."""
        self._queue.append(waiter.mark)
        self._serve(now)

    def wait_on(self, waiter: Waiter[L], now: float) -> None:
        """Look after oneself, now and then: whoever was to hand over a slot may have been struck."""
        if waiter.slot is None and waiter.mark not in self._queue:
            self._queue.appendleft(waiter.mark)
        self._serve(now)

    def leave(self, waiter: Waiter[L]) -> bool:
        """Stop waiting; False if somebody hands over a slot at this very moment, or has."""
        try:
            self._queue.remove(waiter.mark)
        except ValueError:
            return False
        return True

    def give_back(self, slot: Slot[L], now: float, *, reusable: bool = True) -> list[L]:
        """Give back a slot, with its connection if that can be used again; say what to close."""
        doomed = self._expired(now)
        gone = slot.due == _LOST or self.closed
        line = slot.line
        if line is not None:
            line.idle_since = now
            if gone or not reusable:
                doomed.append(line)
                slot.line = None
        if gone:
            if self.closed:
                self._empty.append(slot)
            return doomed
        if self._queue and self._hand_over(slot, now):
            return doomed
        self._lay_down(slot)
        # In between, another thread may have queued up or closed.
        if self._queue:
            self._serve(now)
        if self.closed:
            doomed += self.close()
        return doomed

    def close(self) -> list[L]:
        """Refuse all that follows; wake who waits; return the connections at rest."""
        self.closed = True
        resting = self.empty()
        while (waiter := self._next_waiter(_LOST)) is not None:
            waiter.wake()
        return resting

    def empty(self) -> list[L]:
        """Return the connections at rest, and keep none of them."""
        resting = []
        for idle in tuple(self._idle.values()):
            while (slot := _pop(idle)) is not None:
                if slot.line is not None:
                    resting.append(slot.line)
        return resting

    def abandon(self) -> list[L]:
        """Take no slot back that was given out; return all connections that there are."""
        self.closed = True
        lines = []
        for mark in self._slots:
            slot = mark()
            if slot is not None:
                slot.due = _LOST
                if slot.line is not None:
                    lines.append(slot.line)
        return lines

    def _lay_down(self, slot: Slot[L]) -> None:
        slot.due = _AT_REST
        line = slot.line
        if line is None:
            self._empty.append(slot)
            return
        idle = self._idle.get(line.origin)
        if idle is None:
            idle = self._idle.setdefault(line.origin, deque())
        idle.append(slot)

    def _serve(self, now: float) -> None:
        """Give what slots there are to those who wait."""
        while self._queue and (slot := self._vacant(now)) is not None:
            if not self._hand_over(slot, now):
                self._lay_down(slot)

    def _hand_over(self, slot: Slot[L], now: float) -> bool:
        waiter = self._next_waiter(now)
        if waiter is None:
            return False
        slot.due = waiter.due
        waiter.slot = slot
        waiter.wake()
        return True

    def _next_waiter(self, now: float) -> Waiter[L] | None:
        while self._queue:
            try:
                waiter = self._queue.popleft()()
            except IndexError:  # another thread was faster
                break
            if waiter is not None and waiter.due > now:  # else its call is over
                return waiter
        return None

    def _vacant(self, now: float) -> Slot[L] | None:
        """Return an empty slot, a new one, or that of the longest idle connection of whatever origin."""
        return _pop(self._empty) or self._new(now) or self._longest_idle()

    def _new(self, now: float) -> Slot[L] | None:
        if len(self._slots) >= self.limit:
            self._recount(now)
            if len(self._slots) >= self.limit:
                return None
        slot: Slot[L] = Slot()
        # The deque's append is not Python code: no exception can come between death and record.
        mark = ref(slot, self._dead.append)
        self._slots.append(mark)
        if len(self._slots) <= self.limit:
            return slot
        self._slots.remove(mark)  # another thread was faster
        return None

    def _recount(self, now: float) -> None:
        """Count no more the slots whose call was struck down before it could give them back."""
        if not self._dead and now < self._next_recount:
            return
        self._dead.clear()
        self._next_recount = now + 1
        for mark in tuple(self._slots):
            slot = mark()
            if slot is None or slot.due < now - _GRACE:
                if slot is not None:
                    slot.due = _LOST
                with contextlib.suppress(ValueError):  # another thread was faster
                    self._slots.remove(mark)

    def _longest_idle(self) -> Slot[L] | None:
        idle = min((each for each in tuple(self._idle.values()) if each), key=_since, default=None)
        return _pop(idle, first=True)

    def _expired(self, now: float) -> list[L]:
        # The oldest lie at the bottom. There is one origin as a rule, seldom more than two.
        old: list[L] = []
        for idle in tuple(self._idle.values()):
            while idle and now - _since(idle) > self.expiry:
                slot = _pop(idle, first=True)
                if slot is None:
                    break
                if slot.line is not None:
                    old.append(slot.line)
                    slot.line = None
                self._empty.append(slot)
        return old


def _pop(slots: deque[Slot[L]] | None, *, first: bool = False) -> Slot[L] | None:
    if not slots:
        return None
    try:
        return slots.popleft() if first else slots.pop()
    except IndexError:  # another thread was faster
        return None


def _since(idle: deque[Slot[L]]) -> float:
    try:
        line = idle[0].line
    except IndexError:
        line = None
    return _AT_REST if line is None else line.idle_since
