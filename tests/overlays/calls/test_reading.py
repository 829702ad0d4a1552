"""Lists that change while they are read: each item once, and none left out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molam_overlays.calls.operation import Operation, PageRule, Result
from molam_overlays.calls.page import bind_page
from molam_overlays.calls.paging import AsyncPage, Page
from molam_overlays.errors import PaginationError
from molam_overlays.message.parameters import Parameter
from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import Boolean, String


class Item(Model):
    id: str = field(String())


class Items(Page[Item]):
    data: list[Item] = field(Array(Item))
    has_more: bool = field(Boolean())


class AsyncItems(AsyncPage[Item]):
    data: list[Item] = field(Array(Item))
    has_more: bool = field(Boolean())


LIST: Operation[Any] = Operation(
    id="list",
    method="GET",
    path="/items",
    parameters=(
        Parameter("limit", "query", Integer()),
        Parameter("offset", "query", Integer()),
        Parameter("status", "query", String()),
    ),
    results=(Result(Items),),
    page=PageRule(items="data", more="has_more", limit="limit", offset="offset"),
)


class Server:
    """A list by offset, newest first, as the API serves it."""

    def __init__(self, count: int, most: int = 100) -> None:
        self.ids: list[Any] = [f"pi_{number}" for number in range(count)]
        self.most = most
        self.asked: list[tuple[int, int]] = []
        self.before: Callable[[], None] = lambda: None

    def answer(self, call: Any) -> dict[str, Any]:
        self.before()
        offset = call.query_number("offset") or 0
        limit = min(call.query_number("limit") or 10, self.most)
        self.asked.append((offset, limit))
        assert len(self.asked) < 500
        shown = self.ids[offset : offset + limit]
        return {
            "data": [{"id": each} for each in shown],
            "has_more": offset + limit < len(self.ids),
        }

    def read(self, seen: Callable[[str], None] = lambda _: None, **query: Any) -> list[str]:
        """Read it all; `seen` is told of each item when it is handed out."""

        def run(call: Any, most: int) -> Any:
            page = Items.from_dict(self.answer(call))
            bind_page(page, call, run, most)
            return page

        found: list[str] = []
        for item in run(LIST.call(query=query), 0):
            found.append(item.id)
            seen(item.id)
        return found

    async def aread(self, seen: Callable[[str], None] = lambda _: None, **query: Any) -> list[str]:
        async def arun(call: Any, most: int) -> Any:
            page = AsyncItems.from_dict(self.answer(call))
            bind_page(page, call, arun, most)
            return page

        found: list[str] = []
        async for item in await arun(LIST.call(query=query), 0):
            found.append(item.id)
            seen(item.id)
        return found


async def whole(found: Any) -> list[str]:
    read: list[str] = await found if inspect.isawaitable(found) else found
    return read


@pytest.mark.parametrize("way", ["read", "aread"])
@pytest.mark.parametrize("limit", [1, 2, 3, 10])
@pytest.mark.parametrize("query", [{}, {"status": "requires_capture"}])
async def test_capturing_while_reading_misses_none(way: str, limit: int, query: Any) -> None:
    server = Server(25)
    before = list(server.ids)
    seen = server.ids.remove if query else (lambda _: None)
    assert await whole(getattr(server, way)(seen, limit=limit, **query)) == before


@pytest.mark.parametrize("way", ["read", "aread"])
@pytest.mark.parametrize("query", [{}, {"status": "pending"}])
@pytest.mark.parametrize(("limit", "growth"), [(4, 1), (4, 3), (4, 50), (1, 1), (10, 7)])
async def test_a_list_that_grows_at_its_head_hands_out_each_once(
    way: str, limit: int, growth: int, query: Any
) -> None:
    server = Server(30)
    before = list(server.ids)

    def grow() -> None:
        if 1 <= len(server.asked) <= 3:
            server.ids[:0] = [f"new_{len(server.asked)}_{number}" for number in range(growth)]

    server.before = grow
    found = await whole(getattr(server, way)(limit=limit, **query))
    assert len(set(found)) == len(found)
    assert [each for each in found if each in before] == before


@settings(deadline=None, max_examples=200)
@given(st.data(), st.integers(1, 7), st.integers(0, 40), st.integers(1, 8))
def test_whatever_comes_and_goes(data: Any, limit: int, count: int, most: int) -> None:
    """Things come at the head, and what was handed out leaves, at any time."""
    server = Server(count, most)
    before = list(server.ids)
    gone = set(data.draw(st.sets(st.sampled_from(before)))) if before else set()
    growth = data.draw(st.lists(st.integers(0, 5), max_size=10))

    def grow() -> None:
        for _ in range(growth.pop() if growth else 0):
            server.ids.insert(0, f"new_{len(server.asked)}_{len(server.ids)}")

    server.before = grow
    leave = lambda each: server.ids.remove(each) if each in gone else None  # noqa: E731
    found = server.read(leave, limit=limit, status="pending")
    assert len(set(found)) == len(found)
    assert [each for each in found if each in before] == before


def test_a_filtered_list_is_read_with_an_overlap_of_one_item() -> None:
    server = Server(7)
    server.read(limit=3, status="pending")
    assert server.asked == [(0, 3), (2, 3), (4, 3)]
    server.asked.clear()
    server.read(limit=3)
    assert server.asked == [(0, 3), (3, 3), (6, 3)]


def test_reading_steps_back_no_further_than_where_it_began() -> None:
    server = Server(30)
    server.read(server.ids.remove, limit=5, offset=10, status="pending")
    assert min(offset for offset, _ in server.asked) == 10
    assert server.ids == [f"pi_{number}" for number in range(10)]


def test_items_without_ids_of_their_own_are_handed_out_as_they_come() -> None:
    server = Server(0)
    for ids in ([None] * 3, ["a", "a", "b"], [True, "x", {}]):
        server.ids = ids
        assert server.read(limit=10) == ids


def test_numbers_are_ids_too() -> None:
    server = Server(0)
    server.ids = list(range(9))
    server.before = lambda: server.ids.insert(0, 100 + len(server.asked))
    found = server.read(limit=3)
    assert len(set(found)) == len(found) >= 10


def test_a_server_that_knows_no_offset_loses_nothing_that_it_sent() -> None:
    pages = [["a", "b"], ["c"], ["d"]]

    def run(call: Any, most: int) -> Any:
        ids = pages.pop(0) if len(pages) > 1 else pages[0]
        wire = {"data": [{"id": each} for each in ids], "has_more": len(pages) > 1}
        page = Items.from_dict(wire)
        bind_page(page, call, run, most)
        return page

    found = [item.id for item in run(LIST.call(query={"status": "pending"}), 0)]
    assert sorted(found) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("query", [{}, {"status": "pending"}])
def test_a_server_that_never_ends_is_given_up(query: Any) -> None:
    server = Server(3)
    answer = server.answer
    server.answer = lambda call: {**answer(call), "has_more": True}  # type: ignore[method-assign]
    with pytest.raises(PaginationError, match="may be incomplete"):
        server.read(limit=3, **query)
