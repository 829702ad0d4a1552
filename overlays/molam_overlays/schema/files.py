"""Files, and bytes that travel as such."""

from __future__ import annotations

import os
from typing import Any

from molam_overlays.annotations import at_home
from molam_overlays.schema.types import Problems, Type


class File:
    """A file to be sent: its bytes, and what is said about them."""

    __slots__ = ("content", "media", "name")

    content: bytes
    name: str | None
    """Its name for the server; the property's by default."""
    media: str | None
    """Its media type; what the document says by default."""

    def __init__(self, content: bytes, name: str | None = None, media: str | None = None) -> None:
        self.content = content
        self.name = name
        self.media = media

    def __repr__(self) -> str:
        return f"File(name={self.name!r}, media={self.media!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, File):
            return NotImplemented
        return (self.content, self.name, self.media) == (other.content, other.name, other.media)

    def __hash__(self) -> int:
        return hash((self.content, self.name, self.media))


at_home("molam_sdk.http", File)


class Binary(Type):
    """Bytes as they are: a file in a multipart body, an upload, a download."""

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if isinstance(value, File):
            if not _fits_in_a_header(value.media or ""):
                problems[at] = "must have a media type such as application/pdf"
            return value
        if isinstance(value, (bytes, bytearray, memoryview)):
            return File(bytes(value))
        read = getattr(value, "read", None)
        if callable(read):
            # All of it, and once: every attempt has to send the same bytes.
            content = read()
            if isinstance(content, bytes):
                name = getattr(value, "name", None)
                return File(content, os.path.basename(name) if isinstance(name, str) else None)
            problems[at] = "must be a file opened in binary mode"
            return None
        problems[at] = f"must be bytes, a File or a binary file, not {type(value).__name__}"
        return None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "binary"}

    def fit(self, wire: Any) -> float:
        return 1.0 if isinstance(wire, (bytes, File)) else 0.0


def _fits_in_a_header(text: str) -> bool:
    return text.isascii() and (text.isprintable() or not text)
