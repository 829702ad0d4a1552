"""Goes through schedules: every single fault, every pair, and at random, until something breaks."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from tests.simulation.catalogue import STORIES
from tests.simulation.kernel import Fault
from tests.simulation.run import Outcome, Story, play
from tests.simulation.schedules import ANYWHERE, at_dice, schedules, singles

BATCH = 60
"""Schedules that one seed stands for."""
ANYWHERE_KINDS = frozenset(kind for kind, _ in ANYWHERE)
SHORTEST = 5
"""Of so many stories every pair of faults is tried at night."""


class Found(NamedTuple):
    """A schedule under which an invariant breaks."""

    story: Story
    outcome: Outcome
    schedules: int
    """How many were played until it was found."""


class Count:
    """How many schedules were played, and how many faults happened in them."""

    def __init__(self) -> None:
        self.played = 0
        self.met = 0

    def play(self, story: Story, faults: tuple[Fault, ...]) -> Outcome:
        outcome = play(story, faults)
        self.played += 1
        self.met += bool(outcome.met)
        return outcome


SOONER = frozenset(
    [
        *(("kill", 0), ("switch", 0), ("signal", 1), ("signal after", 0), ("cancel", 0)),
        *(("day", 0), ("back", 0), ("lost", 0), ("reset", 0), ("refused", 0), ("page", 0)),
        *(("twice", 0), ("forged", 0), ("replayed", 0), ("full", 0), ("lost commit", 0)),
        *(("status", 0), ("cut", 0), ("unanswered", 0)),
    ]
)
"""One of each family: what breaks under one of its kind breaks under most."""


def all_singles(part: int = 0, parts: int = 1) -> Iterator[tuple[Story, tuple[Fault, ...]]]:
    """Yield each story without faults, then each single fault.

    Stories take turns, short and long ones alike, and one fault of each family comes first; the
    order is always the same. Of `parts` processes that share the work, `part` is this one's number.
    """
    plans: list[list[tuple[Story, Fault]]] = []
    for story in STORIES.values():
        if part == 0:
            yield story, ()
        if story.long:
            continue
        of_it = [(story, fault) for fault in singles(play(story).steps)]
        random.Random(20).shuffle(of_it)
        of_it.sort(key=lambda plan: (plan[1].kind, plan[1].arg) not in SOONER)
        plans.append(of_it)
    turns = itertools.chain.from_iterable(itertools.zip_longest(*plans))
    for number, plan in enumerate(plan for plan in turns if plan is not None):
        if number % parts == part:
            yield plan[0], (plan[1],)


def all_pairs(part: int = 0, parts: int = 1) -> Iterator[tuple[Story, tuple[Fault, ...]]]:
    """Yield every pair of faults of the shortest stories: the second one anywhere after the first."""
    lengths = {story.name: len(play(story).steps) for story in STORIES.values()}
    shortest = sorted(STORIES.values(), key=lambda story: lengths[story.name])[:SHORTEST]
    number = 0
    for story in shortest:
        for first in singles(play(story).steps):
            number += 1
            if number % parts != part:
                continue
            outcome = play(story, (first,))
            if not outcome.met:
                continue
            begun = next((at for at, step in enumerate(outcome.steps) if step.fault), 0)
            for second in singles(outcome.steps[begun:]):
                yield story, (first, second)


def mixed(part: int = 0, parts: int = 1) -> Iterator[tuple[Story, tuple[Fault, ...]]]:
    """Yield single faults, and now and then a handful of faults at random."""
    dice = random.Random(part)
    stories = list(STORIES.values())
    lengths = {story.name: len(play(story).steps) for story in stories}
    for number, plan in enumerate(all_singles(part, parts)):
        yield plan
        if number % 3 == 0:
            story = dice.choice(stories)
            yield story, at_dice(dice, lengths[story.name])
        if number % 12 == 0:
            story = dice.choice(stories)
            fault = at_a_line(story, dice)
            if fault is not None:
                yield story, (fault,)


def at_a_line(story: Story, dice: random.Random) -> Fault | None:
    """Let a signal handler raise between two lines of the product; None where no signal arrives."""
    lines = play(story, (Fault("nobody:line#0", "signal"),)).lines
    if not lines:
        return None
    process = dice.choice(sorted(lines))
    return Fault(f"{process}:line#{dice.randint(1, lines[process])}", "signal", dice.randint(0, 1))


def hunt(
    plans: Iterator[tuple[Story, tuple[Fault, ...]]], until: float, count: Count
) -> Found | None:
    """Play schedules until one breaks something, they end, or time is up (a `time.process_time`)."""
    for story, faults in plans:
        outcome = count.play(story, faults)
        if outcome.broken is not None:
            return Found(story, outcome, count.played)
        if time.process_time() > until:
            break
    return None


def batch(number: int, count: Count) -> Found | None:
    """Let Hypothesis draw a batch of schedules from a seed; what breaks, it shrinks."""
    names = sorted(STORIES)
    story = STORIES[names[number % len(names)]]
    longest = max(len([step for step in play(story).steps if step.address]), 1)
    found: list[tuple[Outcome, int]] = []

    @settings(
        max_examples=BATCH,
        database=None,
        deadline=None,
        derandomize=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @seed(number)
    @given(schedules(longest))
    def holds(faults: tuple[Fault, ...]) -> None:
        outcome = count.play(story, faults)
        if outcome.broken is not None:
            found.append((outcome, count.played))
            raise _BrokenError

    try:
        holds()
    except _BrokenError:
        return Found(story, named(found[-1][0]), found[0][1])
    return None


TWINS = (("payout", "payout, async"),)
WIRE = ("connect", "send", "answer")


def differences() -> Iterator[str]:
    """Play each fault of the wire with both clients; yield where they do not end alike."""
    for blocking, awaiting in TWINS:
        for fault in singles(play(STORIES[blocking]).steps):
            place = str(fault.at).partition(":")[2].partition("#")[0]
            if place not in WIRE or fault.kind in ANYWHERE_KINDS:
                continue
            one, other = (play(STORIES[name], (fault,)) for name in (blocking, awaiting))
            if one.end != other.end:
                yield f"{fault}: blocking {one.end}, async {other.end}"


class _BrokenError(Exception):
    """Tells Hypothesis that a schedule breaks something."""


def named(outcome: Outcome) -> Outcome:
    """Return the same failure by the addresses of its steps, which outlive a change of the code."""
    again = play(STORIES[outcome.story], outcome.met)
    return again if again.broken is not None else outcome


def at_random(first: int, step: int, until: float, count: Count) -> Found | None:
    """Play batch after batch until something breaks or time is up."""
    number = first
    while time.monotonic() < until:
        found = batch(number, count)
        if found is not None:
            return found
        number += step
    return None
