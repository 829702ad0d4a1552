"""All that is SQLite's: addresses, spelling, the session, errors, files."""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import quote, unquote

from molam_overlays.errors import ConfigurationError, StoreError, StoreUnavailableError
from molam_overlays.store import fork, statement
from molam_overlays.store.dialect import Dialect, not_migrated, text_of
from molam_overlays.store.session import Lineage, is_of
from molam_overlays.store.settings import BUSY_SECONDS, LOGGER
from molam_overlays.store.statement import Result, Spelling

_TURN_SECONDS = 0.1
"""How long SQLite itself waits at a time. In between a step can be given up, and the process fork."""

P = ParamSpec("P")
T = TypeVar("T")

# A writing transaction on SQLite holds the whole file: there are no rows to lock or to skip.
_SPELLING: Final[Spelling] = {
    "now": ":now",
    "micros": "CAST(:now * 1000000 AS INTEGER)",
    "at": str,
    "seconds": str,
    "epoch": str,
    "json": str,
    "text": str,
    # SQLite takes any bytes for text and any value for a number; fetching such a row would fail.
    "raw": lambda column: f"CAST({column} AS BLOB)",
    "flag": lambda column: f"CASE typeof({column}) WHEN 'integer' THEN {column} END",
    "moment": lambda column: f"CASE WHEN typeof({column}) IN ('integer', 'real') THEN {column} END",
    "route": lambda path: f"substr({path}, 1, instr({path} || '?', '?') - 1)",
    "durably": lambda columns: "",  # `_open` sees to it
    "greatest": "max",
    "lock": "",
    "skip_locked": "",
    "among": "IN (SELECT value FROM json_each({}))".format,
}


@functools.cache
def spell(sql: str) -> str:
    """Write a statement as SQLite wants it."""
    return statement.spell(sql, _SPELLING)


def _sound(method: Callable[P, T]) -> Callable[P, T]:
    """Let a corrupted file be an error of the driver's, also where its very names are garbled."""

    @functools.wraps(method)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except UnicodeDecodeError:
            pass
        raise sqlite3.DatabaseError("malformed: it holds text that is no text")

    return checked


class SqliteSession(Lineage):
    """A connection of the standard library's sqlite3."""

    connection: sqlite3.Connection
    errors: type[Exception] = sqlite3.Error

    def __init__(self, connection: sqlite3.Connection) -> None:
        # Python 3.12's autocommit=False keeps a reading transaction open at all times; a claim
        # could then neither take the write lock at its start nor see other workers' rows.
        if getattr(connection, "autocommit", None) is False:
            raise ConfigurationError(
                "The SQLite connection was opened with autocommit=False. Open it with "
                "autocommit=True, or leave the argument out."
            )
        super().__init__()
        self.connection = connection
        self.path: Path | None = None
        """The file, where the store opened it itself."""
        self._file: tuple[int, int] | None = None

    def watch(self, path: Path) -> None:
        """Remember which file was opened; see `is_current`."""
        self.path, self._file = path, _identity(path)

    @property
    def is_current(self) -> bool:
        """Tell whether the path still names the file that is open.

        SQLite goes on writing to a file that was moved or deleted, and nobody would find there
        what a claim or a journal says.
        """
        return self.path is None or _identity(self.path) == self._file

    @property
    def closed(self) -> bool:
        """True whoever closed it."""
        try:
            return self.connection.in_transaction is None
        except sqlite3.ProgrammingError:
            return True

    @property
    def in_transaction(self) -> bool:
        """True also once it is closed, as psycopg has it: nobody has ended what was open then."""
        return self.closed or self.connection.in_transaction

    @_sound
    def begin(self) -> None:
        # IMMEDIATE: the lock is taken now, or waited for. A transaction that starts reading and
        # then writes fails at once when another wrote in between.
        self.connection.execute("BEGIN IMMEDIATE")

    def join(self) -> None:
        # Nothing opens a transaction for us on a connection in autocommit.
        if not self.in_transaction:
            self.begin()

    def answers(self) -> bool:
        return not self.closed and self.is_current

    @property
    def is_failed(self) -> bool:
        return False

    @_sound
    def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result:
        cursor = self.connection.cursor()
        try:
            cursor.row_factory = None
            cursor.execute(spell(sql), dict(parameters))
            rows = cursor.fetchall() if cursor.description is not None else []
            result = Result(rows, cursor.rowcount)
            for command in then.split("; ") if then else ():
                cursor.execute(command)
            return result
        finally:
            cursor.close()

    def changes(self) -> int:
        """Return a number that changes with each commit of another connection's."""
        row: tuple[int] = self.connection.execute("PRAGMA data_version").fetchone()
        return row[0]

    @_sound
    def run_script(self, sql: str) -> None:
        if self.path is not None:
            self.connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
        self.connection.executescript(sql)

    @_sound
    def commit(self) -> None:
        until: float | None = None
        while True:
            try:
                self.connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                # Without a write-ahead log, which its owner may turn off, readers hold up a commit.
                until = until or time.monotonic() + BUSY_SECONDS
                waits = self.path is not None and time.monotonic() < until
                if not waits or not SQLITE.is_busy(error):
                    raise
            else:
                return

    @_sound
    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def _descriptor(self) -> int | Path:
        if self.path is not None:
            return self.path
        for _, name, path in self.connection.execute("PRAGMA database_list").fetchall():
            if name == "main" and path:
                return Path(path)
        return -1

    def close_before_fork(self) -> None:
        """Close the file: a child must not inherit it."""
        with contextlib.suppress(sqlite3.Error):
            self.close()

    def let_go(self) -> None:
        """Neither use nor close a file of the parent's: both change what the parent relies on."""
        fork.keep_for_ever(self.connection)

    def close(self) -> None:
        self.connection.close()


