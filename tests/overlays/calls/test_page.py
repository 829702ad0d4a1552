"""Pages without a client: what each asks for, and when it stops."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from molam_overlays.calls.operation import Operation, PageRule, Result
from molam_overlays.calls.page import bind_page
from molam_overlays.calls.paging import AsyncPage, Page
from molam_overlays.calls.reading import MAX_STALE_PAGES
from molam_overlays.errors import PaginationError
from molam_overlays.message.parameters import Parameter
from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import Boolean, String


class Item(Model):
    id: str = field(String(), sensitive=True)


class Items(Page[Item]):
    data: list[Item] = field(Array(Item))
    has_more: bool = field(Boolean())
    total: int | None = field(Integer(), default=None)


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
        Parameter("q", "query", String()),
    ),
    results=(Result(Items),),
    page=PageRule(items="data", more="has_more", limit="limit", offset="offset"),
    async_page=AsyncItems,  # type: ignore[arg-type]
)


def wire(*ids: str, more: bool = True) -> dict[str, Any]:
    return {"data": [{"id": each} for each in ids], "has_more": more}


class Shelf:
    """Answers pages in turn and notes what was asked."""

    def __init__(self, *pages: Any, **query: Any) -> None:
        self.pages = list(pages)
        self.asked: list[str] = []
        self.first = self.run(LIST.call(query=query), 0)

    def run(self, call: Any, most: int) -> Any:
        self.asked.append(call.query)
        page = Items.from_dict(self.pages.pop(0) if len(self.pages) > 1 else self.pages[0])
        bind_page(page, call, self.run, most)
        return page


@pytest.mark.parametrize(
    ("pages", "query", "asked"),
    [
        ([wire("a", more=False)], {}, [""]),
        ([wire("a", "b"), wire("c", more=False)], {}, ["", "offset=2"]),
        ([wire("a", "b"), wire("c", more=False)], {"offset": 7}, ["offset=7", "offset=9"]),
        (
            [wire("a"), wire("b", more=False)],
            {"limit": 1, "q": "x&offset=9"},
            ["limit=1&q=x%26offset%3D9", "q=x%26offset%3D9&offset=0&limit=2"],
        ),
        # An empty page is passed by a page's length: the limit, the longest so far, or one.
        ([wire(), wire("a", more=False)], {"limit": 5}, ["limit=5", "limit=5&offset=5"]),
        ([wire("a", "b"), wire(), wire("c", more=False)], {}, ["", "offset=2", "offset=4"]),
        ([wire(), wire("c", more=False)], {}, ["", "offset=1"]),
    ],
)
def test_offsets(pages: Any, query: Any, asked: list[str]) -> None:
    shelf = Shelf(*pages, **query)
    list(shelf.first)
    assert shelf.asked == asked


def test_iteration_is_lazy_and_starts_where_the_page_is() -> None:
    shelf = Shelf(wire("a"), wire("b"), wire("c", more=False))
    second = shelf.first.next_page()
    assert second is not None
    assert [item.id for item in second] == ["b", "c"]
    assert len(shelf.asked) == 3


@pytest.mark.parametrize("more", [False, None, 0, "true", 1, "missing"])
def test_only_true_announces_more(more: Any) -> None:
    page = {"data": [{"id": "a"}], "has_more": more}
    if more == "missing":
        del page["has_more"]
    assert len(list(Shelf(page).first)) == 1


def test_a_repeating_server_is_given_up_after_some_stale_pages() -> None:
    shelf = Shelf(wire("a"))
    with pytest.raises(PaginationError, match="may be incomplete"):
        list(shelf.first)
    assert len(shelf.asked) == 1 + MAX_STALE_PAGES + 1


def test_items_that_moved_to_the_next_page_do_not_stop_iteration() -> None:
    shelf = Shelf(wire("a", "b"), wire("b", "c"), wire("c", "d", more=False))
    assert [item.id for item in shelf.first] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("data", [None, "x", 5, {}, "missing"])
def test_items_of_an_unexpected_kind_are_no_items(data: Any) -> None:
    page = {"data": data, "has_more": False}
    if data == "missing":
        del page["data"]
    made = Items.from_dict(page)
    assert list(made) == []
    if data == "missing":
        with pytest.raises(AttributeError, match="'data'"):
            _ = made.data
    repr(made)
    assert made.to_dict() == page


def test_a_page_reads_by_name_only() -> None:
    page = Items.from_dict({**wire("a", more=False), "cursor": "x", "items": 5})
    assert page["cursor"] == page.cursor == "x"  # type: ignore[attr-defined]
    assert page.get("nope", 7) == 7
    assert "data" in page
    assert {**page} == page.to_dict()
    with pytest.raises(TypeError, match=r"page\.data\[0\]"):
        page[0]  # type: ignore[index]
    with pytest.raises(KeyError):
        page["nope"]
    with pytest.raises(AttributeError, match="no attribute"):
        _ = page.nope  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="read-only"):
        page.data = []
    with pytest.raises(AttributeError, match="read-only"):
        del page.data
    with pytest.raises(TypeError, match="from_dict"):
        Items()


def test_repr_of_a_page_masks_its_items() -> None:
    assert "canary" not in repr(Items.from_dict(wire("canary", more=False)))


def test_copies_keep_their_client_and_pickles_say_that_they_lost_it() -> None:
    shelf = Shelf(wire("a"), wire("b", more=False))
    assert len(list(copy.copy(shelf.first))) == 2
    lost = pickle.loads(pickle.dumps(shelf.first))
    assert lost == shelf.first
    with pytest.raises(PaginationError, match="no client"):
        lost.next_page()
    with pytest.raises(PaginationError, match="no client"):
        list(Items.from_dict(wire("a")))


async def test_the_async_page_goes_on_by_itself_too() -> None:
    pages = [wire("a"), wire("b", more=False)]

    async def run(call: Any, most: int) -> Any:
        page = AsyncItems.from_dict(pages.pop(0))
        bind_page(page, call, run, most)
        return page

    first = await run(LIST.call(), 0)
    assert [item.id async for item in first] == ["a", "b"]
    with pytest.raises(TypeError, match="async for"):
        iter(first)


def test_an_operation_knows_its_async_twin_and_makes_it_once() -> None:
    twin = LIST.paged()
    assert twin is LIST.paged()
    assert twin is not LIST
    assert LIST.call().for_async_pages().operation is twin
    plain: Operation[Any] = Operation(id="x", method="GET", path="/")
    assert plain.paged() is plain
