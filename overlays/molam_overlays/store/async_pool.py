"""An async store's own connections to PostgreSQL: each stays on the event loop that it was made on."""

from __future__ import annotations

import weakref
from collections import deque
from typing import Final

from molam_overlays.store.address import Address
from molam_overlays.store.given import AsyncSession
from molam_overlays.store.pool import Pool, full
from molam_overlays.store.postgresql import connect_async
from molam_overlays.store.tasks import Turn, running_loop
from molam_overlays.transport.loops import Homes


class Idle(deque[AsyncSession]):
    """Connections of an event loop that lie idle, and the places of all that it may have."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.places: Final = Turn(most)


class AsyncPool:
    """Lends connections to steps, on whichever event loop they run."""

    def __init__(self, address: Address | None, settings: Pool) -> None:
        self._address = address
        self._settings = settings
        self.homes: Homes[Idle] = Homes(lambda: Idle(settings.most), _abandon)
        """What each event loop has."""
        # A loop that hears of it closes what is idle, too, but the driver's warning may come first.
        weakref.finalize(self, _abandon_all, self.homes)

    async def borrow(self, step: object) -> AsyncSession:
        """Return an idle connection of this event loop that still works, or a new one, or wait for one.

        Raises:
            StoreUnavailableError: none became free in time.
        """
        running_loop()
        home = await self.homes.here()
        if not await home.kept.places.take(step, self._settings.wait_seconds):
            raise full(self._settings)
        try:
            session = await _lend(home.kept) or await self.connect()
        except BaseException:
            home.kept.places.give_back(step)
            raise
        session.home = home
        return session

    async def connect(self) -> AsyncSession:
        """Open a connection, which is in no place of the pool until it is lent."""
        assert self._address is not None
        return await connect_async(self._address.location, self._address.shown)

    def give_back(self, session: AsyncSession, step: object) -> None:
        """Keep a connection for the next step, unless something is open on it."""
        # After a cancellation it may be anywhere in the middle of a statement.
        home, most = session.home, self._settings.idle
        if home.ended or session.closed or session.in_transaction or len(home.kept) >= most:
            session.abandon()
        elif not session.inherited:
            home.kept.append(session)
        home.kept.places.give_back(step)

    async def close(self) -> None:
        """Close what lies idle."""
        for idle in self.homes.each():
            await _abandon(idle)


async def _lend(idle: Idle) -> AsyncSession | None:
    while idle:
        session = idle.pop()
        try:
            if not session.inherited and await session.answers():
                return session
        except BaseException:
            session.abandon()
            raise
        session.abandon()
    return None


async def _abandon(idle: Idle) -> None:
    while idle:
        idle.pop().abandon()


def _abandon_all(homes: Homes[Idle]) -> None:
    for idle in homes.each():
        while idle:
            idle.pop().abandon()
