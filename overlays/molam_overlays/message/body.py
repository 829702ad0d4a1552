"""Bodies by media type, out and in: JSON, forms, multipart, text and bytes.

The document names the media types that an operation takes and gives; these are the rules for each.
Forms follow OpenAPI 3.1 ("Encoding Object") and, for what it leaves open, the brackets that
servers of payment companies read (``card[number]=…``). Multipart follows RFC 7578.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from molam_overlays.message.media import JSON, Kind, bare, kind_of
from molam_overlays.message.parameters import Parameter, Style
from molam_overlays.message.styles import query_pairs, scalar_text
from molam_overlays.schema.digits import NOWHERE, Origin, origin_of
from molam_overlays.schema.files import File
from molam_overlays.schema.jsontext import dumps, read
from molam_overlays.schema.types import Problems, Type, type_of


class UnreadableBodyError(Exception):
    """A response body is not what was announced. Stays inside the runtime."""

    def __init__(self, what: str, *, repeatable: bool = True) -> None:
        super().__init__(what)
        self.repeatable = repeatable
        """Whether another attempt may bring what was announced."""


def is_file(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer says of itself that it is a file; a page of a proxy's is none."""
    media = bare(headers.get("content-type") or "")
    if not media or kind_of(media) == "json":
        return False
    attached = bare(headers.get("content-disposition") or "") == "attachment"
    return attached or media not in ("text/html", "application/xhtml+xml")


class Encoding(NamedTuple):
    """How one property of a form or multipart body is written."""

    media: str | None = None
    """The media type of its part."""
    headers: Mapping[str, str] = MappingProxyType({})
    """More header fields of its part."""
    style: Style | None = None
    explode: bool | None = None
    allow_reserved: bool = False


_PLAIN: Final = Encoding()


class Encoded(NamedTuple):
    """A body that is ready to leave."""

    content: bytes
    media: str
    """The value of ``Content-Type``."""
    json: Any = None
    """The same as plain JSON data; None for what is not JSON."""
    data: Any = None
    """The same as data, whatever the media type."""

    def __repr__(self) -> str:
        return f"Encoded(media={self.media!r})"  # a body is not for showing


class Body:
    """One media type an operation takes."""

    __slots__ = ("encoding", "media", "required", "type")

    encoding: Mapping[str, Encoding]
    """How properties of a form or multipart body are written, by wire name."""

    def __init__(
        self,
        declared: Any,
        media: str = JSON,
        required: bool = True,
        encoding: Mapping[str, Encoding] | None = None,
    ) -> None:
        self.type = type_of(declared)
        self.media = media
        self.required = required
        self.encoding = encoding or {}

    def encode(self, value: Any, problems: Problems) -> Encoded | None:
        """Check a value and write it; note what is wrong under its path."""
        data = self.type.encode(value, "", problems)
        if problems:
            return None
        kind = kind_of(self.media)
        if kind == "json":
            return Encoded(dumps(data), JSON if self.media == "*/*" else self.media, data, data)
        if kind == "form":
            return Encoded(self._form(data, problems), self.media, None, data)
        if kind == "multipart":
            # RFC 2046 section 5.1.1: a multipart body has a part at least.
            return self._multipart(data, problems) if data or self.required else None
        if isinstance(data, File):
            return Encoded(data.content, data.media or self.media)
        return Encoded(scalar_text(data).encode(), self.media)

    def _form(self, data: Any, problems: Problems) -> bytes:
        pieces: list[str] = []
        for name, value in _properties(data, problems):
            rule = self.encoding.get(name, _PLAIN)
            nested = isinstance(value, dict) or (
                isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
            )
            if rule.style is None and rule.explode is None and rule.media is None and nested:
                pieces.extend(_brackets(name, value))
                continue
            style: Style = rule.style or "form"
            parameter = Parameter(
                name,
                "query",
                AS_IT_IS,
                style=style,
                explode=style == "form" if rule.explode is None else rule.explode,
                allow_reserved=rule.allow_reserved,
                json=rule.media is not None and kind_of(rule.media) == "json",
            )
            pieces.extend(query_pairs(parameter, value))
        return "&".join(pieces).encode("ascii")

    def _multipart(self, data: Any, problems: Problems) -> Encoded:
        boundary = os.urandom(16).hex()
        parts: list[bytes] = []
        for name, value in _properties(data, problems):
            rule = self.encoding.get(name, _PLAIN)
            for item in value if isinstance(value, list) else [value]:
                parts.append(_part(name, item, rule))
        content = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
        content += b"--%s--\r\n" % boundary.encode()
        return Encoded(content, f"{self.media}; boundary={boundary}", None, data)


