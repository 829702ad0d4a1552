"""The async driver. psycopg's async connections for PostgreSQL, worker threads for SQLite.

Each await may end in a cancellation, or in GeneratorExit when an event loop is thrown away. What a
step has open then is ended before the exception goes on: in a task of its own where that takes
awaiting, so that a second cancellation does not cut it short, and at once where nothing can be
awaited any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, ParamSpec, TypeVar

from molam_overlays.annotations import Self
from molam_overlays.drive import adrive
from molam_overlays.errors import ConfigurationError, StoreError, StoreUnavailableError
from molam_overlays.store import blocking
from molam_overlays.store.address import Address, bare
from molam_overlays.store.async_pool import AsyncPool
from molam_overlays.store.blocking import TRIES, Clock, Within
from molam_overlays.store.dialect import Dialect, check_dialect
from molam_overlays.store.given import AsyncGiven, AsyncSession, refusal_async, wrap_async
from molam_overlays.store.joined import Joined
from molam_overlays.store.pool import settings_of
from molam_overlays.store.postgresql import POSTGRESQL
from molam_overlays.store.session import CLOSED, IN_TRANSACTION, INHERITED, OCCUPIED
from molam_overlays.store.settings import BUSY_SECONDS
from molam_overlays.store.sqlite import SQLITE
from molam_overlays.store.statement import Decision, is_at_once
from molam_overlays.store.tasks import Turn, apart, holders, in_thread, insist

P = ParamSpec("P")
T = TypeVar("T")


class AsyncDatabase:
    """Runs decisions as `blocking.Database` does, without blocking an asyncio event loop.

    SQLite has no asynchronous interface: its steps run in worker threads, on connections that any
    thread may use. A step whose caller is cancelled is given up, unless it is being committed.
    """

    def __init__(self, target: object, clock: Clock | None = None) -> None:
        self.clock = clock
        target, settings = settings_of(target)
        self._address = Address.parse(target) if isinstance(target, str) else None
        self.threaded: blocking.Database | None = None
        self.given: AsyncGiven | None = None
        self.dialect: Dialect = POSTGRESQL
        if self._address is not None:
            self.dialect = self._address.dialect
        elif (given := wrap_async(target)) is not None:
            self.dialect, self.given = given
        elif SQLITE.wrap(bare(target)) is not None:
            self.dialect = SQLITE
        else:
            raise ConfigurationError(refusal_async(target))
        if self.given is None and self.dialect is SQLITE:
            self.threaded = blocking.Database(target, clock, hops_threads=True)
        self.errors = self.given.errors if self.given else self.dialect.import_errors()
        self.ambient = self.given is not None and self.given.ambient
        self.implicit = self.dialect.implicit and self.given is None
        self.turn = Turn()
        self.pool = AsyncPool(self._address, settings)

    @property
    def shown(self) -> str | None:
        """The URL without its password; None for a connection that was given."""
        return self._address.shown if self._address else None

    @property
    def location(self) -> str:
        """See `blocking.Database.location`."""
        return self._address.location if self._address else ""

    def translate(self, error: Exception, *, committing: bool = False) -> StoreError:
        """Make a `StoreError` of what the driver raised."""
        return self.dialect.translate(error, self.shown, committing=committing)

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
        if (threaded := self.threaded) is not None:
            return await in_thread(
                lambda wanted: threaded.run_while(wanted, within, lambda: decide(*args, **kwargs))
            )
        implicit = self.implicit and is_at_once(decide)
        work = self._run(within, lambda: decide(*args, **kwargs), implicit=implicit)
        return await (work if self.given is None else apart(work))

    async def _run(self, within: Within, decide: Callable[[], Decision[T]], *, implicit: bool) -> T:
        for left in reversed(range(TRIES)):
            step = _Awaited(self, within)
            try:
                async with step:
                    await step.begin(implicit=implicit)
                    value = await step.drive(decide())
                    if not implicit and (step.ours or within == "commit"):
                        await step.commit()
                    return value
            except self.errors as error:
                if not (step.ours and left and self.dialect.may_repeat(error)):
                    raise self.translate(error, committing=implicit and step.is_lost) from error
        raise AssertionError("unreachable")

    async def run_on(
        self,
        connection: object,
        decide: Callable[P, Decision[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a decision as part of a caller's transaction; see `blocking.Database.run_on`."""
        given = wrap_async(connection)
        if given is None and (threaded := self.threaded) is not None:
            return await in_thread(lambda _: threaded.run_on(connection, decide, *args, **kwargs))
        if given is None:
            raise StoreError(refusal_async(connection))
        check_dialect(given[0], self.dialect)
        session = given[1].here()
        session.refuse_unusable()
        async with Joined(session):
            try:
                await apart(session.join())
                return await apart(carry(session, decide(*args, **kwargs), self.moment()))
            except session.errors as error:
                raise self.translate(error) from error

    def transaction(self) -> AsyncTransaction:
        """Return a transaction, yet to begin, that a caller's code may write in."""
        if self.threaded is not None:
            return _Threaded(self.threaded)
        return _Awaited(self, "alone") if self.given is None else _Apart(self, "alone")

    async def close(self) -> None:
        """Close the connections that are the store's own; one that was given stays open."""
        if self.threaded is not None:
            await asyncio.to_thread(self.threaded.close)
        await self.pool.close()

    def moment(self) -> float | None:
        """Return the time to decide by; None leaves it to the database's clock."""
        if self.threaded is not None:
            return self.threaded.moment()
        if self.clock is not None:
            return self.clock()
        return None if self.dialect.own_clock else time.time()

    async def open(self) -> AsyncSession:
        """See `blocking.Database.open`; for a store that opens its own connections."""
        return await self.pool.connect()


