"""What a caller hands in for a store to work on: a driver's connection, or a library's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from molam_overlays.errors import ConfigurationError
from molam_overlays.store import aiosqlite, alchemy, alchemy_async, django, postgresql
from molam_overlays.store.address import bare, refusal
from molam_overlays.store.address import wrap as wrap_drivers
from molam_overlays.store.dialect import Dialect
from molam_overlays.store.session import Session
from molam_overlays.store.sqlite import SQLITE
from molam_overlays.store.statement import Result

WANTED = "a connection of psycopg (AsyncConnection), aiosqlite or sqlite3, SQLAlchemy's async ones"
"""What an async store can be given."""

_WANTED = (
    "a connection of sqlite3, psycopg or psycopg2, SQLAlchemy's Engine, Connection or Session, "
    "Django's connection"
)


class AsyncSession(Protocol):
    """A connection that is awaited; see `session.Session`, whose verbs these are."""

    @property
    def connection(self) -> Any: ...
    @property
    def errors(self) -> type[Exception]: ...
    @property
    def inherited(self) -> bool: ...
    @property
    def in_transaction(self) -> bool: ...
    @property
    def closed(self) -> bool: ...
    @property
    def is_open_here(self) -> bool:
        """Tell whether there may be a transaction to end, and it is this process's."""
        ...

    home: Any
    """Where it lies between two steps: connections stay on the event loop they were made on."""

    def refuse_unusable(self) -> None: ...
    async def begin(self) -> None: ...
    async def join(self) -> None: ...
    @property
    def is_failed(self) -> bool: ...
    async def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result: ...
    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...
    async def answers(self) -> bool: ...
    async def settle(self) -> None:
        """Roll back what is open, wherever an exception fell."""
        ...

    def settle_now(self) -> None:
        """Roll back what is open without awaiting, where the driver can."""
        ...

    def abandon(self) -> None:
        """Close without awaiting what the store opened itself."""
        ...


class Given(Protocol):
    """Lends a session to each step."""

    @property
    def errors(self) -> type[Exception]:
        """The root of what the driver raises."""
        ...

    @property
    def ambient(self) -> bool:
        """True where what a handler writes lands in the step's transaction without its asking."""
        ...

    @property
    def takes_turns(self) -> bool:
        """True where all threads share one connection."""
        ...

    def here(self) -> Session:
        """Return the session for a step of this thread."""
        ...

    def leave(self, step: Any) -> None:
        """Give back what that session borrowed."""
        ...


class AsyncGiven(Protocol):
    """Lends a session to each step; see `Given`."""

    @property
    def errors(self) -> type[Exception]: ...
    @property
    def ambient(self) -> bool: ...
    @property
    def takes_turns(self) -> bool: ...
    def here(self) -> AsyncSession: ...
    async def leave(self, step: Any) -> None: ...


class _Kept:
    """One connection of a driver's, which serves all steps in turn."""

    ambient: bool = False
    takes_turns: bool = True

    def __init__(self, session: Session) -> None:
        self._session = session
        self.errors = session.errors

    def here(self) -> Session:
        return self._session

    def leave(self, step: object) -> None:
        """Keep it for the next step."""


class _AsyncKept:
    """See `_Kept`."""

    ambient: bool = False
    takes_turns: bool = True

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self.errors = session.errors

    def here(self) -> AsyncSession:
        return self._session

    async def leave(self, step: object) -> None:
        """Keep it for the next step."""


def wrap(connection: object) -> tuple[Dialect, Given]:
    """Return what lends sessions on what a caller handed in, and the kind of its database.

    Raises:
        ConfigurationError: it is nothing that a blocking store can use.
    """
    hosted = alchemy.host(connection) or django.host(connection)
    if hosted is not None:
        return hosted.dialect, hosted
    if alchemy.kind_of(connection, alchemy.ASYNC):
        raise ConfigurationError(refusal(connection, _WANTED))
    dialect, session = wrap_drivers(connection)
    return dialect, _Kept(session)


def wrap_async(connection: object) -> tuple[Dialect, AsyncGiven] | None:
    """Return the async twin of `wrap`; None for what is not async.

    Raises:
        ConfigurationError: it is a library's on another database.
    """
    hosted = alchemy_async.host(connection)
    if hosted is not None:
        return hosted.dialect, hosted
    of_psycopg = postgresql.wrap_async(bare(connection))
    if of_psycopg is not None:
        return postgresql.POSTGRESQL, _AsyncKept(of_psycopg)
    of_aiosqlite = aiosqlite.wrap(bare(connection))
    return None if of_aiosqlite is None else (SQLITE, _AsyncKept(of_aiosqlite))


def refusal_async(connection: object) -> str:
    """Say what an async store takes, and what to do with what it was given."""
    if django.host(connection) is not None:
        return (
            "Django's connections are blocking. Give them to the blocking store, and call it from "
            "async code through asgiref.sync.sync_to_async; or give this one a URL."
        )
    return refusal(bare(connection), WANTED)
