"""What belongs to one event loop: made when it is first used there, closed when that loop ends.

A client at a module's top serves whichever loop runs: one for each request of a function handler or
of Django under WSGI, one for each test. Sockets do not move from loop to loop, so each has a home.
The end of a loop is heard of through an asynchronous generator: whoever runs a loop to its end, such
as `asyncio.run`, trio, uvloop or a test plugin, first closes the generators that were begun on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final, Generic, TypeVar, cast

import anyio

T = TypeVar("T")


class Home(Generic[T]):
    """What one loop keeps."""

    __slots__ = ("__weakref__", "ended", "keeper", "kept", "loop")

    def __init__(self, loop: Any, kept: T) -> None:
        self.loop = loop
        self.kept: Final = kept
        self.ended = False
        """True when the loop is being closed: what is taken from here now is not kept again."""
        self.keeper: AsyncGenerator[None, None]


class Homes(Generic[T]):
    """The homes of all loops that have been here and have not ended."""

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[None]]) -> None:
        """Say how to make what a loop keeps, and how to close it, which may be done twice."""
        self._make = make
        self._close = close
        self._homes: dict[Any, Home[T]] = {}

    async def here(self) -> Home[T]:
        """Return the running loop's home."""
        loop = running()
        return self._homes.get(loop) or await self._open(loop)

    async def _open(self, loop: Any) -> Home[T]:
        for other in list(self._homes.values()):
            if other.ended or _is_closed(other.loop):
                self._homes.pop(other.loop, None)
        home = Home(loop, self._make())
        home.keeper = _keep(weakref.ref(home), home.kept, self._close)
        # Nothing is waited for here: no other task comes in between.
        await home.keeper.__anext__()
        if not isinstance(loop, asyncio.AbstractEventLoop):
            _kept_for_trio.add(home)
        self._homes[loop] = home
        return home

    async def aclose(self) -> None:
        """Close what this loop keeps, and have every other loop close its own."""
        loop = running()
        for home in list(self._homes.values()):
            if home.loop is loop:
                await self._close(home.kept)
            else:
                self._tell(home)

    def _tell(self, home: Home[T]) -> None:
        """Have another loop close its home, if it still runs."""
        with contextlib.suppress(RuntimeError):  # trio's RunFinishedError is one: that loop is over
            if isinstance(home.loop, asyncio.AbstractEventLoop):
                home.loop.call_soon_threadsafe(_begin, home, self._close)
            else:
                home.loop.run_sync_soon(_begin, home, self._close)

    def each(self) -> list[T]:
        """Return what each loop keeps."""
        return [home.kept for home in list(self._homes.values())]

    def forget_inherited(self) -> None:
        """Let the parent's homes be: to close one would take it out of the parent's selector."""
        _inherited.extend(self._homes.values())
        self._homes = {}


_kept_for_trio: Final[set[Any]] = set()
"""Trio warns of generators that are forgotten before it ends; asyncio closes them quietly."""
_inherited: Final[list[Any]] = []
"""Kept for ever, or their generators' end would be told to the parent's loops."""


async def _keep(
    home: weakref.ref[Home[T]], kept: T, close: Callable[[T], Awaitable[None]]
) -> AsyncGenerator[None, None]:
    # Holds nothing of who uses it: with that forgotten, this generator is closed, too.
    try:
        yield
    finally:
        if (found := home()) is not None:
            found.ended = True
            _kept_for_trio.discard(found)
        with anyio.CancelScope(shield=True):  # trio closes generators in a cancelled scope
            await close(kept)


def _begin(home: Home[T], close: Callable[[T], Awaitable[None]]) -> None:
    if home.ended:  # this loop closes it now, and would not finish another task
        return
    if isinstance(home.loop, asyncio.AbstractEventLoop):
        closing = asyncio.ensure_future(close(home.kept))
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)
    else:
        trio = cast("Any", sys.modules["trio"])
        trio.lowlevel.spawn_system_task(close, home.kept)


_closing: Final[set[Any]] = set()
"""A loop holds its tasks weakly."""


def _is_closed(loop: Any) -> bool:
    return isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed()


def running() -> Any:
    """Return asyncio's running loop, or what stands for trio's."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        trio = cast("Any", sys.modules["trio"])
        return trio.lowlevel.current_trio_token()