def connect(location: str, shown: str, *, create: bool = False) -> SqliteSession:
    """Open a SQLite file; only a migration creates one. Files are for their owner alone (0600)."""
    path = Path(location)
    try:
        if create:
            # Made here, so that the mode is right from the first byte.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        elif not path.exists():
            raise _not_migrated(f"there is no file {path}", shown)
        _protect(path)
        fork.refuse_inherited(path, f"The SQLite file {path}")
        connection = fork.in_time(lambda: _open(path), f"The SQLite file {path}")
    except OSError as error:
        raise StoreError(
            f"The SQLite store at {shown} cannot be opened: {error.strerror}. Its folder "
            "must exist, and this user must be allowed to write there."
        ) from error
    except sqlite3.Error as error:
        raise SQLITE.translate(error, shown) from error
    session = SqliteSession(connection)
    session.watch(path)
    fork.remember(session)
    return session


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # FULL: what was committed survives a power cut; a write-ahead that does not is no use.
        _sound(connection.execute)("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA busy_timeout = {min(_TURN_SECONDS, BUSY_SECONDS) * 1000:.0f}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _protect(path: Path) -> None:
    """Take other users' rights from a store's files, which hold request bodies."""
    if os.name != "posix":
        return
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        try:
            mode = file.stat().st_mode & 0o777
            if mode & 0o077:
                file.chmod(mode & 0o700)
                LOGGER.warning("The mode of %s was %o; it is now for its owner alone.", file, mode)
        except FileNotFoundError:
            continue
        except PermissionError:
            LOGGER.warning("%s can be read by others, and its mode cannot be changed.", file)


def _not_migrated(text: str, shown: str) -> StoreError:
    return not_migrated(text, f"`molam db migrate {shown}`")


class _Sqlite(Dialect):
    name = "sqlite"
    schemes = ("sqlite",)
    form = "sqlite:///relative/path.db, sqlite:////absolute/path.db"
    folder = "sqlite"
    own_clock = False
    notice = ""
    implicit = False
    gated = True
    # A thousand a second: all wait for the one lock, and for the disk that a checkpoint writes to.
    row_seconds = 0.001

    def locate(self, url: str) -> tuple[str, str]:
        rest = url.partition(":")[2]
        if not rest.startswith("///"):
            raise ConfigurationError(f"The SQLite address has no path. Use {self.form}.")
        path = unquote(rest[3:])
        if path in ("", ":memory:"):
            raise ConfigurationError(
                "A SQLite database in memory forgets everything with its process, so it cannot keep "
                "idempotency keys. Name a file."
            )
        if "\0" in path:
            raise ConfigurationError("The SQLite path holds a NUL character.")
        # Connections are opened later, too, and a daemon changes its folder.
        return os.path.abspath(path), url

    def import_errors(self) -> type[Exception]:
        return sqlite3.Error

    def connect(self, location: str, shown: str) -> SqliteSession:
        return connect(location, shown)

    def create(self, location: str, shown: str) -> None:
        connect(location, shown, create=True).close()

    def wrap(self, connection: Any) -> SqliteSession | None:
        return SqliteSession(connection) if is_of(connection, "sqlite3") else None

    def explain(self, error: Exception, shown: str | None) -> StoreError:
        text = text_of(error)
        lowered = text.lower()
        at = f" at {shown}" if shown else ""
        if any(word in lowered for word in ("no such table", "no such column", "no column named")):
            return _not_migrated(text, shown or "sqlite:///FILE")
        if "readonly" in lowered:
            return StoreError(
                f"The SQLite store{at} is read-only ({text}), so nothing can be remembered. Make the "
                "file and its folder writable for this user."
            )
        if "full" in lowered:
            return StoreUnavailableError(
                f"The SQLite store{at} has no space left ({text}). Free some, or run a purge."
            )
        if "disk i/o" in lowered or "unable to open" in lowered:
            return StoreUnavailableError(
                f"The SQLite store{at} could not be written or read ({text}). See whether there is "
                "space left, a quota or a limit of file size, and who may write to its folder."
            )
        if self.is_busy(error):
            return StoreUnavailableError(
                f"The SQLite store{at} stayed locked by another writer ({text}). Keep transactions "
                "short, or use PostgreSQL for a fleet."
            )
        if "thread" in lowered:
            return StoreError(
                "The SQLite connection belongs to another thread. Open it with "
                "check_same_thread=False, or give the store a URL."
            )
        if "not a database" in lowered or "malformed" in lowered:
            return StoreError(f"The file{at} is not a sound SQLite database ({text}).")
        return StoreUnavailableError(f"The SQLite store{at} failed: {text}.")

    def may_repeat(self, error: Exception) -> bool:
        return False

    def is_busy(self, error: Exception) -> bool:
        lowered = str(error).lower()
        return "locked" in lowered or "busy" in lowered


SQLITE: Final = _Sqlite()
