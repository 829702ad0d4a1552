"""What can go wrong where: every fault of one step, and schedules drawn by Hypothesis."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import strategies as st

from tests.simulation import disk, postman, wire
from tests.simulation.kernel import Fault, Step

SQL = ("BEGIN", "COMMIT", "INSERT", "UPDATE", "DELETE", "SELECT")

ANYWHERE: tuple[tuple[str, int], ...] = (
    *(("kill", 0), ("switch", 0), ("switch", 1), ("signal", 0), ("signal", 1)),
    *(("signal after", 0), ("signal after", 1), ("cancel", 0), ("cancel", 1)),
    *(("hour", 0), ("day", 0), ("back", 0), ("back", 1), ("rotate", 0), ("close", 0)),
)
ALWAYS = frozenset({"hour", "day", "back", "rotate"})
PAGES = 8
STATUSES = 5


def menu(step: Step) -> Iterator[tuple[str, int]]:
    """Yield kinds and arguments of what can go wrong at a step."""
    for kind, arg in ANYWHERE:
        name = f"switch {arg}" if kind == "switch" else kind
        if kind in ALWAYS or name in step.can:
            yield kind, arg
    yield from _OWN.get(step.place, ())


def _own() -> dict[str, tuple[tuple[str, int], ...]]:
    pages = tuple(("page", arg) for arg in range(PAGES))
    statuses = tuple(("status", arg) for arg in range(STATUSES))
    simple = [("full", 0), ("io error", 0), ("busy", 0)]
    own: dict[str, tuple[tuple[str, int], ...]] = {
        "connect": (("refused", 0), *pages),
        "send": (
            *(("lost", 0), ("reset", 0), ("late", 0), ("late", 1), ("twice", 0), ("slow", 0)),
            *statuses,
        ),
        "answer": (("lost", 0), ("reset", 0), ("cut", 0), *pages, *statuses),
        "post": tuple((kind, 0) for kind in sorted(postman.POST)),
        "open": (("refused", 0),),
        **{verb: tuple(simple) for verb in SQL},
    }
    own["COMMIT"] = (*simple, ("lost commit", 0))
    return own


_OWN = _own()


def singles(steps: tuple[Step, ...]) -> Iterator[Fault]:
    """Yield every single fault at every step of a run."""
    for step in steps:
        if step.address:
            for kind, arg in menu(step):
                yield Fault(step.address, kind, arg)


KINDS: tuple[tuple[str, int], ...] = (
    *ANYWHERE,
    *(("switch", arg) for arg in range(2, 4)),
    *(("close", 1), ("cancel", 2)),
    *((kind, 0) for kind in ("refused", "lost", "reset", "cut", "twice", "slow", "late")),
    *(("late", 1), ("full", 0), ("io error", 0), ("busy", 0), ("lost commit", 0)),
    *(("unanswered", 0), ("forged", 0), ("replayed", 0)),
    *(("page", arg) for arg in range(len(wire.PAGES))),
    *(("status", arg) for arg in range(len(wire.STATUSES))),
)
"""All that can go wrong; what does not fit its step does not happen."""


def at_dice(dice: random.Random, longest: int, most: int = 4) -> tuple[Fault, ...]:
    """Draw some faults without Hypothesis, where nothing is to be shrunk."""
    number = dice.randint(2, most)
    faults = {Fault(dice.randint(1, longest), *dice.choice(KINDS)) for _ in range(number)}
    return tuple(sorted(faults))  # type: ignore[type-var]


def schedules(longest: int, most: int = 6) -> st.SearchStrategy[tuple[Fault, ...]]:
    """Draw some faults at steps of a run that is so long without any."""
    fault = st.builds(
        lambda at, what: Fault(at, *what), st.integers(1, longest), st.sampled_from(KINDS)
    )
    return st.lists(fault, min_size=1, max_size=most).map(
        lambda faults: tuple(sorted(set(faults)))  # type: ignore[type-var]
    )


__all__ = ["ANYWHERE", "KINDS", "disk", "menu", "schedules", "singles"]
