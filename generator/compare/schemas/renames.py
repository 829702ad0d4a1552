"""What went and what came, paired where it is the same under another name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import TypeAlias

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


def _resemble(one: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio() >= 0.6
