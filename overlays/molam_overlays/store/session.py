"""One connection of each driver, behind the few verbs that a transaction needs."""

from __future__ import annotations

import codecs
import contextlib
import functools
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar
from urllib.parse import quote

from molam_overlays.errors import ConfigurationError, StoreError
from molam_overlays.store import failures, fork
from molam_overlays.store.address import Address, unreadable
from molam_overlays.store.statement import Dialect, Result, spell

if TYPE_CHECKING:
    import psycopg
from molam_overlays.store.settings import BUSY_SECONDS, CONNECT_SECONDS, LOGGER

_TURN_SECONDS = 0.1
"""How long SQLite itself waits at a time. In between a step can be given up, and the process fork."""

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"

_IDLE, _ACTIVE, _UNKNOWN = 0, 1, 4  # libpq's PGTransactionStatusType


class Session(Protocol):
    """A connection that runs one transaction at a time."""

    @property
    def dialect(self) -> Dialect: ...
    @property
    def connection(self) -> Any:
        """The driver's own connection."""
        ...

    @property
    def errors(self) -> type[Exception]:
        """The root of what the driver raises."""
        ...

    @property
    def holder(self) -> dict[str, object]:
        """Who uses it, as ``step``; empty while it lies idle."""
        ...

    @property
    def inherited(self) -> bool:
        """True in a process that was forked after the session was made."""
        ...

    def refuse_inherited(self) -> None:
        """Refuse to work on what a parent process opened."""
        ...

    @property
    def in_transaction(self) -> bool: ...
    @property
    def closed(self) -> bool: ...
    def begin(self) -> None: ...
    def execute(self, sql: str, parameters: Mapping[str, Any]) -> Result: ...
    def run_script(self, sql: str) -> None:
        """Run several statements, with their own BEGIN and COMMIT."""
        ...

    def commit(self) -> None: ...
    def rollback(self) -> None:
        """Leave no transaction open, in whatever statement an exception fell.

        What counts is done by one function in C, which no signal handler's exception cuts short.
        """
        ...

    def close(self) -> None: ...


P = ParamSpec("P")
T = TypeVar("T")


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


class Lineage:
    """Whom a connection belongs to: which process, and which step."""

    connection: Any

    def __init__(self) -> None:
        self._generation = fork.generation()
        self.holder: dict[str, object] = {}

    @property
    def inherited(self) -> bool:
        """True in a process that was forked after the session was made."""
        return self._generation != fork.generation()

    def refuse_inherited(self) -> None:
        """Refuse to work on what a parent process opened.

        Raises:
            StoreError: it did; the message names the fork.
        """
        if self.inherited:
            raise StoreError(INHERITED)
        if fork.generation():
            fork.refuse_inherited(self._descriptor(), "The connection that was handed in")

    def _descriptor(self) -> int | Path:
        return int(self.connection.fileno())

    def close_before_fork(self) -> None:
        """Do nothing: a socket may be there twice, see `let_go`."""

    def let_go(self) -> None:
        """Part from a connection of the parent's, without a word to the server."""
        with contextlib.suppress(Exception):
            fork.let_go_of_socket(self.connection.fileno())


INHERITED = (
    "The connection was opened before this process was forked and belongs to its parent. After a "
    "fork() open one in the child, or give the store a URL: then it opens its own."
)


class SqliteSession(Lineage):
    """A connection of the standard library's sqlite3."""

    dialect: Dialect = "sqlite"
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
        self.closed = False
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
    def in_transaction(self) -> bool:
        return self.connection.in_transaction

    @_sound
    def begin(self) -> None:
        # IMMEDIATE: the lock is taken now, or waited for. A transaction that starts reading and
        # then writes fails at once when another wrote in between.
        self.connection.execute("BEGIN IMMEDIATE")

    @_sound
    def execute(self, sql: str, parameters: Mapping[str, Any]) -> Result:
        cursor = self.connection.cursor()
        try:
            cursor.row_factory = None
            cursor.execute(spell(sql, "sqlite"), dict(parameters))
            rows = cursor.fetchall() if cursor.description is not None else []
            return Result(rows, cursor.rowcount)
        finally:
            cursor.close()

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
                if not waits or not failures.is_busy(error):
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
        self.closed = True
        self.connection.close()


