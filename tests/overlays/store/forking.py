"""Forks for tests: a child that does one thing at a time and tells what came of it."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import attrs

PATIENCE = 20


@attrs.frozen
class Told:
    """What a child's function gave: a value, or an exception's name and text."""

    value: Any = None
    error: str = ""


@attrs.define
class Child:
    """A forked process that runs the functions it was made with, one after the other, when asked."""

    pid: int
    _ask: int
    _told: int

    def next(self) -> Told:
        """Let the child run its next function."""
        os.write(self._ask, b"1")
        size = struct.unpack("<I", self._read(4))[0]
        return pickle.loads(self._read(size))  # type: ignore[no-any-return]

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = os.read(self._told, size - len(data))
            assert part, "the child is gone"
            data += part
        return data


@contextlib.contextmanager
def forked(*works: Callable[[], Any]) -> Iterator[Child]:
    """Fork a child for these functions; it is killed in the end, so it never unwinds."""
    asked, ask = os.pipe()
    told, tell = os.pipe()
    pid = fork()
    if pid == 0:
        try:
            signal.alarm(2 * PATIENCE)
            for work in works:
                os.read(asked, 1)
                message = pickle.dumps(_tried(work))
                os.write(tell, struct.pack("<I", len(message)) + message)
            os.read(asked, 1)
        finally:
            os._exit(0)
    os.close(asked)
    os.close(tell)
    try:
        yield Child(pid, ask, told)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ask)
        os.close(told)


def fork() -> int:
    """Fork, without the warning of newer Pythons about threads: they are what is tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _tried(work: Callable[[], Any]) -> Told:
    try:
        return Told(value=work())
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Told(error=f"{type(error).__name__}: {error} ({where.name})")
