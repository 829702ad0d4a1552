"""All that is PostgreSQL's: addresses, spelling, sessions blocking and async, errors.

A password that was pasted as it is makes another URL of it: with a ``/`` or ``#`` in it, what
follows is no longer taken for a password, neither by us nor by libpq, and would be shown. So what
stands before the last ``@`` must be unmistakable, or the URL is refused without a word of it.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import functools
import re
import select
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from molam_overlays.errors import ConfigurationError, StoreError, StoreUnavailableError
from molam_overlays.home import home
from molam_overlays.store import fork, statement
from molam_overlays.store.dialect import Dialect, not_migrated, text_of
from molam_overlays.store.session import Lineage, Session, is_of
from molam_overlays.store.settings import CONNECT_SECONDS
from molam_overlays.store.statement import Result, Spelling

if TYPE_CHECKING:
    import psycopg

_SCRIPT: Final = "migrations/001_idempotency_and_webhooks.sql"

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"

_IDLE, _ACTIVE, _FAILED, _UNKNOWN = 0, 1, 3, 4  # libpq's PGTransactionStatusType

_CLEANUP_SECONDS = 5.0

_FRESH_SECONDS = 0.005
"""How long after a statement a connection needs no question whether it still works."""

_USER: Final = re.compile(r"(?:[^\s/?#@\[\]:%]|%[0-9A-Fa-f]{2})*")
_PASSWORD: Final = re.compile(r"(?:[^\s/?#@\[\]%]|%[0-9A-Fa-f]{2})*")
# Hosts as libpq has them: several with commas, sockets percent-encoded, IPv6 in brackets.
_HOST: Final = r"(?:\[[0-9A-Fa-f:.%]+\]|(?:[^\s/?#@\[\]:,%]|%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
_HOSTS: Final = re.compile(rf"{_HOST}(?:,{_HOST})*")

_PLACE: Final = re.compile(r"(?:host|hostaddr|port|dbname|user|sslmode)=[\w/.,:%+-]*", re.ASCII)
"""Parameters that say where the database is, without which a command could not be repeated."""

# Times are timestamptz on PostgreSQL, unix seconds on SQLite. With no ``now`` given, PostgreSQL
# asks its own clock: a fleet of workers then agrees on when a lease ends.
_SPELLING: Final[Spelling] = {
    "now": "coalesce(to_timestamp(:now::float8), clock_timestamp())",
    "micros": "(extract(epoch from coalesce(to_timestamp(:now::float8), clock_timestamp()))"
    " * 1000000)::bigint",
    "at": lambda value: f"to_timestamp({value}::float8)",
    "seconds": lambda value: f"make_interval(secs => {value}::float8)",
    "epoch": lambda value: f"extract(epoch from {value})::float8",
    "json": lambda value: f"{value}::json",
    "text": lambda value: f"{value}::text",
    "raw": str,
    "flag": str,
    "moment": lambda column: f"extract(epoch from {column})::float8",
    "route": lambda path: f"split_part({path}, '?', 1)",
    # For the rest of the transaction, and in no round trip of its own.
    "durably": lambda columns: (
        f"RETURNING {columns}, set_config('synchronous_commit', CASE "
        "current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)"
    ),
    "greatest": "greatest",
    "lock": "FOR UPDATE",
    "skip_locked": "FOR UPDATE SKIP LOCKED",
    # An array by way of a subquery: the index serves it, and every driver can send it.
    "among": "= ANY(ARRAY(SELECT value::bigint FROM json_array_elements_text({}::json)))".format,
}

_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


@functools.cache
def spell(sql: str) -> str:
    """Write a statement as PostgreSQL's drivers want it: ``:name`` becomes ``%(name)s``."""
    return _PARAMETER.sub(r"%(\1)s", statement.spell(sql, _SPELLING))


def _joined(kind: str, connection: Any) -> Any:
    """Return a cursor that writes parameters into the text, where commands may follow; from 3.1 on."""
    found = getattr(import_psycopg(), kind, None)
    return None if found is None else found(connection)


def _text(*commands: str) -> bytes:
    return "; ".join(command for command in commands if command).encode()


