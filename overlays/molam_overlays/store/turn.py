"""Taking turns on a connection that was handed in."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Protocol

_PAUSE = 0.05


class Step(Protocol):
    """Whoever wants the connection."""

    @property
    def thread(self) -> int: ...


class Turn:
    """Whose turn it is to use a connection that was given.

    Not a lock: between taking one and noting it, a signal handler's exception can fall, and the
    lock is taken for good. Here taking is noting.
    """

    def __init__(self, *, nests: bool) -> None:
        self._holder: dict[str, Step] = {}
        self._nests = nests
        self._news = threading.Lock()  # released whenever the turn is given back
        self._news.acquire()

    def take(self, step: Step, seconds: float) -> bool:
        """Wait for the turn; False when it did not come. A thread that has it need not wait."""
        until = time.monotonic() + seconds
        while True:
            holder = self._holder.setdefault("step", step)
            if holder is step or (self._nests and holder.thread == step.thread):
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            self._news.acquire(timeout=min(left, _PAUSE))  # news may get lost

    def give_back(self, step: Step) -> None:
        """Let others have their turn, if this step has it."""
        if self._holder.get("step") is step:
            del self._holder["step"]
            with contextlib.suppress(RuntimeError):  # there is news already
                self._news.release()
