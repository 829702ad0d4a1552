"""Constraints that became wider or narrower, in either dialect."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from generator.compare.rules import Verdict
from generator.compare.schemas.kinds import shown_value

_NUMERIC: Final = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)
CONSTRAINTS: Final[Mapping[str, frozenset[str]]] = {
    "string": frozenset({"minLength", "maxLength", "pattern"}),
    "integer": _NUMERIC,
    "number": _NUMERIC,
    "array": frozenset({"minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({"minProperties", "maxProperties"}),
    "map": frozenset({"minProperties", "maxProperties"}),
}
"""Kind to the keywords that constrain it; of others they say nothing."""


_LOWER: Final = {
    "minLength": "length",
    "minItems": "number of items",
    "minProperties": "number of keys",
}
_UPPER: Final = {
    "maxLength": "length",
    "maxItems": "number of items",
    "maxProperties": "number of keys",
}


_SIDES: Final = {"minimum": ("at least", "more than"), "maximum": ("at most", "less than")}


def _bound(facts: Mapping[str, Any], which: Literal["minimum", "maximum"]) -> tuple[float, bool]:
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


def changed_limits(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, Verdict, str]]:
    """Yield each constraint that changed: its rule, what it means for a sender, and in words."""
    for names, sign in ((_LOWER, 1), (_UPPER, -1)):
        for keyword, noun in names.items():
            default = 0 if sign == 1 else math.inf
            was, is_ = old.get(keyword, default), new.get(keyword, default)
            if was != is_:
                tighter = (is_ - was) * sign > 0
                side = "least" if sign == 1 else "most"
                yield (
                    "limit-tightened" if tighter else "limit-loosened",
                    "breaking" if tighter else "additive",
                    f"has a {noun} that is {_side(f'at {side}', is_)} now, "
                    f"{_side(f'at {side}', was)} before",
                )
    for which, sign in (("minimum", 1), ("maximum", -1)):
        was_bound, is_bound = _bound(old, which), _bound(new, which)  # type: ignore[arg-type]
        if was_bound != is_bound:
            tighter = (is_bound[0] - was_bound[0]) * sign > 0 or (
                is_bound[0] == was_bound[0] and is_bound[1]
            )
            at, beyond = _SIDES[which]
            yield (
                "limit-tightened" if tighter else "limit-loosened",
                "breaking" if tighter else "additive",
                f"is {_side(beyond if is_bound[1] else at, is_bound[0])} now, "
                f"{_side(beyond if was_bound[1] else at, was_bound[0])} before",
            )
    if old.get("pattern") != new.get("pattern"):
        pattern = new.get("pattern")
        yield (
            "pattern-removed" if pattern is None else "pattern-changed",
            "additive" if pattern is None else "breaking",
            "has no pattern any more"
            if pattern is None
            else f"must match {shown_value(pattern)} now",
        )
    was, is_ = old.get("multipleOf"), new.get("multipleOf")
    if was != is_:
        looser = is_ is None or (was is not None and math.isclose(was / is_ % 1, 0, abs_tol=1e-9))
        yield (
            "limit-loosened" if looser else "limit-tightened",
            "additive" if looser else "breaking",
            "need not be a multiple any more" if is_ is None else f"is a multiple of {is_} now",
        )
    was, is_ = bool(old.get("uniqueItems")), bool(new.get("uniqueItems"))
    if was != is_:
        yield (
            "limit-tightened" if is_ else "limit-loosened",
            "breaking" if is_ else "additive",
            "must not repeat items now" if is_ else "may repeat items",
        )


def _side(side: str, value: Any) -> str:
    return "unlimited" if value in (math.inf, -math.inf) else f"{side} {value}"
