"""Media types: how each travels, and which of several is emitted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from generator.understand.api import Media

JSON: Final = "application/json"

Kind: TypeAlias = Literal["json", "form", "multipart", "text", "bytes"]

_XML: Final = re.compile(r"(?:application|text)/(?:[\w.+-]+\+)?xml")


def bare(media: str) -> str:
    """Return a media type in lower case, without its parameters."""
    return media.partition(";")[0].strip().lower()


def kind_of(media: str) -> Kind:
    """Tell how a media type is written and read in the runtime as well."""
    name = bare(media)
    if name in (JSON, "text/json", "*/*") or name.endswith("+json"):
        return "json"
    if name == "application/x-www-form-urlencoded":
        return "form"
    if name.startswith("multipart/"):
        return "multipart"
    return "text" if name.startswith("text/") else "bytes"


def emitted(medias: Sequence[Media], has_parts: Callable[[Media], bool]) -> list[Media]:
    """Return the media types that are emitted, the preferred one first.

    JSON comes first. XML beside JSON is the same thing said twice, and is left to others; so is
    text that has parts, as frameworks list it beside JSON.

    Args:
        has_parts: tells whether a media type's schema is an object, a list or a union of such.
    """
    kinds = {kind_of(media.media) for media in medias}

    def said_twice(media: Media) -> bool:
        if _XML.fullmatch(bare(media.media)):
            return True
        return kind_of(media.media) == "text" and has_parts(media)

    kept = [media for media in medias if not ("json" in kinds and said_twice(media))]
    return sorted(kept, key=lambda media: kind_of(media.media) != "json")
