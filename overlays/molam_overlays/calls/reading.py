"""Reading on through a list that changes meanwhile.

Lists are newest first and read by offset, so that everything moves on by one whenever something new
comes: what moved into the next page is known by its id, and not handed out again. A filtered list
shrinks as well, when something handed out no longer fits (captured while reading what waits for
capture), and what moved back would be passed over. So its pages are asked for with the last item of
the one before. While a page holds any item that was handed out, all that was not lies behind that one,
since the order stays; a page that holds none started too late, and reading steps back until it meets
what it knows, or the place where it began.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, NamedTuple

from molam_overlays.calls.page import PageData
from molam_overlays.errors import PaginationError
from molam_overlays.schema.jsontext import dumps_exact

MAX_STALE_PAGES: Final = 5
"""Pages in a row that bring nothing new before iteration gives up."""


class Ask(NamedTuple):
    """The page to ask for next."""

    offset: int
    limit: int


class Reading:
    """Which items of each page are handed out, and which page is asked for after it."""

    def __init__(self, first: PageData[Any]) -> None:
        self._start = first._place.offset
        self._seen: set[Any] = set()
        self._back = 0
        self._last: list[Any] | None = None
        self._refused: tuple[int, list[Any]] | None = None
        self._left: dict[Any, Any] = {}
        self._same = self._idle = 0

    def take(self, page: PageData[Any]) -> list[Any]:
        """Return the items of a page to hand out, decoded.

        Raises:
            PaginationError: too many pages in a row were empty or repeated.
        """
        wire = page._wire_items()
        marks = _ids(wire)
        if marks is None:
            fresh = self._unless_known(wire)
        elif self._misses(page, marks):
            self._back = 2 * self._back or max(page._place.most, 1)
            self._refused = page._place.offset, marks
            self._left.update(zip(marks, page._items(), strict=False))
            fresh = []
        else:
            self._back = 0
            fresh = [at for at, mark in enumerate(marks) if mark not in self._seen]
            self._seen.update(marks)
        self._count(marks, fresh)
        items = page._items() if fresh else []
        return items if len(fresh) == len(items) else [items[at] for at in fresh]

    def left(self) -> list[Any]:
        """Return the items that came too early and were not met again; for the end."""
        return [item for mark, item in self._left.items() if mark not in self._seen]

    def _unless_known(self, wire: list[Any]) -> list[int]:
        # Without ids nothing tells two equal items from one that came before: all or none.
        self._back = 0
        marks = {_content(item) for item in wire}
        news = not marks <= self._seen
        self._seen |= marks
        return list(range(len(wire))) if news else []

    def _misses(self, page: PageData[Any], marks: list[Any]) -> bool:
        """Tell whether items may lie between what was handed out and this page."""
        offset = page._place.offset
        return (
            page._place.filtered
            and offset > self._start
            and bool(self._seen)
            and self._seen.isdisjoint(marks)
            # A server that answers the same again has no other page to give.
            and self._refused != (offset, marks)
        )

    def _count(self, marks: list[Any] | None, fresh: list[int]) -> None:
        if fresh:
            self._same = self._idle = 0
        else:
            self._idle += 1
            self._same += not self._back and (not marks or marks == self._last)
        self._last = marks
        if self._same > MAX_STALE_PAGES or self._idle > MAX_STALE_PAGES + len(self._seen):
            raise PaginationError(
                f"The server announced more items, but its last {self._idle} pages were empty or "
                "repeated earlier ones. What was iterated so far may be incomplete."
            )

    def following(self, page: PageData[Any]) -> Ask | None:
        """Return what to ask for after a page; None when it was the last."""
        place = page._place
        if self._back:
            return Ask(max(self._start, place.offset - self._back), place.limit)
        offset = page._next_offset()
        if offset is None:
            return None
        count = len(page._wire_items())
        if not place.filtered or not self._last:
            return Ask(offset, place.limit)
        if count == place.limit == 1:
            return Ask(offset - 1, 2)  # of which the first is known
        return Ask(offset - 1 if count > 1 else offset, place.limit)


def _ids(items: list[Any]) -> list[Any] | None:
    """Return the ids of items as on the wire; None unless each has one of its own."""
    found = [item.get("id") if isinstance(item, dict) else None for item in items]
    named = all(isinstance(each, (str, int)) and not isinstance(each, bool) for each in found)
    return found if named and len(set(found)) == len(found) else None


def _content(item: Any) -> bytes:
    return hashlib.blake2b(dumps_exact(item, {}).encode(), digest_size=16).digest()
