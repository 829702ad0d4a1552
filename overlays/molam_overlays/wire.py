"""What goes over the wire: one request, one response, and headers without case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple, Protocol

from molam_overlays.annotations import at_home
from molam_overlays.redact import redact_url

METHODS: Final = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
"""Those that a document may have operations for."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""They change nothing on the server (RFC 9110 section 9.2.1)."""
CARRYING_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
"""They say ``Content-Length: 0`` where they carry no body (RFC 9110 section 8.6)."""


class Headers(Mapping[str, str]):
    """Header fields as they came, read without regard to case (RFC 9110 section 5.1).

    A field that came several times reads as its values joined by ``", "`` (section 5.3);
    `pairs` keeps them apart.
    """

    __slots__ = ("_folded", "pairs")

    pairs: tuple[tuple[str, str], ...]
    """Name and value of each field line, in order, names as they came."""

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        # Adapters give lists; asking an abstract class what else it may be takes longer than that.
        items: Any = fields
        if type(fields) is not list and isinstance(fields, Mapping):
            items = fields.items()
        self.pairs = tuple([(str(name), str(value)) for name, value in items])
        self._folded: dict[str, str] | None = None

    def _by_name(self) -> dict[str, str]:
        folded = self._folded
        if folded is None:
            folded = {}
            for name, value in self.pairs:
                lowered = name.lower()
                folded[lowered] = f"{folded[lowered]}, {value}" if lowered in folded else value
            self._folded = folded
        return folded

    def __getitem__(self, name: str) -> str:
        return self._by_name()[name.lower()]

    # The Mapping's own would raise and catch a KeyError for every field that did not come.
    def get(self, name: str, default: Any = None, /) -> Any:
        return self._by_name().get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name()

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._by_name())

    def __repr__(self) -> str:
        return f"Headers({sorted(self._by_name())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return made, (__name__, "Headers", self.pairs)


class Sink(Protocol):
    """Where an adapter that can stream puts the body of a 2xx, instead of keeping it."""

    def begin(self, status: int, headers: Mapping[str, str], /) -> bool:
        """Tell whether the body of this answer is wanted; the adapter keeps it otherwise."""
        ...

    def write(self, part: bytes, /) -> None:
        """Take the next bytes, decompressed."""
        ...


class Request(NamedTuple):
    """One attempt, ready to send."""

    method: str
    """Upper case, such as ``POST``."""
    url: str
    """Absolute, percent-encoded, query included."""
    headers: Mapping[str, str]
    """Everything the request needs but ``Host`` and ``Content-Length``; ``Authorization`` too."""
    content: bytes | None = None
    """The encoded body, None when there is none."""
    json: Any = None
    """The same body as plain JSON data, for adapters that encode it themselves."""
    timeout: float = 30.0
    """Seconds for this attempt as a whole, connection to last byte."""
    sink: Sink | None = None
    """Where the body of a 2xx goes. An adapter that knows nothing of it returns the body."""

    def __repr__(self) -> str:
        # Headers and body hold what must not be shown, and a query may hold the key.
        url = redact_url(self.url)
        return f"Request(method={self.method!r}, url={url!r}, timeout={self.timeout!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return made, (__name__, "Request", *self)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()


class Response(NamedTuple):
    """What came back, read to its end and decompressed."""

    status: int
    """The HTTP status."""
    headers: Headers
    """The header fields."""
    content: bytes = b""
    """The body."""
    cut_short: bool = False
    """True when the body ended before what the headers announced.

    Only with a status that is not 2xx: there the status alone decides.
    """

    def __repr__(self) -> str:
        return (
            f"Response(status={self.status!r}, headers={self.headers!r}, "
            f"cut_short={self.cut_short!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return made, (__name__, "Response", *self)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()


def made(module: str, name: str, *values: Any) -> Any:
    """Make an object of a pickle, whose class goes by the module that defines it.

    `__module__` says where users import a class from, and an emitted package may have another name.
    """
    return getattr(import_module(module), name)(*values)


at_home("molam_sdk.http.adapter", Headers, Request, Response)
