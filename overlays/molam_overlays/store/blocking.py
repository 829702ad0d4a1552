"""The blocking driver: carries a decision's statements to a database, one transaction each."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Literal, ParamSpec, TypeVar

from molam_overlays.errors import StoreError, StoreUnavailableError
from molam_overlays.store import faults
from molam_overlays.store.address import Address
from molam_overlays.store.session import BUSY_SECONDS, Session, SqliteSession, connect, wrap
from molam_overlays.store.statement import Decision, Dialect, Result, Statement

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

_IDLE = 4
_left_behind: list[object] = []  # connections of a parent process: never used, never closed


class Database:
    """Runs decisions on connections of its own, or on the one it was given.

    Safe to share between threads, and across `fork` when it has a URL. With a connection that was
    given, threads take turns. `hops_threads`: each step may come from another thread.
    """

    def __init__(
        self, target: object, clock: Clock | None = None, *, hops_threads: bool = False
    ) -> None:
        self.clock = clock
        self._address = Address.parse(target) if isinstance(target, str) else None
        self._given = None if isinstance(target, str) else wrap(target)
        # One thread may take its turn and another give it back, where steps hop between threads.
        self._turn = threading.Semaphore() if hops_threads else threading.RLock()
        self._idle: deque[Session] = deque()
        self._pid = os.getpid()
        self.dialect: Dialect = self._address.dialect if self._address else wrap(target).dialect

    @property
    def shown(self) -> str | None:
        """The URL without its password; None for a connection that was given."""
        return self._address.shown if self._address else None

    def run(
        self,
        decide: Callable[P, Decision[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
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
        for left in reversed(range(TRIES)):
            with self._begun(within) as (session, ours):
                try:
                    value = drive(session, decide(*args, **kwargs), self.moment())
                except session.errors as error:
                    if ours:
                        _undo(session)
                    if ours and left and faults.may_repeat(error):
                        continue
                    raise faults.translate(error, self.shown) from error
                except BaseException:
                    if ours:
                        _undo(session)
                    raise
                if ours or within == "commit":
                    self._commit(session)
                return value
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
            StoreError: the connection is to another kind of database, or the database fails.
        """
        session = wrap(connection)
        check_dialect(session.dialect, self.dialect)
        try:
            # Nothing of SQLite's opens a transaction for us on a connection in autocommit.
            if session.dialect == "sqlite" and not session.in_transaction:
                session.begin()
            return drive(session, decide(*args, **kwargs), self.moment())
        except session.errors as error:
            raise faults.translate(error, self.shown) from error

    @contextlib.contextmanager
    def transaction(self) -> Generator[Transaction, None, None]:
        """Hold a transaction open; it is rolled back unless `Transaction.commit` was called."""
        with self._begun("alone") as (session, _):
            held = Transaction(self, session)
            try:
                yield held
            finally:
                if not held.done:
                    _undo(session)

    def run_script(self, sql: str) -> None:
        """Run a migration's statements."""
        with self._session() as session:
            try:
                session.run_script(sql)
            except session.errors as error:
                _undo(session)
                raise faults.translate(error, self.shown) from error

    def close(self) -> None:
        """Close the connections that are the store's own; one that was given stays open."""
        while self._idle:
            self._idle.pop().close()

    def moment(self) -> float | None:
        """Return the time to decide by, unix seconds; None leaves it to the database's clock."""
        if self.clock is not None:
            return self.clock()
        return time.time() if self.dialect == "sqlite" else None

    def _commit(self, session: Session) -> None:
        try:
            session.commit()
        except session.errors as error:
            _undo(session)
            raise faults.translate(error, self.shown, committing=True) from error

    @contextlib.contextmanager
    def _begun(self, within: Within) -> Generator[tuple[Session, bool], None, None]:
        with self._session() as session:
            if self._given is not None and session.in_transaction:
                if within == "alone":
                    raise StoreError(IN_TRANSACTION)
                yield session, False
                return
            try:
                session.begin()
            except session.errors as error:
                raise faults.translate(error, self.shown) from error
            yield session, True

    @contextlib.contextmanager
    def _session(self) -> Generator[Session, None, None]:
        if self._given is not None:
            if not self._turn.acquire(timeout=BUSY_SECONDS):
                raise StoreUnavailableError(OCCUPIED)
            try:
                if self._given.closed:
                    raise StoreUnavailableError(CLOSED)
                yield self._given
            finally:
                self._turn.release()
            return
        session = self._borrow()
        try:
            yield session
        finally:
            self._give_back(session)

    def _borrow(self) -> Session:
        assert self._address is not None
        if self._pid != os.getpid():
            _left_behind.extend(self._idle)
            self._idle = deque()
            self._pid = os.getpid()
        while self._idle:
            try:
                session = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if _answers(session):
                return session
            session.close()
        return connect(self._address)

    def _give_back(self, session: Session) -> None:
        if session.closed or session.in_transaction or len(self._idle) >= _IDLE:
            session.close()
        else:
            self._idle.append(session)


class Transaction:
    """An open transaction that a caller's code may write in."""

    def __init__(self, database: Database, session: Session) -> None:
        self._database = database
        self._session = session
        self.connection: Any = session.connection
        self.done = False

    def run(self, decide: Callable[P, Decision[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a decision as part of this transaction."""
        try:
            return drive(self._session, decide(*args, **kwargs), self._database.moment())
        except self._session.errors as error:
            raise faults.translate(error, self._database.shown) from error

    def commit(self) -> None:
        self._database._commit(self._session)
        self.done = True


IN_TRANSACTION = (
    "The connection is in a transaction, and this step must be seen by other workers at once. "
    "Commit or roll back first, open the connection in autocommit, or give the store a URL."
)

CLOSED = "The connection that the store was given is closed. Give it an open one, or a URL."


OCCUPIED = (
    "The connection that the store was given stayed occupied by another thread or task. Give the "
    "store a URL, so that it can open connections of its own."
)


def check_dialect(given: Dialect, expected: Dialect) -> None:
    """Refuse a connection to another kind of database than the store's."""
    if given != expected:
        raise StoreError(
            f"The connection is to {given}, but the store is on {expected}. Sharing a transaction "
            "takes a connection to the store's own database."
        )


def drive(session: Session, decision: Decision[T], now: float | None) -> T:
    """Carry a decision's statements to a session, and return what it decided."""
    result: Result | None = None
    try:
        while True:
            statement: Statement = decision.send(result)  # type: ignore[arg-type]
            result = session.execute(statement.sql, {"now": now, **statement.parameters})
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        decision.close()


def _undo(session: Session) -> None:
    # What went wrong first is what matters; a session that cannot roll back is dropped later.
    with contextlib.suppress(session.errors):
        session.rollback()


def _answers(session: Session) -> bool:
    """Tell whether a connection that lay idle still works, before anything depends on it."""
    if session.closed:
        return False
    if isinstance(session, SqliteSession):
        return session.is_current
    try:
        session.execute("SELECT 1", {})
    except session.errors:
        return False
    return not session.in_transaction
