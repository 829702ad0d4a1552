"""Media kinds: how each is written and how it is read."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, TypeAlias

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

Kind: TypeAlias = Literal["json", "form", "multipart", "text", "bytes"]
StreamKind: TypeAlias = Literal["events", "lines", "sequence"]

STREAMS: Final[dict[str, StreamKind]] = {
    "text/event-stream": "events",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
    "application/x-jsonl": "lines",
    "application/jsonlines": "lines",
    "application/x-jsonlines": "lines",
    "application/json-lines": "lines",
    "application/json-seq": "sequence",
}


def bare(media: str) -> str:
    """Return a media type in lower case, without its parameters."""
    return media.partition(";")[0].strip().lower()


@lru_cache(maxsize=64)
def kind_of(media: str) -> Kind:
    """Tell how a media type is written and read."""
    name = bare(media)
    if name in (JSON, "text/json", "*/*") or name.endswith("+json"):
        return "json"
    if name == FORM:
        return "form"
    if name.startswith("multipart/"):
        return "multipart"
    return "text" if name.startswith("text/") else "bytes"


def stream_kind_of(media: str) -> StreamKind | None:
    """Tell how an answer of a media type comes item by item; None where it comes whole."""
    name = bare(media)
    return "sequence" if name.endswith("+json-seq") else STREAMS.get(name)
