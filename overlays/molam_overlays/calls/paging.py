"""Pages that read on, of the blocking and of the async client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import TYPE_CHECKING, NoReturn

from molam_overlays.annotations import Self, at_home
from molam_overlays.calls.page import PageData, T
from molam_overlays.calls.reading import Reading


class Page(PageData[T]):
    """A page of the blocking client."""

    __slots__ = ()

    def next_page(self) -> Self | None:
        """Ask for the following page; None when this is the last one.

        It starts where this one ended; only iteration notices that the list changed meanwhile.

        Raises:
            PaginationError: this page has no client to ask.
            MolamError: as the list method itself.
        """
        offset = self._next_offset()
        if offset is None:
            return None
        page: Self = self._ask(offset, self._place.limit)
        return page

    def __iter__(self) -> Iterator[T]:
        """Iterate over the items of this page and of all following ones, lazily.

        Each item is handed out once, however the list grows meanwhile, and none that was there at
        the start is left out, even when what was handed out leaves the list.

        Raises:
            PaginationError: the server repeats itself for ever.
        """
        reading = Reading(self)
        page = self
        while True:
            yield from reading.take(page)
            following = reading.following(page)
            if following is None:
                break
            page = self._ask(*following)
        yield from reading.left()


class AsyncPage(PageData[T]):
    """A page of the async client."""

    __slots__ = ()

    async def next_page(self) -> Self | None:
        """Ask for the following page; see `Page.next_page`.

        Raises:
            PaginationError: this page has no client to ask.
            MolamError: as the list method itself.
        """
        offset = self._next_offset()
        if offset is None:
            return None
        asked: Awaitable[Self] = self._ask(offset, self._place.limit)
        return await asked

    async def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over the items of this page and of all following ones, lazily; see `Page`.

        Raises:
            PaginationError: the server repeats itself for ever.
        """
        reading = Reading(self)
        page = self
        while True:
            for item in reading.take(page):
                yield item
            following = reading.following(page)
            if following is None:
                break
            page = await self._ask(*following)
        for item in reading.left():
            yield item

    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            raise TypeError("a page of the async client is iterated with `async for`")


at_home("molam_sdk.models", Page, AsyncPage)
