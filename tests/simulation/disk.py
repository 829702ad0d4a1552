"""SQLite files that outlive the processes, and what can go wrong with a statement.

The files and the statements are SQLite's own. A step stands before each statement; where another
connection holds the file, SQLite would sleep for its busy time-out: here the scheduler does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from tests.simulation.kernel import Killed, Simulation, here

T = TypeVar("T")

FAULTS = frozenset({"full", "io error", "lost commit", "busy"})
"""What a statement may meet: no space, a failure before or after it took effect, another writer."""
OPEN_FAULTS = frozenset({"refused"})


def connect(simulation: Simulation, *args: Any, **options: Any) -> Connection:
    """Open a file, as ``sqlite3.connect``."""
    task = here()
    if task is None:
        return sqlite3.connect(*args, **options)
    fault = simulation.step("open", own=OPEN_FAULTS)
    if fault is not None:
        raise sqlite3.OperationalError("unable to open database file")
    patience = options.pop("timeout", 5.0)
    options["check_same_thread"] = False
    made: Connection = sqlite3.connect(*args, **options, timeout=0, factory=Connection)
    made.settle_in(simulation, patience)
    task.process.connections.append(made)
    simulation.after()
    return made


class Connection(sqlite3.Connection):
    """A connection whose statements are steps."""

    simulation: Simulation
    patience: float = 5.0
    gone: bool = False

    def settle_in(self, simulation: Simulation, patience: float) -> None:
        self.simulation = simulation
        self.patience = patience
        self.owner = here().process  # type: ignore[union-attr]

    def vanish(self) -> None:
        """Let go of the file as the system does when a process is gone."""
        self.gone = True
        sqlite3.Connection.close(self)

    def close(self) -> None:
        if self.gone:
            return
        if self in self.owner.connections:
            self.owner.connections.remove(self)
        super().close()

    def cursor(self, factory: Any = None) -> Any:
        self._check()
        return super().cursor(factory or Cursor)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        if sql.startswith("PRAGMA busy_timeout"):
            self.patience = float(sql.rpartition("=")[2]) / 1000
            return None
        return self.make(sql, lambda: sqlite3.Connection.execute(self, sql, parameters))

    def executescript(self, sql: str) -> Any:
        return self.make(sql, lambda: sqlite3.Connection.executescript(self, sql))

    def commit(self) -> None:
        if self.in_transaction:
            self.make("COMMIT", lambda: sqlite3.Connection.commit(self))

    def rollback(self) -> None:
        if self.in_transaction:
            self.make("ROLLBACK", lambda: sqlite3.Connection.rollback(self))

    def _check(self) -> None:
        if self.gone:
            raise Killed

    def make(self, sql: str, run: Callable[[], T]) -> T:
        """Make a statement a step."""
        self._check()
        if here() is None:
            return run()
        words = sql.split(None, 3)
        verb = words[0].rstrip(";")
        if verb in ("PRAGMA", "--"):
            return run()
        if verb == "WITH":
            verb = "SELECT"
        fault = self.simulation.step(verb, own=FAULTS if verb != "ROLLBACK" else frozenset())
        self._check()
        if fault is not None:
            self._fail(fault.kind, verb, run)
        result = self._patiently(run)
        self.simulation.commits += verb == "COMMIT"
        self.simulation.after()
        return result

    def _patiently(self, run: Callable[[], T]) -> T:
        until: float | None = None
        while True:
            try:
                return run()
            except sqlite3.OperationalError as error:
                now = self.simulation.now
                until = now + self.patience if until is None else until
                if "locked" not in str(error) or now >= until:
                    raise
            self.simulation.step("busy")
            self.simulation.wait(min(until, self.simulation.now + 0.05))
            self._check()

    def _fail(self, kind: str, verb: str, run: Callable[[], object]) -> None:
        if kind == "full":
            if verb == "COMMIT" and self.in_transaction:
                sqlite3.Connection.execute(self, "ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")
        if kind == "busy":
            raise sqlite3.OperationalError("database is locked")
        if kind == "lost commit":
            run()
            self.simulation.commits += 1
        elif verb == "COMMIT" and self.in_transaction:
            sqlite3.Connection.execute(self, "ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")


class Cursor(sqlite3.Cursor):
    """A cursor whose statements are steps."""

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        connection: Any = self.connection
        return connection.make(sql, lambda: sqlite3.Cursor.execute(self, sql, parameters))
