"""Async stores on SQLAlchemy: an AsyncEngine, AsyncConnection, AsyncSession; see `alchemy`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from molam_overlays.errors import ConfigurationError
from molam_overlays.store import aiosqlite, postgresql
from molam_overlays.store.address import bare
from molam_overlays.store.alchemy import ASYNC, Target, kind_of
from molam_overlays.store.hosted import LOCK, drivers_own
from molam_overlays.store.statement import Result


class AsyncAlchemy(Target):
    """An AsyncEngine, AsyncConnection, AsyncSession or async_scoped_session."""

    def here(self) -> _Step:
        """Return the session for a step of this task."""
        if self.kind == "Engine":
            return _Borrowed(self.target, self.errors)
        return _Step(self.owner(), self.errors)

    async def leave(self, step: Any) -> None:
        """Give back what a step borrowed."""
        await step.leave()


class _Step:
    """On an AsyncConnection or an AsyncSession."""

    inherited: bool = False
    closed: bool = False

    def __init__(self, owner: Any, errors: type[Exception]) -> None:
        self.connection = owner
        self.errors = errors
        self.home: Any = None
        self._began = False
        self._inner: Any = None

    @property
    def in_transaction(self) -> bool:
        return bool(self.connection.in_transaction())

    @property
    def is_open_here(self) -> bool:
        """Tell whether there is a transaction to end that this step began."""
        return self._began

    def refuse_unusable(self) -> None:
        """Leave it to the driver's connection: nothing is open yet."""

    async def inner(self) -> Any:
        """Return the driver's connection, as the stores know it."""
        if self._inner is None:
            with drivers_own(self.errors):
                self._inner = driven(await self._raw())
            self._inner.refuse_unusable()
        return self._inner

    async def _raw(self) -> Any:
        owner = self.connection
        of_session = not hasattr(owner, "exec_driver_sql")
        connection = await owner.connection() if of_session else owner
        return bare(await connection.get_raw_connection())

    async def begin(self) -> None:
        self._began = True
        with drivers_own(self.errors):
            await self._start()
        inner = await self.inner()
        if not inner.in_transaction:
            await inner.begin()
        elif isinstance(inner, aiosqlite.AiosqliteSession):
            await inner.execute(LOCK, {})

    async def _start(self) -> None:
        await self.connection.begin()

    async def join(self) -> None:
        """Be part of the caller's transaction; begin one for the caller, as any statement does."""
        if not self.in_transaction:
            with drivers_own(self.errors):
                await self._start()
        await (await self.inner()).join()

    @property
    def is_failed(self) -> bool:
        """See `Session.is_failed`."""
        return self._inner is not None and bool(self._inner.is_failed)

    async def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result:
        result: Result = await (await self.inner()).execute(sql, parameters, then)
        return result

    async def commit(self) -> None:
        """Commit what this step began; a caller's transaction is the caller's to commit."""
        if self._began:
            with drivers_own(self.errors):
                await self.connection.commit()
            self._began = False

    async def rollback(self) -> None:
        if self._began and self.connection is not None:
            with drivers_own(self.errors):
                await self.connection.rollback()
        self._began = False

    async def settle(self) -> None:
        """Roll back what this step began, wherever an exception fell; see `insist`."""
        with contextlib.suppress(self.errors):
            if self._inner is not None:
                await self._inner.settle()
            await self.rollback()

    def settle_now(self) -> None:
        """Roll back without awaiting, where the driver can."""
        if self._inner is not None:
            self._inner.settle_now()

    async def leave(self) -> None:
        """Give nothing back: the connection is its owner's."""

    async def answers(self) -> bool:
        return True

    def abandon(self) -> None:
        """Do nothing: SQLAlchemy closes what it opened."""


class _Borrowed(_Step):
    """On a connection of an AsyncEngine's, for one step."""

    def __init__(self, engine: Any, errors: type[Exception]) -> None:
        super().__init__(None, errors)
        self._engine = engine

    @property
    def in_transaction(self) -> bool:
        return self.connection is not None and super().in_transaction

    async def _start(self) -> None:
        self.connection = await self._engine.connect()
        await super()._start()

    async def leave(self) -> None:
        if self.connection is not None:
            await self.connection.close()


def host(connection: object) -> AsyncAlchemy | None:
    """Return what one of SQLAlchemy's async objects stands for; None if it is none of these."""
    kind = kind_of(connection, ASYNC)
    return AsyncAlchemy(connection, kind) if kind else None


def driven(raw: object) -> Any:
    """Return a driver's async connection as the stores know it.

    Raises:
        ConfigurationError: the driver is another, such as asyncpg.
    """
    session = postgresql.wrap_async(raw) or aiosqlite.wrap(raw)
    if session is None:
        raise ConfigurationError(
            f"A store cannot work through {type(raw).__module__.partition('.')[0]}. Let SQLAlchemy use "
            "psycopg (postgresql+psycopg://) or aiosqlite (sqlite+aiosqlite://), or give the store a "
            "URL."
        )
    return session