def _was_just_used(connection: Any, used: float) -> bool:
    """Tell whether a connection worked a moment ago, and the server has not said goodbye since."""
    if time.monotonic() - used > _FRESH_SECONDS:
        return False
    if not hasattr(select, "poll"):  # Windows
        return not select.select([connection.fileno()], [], [], 0)[0]
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


class _Libpq(Lineage):
    """What psycopg's blocking sessions have in common."""

    def join(self) -> None:
        """Leave it to the connection: it begins by itself, or its owner wants no transaction."""

    def answers(self: Session) -> bool:
        if self.closed:
            return False
        if isinstance(self, Lineage) and _was_just_used(self.connection, self.used):
            return True
        try:
            self.execute("SELECT 1", {})
        except self.errors:
            return False
        return not self.in_transaction


class PsycopgSession(_Libpq):
    """A connection of psycopg 3."""

    connection: psycopg.Connection[Any]

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__()
        self.connection = connection
        self.errors: type[Exception] = import_psycopg().Error
        self._lead = ""

    @property
    def in_transaction(self) -> bool:
        return self.connection.info.transaction_status.value != 0

    @property
    def closed(self) -> bool:
        return self.connection.closed

    def refuse_unusable(self) -> None:
        super().refuse_unusable()
        refuse_pipeline(self.connection)

    def begin(self) -> None:
        # Without autocommit psycopg begins by itself, at the isolation level its owner chose.
        if self.owned:
            self._lead = _BEGIN  # it goes with the first statement
        elif self.connection.autocommit:
            self.connection.execute(_BEGIN)

    @property
    def is_failed(self) -> bool:
        return bool(self.connection.pgconn.transaction_status == _FAILED)

    def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result:
        from psycopg.rows import tuple_row

        lead, self._lead = self._lead, ""
        joined = _joined("ClientCursor", self.connection) if lead or then else None
        if lead and not joined:
            self.connection.execute(_BEGIN)
        with joined or self.connection.cursor() as cursor:
            cursor.row_factory = tuple_row
            text = _text(lead, spell(sql), then) if joined else spell(sql).encode()
            cursor.execute(text, parameters)
            if lead and joined:
                cursor.nextset()
            rows = cursor.fetchall() if cursor.description is not None else []
            result = Result(rows, cursor.rowcount)
            if then and not joined:
                cursor.execute(then.encode())
            self.used = time.monotonic()
            return result

    def run_script(self, sql: str) -> None:
        self.connection.execute(sql.encode())

    def commit(self) -> None:
        self._lead = ""
        self.connection.commit()

    def rollback(self) -> None:
        self._lead = ""
        with self.connection.lock:
            end_transaction(self.connection)

    def close(self) -> None:
        self.connection.close()


def refuse_pipeline(connection: Any) -> None:
    """Refuse a psycopg connection in pipeline mode, where a statement's rows come later.

    Raises:
        StoreError: it is.
    """
    if getattr(connection.pgconn, "pipeline_status", 0):
        raise StoreError(
            "The connection that was handed in is inside pipeline(), where no statement has its "
            "answer before the next is sent. Nothing was written. Leave the pipeline first, or hand "
            "in another connection."
        )


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


def heard(connection: Any) -> bool:
    """Take what a listening psycopg connection was told; True if it was anything."""
    socket, found = connection.pgconn, False
    socket.consume_input()
    while socket.notifies() is not None:
        found = True
    return found


class Psycopg2Session(_Libpq):
    """A connection of psycopg2, handed in by a caller."""

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

    @property
    def is_failed(self) -> bool:
        return bool(self.connection.get_transaction_status() == _FAILED)

    def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result:
        from psycopg2.extensions import cursor as plain_cursor

        with self.connection.cursor(cursor_factory=plain_cursor) as cursor:
            cursor.execute(spell(sql), dict(parameters))
            rows = cursor.fetchall() if cursor.description is not None else []
            result = Result(rows, cursor.rowcount)
            if then:
                cursor.execute(then)
            return result

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


