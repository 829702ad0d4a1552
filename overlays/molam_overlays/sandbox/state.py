"""Everything the sandbox remembers, in one SQLite database: in memory, or in a file."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from molam_overlays.sandbox.answer import decode, encode

_SCHEMA_VERSION = 1
_TABLES = """
CREATE TABLE objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, hidden TEXT NOT NULL);
CREATE INDEX objects_by_kind ON objects (account, kind, seq);
CREATE INDEX objects_by_charge ON objects (json_extract(body, '$.charge_id'));
CREATE TABLE keys (
    account TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, key TEXT NOT NULL,
    fingerprint TEXT NOT NULL, at_ms INTEGER NOT NULL, status INTEGER, body TEXT,
    PRIMARY KEY (account, method, path, key)) WITHOUT ROWID;
CREATE TABLE timers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, due_ms INTEGER NOT NULL, action TEXT NOT NULL,
    subject TEXT NOT NULL);
CREATE INDEX timers_by_due ON timers (due_ms);
CREATE TABLE subscriptions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, url TEXT NOT NULL,
    types TEXT NOT NULL, secrets TEXT NOT NULL);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
    type TEXT NOT NULL, at_ms INTEGER NOT NULL, request_id TEXT, body TEXT NOT NULL);
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, subscription_id TEXT NOT NULL,
    state TEXT NOT NULL, due_ms INTEGER NOT NULL, mangle TEXT NOT NULL, attempts TEXT NOT NULL);
CREATE INDEX deliveries_by_state ON deliveries (state, due_ms);
CREATE INDEX deliveries_by_event ON deliveries (event_id);
CREATE TABLE faults (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, step TEXT NOT NULL, operation TEXT, event TEXT);
CREATE TABLE scripts (place TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, at_ms INTEGER NOT NULL,
    record TEXT NOT NULL);
"""
_NAMES = [
    "objects",
    "keys",
    "timers",
    "subscriptions",
    "events",
    "deliveries",
    "faults",
    "scripts",
    "requests",
]


class StateError(Exception):
    """The state file cannot be used; says why and what to do."""


class State:
    """The database, with a lock: one transaction at a time."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        try:
            if path is not None:
                _reserve(path)
            self._db = sqlite3.connect(
                ":memory:" if path is None else path,
                check_same_thread=False,
                isolation_level=None,
                timeout=0.2,
            )
            # For a state that was refused or never closed: the file is let go of all the same.
            weakref.finalize(self, self._db.close)
            self._db.row_factory = sqlite3.Row
            if path is not None:
                # Nobody else may write the same file: two sandboxes would not see each other's keys.
                self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("BEGIN IMMEDIATE")
                self._db.execute("COMMIT")
            self._prepare(path)
        except OSError as error:
            raise StateError(
                f"Cannot use the state file {path}: {error.strerror}. Check that its folder exists "
                "and can be written."
            ) from error
        except (sqlite3.Error, ValueError) as error:
            raise StateError(f"Cannot use the state file {path}: {_reason(error)}") from error

    def _prepare(self, path: Path | None) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            if self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise StateError(
                    f"{path} is a database of something else. Name another file with --state."
                )
            self._db.executescript(
                f"BEGIN; {_TABLES} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT"
            )
        elif version != _SCHEMA_VERSION:
            raise StateError(
                f"{path} was written by another version of the sandbox. Delete it, or name another "
                "file with --state."
            )
        # Whoever was in flight when the process ended did not commit: the key is free again.
        self._db.execute("DELETE FROM keys WHERE status IS NULL")

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Hold the lock and commit at the end; an exception undoes everything."""
        with self._lock:
            if self._depth:
                yield
                return
            self._depth = 1
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    def run(self, sql: str, *values: Any) -> int:
        """Execute one statement; return how many rows it changed."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def insert(self, table: str, **columns: Any) -> int:
        """Insert one row; return its number."""
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        with self._lock:
            cursor = self._db.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - our own names
                tuple(columns.values()),
            )
            return cursor.lastrowid or 0

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query, None without one."""
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return found

    def changes(self) -> int:
        """Return how many rows were changed so far, for those who wait for news."""
        with self._lock:
            return self._db.total_changes

    def clear(self, keep: tuple[str, ...] = ()) -> None:
        """Forget everything, save some tables."""
        with self.transaction():
            for name in _NAMES:
                if name not in keep:
                    self.run(f"DELETE FROM {name}")  # noqa: S608 - our own names

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()


def pack(data: Any) -> str:
    """Write JSON for a column."""
    return encode(data).decode()


def unpack(text: str) -> Any:
    """Read JSON from a column."""
    return decode(text)


def _reserve(path: Path) -> None:
    """Keep the file for its owner, from its first byte on: it holds account numbers.

    SQLite gives the files that it puts beside it the same mode.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix":
        for each in (path, *(Path(f"{path}{ending}") for ending in ("-wal", "-shm", "-journal"))):
            with suppress(FileNotFoundError):
                each.chmod(each.stat().st_mode & 0o700)


def _reason(error: Exception) -> str:
    text = str(error)
    if "locked" in text:
        return "another sandbox uses it. Stop that one, or name another file with --state."
    if "not a database" in text:
        return "it is not a database. Name another file with --state."
    return f"{text}. Check that its folder exists and can be written."


Row = Mapping[str, Any]
