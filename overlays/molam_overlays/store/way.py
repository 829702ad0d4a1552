"""Making way: SQLite has one write lock for the whole file, and a batch keeps it between two events.

A handler's next step may need it: its client's journal, say, or another store in the same file.
That step would wait for the very worker that waits for it. So it asks first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_HOLDER: Final[ContextVar[list[tuple[str, Callable[[], None]]] | None]] = ContextVar(
    "molam_holder", default=None
)


@contextmanager
def holding(location: str, give_up: Callable[[], None]) -> Generator[None]:
    """Call a handler while `location`, a file, may be locked; `give_up` unlocks it.

    A task that a handler leaves behind has a copy of its context: it may ask for nothing afterwards.
    """
    before, mine = _HOLDER.get(), [(location, give_up)]
    _HOLDER.set(mine)
    try:
        yield
    finally:
        mine.clear()
        if _HOLDER.get() is mine:  # not so where a coroutine is thrown away, in another context
            _HOLDER.set(before)


def ask(location: str) -> None:
    """Have the file unlocked, if this handler's own worker keeps it locked."""
    for held, give_up in _HOLDER.get() or ():
        if held == location:
            give_up()