class AsyncSession(Lineage):
    """An AsyncConnection of psycopg 3."""

    def __init__(self, connection: Any) -> None:
        super().__init__()
        self.connection = connection
        self.errors: type[Exception] = import_psycopg().Error
        self._lead = ""
        self.home: Any = None
        """Where it lies between two steps: connections stay on the event loop they were made on."""

    @property
    def in_transaction(self) -> bool:
        return bool(self.connection.info.transaction_status.value)

    @property
    def closed(self) -> bool:
        return bool(self.connection.closed)

    def refuse_unusable(self) -> None:
        super().refuse_unusable()
        refuse_pipeline(self.connection)

    async def begin(self) -> None:
        if self.owned:
            self._lead = _BEGIN  # it goes with the first statement
        elif self.connection.autocommit:
            await self.connection.execute(_BEGIN.encode())

    async def join(self) -> None:
        """See `_Libpq.join`."""

    @property
    def is_failed(self) -> bool:
        return bool(self.connection.pgconn.transaction_status == _FAILED)

    async def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result:
        from psycopg.rows import tuple_row

        lead, self._lead = self._lead, ""
        joined = _joined("AsyncClientCursor", self.connection) if lead or then else None
        if lead and not joined:
            await self.connection.execute(_BEGIN.encode())
        async with joined or self.connection.cursor() as cursor:
            cursor.row_factory = tuple_row
            text = _text(lead, spell(sql), then) if joined else spell(sql).encode()
            await cursor.execute(text, parameters)
            if lead and joined:
                cursor.nextset()
            rows = await cursor.fetchall() if cursor.description is not None else []
            result = Result(rows, cursor.rowcount)
            if then and not joined:
                await cursor.execute(then)
            self.used = time.monotonic()
            return result

    async def commit(self) -> None:
        self._lead = ""
        await self.connection.commit()

    async def rollback(self) -> None:
        self._lead = ""
        await self.connection.rollback()

    async def answers(self) -> bool:
        """Tell whether a connection that lay idle still works."""
        if self.closed:
            return False
        if _was_just_used(self.connection, self.used):
            return True
        try:
            await self.execute("SELECT 1", {})
        except self.errors:
            return False
        return not self.in_transaction

    @property
    def is_open_here(self) -> bool:
        """Tell whether there is a transaction to end, and it is this process's."""
        return not self.inherited and not self.closed and self.in_transaction

    async def settle(self) -> None:
        """Roll back what is open, wherever an exception fell; see `insist`."""
        with contextlib.suppress(self.errors, asyncio.TimeoutError):
            if is_active(self.connection):
                async with self.connection.lock:
                    await asyncio.to_thread(self.settle_now)
            else:
                await asyncio.wait_for(self.connection.rollback(), _CLEANUP_SECONDS)

    def settle_now(self) -> None:
        """Roll back what is open without awaiting: the event loop may be gone."""
        with contextlib.suppress(self.errors):
            end_transaction(self.connection)

    def abandon(self) -> None:
        """Close without awaiting: the event loop may be gone, or this task be cancelled."""
        if not self.inherited:
            self.connection.pgconn.finish()


def wrap_async(connection: object) -> AsyncSession | None:
    """Return a session over an AsyncConnection that a caller handed in."""
    ours = is_of(connection, "psycopg") and _is_async(connection)
    return AsyncSession(connection) if ours else None


def _is_async(connection: object) -> bool:
    return any(base.__name__ == "AsyncConnection" for base in type(connection).__mro__)


async def connect_async(location: str, shown: str) -> AsyncSession:
    """Open an async session of the store's own; raises what `Dialect.connect` does."""
    psycopg = import_psycopg()
    try:
        connection = await psycopg.AsyncConnection.connect(location, **connect_options(location))
    except psycopg.Error as error:
        raise POSTGRESQL.translate(error, shown) from error
    session = AsyncSession(connection)
    session.owned = True
    fork.remember(session)
    return session


def connect_options(location: str) -> dict[str, Any]:
    """Return what both kinds of psycopg connections are opened with.

    Raises:
        ConfigurationError: libpq cannot read the URL. Its own words would quote a piece of it.
    """
    psycopg = import_psycopg()
    try:
        given = psycopg.conninfo.conninfo_to_dict(location)
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
            f"A postgresql:// store needs psycopg 3: {home().with_extra('postgres')}"
        ) from error
    codecs.lookup("idna")  # what the first look-up of a host name would import
    return psycopg


