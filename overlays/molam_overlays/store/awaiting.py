"""The async driver. psycopg's async connections for PostgreSQL, worker threads for SQLite."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, ParamSpec, TypeVar

import attrs

from molam_overlays.errors import ConfigurationError, StoreError, StoreUnavailableError
from molam_overlays.store import blocking, faults
from molam_overlays.store.address import Address
from molam_overlays.store.blocking import CLOSED, IN_TRANSACTION, OCCUPIED, TRIES, Clock, Within
from molam_overlays.store.session import (
    BUSY_SECONDS,
    connect_options,
    driver_of,
    import_psycopg,
    is_async,
    refusal,
)
from molam_overlays.store.statement import Decision, Dialect, Result, Statement, spell

P = ParamSpec("P")
T = TypeVar("T")

_IDLE = 4
_WANTED = "a connection of psycopg (AsyncConnection) or sqlite3"


class AsyncDatabase:
    """Runs decisions as `blocking.Database` does, without blocking an asyncio event loop.

    SQLite has no asynchronous interface: its steps run in worker threads, on connections that any
    thread may use. A step that has begun there is finished even if its caller is cancelled.
    """

    def __init__(self, target: object, clock: Clock | None = None) -> None:
        self.clock = clock
        self._address = Address.parse(target) if isinstance(target, str) else None
        self._threaded: blocking.Database | None = None
        self._given: AsyncSession | None = None
        if self._address is None:
            target = getattr(target, "driver_connection", None) or target
            if driver_of(target) == "sqlite3":
                self._threaded = blocking.Database(target, clock, hops_threads=True)
            elif is_async(target) and driver_of(target) == "psycopg":
                self._given = AsyncSession(target)
            else:
                raise ConfigurationError(refusal(target, _WANTED))
        elif self._address.dialect == "sqlite":
            self._threaded = blocking.Database(target, clock, hops_threads=True)
        self.dialect: Dialect = "sqlite" if self._threaded else "postgresql"
        self._turn = asyncio.Lock()
        self._idle: deque[AsyncSession] = deque()

    @property
    def shown(self) -> str | None:
        """The URL without its password; None for a connection that was given."""
        return self._address.shown if self._address else None

    async def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a decision in a transaction of its own."""
        return await self.run_as("alone", decide, *args, **kwargs)

    async def run_as(
        self,
        within: Within,
        decide: Callable[P, Decision[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a decision in a transaction; see `blocking.Database.run_as`."""
        if self._threaded is not None:
            threaded = self._threaded
            return await asyncio.to_thread(lambda: threaded.run_as(within, decide, *args, **kwargs))
        for left in reversed(range(TRIES)):
            async with self._begun(within) as (session, ours):
                try:
                    value = await drive(session, decide(*args, **kwargs), self.moment())
                except session.errors as error:
                    if ours:
                        await _undo(session)
                    if ours and left and faults.may_repeat(error):
                        continue
                    raise faults.translate(error, self.shown) from error
                except Exception:
                    if ours:
                        await _undo(session)
                    raise
                if ours or within == "commit":
                    await self._commit(session)
                return value
        raise AssertionError("unreachable")

    async def run_on(
        self,
        connection: object,
        decide: Callable[P, Decision[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a decision as part of a caller's transaction; see `blocking.Database.run_on`."""
        if self._threaded is not None:
            threaded = self._threaded
            return await asyncio.to_thread(
                lambda: threaded.run_on(connection, decide, *args, **kwargs)
            )
        connection = getattr(connection, "driver_connection", None) or connection
        if not is_async(connection):
            raise StoreError(refusal(connection, "an AsyncConnection of psycopg"))
        session = AsyncSession(connection)
        try:
            return await drive(session, decide(*args, **kwargs), self.moment())
        except session.errors as error:
            raise faults.translate(error, self.shown) from error

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncTransaction, None]:
        """Hold a transaction open; it is rolled back unless it was committed."""
        if self._threaded is not None:
            context = self._threaded.transaction()
            held = await asyncio.to_thread(context.__enter__)
            try:
                yield AsyncTransaction(held.connection, _Threaded(held))
            finally:
                # An exception needs no telling: what was not committed is rolled back.
                await asyncio.shield(asyncio.to_thread(context.__exit__, None, None, None))
            return
        async with self._begun("alone") as (session, _):
            steps = _Awaited(self, session)
            try:
                yield AsyncTransaction(session.connection, steps)
            finally:
                if not steps.done:
                    await _undo(session)

    async def close(self) -> None:
        """Close the connections that are the store's own; one that was given stays open."""
        if self._threaded is not None:
            await asyncio.to_thread(self._threaded.close)
        while self._idle:
            self._idle.pop().abandon()

    def moment(self) -> float | None:
        """Return the time to decide by; None leaves it to the database's clock."""
        if self._threaded is not None:
            return self._threaded.moment()
        return self.clock() if self.clock is not None else None

    async def _commit(self, session: AsyncSession) -> None:
        try:
            await session.commit()
        except session.errors as error:
            await _undo(session)
            raise faults.translate(error, self.shown, committing=True) from error

    @contextlib.asynccontextmanager
    async def _begun(self, within: Within) -> AsyncGenerator[tuple[AsyncSession, bool], None]:
        async with self._session() as session:
            if self._given is not None and session.in_transaction:
                if within == "alone":
                    raise StoreError(IN_TRANSACTION)
                yield session, False
                return
            try:
                await session.begin()
            except session.errors as error:
                raise faults.translate(error, self.shown) from error
            yield session, True

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncGenerator[AsyncSession, None]:
        if self._given is not None:
            try:
                await asyncio.wait_for(self._turn.acquire(), BUSY_SECONDS)
            except asyncio.TimeoutError:
                raise StoreUnavailableError(OCCUPIED) from None
            try:
                if self._given.closed:
                    raise StoreUnavailableError(CLOSED)
                yield self._given
            finally:
                self._turn.release()
            return
        session = await self._borrow()
        try:
            yield session
        finally:
            # After a cancellation the connection is somewhere in the middle of a statement.
            if session.closed or session.in_transaction or len(self._idle) >= _IDLE:
                session.abandon()
            else:
                self._idle.append(session)

    async def _borrow(self) -> AsyncSession:
        assert self._address is not None
        loop = asyncio.get_running_loop()
        while self._idle:
            session = self._idle.pop()
            # A connection of another event loop, or from before a fork, cannot be used here.
            if session.loop is loop and await session.answers():
                return session
            session.abandon()
        psycopg = import_psycopg()
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._address.location, **connect_options(self._address)
            )
        except psycopg.Error as error:
            raise faults.translate(error, self._address.shown) from error
        session = AsyncSession(connection)
        session.loop = loop
        return session


class AsyncSession:
    """An AsyncConnection of psycopg 3."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.errors: type[Exception] = import_psycopg().Error
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def in_transaction(self) -> bool:
        return bool(self.connection.info.transaction_status.value)

    @property
    def closed(self) -> bool:
        return bool(self.connection.closed)

    async def begin(self) -> None:
        if self.connection.autocommit:
            await self.connection.execute(b"BEGIN ISOLATION LEVEL READ COMMITTED")

    async def execute(self, sql: str, parameters: Mapping[str, Any]) -> Result:
        from psycopg.rows import tuple_row

        async with self.connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(spell(sql, "postgresql").encode(), parameters)
            rows = await cursor.fetchall() if cursor.description is not None else []
            return Result(rows, cursor.rowcount)

    async def commit(self) -> None:
        await self.connection.commit()

    async def rollback(self) -> None:
        await self.connection.rollback()

    async def answers(self) -> bool:
        """Tell whether a connection that lay idle still works."""
        if self.closed:
            return False
        try:
            await self.execute("SELECT 1", {})
        except self.errors:
            return False
        return not self.in_transaction

    def abandon(self) -> None:
        """Close without awaiting: the event loop may be gone, or this task be cancelled."""
        self.connection.pgconn.finish()


@attrs.frozen
class AsyncTransaction:
    """An open transaction that a caller's code may write in."""

    connection: Any
    """psycopg's AsyncConnection, or sqlite3's Connection."""
    _steps: _Threaded | _Awaited

    async def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a decision as part of this transaction."""
        return await self._steps.run(decide, *args, **kwargs)

    async def commit(self) -> None:
        await self._steps.commit()


class _Threaded:
    def __init__(self, held: blocking.Transaction) -> None:
        self._held = held

    async def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(lambda: self._held.run(decide, *args, **kwargs))

    async def commit(self) -> None:
        await asyncio.to_thread(self._held.commit)


class _Awaited:
    def __init__(self, database: AsyncDatabase, session: AsyncSession) -> None:
        self._database = database
        self._session = session
        self.done = False

    async def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await drive(self._session, decide(*args, **kwargs), self._database.moment())
        except self._session.errors as error:
            raise faults.translate(error, self._database.shown) from error

    async def commit(self) -> None:
        await self._database._commit(self._session)
        self.done = True


async def drive(session: AsyncSession, decision: Decision[T], now: float | None) -> T:
    """Carry a decision's statements to a session, and return what it decided."""
    result: Result | None = None
    try:
        while True:
            statement: Statement = decision.send(result)  # type: ignore[arg-type]
            result = await session.execute(statement.sql, {"now": now, **statement.parameters})
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        decision.close()


async def _undo(session: AsyncSession) -> None:
    with contextlib.suppress(session.errors):
        await session.rollback()
