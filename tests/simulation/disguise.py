"""Clock, threads, files and process ids as the product's modules see them while a simulation runs.

The modules keep their code. Only what they reach the outside by is exchanged: the names ``time``,
``threading``, ``sqlite3``, ``os`` and ``secrets`` in their globals, wherever they stand.
"""

from __future__ import annotations

import contextlib
import functools
import os
import random
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from molam_overlays.message import idempotency
from molam_overlays.store import blocking, fork, owner
from tests.simulation import disk
from tests.simulation.kernel import Killed, Process, Simulation, here


class _Facade:
    """A module of the standard library, some of whose names are the simulation's."""

    def __init__(self, real: Any, **ours: Any) -> None:
        self.__dict__.update(ours)
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Lock:
    """A lock for which others wait in simulated time."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._held = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self._held and blocking and here() is not None:
            until = None if timeout < 0 else self._simulation.now + timeout
            self._simulation.step("lock")
            self._simulation.wait(until, lambda: not self._held)
        if self._held:
            return False
        self._held = True
        return True

    def release(self) -> None:
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class Event:
    """`threading.Event` in simulated time."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True

    def wait(self, timeout: float | None = None) -> bool:
        if not self._set:
            until = None if timeout is None else self._simulation.now + timeout
            self._simulation.step("wait")
            self._simulation.wait(until, lambda: self._set)
        return self._set


GLOBALS: list[tuple[Any, str, Any]] = [
    (idempotency, "_watched", dict),
    (fork, "_steps", set),
    (fork, "_opened", set),
]
"""What modules keep for the whole process, and how it looks at first."""


@functools.lru_cache(maxsize=1)
def _places(modules: int) -> list[tuple[Any, str, Any]]:
    """Find where the product's modules hold what is exchanged; anew when others were imported."""
    reals = {id(each) for each in (time, threading, sqlite3, os, secrets, time.monotonic)}
    return [
        (module, key, value)
        for name, module in list(sys.modules.items())
        if name.startswith("molam_overlays.") and ".cli" not in name
        for key, value in list(vars(module).items())
        # `fork` asks for the process id to notice forks, of which there are none here.
        if id(value) in reals and not (module is fork and value is os)
    ]


class Disguise:
    """Puts the simulation in the place of the outside, and back again."""

    def __init__(self, simulation: Simulation, seed: int) -> None:
        self._simulation = simulation
        self._random = random.Random(seed)
        self._whose: Process | None = None
        """Whose memory the modules hold."""
        self._undone: list[tuple[Any, str, Any]] = []
        self.facades: dict[Any, Any] = {
            time: _Facade(
                time,
                time=simulation.time,
                time_ns=lambda: int(simulation.time() * 1e9),
                monotonic=simulation.monotonic,
                perf_counter=simulation.monotonic,
                sleep=simulation.sleep,
            ),
            threading: _Facade(
                threading,
                Lock=lambda: Lock(simulation),
                Event=lambda: Event(simulation),
            ),
            sqlite3: _Facade(sqlite3, connect=lambda *a, **k: disk.connect(simulation, *a, **k)),
            os: _Facade(os, getpid=self._pid, kill=self._kill, urandom=self._random.randbytes),
            secrets: _Facade(
                secrets,
                token_hex=lambda n=16: self._random.randbytes(n).hex(),
                choice=self._random.choice,
            ),
        }

    def _time(self) -> float:
        task = here()
        if task is not None:
            task.process.memory["looked"] = self._simulation.now
        return self._simulation.time()

    def _pid(self) -> int:
        task = here()
        return task.process.pid if task is not None else os.getpid()

    def _kill(self, pid: int, signal: int) -> None:
        assert signal == 0, "the product asks after processes, and ends none"
        if self._living(pid) is None:
            raise ProcessLookupError

    def _living(self, pid: int) -> Process | None:
        return next((p for p in self._simulation.processes if p.pid == pid and p.runs), None)

    def _started(self, pid: int) -> str:
        found = self._living(pid)
        return found.started if found is not None else ""

    def put_on(self) -> None:
        exchanged: dict[int, Any] = {id(real): ours for real, ours in self.facades.items()}
        exchanged[id(time.monotonic)] = self._simulation.monotonic
        for module, key, value in _places(len(sys.modules)):
            self._exchange(module, key, exchanged[id(value)])
        # By this one the product judges ages.
        self._exchange(blocking, "time", _Facade(self.facades[time], time=self._time))
        self._exchange(owner, "_started", self._started)
        self._exchange(owner, "_is_zombie", lambda pid: False)
        # A cache by process id, and process ids come again.
        self._exchange(owner, "_owner", owner._owner.__wrapped__)
        self._exchange(fork, "refuse_inherited", lambda file, name: None)
        for module, key, fresh in GLOBALS:
            self._exchange(module, key, fresh())
        self._simulation.before_switch = self._switch

    def _exchange(self, module: Any, key: str, ours: Any) -> None:
        self._undone.append((module, key, getattr(module, key)))
        setattr(module, key, ours)

    def _switch(self, process: Process) -> None:
        if process is self._whose:
            return
        for module, key, fresh in GLOBALS:
            if self._whose is not None:
                self._whose.memory[key] = getattr(module, key)
            setattr(module, key, process.memory.setdefault(key, fresh()))
        self._whose = process

    def take_off(self) -> None:
        for module, key, real in reversed(self._undone):
            setattr(module, key, real)
        self._undone.clear()


@contextlib.contextmanager
def disguised(simulation: Simulation, seed: int = 0) -> Iterator[Disguise]:
    """Let the product live in a simulation."""
    disguise = Disguise(simulation, seed)
    disguise.put_on()
    try:
        yield disguise
    finally:
        disguise.take_off()


__all__ = ["Disguise", "Event", "Killed", "Lock", "disguised"]