class AsyncTransaction:
    """A transaction, from the taking of a connection to its giving back.

    An async context manager: leaving it rolls back, unless `commit` was called. It begins when
    told to.
    """

    connection: Any
    """psycopg's AsyncConnection, or sqlite3's Connection."""
    begun: bool
    """True from its beginning to its end."""
    is_open: bool
    """See `blocking.Transaction.is_open`."""
    is_failed: bool
    """See `blocking.Transaction.is_failed`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, GeneratorExit):
            self.end_now()
        else:
            await self.end(interrupted=kind is not None and not issubclass(kind, Exception))

    async def begin(self, *, implicit: bool = False) -> None:
        raise NotImplementedError

    async def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a decision as part of this transaction."""
        raise NotImplementedError

    async def commit(self) -> None:
        raise NotImplementedError

    async def end(self, *, interrupted: bool = False) -> None:
        """Leave nothing open; awaited to the end whatever happens meanwhile."""
        raise NotImplementedError

    def end_now(self) -> None:
        """Leave nothing open, without awaiting."""
        raise NotImplementedError

    def now(self, work: Callable[[blocking.Transaction], object]) -> None:
        """Work on it in this thread, which is not the event loop's; on SQLite, if it is open."""


class _Threaded(AsyncTransaction):
    """On SQLite, by worker threads."""

    def __init__(self, database: blocking.Database) -> None:
        self._step = blocking.Transaction(database, held=True)
        self._in_use = threading.Lock()
        self._over = False

    @property
    def connection(self) -> Any:
        return self._step.connection

    @property
    def begun(self) -> bool:  # type: ignore[override]
        return self._step.session is not None

    @property
    def is_open(self) -> bool:  # type: ignore[override]
        return self._step.is_open

    @property
    def is_failed(self) -> bool:  # type: ignore[override]
        return self._step.is_failed

    async def begin(self, *, implicit: bool = False) -> None:
        await self._in_thread(self._step.begin, None)

    async def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._in_thread(lambda: self._step.run(decide, *args, **kwargs), holders())

    async def commit(self) -> None:
        await self._in_thread(self._step.commit, holders())

    async def _in_thread(self, work: Callable[[], T], threads: Executor | None) -> T:
        def careful(wanted: Callable[[], bool]) -> T:
            try:
                with self._in_use:
                    self._step.wanted = wanted
                    return work()
            finally:
                if self._over or not wanted():
                    self._end()

        return await in_thread(careful, threads)

    def _end(self) -> None:
        with self._in_use:
            self._step.end()

    async def end(self, *, interrupted: bool = False) -> None:
        if self.begun:
            await insist(in_thread(lambda _: self._end(), holders()))

    def now(self, work: Callable[[blocking.Transaction], object]) -> None:
        if self._step.is_open:  # else it is this transaction that is beginning
            with self._in_use:
                work(self._step)

    def end_now(self) -> None:
        self._over = True  # first said, then tried: a thread that is at work looks when it is done
        if self._in_use.acquire(blocking=False):
            try:
                self._step.end()
            finally:
                self._in_use.release()


