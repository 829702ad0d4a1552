"""The blocking driver: carries a decision's statements to a database, one transaction each.

An exception that is not ours can fall between any two instructions: a signal handler may raise.
So what a step takes is recorded by the very operation that takes it (``dict.setdefault``), and
`Transaction.end`, which gives everything back, may run any number of times: it stands in two
nested `finally`, for the exception that falls into the first.
"""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Literal, ParamSpec, TypeVar

from molam_overlays.drive import drive
from molam_overlays.errors import StoreError, StoreUnavailableError
from molam_overlays.store import fork, way
from molam_overlays.store.address import Address
from molam_overlays.store.dialect import check_dialect
from molam_overlays.store.given import Given, wrap
from molam_overlays.store.pool import Places, full, settings_of
from molam_overlays.store.session import CLOSED, IN_TRANSACTION, INHERITED, OCCUPIED, Session
from molam_overlays.store.settings import BUSY_SECONDS
from molam_overlays.store.statement import Decision, is_at_once
from molam_overlays.store.turn import Turn

P = ParamSpec("P")
T = TypeVar("T")

Clock = Callable[[], float]
"""Unix seconds now."""

Within = Literal["alone", "commit", "join"]
"""What to do when a connection that was handed in is already in a transaction.

``alone``: refuse, the step must be seen by others at once. ``commit``: be part of it and commit
it. ``join``: be part of it and leave it open.
"""

TRIES = 5
"""How often a transaction is run that the database undid for others' sake."""

_BUSY_PAUSE = 0.01


