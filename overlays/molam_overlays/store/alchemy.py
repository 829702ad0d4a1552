"""Stores on SQLAlchemy: an Engine's connections, or a Connection's or Session's own transaction."""

from __future__ import annotations

from typing import Any

from molam_overlays.errors import ConfigurationError
from molam_overlays.store.address import DIALECTS, bare
from molam_overlays.store.dialect import Dialect
from molam_overlays.store.hosted import Hosted, drivers_own

ASYNC = ("AsyncEngine", "AsyncConnection", "AsyncSession", "async_scoped_session")
"""The async kinds; see `alchemy_async`."""


class Target:
    """One of SQLAlchemy's objects, and what a store has to know of its kind."""

    def __init__(self, target: Any, kind: str) -> None:
        self.target = target
        self.kind = kind.removeprefix("Async").removeprefix("async_")
        """Its class's name, the same for a blocking one and its async twin."""
        self.ambient = self.kind != "Engine"
        """True where a caller has the connection that a step writes on, without asking for it."""
        self.takes_turns = self.kind in ("Connection", "Session")
        self.dialect = dialect_of(target, kind)
        self.errors = errors_of(target, kind)

    def owner(self) -> Any:
        """Return whose transaction a step is part of; a scoped session's is each thread's or task's own."""
        return self.target() if self.kind == "scoped_session" else self.target


class Alchemy(Target):
    """An Engine, a Connection, a Session, or a scoped_session."""

    def here(self) -> Hosted:
        """Return the session for a step of this thread."""
        if self.kind == "Engine":
            return _Borrowed(self.target, self.errors)
        return _Step(self.owner(), self.errors)

    def leave(self, step: Any) -> None:
        """Give back what a step borrowed."""
        step.leave()


class _Step(Hosted):
    """On a Connection or a Session."""

    def __init__(self, owner: Any, errors: type[Exception]) -> None:
        super().__init__(errors)
        self.connection = owner

    @property
    def in_transaction(self) -> bool:
        return bool(self.connection.in_transaction())

    def open(self) -> Any:
        owner = self.connection
        connection = owner if hasattr(owner, "exec_driver_sql") else owner.connection()
        return bare(connection.connection)

    def start(self) -> None:
        self.connection.begin()

    def join(self) -> None:
        """Be part of the caller's transaction; begin one for the caller, as any statement does."""
        if not self.in_transaction:
            with drivers_own(self.errors):
                self.start()
        super().join()

    def finish(self) -> None:
        self.connection.commit()
        if self.inner.in_transaction:  # in autocommit psycopg2 takes a commit() for nothing
            self.inner.commit()

    def abort(self) -> None:
        self.connection.rollback()
        if self._inner is not None and self._inner.in_transaction:
            self._inner.rollback()

    def leave(self) -> None:
        """Give nothing back: the connection is its owner's."""


class _Borrowed(_Step):
    """On a connection of an Engine's, for one step."""

    def __init__(self, engine: Any, errors: type[Exception]) -> None:
        super().__init__(None, errors)
        self._engine = engine

    @property
    def in_transaction(self) -> bool:
        return self.connection is not None and super().in_transaction

    def open(self) -> Any:
        if self.connection is None:
            self.connection = self._engine.connect()
        return super().open()

    def start(self) -> None:
        self.open()
        super().start()

    def abort(self) -> None:
        if self.connection is not None:
            super().abort()

    def leave(self) -> None:
        if self.connection is not None:
            self.connection.close()


def host(connection: object) -> Alchemy | None:
    """Return what one of SQLAlchemy's objects stands for; None if it is none of these."""
    kind = kind_of(connection, ("Engine", "Connection", "Session", "scoped_session"))
    return Alchemy(connection, kind) if kind else None


def kind_of(connection: object, kinds: tuple[str, ...]) -> str | None:
    """Return which of SQLAlchemy's classes an object is of."""
    for base in type(connection).__mro__:
        if base.__name__ in kinds and base.__module__.partition(".")[0] == "sqlalchemy":
            return base.__name__
    return None


def dialect_of(target: Any, kind: str) -> Dialect:
    """Return which kind of database SQLAlchemy's is.

    Raises:
        ConfigurationError: it is another, or a Session is bound to none.
    """
    name = _alchemys(target, kind).name
    for dialect in DIALECTS:
        if dialect.name == name:
            return dialect
    raise ConfigurationError(
        f"A store cannot be kept in {name}. Give an Engine, Connection or Session on SQLite or "
        "PostgreSQL, or a URL."
    )


def errors_of(target: Any, kind: str) -> type[Exception]:
    """Return the root of what the driver below raises."""
    found: type[Exception] = _alchemys(target, kind).loaded_dbapi.Error
    return found


def _alchemys(target: Any, kind: str) -> Any:
    """Return SQLAlchemy's own dialect."""
    return (target.get_bind() if "ession" in kind else target).dialect
