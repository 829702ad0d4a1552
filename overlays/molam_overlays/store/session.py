"""One connection of each driver, behind the few verbs that a transaction needs."""

from __future__ import annotations

import functools
import logging
import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar
from urllib.parse import quote

from molam_overlays.errors import ConfigurationError, StoreError
from molam_overlays.store import faults
from molam_overlays.store.address import Address, unreadable
from molam_overlays.store.statement import Dialect, Result, spell

if TYPE_CHECKING:
    import psycopg

LOGGER = logging.getLogger("molam_sdk")

BUSY_SECONDS = 30.0
"""How long a writer waits for the other writers of a SQLite file."""

CONNECT_SECONDS = 10
"""How long to wait for PostgreSQL to take a connection, unless the URL says."""

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"


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
    def in_transaction(self) -> bool: ...
    @property
    def closed(self) -> bool: ...
    def begin(self) -> None: ...
    def execute(self, sql: str, parameters: Mapping[str, Any]) -> Result: ...
    def run_script(self, sql: str) -> None:
        """Run several statements, with their own BEGIN and COMMIT."""
        ...

    def commit(self) -> None: ...
    def rollback(self) -> None: ...
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


class SqliteSession:
    """A connection of the standard library's sqlite3."""

    dialect: Dialect = "sqlite"
    errors: type[Exception] = sqlite3.Error

    def __init__(self, connection: sqlite3.Connection) -> None:
        # Python 3.12's autocommit=False keeps a reading transaction open at all times; a claim
        # could then neither take the write lock at its start nor see other workers' rows.
        if getattr(connection, "autocommit", None) is False:
            raise ConfigurationError(
                "The SQLite connection was opened with autocommit=False. Open it with "
                "autocommit=True, or leave the argument out."
            )
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
        self.connection.executescript(sql)

    @_sound
    def commit(self) -> None:
        self.connection.execute("COMMIT")

    @_sound
    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        self.closed = True
        self.connection.close()


class PsycopgSession:
    """A connection of psycopg 3."""

    dialect: Dialect = "postgresql"

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        import psycopg

        self.connection = connection
        self.errors: type[Exception] = psycopg.Error

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
        self.connection.rollback()

    def close(self) -> None:
        self.connection.close()


class Psycopg2Session:
    """A connection of psycopg2, handed in by a caller."""

    dialect: Dialect = "postgresql"

    def __init__(self, connection: Any) -> None:
        import psycopg2

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
        return PsycopgSession(psycopg.connect(address.location, **connect_options(address)))
    except psycopg.Error as error:
        raise faults.translate(error, address.shown) from error


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
    return psycopg


def connect_sqlite(address: Address, *, create: bool = False) -> SqliteSession:
    """Open a SQLite file; only a migration creates one. Files are for their owner alone (0600)."""
    path = Path(address.location)
    try:
        if create:
            # Made here, so that the mode is right from the first byte.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        elif not path.exists():
            raise faults.not_migrated(f"there is no file {path}", address.shown)
        _protect(path)
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
    except OSError as error:
        raise StoreError(
            f"The SQLite store at {address.shown} cannot be opened: {error.strerror}. Its folder "
            "must exist, and this user must be allowed to write there."
        ) from error
    except sqlite3.Error as error:
        raise faults.translate(error, address.shown) from error
    try:
        # FULL: what was committed survives a power cut; a write-ahead that does not is no use.
        _sound(connection.execute)("PRAGMA synchronous = FULL")
    except sqlite3.Error as error:
        connection.close()
        raise faults.translate(error, address.shown) from error
    session = SqliteSession(connection)
    session.watch(path)
    return session


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