class PsycopgSession(Lineage):
    """A connection of psycopg 3."""

    dialect: Dialect = "postgresql"
    connection: psycopg.Connection[Any]

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__()
        self.connection = connection
        self.errors: type[Exception] = import_psycopg().Error

    @property
    def in_transaction(self) -> bool:
        return self.connection.info.transaction_status.value != 0

    @property
    def closed(self) -> bool:
        return self.connection.closed

    def begin(self) -> None:
        # Without autocommit psycopg begins by itself, at the isolation level its owner chose.
        if self.connection.autocommit:
            self.connection.execute(_BEGIN)

    def execute(self, sql: str, parameters: Mapping[str, Any]) -> Result:
        from psycopg.rows import tuple_row

        with self.connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(spell(sql, "postgresql").encode(), parameters)
            rows = cursor.fetchall() if cursor.description is not None else []
            return Result(rows, cursor.rowcount)

    def run_script(self, sql: str) -> None:
        self.connection.execute(sql.encode())

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        with self.connection.lock:
            end_transaction(self.connection)

    def close(self) -> None:
        self.connection.close()


def end_transaction(connection: Any) -> None:
    """Roll back what is open on a psycopg connection, in whatever state an exception left it.

    psycopg's own rollback() is Python, which a second exception cuts short, and does not work
    while a statement runs.
    """
    socket = connection.pgconn
    if socket.transaction_status == _ACTIVE:
        connection.cancel()
    for _ in range(3):  # a cancellation may come late, and hit the first
        if socket.transaction_status in (_IDLE, _UNKNOWN):
            break
        socket.exec_(b"ROLLBACK")  # reads first what a statement has left unread


def is_active(connection: Any) -> bool:
    """Tell whether a psycopg connection is in the middle of a statement."""
    return bool(connection.pgconn.transaction_status == _ACTIVE)


