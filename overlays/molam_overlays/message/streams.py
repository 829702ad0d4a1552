"""Answers that come item by item: server-sent events, JSON lines, JSON text sequences. No I/O.

`Reading` is fed with bytes as they arrive, cut anywhere, and has the items ready. Events are read by
the rules of the HTML standard ("Interpreting an event stream"), JSON lines as jsonlines.org has them,
sequences by RFC 7464.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from molam_overlays.message.body import Result, UnreadableBodyError
from molam_overlays.message.media import StreamKind, bare, stream_kind_of
from molam_overlays.schema.digits import Digits
from molam_overlays.schema.jsontext import read

ITEM_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one item at most."""
DONE: Final = b"[DONE]"
"""What APIs in the manner of OpenAI's send as the data of their last event."""

Data: TypeAlias = Literal["json", "text", "either"]
"""What the data of an event is: JSON, text, or JSON where it can be read as that."""

_UNLABELLED: Final = ("", "application/octet-stream", "text/plain")
_EVENT_LINE: Final = re.compile(rb"\r\n|\n|\r")


class Streamed(Result):
    """A response of an operation that comes item by item; `type` is that of an item."""

    __slots__ = ("data", "envelope", "stream")

    stream: StreamKind
    data: Data
    envelope: bool
    """Whether an item is the event as a whole, an object with `event`, `data`, `id` and `retry`."""

    def __init__(
        self,
        declared: Any,
        status: str = "2XX",
        media: str = "text/event-stream",
        data: Data = "json",
        envelope: bool = False,
    ) -> None:
        super().__init__(declared, status, media)
        kind = stream_kind_of(media)
        assert kind is not None, media
        self.stream = kind
        self.kind = "text"  # no file, whatever it is written as
        self.data = data
        self.envelope = envelope

    def is_spoken(self, media: str) -> bool:
        """Tell whether an answer of a media type can be this stream."""
        name = bare(media)
        return stream_kind_of(name) == self.stream or (
            name in _UNLABELLED and not (name == "text/plain" and self.stream == "events")
        )

    def decode(self, content: Any, media: str, info: Any) -> Any:
        """Return the `Reading` of an answer whose first item has come.

        Raises:
            UnreadableBodyError: it is no such stream, or its first item cannot be read.
        """
        if not isinstance(content, Reading):
            raise UnreadableBodyError(
                f"it is {bare(media)!r:.80} and no stream of {self.media}: the method without "
                "`stream_` reads that",
                repeatable=False,
            )
        if not content.items and content.problem is not None:
            raise content.problem
        content.info = info
        return content


class Item(NamedTuple):
    """One item as it came."""

    wire: Any
    event: str | None
    last_event_id: str
    digits: Digits

    def __repr__(self) -> str:
        return f"Item(event={self.event!r})"


