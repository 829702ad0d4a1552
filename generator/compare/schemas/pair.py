"""One place in both documents, and the way its values travel."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import attrs

from generator.understand.schema import Schema

Way: TypeAlias = Literal["sent", "received"]

CLASSES: Final = frozenset({"object", "union", "enum"})
"""Kinds whose names users import."""


@attrs.frozen
class Pair:
    """A place in both documents."""

    subject: str
    """Its name in Python, in the new package, unless it is gone from there."""
    old: Schema
    new: Schema
    way: Way
    used_by: tuple[str, ...]
    argument: bool = False
    """Whether it is an argument of a method, whose absence and default the signature tells."""
