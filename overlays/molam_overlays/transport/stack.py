"""Who holds which connection: a stack of idle ones per origin, and a queue of those who wait.

Last in, first out: the connection used last is the least likely to have been closed by the
server, and those at the bottom grow old and are closed. Those who wait are served in the order
they came, and nobody overtakes them. There is no search: every step costs the same whatever the
number of connections and waiters, unlike httpcore's pool, which goes through all of them each time.

Bookkeeping alone: no I/O, no locks, no clock. A *slot* is the right to have one connection open;
there are as many as `limit`. Every connection, in use or idle, has one.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar

from molam_overlays.transport.target import Origin


class Resting(Protocol):
    """What the stack needs from a connection."""

    origin: Origin
    idle_since: float


L = TypeVar("L", bound=Resting)


class Waiter(Generic[L]):
    """One who waits for a slot, and perhaps gets a connection with it."""

    __slots__ = ("granted", "line", "origin")

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.line: L | None = None
        """The connection that came with the slot, None when one is to be opened."""
        self.granted = False
        """True once it has a slot, or once the stack has been closed."""

    def wake(self) -> None:
        """Tell the one who waits; called right after `granted` is set."""
        raise NotImplementedError


class Stack(Generic[L]):
    """Connections at rest, slots, and those who wait for one."""

    def __init__(self, limit: int, expiry: float) -> None:
        self.limit = limit
        self.expiry = expiry
        self.closed = False
        self.slots = 0
        """Slots given out."""
        self._idle: dict[Origin, deque[L]] = {}
        self._waiters: deque[Waiter[L]] = deque()

    def slot(self, now: float) -> tuple[bool, list[L]]:
        """Take a slot to open a connection with, if nobody waits; also what is to be closed."""
        old = self._expired(now)
        if self._waiters:
            return False, old
        if self.slots >= self.limit and not self._evict(old):
            return False, old
        self.slots += 1
        return True, old

    def pop(self, origin: Origin, now: float) -> L | None:
        """Take the connection of an origin that was used last, with its slot, unless it is old."""
        idle = self._idle.get(origin)
        if not idle or self._waiters or now - idle[-1].idle_since > self.expiry:
            return None
        return idle.pop()

    def wait(self, waiter: Waiter[L]) -> None:
        """Queue up."""
        self._waiters.append(waiter)

    def leave(self, waiter: Waiter[L]) -> None:
        """Stop waiting; the caller gives back what it was granted in between."""
        if not waiter.granted:
            self._waiters.remove(waiter)

    def give_back(self, line: L | None, now: float) -> list[L]:
        """Give back a slot, with the connection if it can be used again; say what to close."""
        doomed = self._expired(now)
        if self.closed:
            self.slots -= 1
            if line is not None:
                doomed.append(line)
        elif self._waiters:
            waiter = self._waiters.popleft()
            if line is not None and line.origin == waiter.origin:
                waiter.line = line
            elif line is not None:
                doomed.append(line)
            waiter.granted = True
            waiter.wake()
        elif line is None:
            self.slots -= 1
        else:
            line.idle_since = now
            self._idle.setdefault(line.origin, deque()).append(line)
        return doomed

    def close(self) -> list[L]:
        """Refuse all that follows; wake who waits; return the connections at rest."""
        self.closed = True
        resting = [line for idle in self._idle.values() for line in idle]
        self.slots -= len(resting)
        self._idle.clear()
        while self._waiters:
            waiter = self._waiters.popleft()
            waiter.granted = True
            self.slots += 1
            waiter.wake()
        return resting

    def _expired(self, now: float) -> list[L]:
        # The oldest lie at the bottom. There is one origin as a rule, seldom more than two.
        old: list[L] = []
        for idle in self._idle.values():
            while idle and now - idle[0].idle_since > self.expiry:
                old.append(idle.popleft())
        self.slots -= len(old)
        return old

    def _evict(self, doomed: list[L]) -> bool:
        """Make room by closing the longest idle connection of whatever origin."""
        idle = min(filter(None, self._idle.values()), key=_since, default=None)
        if idle is None:
            return False
        doomed.append(idle.popleft())
        self.slots -= 1
        return True


def _since(idle: deque[L]) -> float:
    return idle[0].idle_since
