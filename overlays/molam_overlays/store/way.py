"""Making way: SQLite has one write lock for the whole file, and a batch keeps it between two events.

A handler's next step may need it: its client's journal, say, or another store in the same file.
That step would wait for the very worker that waits for it. So it asks first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Final

_HOLDER: Final[ContextVar[tuple[str, Callable[[], None]] | None]] = ContextVar(
    "molam_holder", default=None
)


@contextmanager
def holding(location: str, give_up: Callable[[], None]) -> Generator[None]:
    """Call a handler while `location`, a file, may be locked; `give_up` unlocks it."""
    token = _HOLDER.set((location, give_up))
    try:
        yield
    finally:
        with suppress(ValueError):  # a coroutine that is thrown away, in another context
            _HOLDER.reset(token)


def ask(location: str) -> None:
    """Have the file unlocked, if this handler's own worker keeps it locked."""
    holder = _HOLDER.get()
    if holder is not None and holder[0] == location:
        holder[1]()