class Database:
    """Runs decisions on connections of its own, or on the one it was given.

    Safe to share between threads, and across `fork` when it has a URL. With a connection that was
    given, threads take turns. `hops_threads`: each step may come from another thread.
    """

    def __init__(
        self, target: object, clock: Clock | None = None, *, hops_threads: bool = False
    ) -> None:
        self.clock = clock
        self.hops_threads = hops_threads
        target, self._settings = settings_of(target)
        self._address = Address.parse(target) if isinstance(target, str) else None
        self.given: Given | None = None
        self.turn = Turn(nests=not hops_threads)
        bounded = self._address is not None and not self._address.dialect.gated
        self._places = Places(self._settings.most if bounded else None)
        self._pool: list[Session] = []
        # Drivers warn of a connection that nobody closed.
        weakref.finalize(self, _close_idle, self._pool)
        # All that a step imports is imported here: not within the first payment.
        if self._address is None:
            self.dialect, self.given = wrap(target)
            self.errors = self.given.errors
        else:
            self.dialect = self._address.dialect
            self.errors = self.dialect.import_errors()
        # Whether a single statement is left to be a transaction by itself.
        self.implicit = self.dialect.implicit and self.given is None

    @property
    def ambient(self) -> bool:
        """True where a handler writes in the step's transaction without asking for it."""
        return self.given is not None and self.given.ambient

    @property
    def shown(self) -> str | None:
        """The URL without its password; None for a connection that was given."""
        return self._address.shown if self._address else None

    @property
    def location(self) -> str:
        """The file of a store that opens its own; nothing for a connection that was given."""
        return self._address.location if self._address else ""

    def translate(self, error: Exception, *, committing: bool = False) -> StoreError:
        """Make a `StoreError` of what the driver raised."""
        return self.dialect.translate(error, self.shown, committing=committing)

    def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a decision in a transaction of its own."""
        return self.run_as("alone", decide, *args, **kwargs)

    def run_as(
        self,
        within: Within,
        decide: Callable[P, Decision[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a decision in a transaction; see `Within`.

        Raises:
            StoreError: the database cannot do it; then nothing of the decision is stored.
        """
        implicit = self.implicit and is_at_once(decide)
        return self.run_while(_always, within, lambda: decide(*args, **kwargs), implicit=implicit)

    def run_while(
        self,
        wanted: Callable[[], bool],
        within: Within,
        decide: Callable[[], Decision[T]],
        *,
        implicit: bool = False,
    ) -> T:
        """Run a decision as long as it is wanted; see `run_as` and `GivenUp`.

        `implicit`: its first statement is a transaction by itself.
        """
        for left in reversed(range(TRIES)):
            step = Transaction(self, within, wanted)
            try:
                try:
                    step.begin(implicit=implicit)
                    value = step.drive(decide())
                    if not implicit and (step.ours or within == "commit"):
                        step.commit()
                    return value
                finally:
                    step.end()
            except self.errors as error:
                if not (step.ours and left and self.dialect.may_repeat(error)):
                    raise self.translate(error, committing=implicit and step.is_lost) from error
            finally:
                step.end()
        raise AssertionError("unreachable")

    def run_on(
        self,
        connection: object,
        decide: Callable[P, Decision[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a decision on a caller's connection, as part of the caller's transaction.

        Raises:
            StoreError: the connection is to another kind of database, or the database fails; a
                transaction that was open stays so, and none is left that was not.
        """
        dialect, given = wrap(connection)
        check_dialect(dialect, self.dialect)
        session = given.here()
        session.refuse_unusable()
        joined, done = session.in_transaction, False
        try:
            try:
                session.join()
                value = carry(session, decide(*args, **kwargs), self.moment())
                done = True
                return value
            finally:
                if not joined and not done:
                    undo(session)
        except session.errors as error:
            raise self.translate(error) from error
        finally:
            if not joined and not done:
                undo(session)

    def transaction(self) -> Transaction:
        """Return a transaction, yet to begin, that a caller's code may write in."""
        return Transaction(self, held=True)

    def run_script(self, sql: str) -> None:
        """Run a migration's statements, which begin and commit by themselves."""
        step = Transaction(self, "join")
        try:
            try:
                session = step.take()
                step.ours = True
                session.run_script(sql)
            finally:
                step.end()
        except self.errors as error:
            raise self.translate(error) from error
        finally:
            step.end()

    def close(self) -> None:
        """Close the connections that are the store's own; one that was given stays open."""
        for session in list(self._pool):
            if session.inherited or session.holder.setdefault("step", self) is self:
                self._drop(session)

    def moment(self) -> float | None:
        """Return the time to decide by, unix seconds; None leaves it to the database's clock."""
        if self.clock is not None:
            return self.clock()
        return None if self.dialect.own_clock else time.time()

    def open(self) -> Session:
        """Open a connection that is not lent to anybody; the caller closes it."""
        assert self._address is not None
        return self._address.connect()

    def lend(self, step: Transaction) -> Session:
        """Lend an idle connection that still works, or a new one, or wait for one.

        Raises:
            StoreUnavailableError: none became free in time.
        """
        assert self._address is not None
        until = time.monotonic() + self._settings.wait_seconds
        while True:
            idle = self._lend_idle(step)
            if idle is not None:
                return idle
            place = self._places.take(step)
            if place is not None:
                break
            if not self._places.wait(until):
                raise full(self._settings)
        session = self._address.connect()
        session.holder["step"] = step
        self._pool.append(session)
        place["holder"] = step.session = session
        return session

    def _lend_idle(self, step: Transaction) -> Session | None:
        for session in list(self._pool):
            if session.inherited:
                self._drop(session)
            elif session.holder.setdefault("step", step) is step:
                # In the step's hands before the check, which is a statement and can be struck.
                step.session = session
                if session.answers():
                    return session
                step.session = None
                self._drop(session)
        return None

    def take_back(self, step: Transaction) -> None:
        """Take back what was lent to a step, whether it knows of it or not."""
        for session in list(self._pool):
            if session.holder.get("step") is step:
                idle = sum(not other.holder for other in list(self._pool))
                if session.closed or session.in_transaction or idle >= self._settings.idle:
                    self._drop(session)
                else:
                    del session.holder["step"]
        self._places.leave(step)

    def _drop(self, session: Session) -> None:
        if not session.inherited:
            session.close()
        with contextlib.suppress(ValueError):  # another thread was quicker
            self._pool.remove(session)
        self._places.leave(session)


def _close_idle(pool: list[Session]) -> None:
    for session in pool:
        if not session.inherited and not session.holder:
            session.close()


class Transaction:
    """A transaction, from the taking of a connection to its giving back.

    Call `end` in the end, twice, whatever happened; until `commit` it rolls back. `held`: code of
    a caller's runs within, and nobody knows how long.
    """

    def __init__(
        self,
        database: Database,
        within: Within = "alone",
        wanted: Callable[[], bool] | None = None,
        *,
        held: bool = False,
    ) -> None:
        self._database = database
        self._within = within
        self.wanted = wanted or _always
        """Tells whether anybody still waits for it; asked before it begins and before it commits."""
        self._held = held
        self._gated = database.given is None and database.dialect.gated
        self.thread = threading.get_ident()
        self.session: Session | None = None
        self.ours = False
        """True once this step has begun the transaction, and is to end it."""
        self.is_lost = False

    @property
    def connection(self) -> Any:
        assert self.session is not None
        return self.session.connection

    @property
    def is_open(self) -> bool:
        """True from the beginning until it ends, whoever ends it."""
        return self.session is not None and self.session.in_transaction

    @property
    def is_failed(self) -> bool:
        """See `Session.is_failed`; True also where the connection is closed, or was lost."""
        return self.session is not None and (self.session.closed or self.session.is_failed)

    @property
    def may_end_soon(self) -> bool:
        """Tell a fork whether to wait."""
        if self.thread == threading.get_ident():
            return False
        return not (self._held and self._database.hops_threads and self.session is not None)

    def take(self) -> Session:
        """Take a connection: the one that was given, when it is free, or one of the store's own."""
        database = self._database
        given = database.given
        if given is None:
            if self._gated:
                way.ask(database.location)
                fork.enter(self)
            return database.lend(self)
        session = given.here()
        session.refuse_unusable()
        if given.takes_turns and not database.turn.take(self, BUSY_SECONDS):
            raise StoreUnavailableError(OCCUPIED)
        if session.closed:
            raise StoreUnavailableError(CLOSED)
        self.session = session
        return session

    def begin(self, *, implicit: bool = False) -> None:
        """Take a connection and begin, unless the connection that was given is in a transaction.

        `implicit` leaves it to the first statement, which is all there will be.

        A database that another writer has is waited for here, without holding anything.

        Raises:
            StoreError: it cannot be done.
        """
        database = self._database
        until: float | None = None
        while True:
            self._check_wanted()
            try:
                session = self.take()
                if database.given is not None and session.in_transaction:
                    if self._within == "alone":
                        raise StoreError(IN_TRANSACTION)
                    return
                self.ours = True
                if not implicit:
                    session.begin()
                return
            except database.errors as error:
                self.end()
                until = until or time.monotonic() + BUSY_SECONDS
                waits = database.given is None and database.dialect.is_busy(error)
                if not waits or time.monotonic() >= until:
                    raise database.translate(error) from error
            time.sleep(_BUSY_PAUSE)

    def drive(self, decision: Decision[T]) -> T:
        """Carry out a decision; the driver's errors are raised as they are."""
        assert self.session is not None
        return carry(self.session, decision, self._database.moment())

    def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a decision as part of this transaction."""
        self._check_fork()
        try:
            return self.drive(decide(*args, **kwargs))
        except self._database.errors as error:
            raise self._database.translate(error) from error

    def commit(self) -> None:
        """Commit, unless it is no longer wanted."""
        self._check_wanted()
        self._check_fork()
        assert self.session is not None
        try:
            self.session.commit()
        except self._database.errors as error:
            undo(self.session)
            raise self._database.translate(error, committing=True) from error

    def end(self) -> None:
        """Leave nothing open, taken or waited for; any number of times does no harm."""
        session, database = self.session, self._database
        if session is not None:
            if self.ours:
                undo(session)
            self.is_lost = session.closed
            if database.given is not None:
                database.given.leave(session)
            self.session = None
        if database.given is not None:
            database.turn.give_back(self)
        else:
            database.take_back(self)
            if self._gated:
                fork.leave(self)

    def _check_wanted(self) -> None:
        if not self.wanted():
            raise GivenUp

    def _check_fork(self) -> None:
        if self.session is None or self.session.inherited:
            raise StoreError(INHERITED)


class GivenUp(Exception):  # noqa: N818 - nobody's error: the caller has left
    """Ends a step whose caller was cancelled; nothing of it is stored."""


def carry(session: Session, decision: Decision[T], now: float | None) -> T:
    """Carry a decision's statements to a session, and return what it decided."""
    return drive(
        decision,
        lambda each: session.execute(
            each.sql, {"now": now, **each.parameters}, *((each.then,) if each.then else ())
        ),
    )


def undo(session: Session) -> None:
    """Roll back what is open, in the process that opened it."""
    # What went wrong first is what matters; a session that cannot roll back is dropped later.
    if not session.inherited:
        with contextlib.suppress(session.errors):
            session.rollback()


def _always() -> bool:
    return True
