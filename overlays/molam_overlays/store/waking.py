"""How a resting worker hears of a new event: PostgreSQL tells it, a SQLite file shows it.

Whoever stores an event says NOTIFY, once it is committed; a worker with nothing to do waits at a
connection that listens. SQLite has a counter of other connections' commits, which costs nothing
to read. Either is news only, and may get lost: a worker still looks every `poll_seconds`. That is
all there is on a connection that was handed in, and behind a pooler that hands a connection's
transactions to several servers: there nobody hears what is told, which a first trial shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import time
from typing import Any, Final

from molam_overlays.errors import StoreError
from molam_overlays.store import deliveries, fork
from molam_overlays.store.awaiting import AsyncDatabase
from molam_overlays.store.blocking import Database
from molam_overlays.store.handling import Stop
from molam_overlays.store.postgresql import heard
from molam_overlays.store.settings import LOGGER
from molam_overlays.store.sqlite import SQLITE, SqliteSession
from molam_overlays.store.tasks import in_thread

TRIAL_SECONDS: Final = 2.0
"""How long the first word may take to arrive."""

_STOP_SECONDS: Final = 0.05
_LOOK_SECONDS: Final = 0.02
_AGAIN_SECONDS: Final = 30.0
"""How long a listening connection that was lost stays unmissed."""

_UNHEARD: Final = (
    "This worker is not told of new events and looks for them every %g s: %s. Give it a URL that "
    "leads to PostgreSQL itself, or to a pooler in session mode, to have them handled at once."
)

_UNTOLD: Final = "what is told does not arrive, as behind a pooler"


class Look:
    """Looks at a SQLite file's counter of changes, on a connection that does nothing else."""

    may_end_soon = True

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session: SqliteSession | None = None
        self._seen: int | None = None

    def __call__(self) -> bool:
        """Tell whether another connection has committed since the last look."""
        fork.enter(self)
        try:
            return self._look()
        except (StoreError, SQLITE.import_errors()):
            return False  # whoever works on it says so
        finally:
            if self._session is not None:
                self._session.holder.clear()
            fork.leave(self)

    def _look(self) -> bool:
        session = self._session
        if session is None or session.inherited or not session.answers():
            self.close()
            opened = self._database.open()
            assert isinstance(opened, SqliteSession)
            session = self._session = opened
            self._seen = None
        session.holder["step"] = self
        before, self._seen = self._seen, session.changes()
        return before != self._seen

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None and not session.inherited:
            session.close()


class _Listening:
    """What is known of a connection to PostgreSQL that hears of new events, however it is waited at."""

    def __init__(self, poll_seconds: float) -> None:
        self._poll_seconds = poll_seconds
        self._session: Any = None
        self._not_before = 0.0

    def heed(self) -> bool:
        """Take what was told; True if it was anything."""
        session = self._session
        if session is None or session.inherited:
            return False
        try:
            return heard(session.connection)
        except session.errors as error:
            self._lose(error)
            return True

    def close(self) -> None:
        """Close what it waits at."""
        raise NotImplementedError

    def _is_to_open(self) -> bool:
        """Tell whether nobody listens, and it is time to try."""
        listens = self._session is not None and not self._session.inherited
        return not listens and time.monotonic() >= self._not_before

    def _lose(self, error: Exception) -> None:
        LOGGER.info(_UNHEARD, self._poll_seconds, type(error).__name__)
        self.close()
        self._not_before = time.monotonic() + _AGAIN_SECONDS

    def _give_up(self, reason: str) -> None:
        LOGGER.warning(_UNHEARD, self._poll_seconds, reason)
        self.close()
        self._not_before = float("inf")


class Listener(_Listening):
    """A connection that hears of new events; opened by the first wait."""

    def __init__(self, database: Database, poll_seconds: float) -> None:
        super().__init__(poll_seconds)
        self._database = database

    def rest(self, stop: Stop, seconds: float) -> None:
        """Wait for news, for `stop`, or until the seconds are over."""
        until = time.monotonic() + seconds
        if self._open(stop) or self.heed():
            return
        with selectors.DefaultSelector() as selector:
            if self._session is not None:
                selector.register(self._session.connection.fileno(), selectors.EVENT_READ)
            while not stop.is_set() and (left := until - time.monotonic()) > 0:
                if selector.select(min(left, _STOP_SECONDS)) and self.heed():
                    return

    def _open(self, stop: Stop) -> bool:
        """Begin to listen, if nobody does; True if that was done now."""
        if not self._is_to_open():
            return False
        try:
            self._session = self._database.open()
            self._session.run_script(deliveries.LISTEN)
            self._database.run(deliveries.telling)
            if not self._arrives(stop):
                self._give_up(_UNTOLD)
        except (StoreError, self._database.errors) as error:
            self._lose(error)
        return self._session is not None

    def _arrives(self, stop: Stop) -> bool:
        until = time.monotonic() + TRIAL_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._session.connection.fileno(), selectors.EVENT_READ)
            while not stop.is_set() and (left := until - time.monotonic()) > 0:
                if heard(self._session.connection):
                    return True
                selector.select(min(left, _STOP_SECONDS))
        return stop.is_set()

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None and not session.inherited:
            with contextlib.suppress(self._database.errors):
                session.close()