class Psycopg2Session(Lineage):
    """A connection of psycopg2, handed in by a caller."""

    dialect: Dialect = "postgresql"

    def __init__(self, connection: Any) -> None:
        import psycopg2

        super().__init__()
        self.connection = connection
        self.errors: type[Exception] = psycopg2.Error

    @property
    def in_transaction(self) -> bool:
        return bool(self.connection.get_transaction_status())

    @property
    def closed(self) -> bool:
        return bool(self.connection.closed)

    def begin(self) -> None:
        if self.connection.autocommit:
            self.run_script(_BEGIN)

    def execute(self, sql: str, parameters: Mapping[str, Any]) -> Result:
        from psycopg2.extensions import cursor as plain_cursor

        with self.connection.cursor(cursor_factory=plain_cursor) as cursor:
            cursor.execute(spell(sql, "postgresql"), dict(parameters))
            rows = cursor.fetchall() if cursor.description is not None else []
            return Result(rows, cursor.rowcount)

    def run_script(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def commit(self) -> None:
        # In autocommit commit() does nothing, even though a transaction was begun by hand.
        if self.connection.autocommit:
            self.run_script("COMMIT")
        else:
            self.connection.commit()

    def rollback(self) -> None:
        if self.connection.autocommit and self.in_transaction:
            self.run_script("ROLLBACK")
        else:
            self.connection.rollback()

    def close(self) -> None:
        self.connection.close()


def wrap(connection: object) -> Session:
    """Return a session over a connection that a caller handed in.

    SQLAlchemy's pooled connections are looked through.

    Raises:
        ConfigurationError: it is none of sqlite3, psycopg or psycopg2.
    """
    inner: Any = getattr(connection, "driver_connection", None) or connection
    driver = driver_of(inner)
    if driver == "sqlite3":
        return SqliteSession(inner)
    if driver == "psycopg" and not is_async(inner):
        return PsycopgSession(inner)
    if driver == "psycopg2":
        return Psycopg2Session(inner)
    raise ConfigurationError(refusal(inner, "a connection of sqlite3, psycopg or psycopg2"))


def driver_of(connection: object) -> str | None:
    """Name the driver a connection belongs to, subclasses included; None if it is not known."""
    for base in type(connection).__mro__:
        package = base.__module__.partition(".")[0]
        if package in ("sqlite3", "psycopg", "psycopg2") and "onnection" in base.__name__:
            return package
        if (package, base.__name__) == ("_sqlite3", "Connection"):
            return "sqlite3"
    return None


def is_async(connection: object) -> bool:
    """Tell psycopg's AsyncConnection from its blocking one."""
    return any(base.__name__ == "AsyncConnection" for base in type(connection).__mro__)


def refusal(connection: object, wanted: str) -> str:
    """Say which connections a store takes."""
    kind = type(connection)
    return (
        f"A store cannot use a {kind.__module__}.{kind.__qualname__}. Give {wanted}, or a URL such "
        "as sqlite:///molam.db or postgresql://host/database."
    )


def connect(address: Address) -> Session:
    """Open a session of the store's own.

    Raises:
        StoreNotMigratedError: the SQLite file does not exist.
        StoreUnavailableError: the database does not answer.
        ConfigurationError: psycopg is not installed.
    """
    if address.dialect == "sqlite":
        return connect_sqlite(address)
    psycopg = import_psycopg()
    try:
        session = PsycopgSession(psycopg.connect(address.location, **connect_options(address)))
    except psycopg.Error as error:
        raise failures.translate(error, address.shown) from error
    fork.remember(session)
    return session


def connect_options(address: Address) -> dict[str, Any]:
    """Return what both kinds of psycopg connections are opened with.

    Raises:
        ConfigurationError: libpq cannot read the URL. Its own words would quote a piece of it.
    """
    psycopg = import_psycopg()
    try:
        given = psycopg.conninfo.conninfo_to_dict(address.location)
    except psycopg.Error:
        given = None
    if given is None:
        raise unreadable()
    # Without prepared statements a connection pooler between us and the server does no harm.
    options: dict[str, Any] = {"autocommit": True, "prepare_threshold": None}
    if "connect_timeout" not in given:
        options["connect_timeout"] = CONNECT_SECONDS
    return options


def errors_of(dialect: Dialect) -> type[Exception]:
    """Return the root of what a store's own connections raise, and import their driver.

    Raises:
        ConfigurationError: psycopg is not installed.
    """
    return sqlite3.Error if dialect == "sqlite" else import_psycopg().Error


def import_psycopg() -> Any:
    """Import psycopg 3.

    Raises:
        ConfigurationError: it is not installed; the message names the extra.
    """
    try:
        import psycopg
    except ImportError as error:
        raise ConfigurationError(
            'A postgresql:// store needs psycopg 3: pip install "molam-sdk-python[postgres]"'
        ) from error
    codecs.lookup("idna")  # what the first look-up of a host name would import
    return psycopg


def connect_sqlite(address: Address, *, create: bool = False) -> SqliteSession:
    """Open a SQLite file; only a migration creates one. Files are for their owner alone (0600)."""
    path = Path(address.location)
    try:
        if create:
            # Made here, so that the mode is right from the first byte.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        elif not path.exists():
            raise failures.not_migrated(f"there is no file {path}", address.shown)
        _protect(path)
        fork.refuse_inherited(path, f"The SQLite file {path}")
        connection = fork.in_time(lambda: _open(path), f"The SQLite file {path}")
    except OSError as error:
        raise StoreError(
            f"The SQLite store at {address.shown} cannot be opened: {error.strerror}. Its folder "
            "must exist, and this user must be allowed to write there."
        ) from error
    except sqlite3.Error as error:
        raise failures.translate(error, address.shown) from error
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
