"""What an async step leaves behind of a caller's transaction."""

from __future__ import annotations

from molam_overlays.store.given import AsyncSession
from molam_overlays.store.tasks import insist


class Joined:
    """A step within a caller's transaction: if it fails, none is left that was not there before."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._joined = session.in_transaction

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or self._joined or not self._session.is_open_here:
            return
        if issubclass(kind, GeneratorExit):
            self._session.settle_now()
        else:
            await insist(self._session.settle())
