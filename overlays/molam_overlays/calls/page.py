"""Pages: a list result that reads on by itself.

A page holds one answer and knows how to ask for the next. Iterating runs over its items and those
of all following pages, one request at a time, only when they are needed.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    KeysView,
    Mapping,
)
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import PageRule
from molam_overlays.errors import PaginationError
from molam_overlays.frames import sealed
from molam_overlays.outcome import NO_RESPONSE, ResponseInfo
from molam_overlays.schema.fields import Field, collect_fields, field, missing, read_field
from molam_overlays.schema.jsontext import dumps_exact, plain_copy
from molam_overlays.schema.model import json_object, shown
from molam_overlays.schema.types import Problems, Type

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:
    from molam_overlays.schema.model import dataclass_transform

T = TypeVar("T")


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
    _start: tuple[int, int, int]
    _fetch: Callable[[int], Any] | None

    if not TYPE_CHECKING:

        @sealed
        def __init__(self) -> None:
            raise TypeError(f"{type(self).__name__}.from_dict() makes a page from JSON data")

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        collect_fields(cls, _getter)

    @classmethod
    def __wire_type__(cls) -> Type:
        return PageType(cls)

    @classmethod
    @sealed
    def from_dict(cls, data: Mapping[str, Any], /) -> Self:
        """Make one from JSON data; it has no following page.

        Raises:
            TypeError: `data` is not a mapping.
        """
        return adopt_page(cls, json_object(cls, data), NO_RESPONSE)

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

    @sealed
    def to_json(self) -> str:
        """Return exactly what came, as JSON text without white space."""
        return dumps_exact(self._wire)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PageData):
            return bool(self._wire == other._wire)
        return self._wire == other if isinstance(other, dict) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{spec.attribute}={shown(getattr(self, spec.attribute))}"
            for spec in self.__fields__.values()
            if spec.name in self._wire and not spec.sensitive
        )
        return f"{type(self).__name__}({parts})"

    @sealed
    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is read-only")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is read-only")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Properties newer than this SDK.
            if not name.startswith("_") and name in self._wire:
                return self._wire[name]
            if any(spec.attribute == name for spec in self.__fields__.values()):
                raise missing(self, name)
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __copy__(self) -> Self:
        return self._over(dict(self._wire))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._over(plain_copy(self._wire))

    def _over(self, wire: dict[str, Any]) -> Self:
        page = adopt_page(type(self), wire, self._response, self._rule, self._start)
        object.__setattr__(page, "_fetch", self._fetch)
        return page

    def __reduce__(self) -> tuple[Any, ...]:
        return adopt_page, (type(self), self._wire, self._response, self._rule, self._start)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()

    def _wire_items(self) -> list[Any]:
        name = self._rule.items if self._rule is not None else "data"
        items = self._wire.get(name)
        return items if isinstance(items, list) else []

    def _items(self) -> list[Any]:
        """The items, decoded."""
        wire = self._wire_items()
        for spec in self.__fields__.values():
            if wire and self._wire.get(spec.name) is wire:
                decoded: list[Any] = spec.type.decode(wire, self._response)
                return decoded
        return wire

    def _next_offset(self) -> int | None:
        """The offset of the following page, None when this is the last one."""
        more = self._rule.more if self._rule is not None else "has_more"
        if self._wire.get(more) is not True:
            return None
        offset, limit, most = self._start
        # An empty page that announces more must not be asked for again.
        return offset + (len(self._wire_items()) or limit or most or 1)

    def _fetcher(self) -> Callable[[int], Any]:
        if self._fetch is None:
            raise PaginationError(
                "This page has following pages but no client to ask: it was unpickled or made by "
                "from_dict(). Call the list method again with an offset."
            )
        return self._fetch


def _getter(spec: Field) -> Callable[[Any], Any]:
    def read(self: PageData[Any]) -> Any:
        return read_field(self, spec, self._wire)

    return read


P = TypeVar("P", bound=PageData[Any])


def adopt_page(
    cls: type[P],
    wire: dict[str, Any],
    response: ResponseInfo,
    rule: PageRule | None = None,
    start: tuple[int, int, int] = (0, 0, 0),
) -> P:
    """Make a page over decoded JSON, without a check."""
    page = object.__new__(cls)
    values = (
        ("_wire", wire),
        ("_response", response),
        ("_rule", rule),
        ("_start", start),
        ("_fetch", None),
    )
    for name, value in values:
        object.__setattr__(page, name, value)
    return page


def bind_page(
    page: Any, call: Call[Any], run: Callable[[Call[Any], int], Any], most: int = 0
) -> None:
    """Tell a page which call it answers and how to make the following one.

    `most` is how many items the pages before it held at most.
    """
    rule = call.operation.page
    if rule is None or not isinstance(page, PageData):
        return
    object.__setattr__(page, "_rule", rule)
    most = max(most, len(page._wire_items()))
    offset, limit = call.query_number(rule.offset) or 0, call.query_number(rule.limit) or 0

    def fetch(following: int) -> Any:
        return run(call.with_query(**{rule.offset: following}), most)

    object.__setattr__(page, "_start", (offset, limit, most))
    object.__setattr__(page, "_fetch", fetch)


class PageType(Type):
    """A page class as a type of the document."""

    plain = False
    __slots__ = ("page",)

    def __init__(self, page: type[PageData[Any]]) -> None:
        self.page = page

    def decode(self, wire: Any, response: Any) -> Any:
        return adopt_page(self.page, wire, response) if isinstance(wire, dict) else wire

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, dict)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        problems[at] = "must not be a page"
        return None


PageData.__module__ = "molam_sdk.models"
