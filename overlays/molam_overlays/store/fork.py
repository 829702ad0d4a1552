"""What a fork does to open databases, and what is done about it.

SQLite keeps one table of locks for each process, by file, because POSIX locks belong to a process
and not to a handle. A child inherits the table and not the locks: of every file that was open in
its parent it believes that it holds what the parent holds. It writes unlocked, into a log that
the parent may delete, or waits for a lock that nobody holds, and neither using nor closing the
inherited handles is safe. So no file of a store is open while a process forks: `_before` keeps
new transactions waiting, gives those under way a moment to end, and closes what lies idle; parent
and child open the file anew when they need it. A file that was open all the same (in a long
transaction, or by somebody else's connection) is refused in the child.

PostgreSQL's connections are sockets that parent and child share. A child neither writes to one
nor says goodbye on it, but lets its copy go: the server learns of the parent's death by the end
of the last one.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import queue
import stat
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypeVar

from molam_overlays.errors import StoreError

T = TypeVar("T")

PATIENCE_SECONDS: Final = 2.0
"""How long a fork waits for transactions of other threads on SQLite."""

_OPEN_SECONDS = 5.0
_STEP_SECONDS: Final = 0.001


class Opened(Protocol):
    """A connection that a store opened itself."""

    @property
    def closed(self) -> bool: ...
    @property
    def holder(self) -> dict[str, object]:
        """Who uses it; empty while it lies idle."""
        ...

    def close_before_fork(self) -> None: ...
    def let_go(self) -> None:
        """Part from it in a child, without a word to anybody."""
        ...


class Step(Protocol):
    """A transaction on a SQLite connection of a store's own."""

    @property
    def may_end_soon(self) -> bool:
        """False where waiting is of no use, as for a transaction of this very thread."""
        ...


_pid = os.getpid()
_generation = 0
_inherited: set[tuple[int, int]] = set()
_opened: set[weakref.ref[Opened]] = set()
_steps: set[Step] = set()
_gate: threading.Event | None = None
_stuck = False
_left_behind: list[object] = []  # a parent's connections: never used, never closed


def generation() -> int:
    """Count the forks from the first process to this one."""
    if os.getpid() != _pid:  # a fork in C, that told nobody
        _in_child()
    return _generation


def remember(session: Opened) -> None:
    """Take note of a connection that a store opened."""
    _opened.add(weakref.ref(session, _opened.discard))


def enter(step: Step) -> None:
    """Take note of a transaction; wait while this process forks."""
    # First noted, then looked: `_before` does it the other way round, so that one sees the other.
    _steps.add(step)
    while (gate := _gate) is not None:
        _steps.discard(step)
        if not gate.wait(_OPEN_SECONDS):
            break  # whoever forks was interrupted
        _steps.add(step)
    _steps.add(step)


def leave(step: Step) -> None:
    """Forget a transaction; twice does no harm."""
    _steps.discard(step)


def refuse_inherited(file: int | Path, name: str) -> None:
    """Refuse a file or socket that was open when this process was forked.

    Raises:
        StoreError: it was; the message names the fork and ways out.
    """
    if not generation():
        return
    try:
        found = os.stat(file)
    except OSError:
        return
    if (found.st_dev, found.st_ino) in _inherited:
        raise StoreError(
            f"{name} was open in the process that this one was forked from, and does not survive "
            "the fork(): nothing could be kept safely. Open it in the child alone, give the store "
            "a URL and fork while no transaction is open, or start this process another way "
            "(multiprocessing's spawn)."
        )


def in_time(open_file: Callable[[], T], name: str) -> T:
    """Open a SQLite file; in a child with a limit of time.

    A thread of the parent's that was opening or closing some file of its own has left SQLite's
    global lock taken for good.

    Raises:
        StoreError: that is so.
    """
    global _stuck
    if not generation():
        return open_file()
    found: list[T | BaseException] = []
    told: queue.SimpleQueue[T | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            told.put(open_file())
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that asked
            told.put(error)

    if not _stuck:
        # Not threading's start(), which makes a KeyError of a signal handler's exception.
        _thread.start_new_thread(work, ())
        with contextlib.suppress(queue.Empty):
            found.append(told.get(timeout=_OPEN_SECONDS))
    if not found:
        _stuck = True
        raise StoreError(
            f"{name} cannot be opened: another thread was inside SQLite when this process was "
            "forked, and SQLite hangs after such a fork(). Fork before threads use SQLite, or "
            "start this process another way (multiprocessing's spawn)."
        )
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def let_go_of_socket(number: int) -> None:
    """Close this process's copy of a socket; its number stays taken, so that nobody's is hit."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    try:
        os.dup2(nowhere, number, inheritable=False)
    finally:
        os.close(nowhere)


def keep_for_ever(connection: object) -> None:
    """Keep an object from being freed, even when the interpreter ends."""
    _left_behind.append(connection)
    with contextlib.suppress(ImportError, AttributeError):
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _alive() -> list[Opened]:
    return [session for reference in list(_opened) if (session := reference()) is not None]


def _before() -> None:
    global _gate
    _gate = threading.Event()
    until = time.monotonic() + PATIENCE_SECONDS
    while any(step.may_end_soon for step in list(_steps)) and time.monotonic() < until:
        time.sleep(_STEP_SECONDS)
    for session in _alive():
        if not session.holder and not session.closed:
            session.close_before_fork()


def _in_parent() -> None:
    global _gate
    gate, _gate = _gate, None
    if gate is not None:
        gate.set()


def _in_child() -> None:
    global _pid, _generation, _gate, _steps
    _pid, _generation, _gate, _steps = os.getpid(), _generation + 1, None, set()
    _inherited.update(_open_files())
    for session in _alive():
        if not session.closed:
            _left_behind.append(session)
            session.let_go()
    _opened.clear()


def _open_files() -> set[tuple[int, int]]:
    """Return device and number of each file and socket that is open."""
    found: set[tuple[int, int]] = set()
    for number in _descriptors():
        try:
            state = os.fstat(number)
        except OSError:
            continue
        if state.st_ino and (stat.S_ISREG(state.st_mode) or stat.S_ISSOCK(state.st_mode)):
            found.add((state.st_dev, state.st_ino))
    return found


def _descriptors() -> list[int]:
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return [int(name) for name in os.listdir(folder)]
        except OSError:
            continue
    return list(range(1024))


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
