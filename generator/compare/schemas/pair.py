"""One place in both documents, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import attrs

from generator.compare.changes import Change, change
from generator.compare.rules import Way
from generator.compare.surface import Step
from generator.read.position import Position
from generator.understand.schema import Schema


@attrs.frozen
class Pair:
    """A place in both documents."""

    subject: str
    """Its name in Python, in the new package, unless it is gone from there."""
    old: Schema
    new: Schema
    way: Way
    used_by: tuple[str, ...] = ()
    null: bool = True
    """Whether null is to be compared: an event, for one, is never null."""
    open: bool = False
    """Whether any text is a value beside those of the enum that stands here."""

    def inner(self, old: Schema, new: Schema, subject: str = "") -> Pair:
        """Return a place inside of this one, under its own name where it has none."""
        return Pair(subject or self.subject, old, new, self.way, self.used_by)


Found: TypeAlias = Iterator[Change | Pair]
"""What a comparer yields: what changed, and the places that are to be compared as well, at once."""


def told(
    step: Step,
    pair: Pair,
    rule: str,
    what: str,
    *,
    now: str = "",
    subject: str = "",
    position: Position | None = None,
) -> Change:
    """Return a change of a place, told of another `subject` or at another `position` if given."""
    return change(
        rule,
        subject or pair.subject,
        what,
        position or step.is_(pair.new.at),
        way=pair.way,
        now=now,
        used_by=pair.used_by,
    )


def solid(step: Step, pair: Pair) -> tuple[Schema, Schema]:
    """Return what stands at a place, references followed."""
    return step.old.schemas.solid(pair.old), step.new.schemas.solid(pair.new)
