"""A connection of aiosqlite: one thread of its own for one SQLite connection, awaited."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from typing import Any

from molam_overlays.store.session import Lineage, is_of
from molam_overlays.store.sqlite import spell
from molam_overlays.store.statement import Result


class AiosqliteSession(Lineage):
    """As `postgresql.AsyncSession`, for aiosqlite."""

    errors: type[Exception] = sqlite3.Error

    def __init__(self, connection: Any) -> None:
        super().__init__()
        self.connection = connection
        self.home: Any = None

    @property
    def in_transaction(self) -> bool:
        """See `SqliteSession.in_transaction`."""
        return self.closed or bool(self.connection.in_transaction)

    @property
    def closed(self) -> bool:
        try:
            return self.connection.in_transaction is None
        except ValueError:  # "no active connection"
            return True

    def refuse_unusable(self) -> None:
        """Refuse what was opened before a fork: its thread is not there any more."""
        if self.inherited:
            super().refuse_unusable()

    async def begin(self) -> None:
        await self.execute("BEGIN IMMEDIATE", {})

    async def join(self) -> None:
        if not self.in_transaction:
            await self.begin()

    @property
    def is_failed(self) -> bool:
        """False: SQLite goes on after a statement that failed."""
        return False

    async def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result:
        async with self.connection.execute(spell(sql), dict(parameters)) as cursor:
            rows = await cursor.fetchall() if cursor.description is not None else []
            result = Result([tuple(row) for row in rows], cursor.rowcount)
        for command in then.split("; ") if then else ():
            await self.connection.execute(command)
        return result

    async def commit(self) -> None:
        await self.connection.commit()

    async def rollback(self) -> None:
        await self.connection.rollback()

    async def answers(self) -> bool:
        return True

    @property
    def is_open_here(self) -> bool:
        """Tell whether there may be a transaction to end, and it is this process's.

        A statement whose caller was cancelled is still run, after this is asked.
        """
        return not self.inherited and not self.closed

    async def settle(self) -> None:
        """Roll back what is open; what its thread is at ends first."""
        with contextlib.suppress(self.errors):
            await self.rollback()

    def settle_now(self) -> None:
        """Do nothing: its thread cannot be waited for, and ends with its loop."""

    def abandon(self) -> None:
        """Do nothing: it was not opened here."""


def wrap(connection: object) -> AiosqliteSession | None:
    """Return a session over a connection of aiosqlite; None if it is none."""
    return AiosqliteSession(connection) if is_of(connection, "aiosqlite") else None
