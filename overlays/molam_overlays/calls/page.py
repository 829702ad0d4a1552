"""Pages: one answer of a list operation, and how to ask for the next.

At run time a page is a dict, as every result is, so that it goes where 0.1's went: into `json.dumps`,
an encoder, a template. To type checkers it is none, since `for` runs over its items.
"""

from __future__ import annotations

from collections.abc import Callable, KeysView
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from molam_overlays.annotations import Self, at_home
from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import PageRule
from molam_overlays.errors import PaginationError
from molam_overlays.frames import sealed
from molam_overlays.schema.digits import Origin
from molam_overlays.schema.fields import ABSENT, Field, collect_fields, field, missing, read_field
from molam_overlays.schema.model import shown
from molam_overlays.schema.record import Record, copied, set_origin
from molam_overlays.schema.types import Problems, Type

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:
    from molam_overlays.schema.model import dataclass_transform

T = TypeVar("T")


class Place(NamedTuple):
    """Where a page stands in its list."""

    rule: PageRule = PageRule("data", "has_more", "limit", "offset")
    offset: int = 0
    limit: int = 0
    """What was asked for; 0 when that was left to the server."""
    most: int = 0
    """How many items this page and those before it held at most."""
    filtered: bool = False
    """Whether it lists what is so now, such as what has a status; items may leave it."""


@dataclass_transform(
    kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(field,)
)
class PageData(Generic[T], Record):  # noqa: PYI059 - dict, too, takes brackets
    """One answer of a list operation.

    Reads as its items do: attributes are typed, ``page["data"]`` is what was on the wire. `len`
    counts the items of this page; it is true even without any.
    """

    __slots__ = ("_fetch", "_place")

    if TYPE_CHECKING:
        _place: Place
        _fetch: Callable[[int, int], Any] | None

        def __getitem__(self, name: str, /) -> Any: ...
        def __contains__(self, name: object) -> bool: ...
        def get(self, name: str, default: Any = None) -> Any:
            """Return a property as it is on the wire, or `default`."""

        def keys(self) -> KeysView[str]:
            """Return the names of the properties that came."""
            ...

    else:

        @sealed
        def __init__(self, data: Any = ABSENT, /) -> None:
            if data is ABSENT:
                raise TypeError(f"{type(self).__name__}.from_dict() makes a page from JSON data")
            data, origin = copied(type(self), data)
            dict.__init__(self, data)
            _stand(self, origin, Place(), None)

        @sealed
        def __missing__(self, name: Any) -> Any:
            if isinstance(name, str):
                raise KeyError(name)
            raise TypeError(
                f"a page is read by name, such as page['data'], not by {type(name).__name__}; "
                "page.data[0] is its first item"
            )

        def __getattr__(self, name: str) -> Any:
            # Properties newer than this SDK.
            if not name.startswith("_") and name in self:
                return self[name]
            if any(spec.attribute == name for spec in self.__fields__.values()):
                raise missing(self, name)
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        collect_fields(cls, _getter)

    @classmethod
    def __wire_type__(cls) -> Type:
        return PageType(cls)

    @classmethod
    def __over__(cls, data: dict[str, Any], origin: Origin) -> Self:
        page = super().__over__(data, origin)
        _stand(page, origin, Place(), None)
        return page

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self._wire_items())

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{spec.attribute}={shown(getattr(self, spec.attribute))}"
            for spec in self.__fields__.values()
            if spec.name in self and not spec.sensitive
        )
        return f"{type(self).__name__}({parts})"

    def __copy__(self) -> Self:
        return self._standing(super().__copy__())

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._standing(super().__deepcopy__(memo))

    def _standing(self, page: Self) -> Self:
        _stand(page, self._origin, self._place, self._fetch)
        return page

    def __reduce__(self) -> tuple[Any, ...]:
        return placed, (super().__reduce__(), self._place)

    def _wire_items(self) -> list[Any]:
        items = self.get(self._place.rule.items)
        return items if isinstance(items, list) else []

    def _items(self) -> list[Any]:
        """The items, decoded."""
        wire = self._wire_items()
        for spec in self.__fields__.values():
            if wire and self.get(spec.name) is wire:
                decoded: list[Any] = spec.type.decode(wire, self._origin)
                return decoded
        return wire

    def _has_more(self) -> bool:
        return self.get(self._place.rule.more) is True

    def _next_offset(self) -> int | None:
        """The offset of the following page, None when this is the last one."""
        if not self._has_more():
            return None
        place = self._place
        # An empty page that announces more must not be asked for again.
        return place.offset + (len(self._wire_items()) or place.limit or place.most or 1)

    def _ask(self, offset: int, limit: int) -> Any:
        """Ask for the page at an offset; the blocking client answers, the async one promises to.

        Raises:
            PaginationError: there is no client to ask.
        """
        if self._fetch is None:
            raise PaginationError(
                "This page has following pages but no client to ask: it was unpickled or made by "
                "from_dict(). Call the list method again with an offset."
            )
        return self._fetch(offset, limit)


def _getter(spec: Field) -> Callable[[Any], Any]:
    def read(self: Any) -> Any:
        return read_field(self, spec, self)

    return read


def _stand(page: Any, origin: Origin, place: Place, fetch: Any) -> None:
    set_origin(page, origin)
    _set_place(page, place)
    _set_fetch(page, fetch)


_set_place = PageData.__dict__["_place"].__set__
_set_fetch = PageData.__dict__["_fetch"].__set__


def placed(reduced: tuple[Any, tuple[Any, ...]], place: Place) -> Any:
    """Make a page that was pickled; it has lost its client."""
    make, values = reduced
    page = make(*values)
    _set_place(page, place)
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
    offset, limit = call.query_number(rule.offset) or 0, call.query_number(rule.limit) or 0
    _set_place(page, Place(rule, offset, limit))
    most = max(most, len(page._wire_items()))

    def fetch(following: int, wanted: int) -> Any:
        changed = {rule.offset: following}
        if wanted != limit:
            changed[rule.limit] = wanted
        return run(call.with_query(**changed), most)

    filters = call.query_names() - {rule.offset, rule.limit}
    filtered = not all(name.endswith(_OF_AN_ID) for name in filters)
    _set_place(page, Place(rule, offset, limit, most, filtered))
    _set_fetch(page, fetch)


_OF_AN_ID = ("_id", "Id")
"""How filters end that name what does not change: nothing leaves a customer's list."""


class PageType(Type):
    """A page class as a type of the document."""

    plain = False
    __slots__ = ("page",)

    def __init__(self, page: type[PageData[Any]]) -> None:
        self.page = page

    def decode(self, wire: Any, origin: Origin) -> Any:
        return self.page.__over__(wire, origin) if isinstance(wire, dict) else wire

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, dict)

    def json_schema(self) -> dict[str, Any]:
        return self.page.__json_schema__()

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        problems[at] = "must not be a page"
        return None


at_home("molam_sdk.models", PageData)
