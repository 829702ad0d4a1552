"""Constraints that became wider or narrower, in either dialect."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from generator.compare.schemas.kinds import shown_value
from generator.compare.schemas.pair import Found, Pair, solid, told
from generator.compare.surface import Step
from generator.understand.keywords import Keyword, constraints

_Facts: TypeAlias = Mapping[str, Any]
_Said: TypeAlias = Iterator[tuple[str, str]]
"""Rules, and what there is to say."""

_SIDES: Final = {"minimum": ("at least", "more than"), "maximum": ("at most", "less than")}


def limits(step: Step, pair: Pair) -> Found:
    """Compare constraints, which hold for what is sent."""
    old, new = solid(step, pair)
    spoken = constraints(new.kind)
    names = {keyword.name for keyword in spoken}
    was, is_ = ({k: v for k, v in one.facts.items() if k in names} for one in (old, new))
    counts = partial(_counts, spoken)
    for compare in (counts, _bounds, _patterns, _multiples, _repetition):
        for rule, what in compare(was, is_):
            yield told(step, pair, rule, what)


def _limit(tighter: bool) -> str:
    return "limit-tightened" if tighter else "limit-loosened"


def _counts(spoken: Iterable[Keyword], old: _Facts, new: _Facts) -> _Said:
    for keyword in spoken:
        none, sign = (0, 1) if keyword.end == "least" else (math.inf, -1)
        was, is_ = old.get(keyword.name, none), new.get(keyword.name, none)
        if keyword.noun and was != is_:
            now, before = _side(f"at {keyword.end}", is_), _side(f"at {keyword.end}", was)
            what = f"has a {keyword.noun} that is {now} now, {before} before"
            yield _limit((is_ - was) * sign > 0), what


def _bounds(old: _Facts, new: _Facts) -> _Said:
    for which, sign in (("minimum", 1), ("maximum", -1)):
        (was, was_open), (is_, is_open) = _bound(old, which), _bound(new, which)
        if (was, was_open) != (is_, is_open):
            tighter = (is_ - was) * sign > 0 or (is_ == was and is_open)
            at, beyond = _SIDES[which]
            now, before = beyond if is_open else at, beyond if was_open else at
            yield _limit(tighter), f"is {_side(now, is_)} now, {_side(before, was)} before"


def _bound(facts: _Facts, which: str) -> tuple[float, bool]:
    """Return a bound of a number and whether it is itself excluded, in both dialects."""
    open_end = -math.inf if which == "minimum" else math.inf
    inclusive = facts.get(which)
    exclusive = facts.get("exclusive" + which.capitalize())
    if isinstance(exclusive, bool):
        return (open_end, False) if inclusive is None else (inclusive, exclusive)
    if exclusive is None:
        return (open_end, False) if inclusive is None else (inclusive, False)
    if inclusive is None:
        return exclusive, True
    tighter = max if which == "minimum" else min
    value = tighter(inclusive, exclusive)
    return value, value == exclusive


def _patterns(old: _Facts, new: _Facts) -> _Said:
    was, is_ = old.get("pattern"), new.get("pattern")
    if was != is_ and is_ is None:
        yield "pattern-removed", "has no pattern any more"
    elif was != is_:
        yield "pattern-changed", f"must match {shown_value(is_)} now"


def _multiples(old: _Facts, new: _Facts) -> _Said:
    was, is_ = old.get("multipleOf"), new.get("multipleOf")
    if was != is_:
        looser = is_ is None or (was is not None and math.isclose(was / is_ % 1, 0, abs_tol=1e-9))
        what = "need not be a multiple any more" if is_ is None else f"is a multiple of {is_} now"
        yield _limit(not looser), what


def _repetition(old: _Facts, new: _Facts) -> _Said:
    was, is_ = bool(old.get("uniqueItems")), bool(new.get("uniqueItems"))
    if was != is_:
        yield _limit(is_), "must not repeat items now" if is_ else "may repeat items"


def _side(side: str, value: Any) -> str:
    return "unlimited" if value in (math.inf, -math.inf) else f"{side} {value}"