class Watch:
    """What a blocking worker does while there is nothing to do."""

    def __init__(self, database: Database, poll_seconds: float) -> None:
        own = database.given is None
        sqlite = database.dialect is SQLITE
        self._look = Look(database) if own and sqlite else None
        self._listener = Listener(database, poll_seconds) if own and not sqlite else None

    def heed(self) -> None:
        """Take what was told: the worker looks now anyway."""
        if self._listener is not None:
            self._listener.heed()

    def rest(self, stop: Any, seconds: float) -> None:
        """Wait for news, for `stop`, or until the seconds are over."""
        if self._listener is not None:
            return self._listener.rest(stop, seconds)
        if self._look is None:
            stop.wait(seconds)
            return None
        until = time.monotonic() + seconds
        while not self._look() and (left := until - time.monotonic()) > 0:
            if stop.wait(min(left, _LOOK_SECONDS)):
                return None
        return None

    def close(self) -> None:
        """Close what it waits at."""
        for each in (self._look, self._listener):
            if each is not None:
                each.close()


class AsyncWatch(_Listening):
    """The async twin of `Watch`."""

    def __init__(self, database: AsyncDatabase, poll_seconds: float) -> None:
        super().__init__(poll_seconds)
        self._database = database
        threaded = database.threaded
        own = threaded is not None and threaded.given is None
        self._look = Look(threaded) if threaded is not None and own else None
        self._listens = threaded is None and database.given is None

    async def rest(self, stop: Any, seconds: float) -> None:
        """See `Watch.rest`; `stop` is an `asyncio.Event`."""
        if self._look is not None:
            await self._rest_looking(self._look, stop, seconds)
        elif not self._listens:
            await within(stop.wait(), seconds)
        elif not (await self._open(stop) or self.heed()):
            if self._session is None:
                await within(stop.wait(), seconds)
            else:
                await self._news(stop, seconds)

    async def _rest_looking(self, look: Look, stop: Any, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not await in_thread(lambda _: look()) and (left := until - time.monotonic()) > 0:
            if await within(stop.wait(), min(left, _LOOK_SECONDS)):
                return

    async def _news(self, stop: Any, seconds: float) -> bool:
        """Wait for news, or until told to stop; True if there were any."""
        assert self._session is not None
        loop, number, news = (
            asyncio.get_running_loop(),
            self._session.connection.fileno(),
            asyncio.Event(),
        )
        loop.add_reader(number, news.set)
        waiting = {asyncio.ensure_future(each) for each in (stop.wait(), news.wait())}
        until = time.monotonic() + seconds
        try:
            while (left := until - time.monotonic()) > 0:
                await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if self.heed():
                    return True
                if stop.is_set():
                    return False
                news.clear()
            return False
        finally:
            loop.remove_reader(number)
            for each in waiting:
                each.cancel()

    async def _open(self, stop: Any) -> bool:
        """See `Listener._open`."""
        if not self._is_to_open():
            return False
        try:
            self._session = await self._database.open()
            await self._session.connection.execute(deliveries.LISTEN)
            await self._database.run(deliveries.telling)
            if not await self._news(stop, TRIAL_SECONDS) and not stop.is_set():
                self._give_up(_UNTOLD)
        except (StoreError, self._database.errors) as error:
            self._lose(error)
        return self._session is not None

    def close(self) -> None:
        """Close what it waits at, without awaiting."""
        session, self._session = self._session, None
        if session is not None:
            session.abandon()
        if self._look is not None:
            self._look.close()


async def within(waiting: Any, seconds: float) -> bool:
    """Wait for something; False when the seconds were over first."""
    try:
        await asyncio.wait_for(waiting, seconds)
    except asyncio.TimeoutError:
        return False
    return True
