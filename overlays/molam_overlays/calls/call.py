"""One request to be made, whole, and nothing of how it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from molam_overlays.calls.operation import Operation

from copy import copy
from typing import Any, Generic, TypeVar

from molam_overlays.message.masking import without
from molam_overlays.message.media import bare
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.display import sensitive_values

T_co = TypeVar("T_co", covariant=True)


class Call(Generic[T_co]):
    """One request to be made: checked, encoded, without key, host and credentials."""

    __slots__ = ("content", "data", "headers", "json", "media", "operation", "path", "query")

    operation: Operation[T_co]
    path: str
    """Expanded and percent-encoded."""
    query: str
    """Encoded, without the question mark; empty when there is none."""
    headers: dict[str, str]
    content: bytes | None
    """The encoded body."""
    json: Any
    """The body as plain JSON data."""
    media: str | None
    """The media type of the body."""
    data: Any
    """The body as data, whatever its media type."""

    def __init__(
        self,
        operation: Operation[T_co],
        path: str,
        query: str,
        headers: dict[str, str],
        content: bytes | None = None,
        json: Any = None,
        media: str | None = None,
        data: Any = None,
    ) -> None:
        self.operation = operation
        self.path = path
        self.query = query
        self.headers = headers
        self.content = content
        self.json = json
        self.media = media
        self.data = data

    def __repr__(self) -> str:
        return f"Call({self.operation.id!r}, path={self.path!r}, query={self.query!r})"

    @property
    def target(self) -> str:
        """Path and query, as they follow the host."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def with_query(self, **changed: int) -> Call[T_co]:
        """Return the same call with some query parameters set to other numbers."""
        kept = [
            pair for pair in self.query.split("&") if pair and pair.partition("=")[0] not in changed
        ]
        added = [f"{name}={number}" for name, number in changed.items()]
        other = copy(self)
        other.query = "&".join(kept + added)
        return other

    def for_async_pages(self) -> Call[Any]:
        """Return the same call, its result read as a page of the async client."""
        paged: Call[Any] = copy(self)
        paged.operation = self.operation.paged()
        return paged

    def query_names(self) -> set[str]:
        """Return the names of the query parameters, encoded as they are sent."""
        return {pair.partition("=")[0] for pair in self.query.split("&") if pair}

    def query_number(self, name: str) -> int | None:
        """Return the number a query parameter is set to, None when it is not."""
        for pair in self.query.split("&"):
            found, _, text = pair.partition("=")
            if found == name and text.isascii() and text.isdigit():
                return int(text)
        return None

    def without_sensitive_values(self, text: str) -> str:
        """Return a text of the server's with every sensitive value of this request masked."""
        data = self.json if self.data is None else self.data
        if data is None or not text:
            return text
        media = bare(self.media or "")
        declared = next(
            (body.type for body in self.operation.bodies if bare(body.media) == media),
            AnyValue(),
        )
        return without(text, sensitive_values(declared, data))