class Reading:
    """One answer on its way, a `molam_overlays.wire.Sink`: bytes go in, items come out."""

    def __init__(self, choose: Callable[[int, str], Result | None]) -> None:
        self._choose = choose
        self.begun = False
        """Whether the answer is such a stream."""
        self.result: Streamed | None = None
        self.items: deque[Item] = deque()
        self.problem: UnreadableBodyError | None = None
        """What is wrong with what follows the items."""
        self.done = False
        """Whether the API said itself that nothing follows."""
        self.retry: int | None = None
        self.info: Any = None
        self._parser: _Events | _Lines | _Sequence

    @property
    def ready(self) -> bool:
        """Whether there is something to tell without reading on."""
        return bool(self.items) or self.problem is not None or self.done

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Tell whether an answer is such a stream."""
        media = headers.get("content-type") or ""
        found = self._choose(status, media)
        if not isinstance(found, Streamed):
            return False
        self.begun = status in (204, 205) or found.is_spoken(media)
        self.result = found
        self._parser = _PARSERS[found.stream](self)
        return self.begun

    def write(self, part: bytes) -> None:
        """Take the next bytes, decompressed."""
        if self.problem is None and not self.done:
            try:
                self._parser.feed(part)
            except UnreadableBodyError as problem:
                self.problem = problem

    def end(self) -> None:
        """Take note that nothing follows."""
        if self.problem is None and not self.done:
            try:
                self._parser.end()
            except UnreadableBodyError as problem:
                self.problem = problem

    def add(self, data: bytes, event: Mapping[str, Any] | None = None, last_id: str = "") -> None:
        """Take the data of one whole item."""
        result = self.result
        assert result is not None
        if data.strip() == DONE and result.data != "text":
            self.done = True
            return
        wire, digits = _value(data, result.data)
        if event is not None and result.envelope:
            wire = {**event, "data": wire}
        self.items.append(
            Item(wire, None if event is None else event.get("event"), last_id, digits)
        )


def _value(data: bytes, kind: Data) -> tuple[Any, Digits]:
    if kind != "text":
        try:
            return read(data)
        except ValueError:
            if kind == "json":
                # No cause: a decoder's error holds the whole item.
                raise UnreadableBodyError("an item of it is not JSON") from None
    return data.decode("utf-8", "replace"), {}


class _Pieces:
    """Bytes cut anywhere, put together again between separators."""

    __slots__ = ("_parts", "_size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def whole(self, parts: list[bytes], before: int = 0) -> Iterator[bytes]:
        """Yield what is whole once `parts`, split at separators, have come; `before` counts too."""
        for part in parts[:-1]:
            self._take(part, before)
            yield self.rest()
        self._take(parts[-1], before)

    def _take(self, part: bytes, before: int) -> None:
        self._size += len(part)
        if self._size + before > ITEM_LIMIT:
            raise too_large()
        if part:
            self._parts.append(part)

    def rest(self) -> bytes:
        """Return what has come since the last separator."""
        parts, self._parts, self._size = self._parts, [], 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def peek(self) -> bytes:
        """Return the same and keep it."""
        whole = b"".join(self._parts)
        self._parts = [whole]
        return whole


def too_large() -> UnreadableBodyError:
    """Say that an item is larger than anybody keeps in memory."""
    return UnreadableBodyError(
        f"an item of it is larger than {ITEM_LIMIT} bytes, which is not read", repeatable=False
    )


def _broken_off() -> UnreadableBodyError:
    return UnreadableBodyError("it ended in the middle of an item")


class _Events:
    """Server-sent events."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._pieces = _Pieces()
        self._first = True
        self._after_return = False
        self._data: list[bytes] = []
        self._size = 0
        self._event: dict[str, Any] = {}
        self._last_id = ""

    def feed(self, part: bytes) -> None:
        if self._after_return and part[:1] == b"\n":
            part = part[1:]
            self._after_return = False
        if not part:
            return
        self._after_return = part[-1:] == b"\r"
        for line in self._pieces.whole(_EVENT_LINE.split(part), self._size):
            self._line(line)
            if self._reading.done:
                break

    def _line(self, line: bytes) -> None:
        if self._first:
            self._first = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            self._dispatch()
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._size += len(value) + 1
        elif name == b"event":
            self._event["event"] = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self._event["id"] = self._last_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) < 10:
            self._event["retry"] = self._reading.retry = int(value)

    def _dispatch(self) -> None:
        data, event = self._data, self._event
        self._data, self._size, self._event = [], 0, {}
        if data:
            if not event.get("event", True):
                del event["event"]
            self._reading.add(b"\n".join(data), event, self._last_id)

    def end(self) -> None:
        if self._pieces.peek():
            self._line(self._pieces.rest())
            if not self._is_done():
                raise _broken_off()
        # The standard forgets an event that no empty line ends. Here nothing is lost unsaid.
        if self._data and not self._is_done():
            raise _broken_off()
        self._reading.done = self._reading.done or self._is_done()

    def _is_done(self) -> bool:
        return self._data == [DONE]


class _Lines:
    """A JSON text a line; empty lines are passed over."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._pieces = _Pieces()

    def feed(self, part: bytes) -> None:
        for line in self._pieces.whole(part.split(b"\n")):
            self._line(line)
            if self._reading.done:
                break

    def _line(self, line: bytes) -> None:
        if line.strip():
            self._reading.add(line)

    def end(self) -> None:
        try:
            self._line(self._pieces.rest())
        except UnreadableBodyError:
            raise _broken_off() from None


class _Sequence:
    """JSON texts, each behind a record separator and with a line feed at its end."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._pieces = _Pieces()

    def feed(self, part: bytes) -> None:
        for text in self._pieces.whole(part.split(b"\x1e")):
            self._text(text)
            if self._reading.done:
                return
        if part[-1:] == b"\n":
            # Nothing else may come for long: what is whole is an item now.
            pending = self._pieces.peek()
            if pending.rstrip()[-1:] in (b"}", b"]", b'"'):
                try:
                    self._text(pending)
                except UnreadableBodyError:
                    return
                self._pieces.rest()

    def _text(self, text: bytes) -> None:
        if text.strip():
            self._reading.add(text)

    def end(self) -> None:
        try:
            self._text(self._pieces.rest())
        except UnreadableBodyError:
            raise _broken_off() from None


_PARSERS: Final[Mapping[StreamKind, Any]] = {
    "events": _Events,
    "lines": _Lines,
    "sequence": _Sequence,
}