class _AsItIs(Type):
    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        return value


AS_IT_IS: Final = _AsItIs()
"""For values that another type has already encoded."""


def _properties(data: Any, problems: Problems) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        yield from data.items()
    else:
        problems["body"] = "must be an object (dict) to be sent as a form"


def _brackets(name: str, value: Any) -> Iterator[str]:
    yield from query_pairs(
        Parameter(name, "query", AS_IT_IS, style="deepObject", explode=True), value
    )


def _part(name: str, value: Any, rule: Encoding) -> bytes:
    disposition = f'form-data; name="{_quoted(name)}"'
    media = rule.media.partition(",")[0].strip() if rule.media else None
    if isinstance(value, File):
        disposition += f'; filename="{_quoted(value.name or name)}"'
        media = value.media or media or "application/octet-stream"
        content = value.content
    elif isinstance(value, (dict, list)) or (media is not None and kind_of(media) == "json"):
        media = media or JSON
        content = dumps(value)
    else:
        content = scalar_text(value).encode()
    lines = [f"Content-Disposition: {disposition}"]
    if media is not None:
        lines.append(f"Content-Type: {media}")
    lines += [f"{field}: {text}" for field, text in rule.headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def _quoted(text: str) -> str:
    # As browsers do it (HTML, "multipart/form-data encoding algorithm").
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


class Result:
    """What one response of an operation holds."""

    __slots__ = ("kind", "media", "status", "type")

    type: Type | None
    """The type of its body; None for no body."""
    status: str
    """The status it comes with: exact, a range such as ``2XX``, or ``default``."""
    media: str
    """Its media type, or a range such as ``image/*``."""
    kind: Kind

    def __init__(self, declared: Any, status: str = "2XX", media: str = JSON) -> None:
        self.type = None if declared is None else type_of(declared)
        self.status = status
        self.media = media
        self.kind = kind_of(media)

    def matches(self, status: int) -> int:
        """Return how exactly this result fits a status: 3 exact, 2 range, 1 default, 0 not."""
        if self.status == str(status):
            return 3
        if self.status[1:].upper() == "XX" and self.status[:1] == str(status)[:1]:
            return 2
        return 1 if self.status == "default" else 0

    def speaks(self, media: str) -> int:
        """Return how exactly this result fits a media type: 3 exact, 2 kin, 1 any, 0 not."""
        mine, theirs = bare(self.media), bare(media)
        if mine == theirs:
            return 3
        main, _, sub = mine.partition("/")
        if (sub == "*" and main == theirs.partition("/")[0]) or (
            self.kind == "json" and kind_of(theirs) == "json" and theirs != "*/*"
        ):
            return 2
        return 1 if mine == "*/*" else 0

    def decode(self, content: bytes, media: str, info: Any) -> Any:
        """Return the value of a body.

        Raises:
            UnreadableBodyError: it is not what was announced.
        """
        if self.type is None:
            return None
        return _READERS[self.kind](self.type, content, media, info)


def _read_json(declared: Type, content: bytes, media: str, info: Any) -> Any:
    try:
        data, digits = read(content)
    except ValueError:
        # No cause: a decoder's error holds the whole body.
        raise UnreadableBodyError("the body is not JSON") from None
    if not declared.resembles(data):
        raise UnreadableBodyError("the body is JSON, but not of the announced shape")
    return declared.decode(data, origin_of(info, digits))


def _read_text(declared: Type, content: bytes, media: str, info: Any) -> Any:
    charset = "utf-8"
    for parameter in media.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"')
    try:
        text = content.decode(charset, "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    return declared.decode(text, Origin(info, NOWHERE.digits))


def _read_bytes(declared: Type, content: bytes, media: str, info: Any) -> Any:
    return content


_READERS: Final[Mapping[Kind, Callable[[Type, bytes, str, Any], Any]]] = {
    "json": _read_json,
    "form": _read_text,
    "multipart": _read_bytes,
    "text": _read_text,
    "bytes": _read_bytes,
}
