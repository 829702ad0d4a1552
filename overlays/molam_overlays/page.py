"""Pages: a list result that reads on by itself.

A page holds one answer and knows how to ask for the next. Iterating runs over its items and those
of all following pages, one request at a time, only when they are needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    KeysView,
    Mapping,
)
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, NoReturn, TypeVar

from molam_overlays.codec import Problems, Type
from molam_overlays.errors import MolamError
from molam_overlays.jsontext import dumps_exact, plain_copy
from molam_overlays.model import (
    NO_RESPONSE,
    Field,
    ResponseInfo,
    collect_fields,
    field,
    read_field,
)
from molam_overlays.operation import Call, PageRule

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:
    from molam_overlays.model import dataclass_transform

T = TypeVar("T")

MAX_STALE_PAGES: Final = 5
"""Pages in a row that bring nothing new before iteration gives up."""


class PaginationError(MolamError):
    """The server announces more pages but repeats what it already sent."""


PaginationError.__module__ = "molam_sdk.exceptions"


@dataclass_transform(
    kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(field,)
)
class PageData(Generic[T]):
    """One answer of a list operation. Not a Mapping: `for` runs over its items.

    Reads as its items do: attributes are typed, ``page["data"]`` is what was on the wire.
    """

    __fields__: ClassVar[dict[str, Field]] = {}
    __slots__ = ("_fetch", "_response", "_rule", "_start", "_wire")

    _wire: dict[str, Any]
    _response: ResponseInfo
    _rule: PageRule | None
    _start: tuple[int, int]
    _fetch: Callable[[int], Any] | None

    if not TYPE_CHECKING:

        def __init__(self) -> None:
            raise TypeError(f"{type(self).__name__}.from_dict() makes a page from JSON data")

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        collect_fields(cls, _getter)

    @classmethod
    def __wire_type__(cls) -> Type:
        return PageType(cls)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], /) -> Self:
        """Make one from JSON data; it has no following page.

        Raises:
            TypeError: `data` is not a mapping.
        """
        if not isinstance(data, Mapping):
            raise TypeError(
                f"{cls.__name__}.from_dict() takes a dict of JSON data, not {type(data).__name__}"
            )
        return adopt_page(cls, plain_copy(data), NO_RESPONSE)

    @property
    def response(self) -> ResponseInfo:
        """What happened on the way here: status, request id, headers, attempts."""
        return self._response

    def __getitem__(self, name: str, /) -> Any:
        if not isinstance(name, str):
            raise TypeError(
                f"a page is read by name, such as page['data'], not by {type(name).__name__}; "
                "page.data[0] is its first item"
            )
        return self._wire[name]

    def __contains__(self, name: object) -> bool:
        return name in self._wire

    def get(self, name: str, default: Any = None) -> Any:
        """Return a property as it is on the wire, or `default`."""
        return self._wire.get(name, default)

    def keys(self) -> KeysView[str]:
        """Return the names of the properties that came."""
        return self._wire.keys()

    def to_dict(self) -> dict[str, Any]:
        """Return exactly what came, as plain dicts and lists that may be changed."""
        copied: dict[str, Any] = plain_copy(self._wire)
        return copied

    def to_json(self) -> str:
        """Return exactly what came, as JSON text without white space."""
        return dumps_exact(self._wire)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PageData):
            return bool(self._wire == other._wire)
        return self._wire == other if isinstance(other, dict) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{spec.attribute}={getattr(self, spec.attribute)!r}"
            for spec in self.__fields__.values()
            if spec.name in self._wire and not spec.sensitive
        )
        return f"{type(self).__name__}({shown})"

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is read-only")

    def __copy__(self) -> Self:
        return adopt_page(type(self), dict(self._wire), self._response)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return adopt_page(type(self), plain_copy(self._wire), self._response)

    def __reduce__(self) -> tuple[Any, ...]:
        return adopt_page, (type(self), self._wire, self._response)

    def _items(self) -> list[Any]:
        """The items, decoded."""
        rule = self._rule
        name = rule.items if rule is not None else "data"
        spec = self.__fields__.get(name)
        items = getattr(self, spec.attribute) if spec is not None else self._wire.get(name)
        return items if isinstance(items, list) else []

    def _next_offset(self) -> int | None:
        """The offset of the following page, None when this is the last one."""
        if self._rule is None or self._wire.get(self._rule.more) is not True:
            return None
        offset, limit = self._start
        # An empty page that announces more must not be asked for again.
        return offset + (len(self._items()) or limit or 1)

    def _fetcher(self) -> Callable[[int], Any]:
        if self._fetch is None:
            raise PaginationError(
                "This page has following pages but no client to ask: it was copied, unpickled or "
                "made by from_dict(). Call the list method again with an offset."
            )
        return self._fetch


def _getter(spec: Field) -> Callable[[Any], Any]:
    def read(self: PageData[Any]) -> Any:
        return read_field(self, spec, self._wire)

    return read


P = TypeVar("P", bound=PageData[Any])


def adopt_page(cls: type[P], wire: dict[str, Any], response: ResponseInfo) -> P:
    """Make a page over decoded JSON, without a check."""
    page = object.__new__(cls)
    values = (
        ("_wire", wire),
        ("_response", response),
        ("_rule", None),
        ("_start", (0, 0)),
        ("_fetch", None),
    )
    for name, value in values:
        object.__setattr__(page, name, value)
    return page


def bind_page(page: Any, call: Call[Any], run: Callable[[Call[Any]], Any]) -> None:
    """Tell a page which call it answers and how to make the following one."""
    rule = call.operation.page
    if rule is None or not isinstance(page, PageData):
        return
    start = (call.query_number(rule.offset) or 0, call.query_number(rule.limit) or 0)

    def fetch(offset: int) -> Any:
        return run(call.with_query(**{rule.offset: offset}))

    for name, value in (("_rule", rule), ("_start", start), ("_fetch", fetch)):
        object.__setattr__(page, name, value)


class PageType(Type):
    """A page class as a type of the document."""

    plain = False
    __slots__ = ("page",)

    def __init__(self, page: type[PageData[Any]]) -> None:
        self.page = page

    def decode(self, wire: Any, response: Any) -> Any:
        return adopt_page(self.page, wire, response) if isinstance(wire, dict) else wire

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        problems[at] = "must not be a page"
        return None


class _Novelty:
    """Tells whether a page brings anything new, so that iteration ends on any server."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._stale = 0

    def brings_news(self, items: list[Any]) -> bool:
        """Return whether to hand out the items of a page.

        Raises:
            PaginationError: too many pages in a row were empty or repeated.
        """
        digest = hashlib.blake2b(
            dumps_exact(items).encode("utf-8", "surrogatepass"), digest_size=16
        ).digest()
        if items and digest not in self._seen:
            self._seen.add(digest)
            self._stale = 0
            return True
        self._stale += 1
        if self._stale > MAX_STALE_PAGES:
            raise PaginationError(
                f"The server announced more items, but its last {self._stale} pages were empty or "
                "repeated earlier ones. What was iterated so far may be incomplete."
            )
        return False


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
            items = page._items()
            if novelty.brings_news(items):
                yield from items
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
            items = page._items()
            if novelty.brings_news(items):
                for item in items:
                    yield item
            page = await page.next_page()

    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            raise TypeError("a page of the async client is iterated with `async for`")


for _class in (Page, AsyncPage, PageData):
    _class.__module__ = "molam_sdk.models"
