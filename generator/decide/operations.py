"""One file of `api/`: for each operation its constant, function and method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.decide.prose import (
    sentence,
)
from generator.text.markdown import readable


def described_tag(tag: Mapping[str, Any] | None) -> str:
    """Return what the document says about a tag."""
    said = tag.get("description") if tag else None
    return sentence(readable(str(said))) if said else ""