class _Awaited(AsyncTransaction):
    """On PostgreSQL."""

    def __init__(self, database: AsyncDatabase, within: Within) -> None:
        self._database = database
        self._within = within
        self.session: AsyncSession | None = None
        self.ours = False
        self.is_lost = False

    @property
    def connection(self) -> Any:
        assert self.session is not None
        return self.session.connection

    @property
    def begun(self) -> bool:  # type: ignore[override]
        return self.session is not None

    @property
    def is_open(self) -> bool:  # type: ignore[override]
        return self.session is not None and self.session.in_transaction

    @property
    def is_failed(self) -> bool:  # type: ignore[override]
        return self.session is not None and (self.session.closed or self.session.is_failed)

    async def begin(self, *, implicit: bool = False) -> None:
        database = self._database
        given = database.given
        if given is None:
            session: AsyncSession = await database.pool.borrow(self)
        else:
            session = given.here()
            session.refuse_unusable()
            if given.takes_turns and not await database.turn.take(self, BUSY_SECONDS):
                raise StoreUnavailableError(OCCUPIED)
            if session.closed:
                raise StoreUnavailableError(CLOSED)
            if session.in_transaction and self._within == "alone":
                raise StoreError(IN_TRANSACTION)
        self.session = session
        if given is not None and session.in_transaction:
            return
        self.ours = True
        try:
            if not implicit:
                await session.begin()
        except database.errors as error:
            raise database.translate(error) from error

    async def drive(self, decision: Decision[T]) -> T:
        """Carry out a decision; the driver's errors are raised as they are."""
        assert self.session is not None
        return await carry(self.session, decision, self._database.moment())

    async def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        self._check_fork()
        try:
            return await self.drive(decide(*args, **kwargs))
        except self._database.errors as error:
            raise self._database.translate(error) from error

    async def commit(self) -> None:
        self._check_fork()
        assert self.session is not None
        try:
            await self.session.commit()
        except self._database.errors as error:
            raise self._database.translate(error, committing=True) from error

    async def end(self, *, interrupted: bool = False) -> None:
        session = self.session
        try:
            if session is not None and self.ours and session.is_open_here:
                if self._database.given is not None:
                    await insist(session.settle())
                elif not interrupted:
                    with contextlib.suppress(session.errors):
                        await session.rollback()
        finally:
            try:
                if session is not None and self._database.given is not None:
                    await insist(self._database.given.leave(session))
            finally:
                self._let_go()

    def end_now(self) -> None:
        session = self.session
        if session is not None and self.ours and session.is_open_here and self._database.given:
            session.settle_now()
        self._let_go()

    def _let_go(self) -> None:
        session, self.session = self.session, None
        self.is_lost = session is not None and session.closed
        if self._database.given is not None:
            self._database.turn.give_back(self)
        elif session is not None:
            self._database.pool.give_back(session, self)

    def _check_fork(self) -> None:
        if self.session is None or self.session.inherited:
            raise StoreError(INHERITED)


class _Apart(_Awaited):
    """On a connection that was given, for a caller's code to write in."""

    async def begin(self, *, implicit: bool = False) -> None:
        await apart(super().begin(implicit=implicit))

    async def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        return await apart(super().run(decide, *args, **kwargs))

    async def commit(self) -> None:
        await apart(super().commit())


async def carry(session: AsyncSession, decision: Decision[T], now: float | None) -> T:
    """Carry a decision's statements to a session, and return what it decided."""
    return await adrive(
        decision,
        lambda each: session.execute(
            each.sql, {"now": now, **each.parameters}, *((each.then,) if each.then else ())
        ),
    )