def _without_password(rest: str) -> str:
    """Return what follows the two slashes of a PostgreSQL URL, fit for a message."""
    login, at, place = rest.rpartition("@")
    user, _, password = login.partition(":")
    path, _, query = place.partition("?")
    hosts, slash, database = path.partition("/")
    sound = (
        _USER.fullmatch(user)
        and _PASSWORD.fullmatch(password)
        and _HOSTS.fullmatch(hosts)
        and _PASSWORD.fullmatch(database)
    )
    if not sound or not rest.isprintable():
        raise unreadable()
    shown = [pair for pair in query.split("&") if _PLACE.fullmatch(pair)]
    return f"{user}{at}{hosts}{slash}{database}{'?' if shown else ''}{'&'.join(shown)}"


def unreadable() -> ConfigurationError:
    """Say that a PostgreSQL URL cannot be read, without showing anything of it."""
    return ConfigurationError(
        "The PostgreSQL address cannot be read; it is not shown, since it may hold a password. "
        "Percent-encode what is special in user, password, database and parameters: / is %2F, # is "
        "%23, ? is %3F, @ is %40, [ is %5B, ] is %5D, % is %25, & is %26, = is %3D, a space is %20. "
        "The form is postgresql://user:password@host:port/database."
    )


def _state(error: Exception) -> str | None:
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


class _Postgresql(Dialect):
    name = "postgresql"
    schemes = ("postgresql", "postgres")
    form = "postgresql://user:password@host:port/database"
    folder = ""
    own_clock = True
    notice = "NOTIFY molam_inbox"
    implicit = True
    gated = False
    row_seconds = 0.0

    def locate(self, url: str) -> tuple[str, str]:
        scheme, _, rest = url.partition(":")
        if not rest.startswith("//"):
            raise unreadable()
        return url, f"{scheme}://{_without_password(rest[2:])}"

    def import_errors(self) -> type[Exception]:
        return import_psycopg().Error  # type: ignore[no-any-return]

    def connect(self, location: str, shown: str) -> PsycopgSession:
        psycopg = import_psycopg()
        try:
            session = PsycopgSession(psycopg.connect(location, **connect_options(location)))
        except psycopg.Error as error:
            raise self.translate(error, shown) from error
        session.owned = True
        fork.remember(session)
        return session

    def wrap(self, connection: Any) -> Session | None:
        if is_of(connection, "psycopg2"):
            return Psycopg2Session(connection)
        if is_of(connection, "psycopg") and not _is_async(connection):
            return PsycopgSession(connection)
        return None

    def explain(self, error: Exception, shown: str | None) -> StoreError:
        # The primary message alone: a detail line may quote a row, and with it a body.
        primary = getattr(getattr(error, "diag", None), "message_primary", None)
        text = text_of(error, primary)
        if primary is not None:
            error.args = (primary,)  # the error is the cause of ours, and printed with it
        state, name = _state(error), type(error).__name__
        at = f" at {shown}" if shown else ""
        family = (state or "")[:2]
        if state in ("42P01", "42703", "42883", "3F000"):
            return not_migrated(
                text, f"`psql -d DB -f {_SCRIPT}` or `molam db migrate {shown or 'URL'}`"
            )
        if state == "25006":
            return StoreError(
                f"The PostgreSQL store{at} is read-only, perhaps a standby, so nothing can be "
                "remembered. Connect to the primary."
            )
        if state == "42501":
            return StoreError(
                f"The PostgreSQL store{at} refuses access ({text}). Grant this user SELECT, INSERT, "
                "UPDATE and DELETE on the store's tables and USAGE on their sequences."
            )
        if family == "53":
            return StoreUnavailableError(
                f"The PostgreSQL store{at} is out of space, memory or connections ({text})."
            )
        if (
            state is None
            or family in ("08", "57")
            or name in ("OperationalError", "InterfaceError")
        ):
            return StoreUnavailableError(
                f"The PostgreSQL store{at} could not be reached or dropped the connection ({text}). "
                "Nothing of this step was stored."
            )
        return StoreError(f"The PostgreSQL store{at} failed with SQLSTATE {state}: {text}.")

    def may_repeat(self, error: Exception) -> bool:
        return _state(error) in ("40001", "40P01")  # serialization failure, deadlock

    def is_busy(self, error: Exception) -> bool:
        return False


POSTGRESQL: Final = _Postgresql()
