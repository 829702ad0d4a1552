"""What went and what came, paired where it is the same under another name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import TypeAlias

from generator.compare.schemas.kinds import NAMED, python_type
from generator.compare.surface import Step
from generator.understand.schema import Schema

_Alike: TypeAlias = Callable[[str, str], bool]


def renames(
    gone: Sequence[str],
    come: Sequence[str],
    *,
    alike: _Alike,
    same: _Alike = lambda was, now: False,
) -> dict[str, str]:
    """Pair names that went with names that came, where one clearly became the other.

    Args:
        gone: the names that went.
        come: the names that came.
        alike: whether two things could be one; then their names have to resemble each other.
        same: whether two things are the same in all but name.
    """
    found: dict[str, str] = {}
    for was in gone:
        left = [now for now in come if now not in found.values()]
        certain = [now for now in left if same(was, now)]
        close = [now for now in left if alike(was, now) and _resemble(was, now)]
        for candidates in (certain, close):
            if len(candidates) == 1:
                found[was] = candidates[0]
                break
    return found


def alike(step: Step, old: Schema, new: Schema) -> bool:
    """Return whether two schemas could be one property under two names."""
    one, other = step.old.schemas.solid(old), step.new.schemas.solid(new)
    if one.kind != other.kind or python_type(one) != python_type(other):
        return False
    return one.kind not in NAMED or step.old.name(old) == step.new.name(new)


def same(old: Schema, new: Schema) -> bool:
    """Return whether two schemas say the very same."""
    one = (old.kind, old.target, old.nullable, repr(old.facts), repr(old.values))
    return one == (new.kind, new.target, new.nullable, repr(new.facts), repr(new.values))


def _resemble(one: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio() >= 0.6
