"""Reading on: pages that know how to fetch the next one."""

from __future__ import annotations

import hashlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Iterator,
)
from typing import TYPE_CHECKING, Any, Final, NoReturn

from molam_overlays.errors import PaginationError
from molam_overlays.schema.jsontext import dumps_exact

if TYPE_CHECKING:
    from typing_extensions import Self
from molam_overlays.calls.page import PageData, T

MAX_STALE_PAGES: Final = 5
"""Pages in a row that bring nothing new before iteration gives up."""


class _Novelty:
    """Tells whether a page brings anything new, so that iteration ends on any server."""

    def __init__(self) -> None:
        self._seen: set[str | bytes] = set()
        self._stale = 0

    def brings_news(self, items: list[Any]) -> bool:
        """Return whether to hand out a page, given its items as on the wire.

        Raises:
            PaginationError: too many pages in a row were empty or repeated.
        """
        # By id: a server that repeats itself may still stamp another time on each answer.
        fresh = {_mark(item) for item in items} - self._seen
        if fresh:
            self._seen |= fresh
            self._stale = 0
            return True
        self._stale += 1
        if self._stale > MAX_STALE_PAGES:
            raise PaginationError(
                f"The server announced more items, but its last {self._stale} pages were empty or "
                "repeated earlier ones. What was iterated so far may be incomplete."
            )
        return False


def _mark(item: Any) -> str | bytes:
    if isinstance(item, dict):
        name = item.get("id")
        if isinstance(name, str):
            return name
    return hashlib.blake2b(dumps_exact(item).encode(), digest_size=16).digest()


class Page(PageData[T]):
    """A page of the blocking client."""

    __slots__ = ()

    def next_page(self) -> Self | None:
        """Ask for the following page; None when this is the last one.

        Raises:
            PaginationError: this page has no client to ask.
            MolamError: as the list method itself.
        """
        offset = self._next_offset()
        if offset is None:
            return None
        page: Self = self._fetcher()(offset)
        return page

    def __iter__(self) -> Iterator[T]:
        """Iterate over the items of this page and of all following ones, lazily.

        Raises:
            PaginationError: the server repeats itself for ever.
        """
        novelty = _Novelty()
        page: Page[T] | None = self
        while page is not None:
            if novelty.brings_news(page._wire_items()):
                yield from page._items()
            page = page.next_page()


class AsyncPage(PageData[T]):
    """A page of the async client."""

    __slots__ = ()

    async def next_page(self) -> Self | None:
        """Ask for the following page; None when this is the last one.

        Raises:
            PaginationError: this page has no client to ask.
            MolamError: as the list method itself.
        """
        offset = self._next_offset()
        if offset is None:
            return None
        asked: Awaitable[Self] = self._fetcher()(offset)
        return await asked

    async def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over the items of this page and of all following ones, lazily.

        Raises:
            PaginationError: the server repeats itself for ever.
        """
        novelty = _Novelty()
        page: AsyncPage[T] | None = self
        while page is not None:
            if novelty.brings_news(page._wire_items()):
                for item in page._items():
                    yield item
            page = await page.next_page()

    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            raise TypeError("a page of the async client is iterated with `async for`")


for _class in (Page, AsyncPage):
    _class.__module__ = "molam_sdk.models"
