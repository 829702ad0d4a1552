"""A slice of the simulation: every story in calm, some single faults, some at random, all found."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from tests.simulation import explore, proof, telling
from tests.simulation.catalogue import STORIES
from tests.simulation.kernel import Fault, Simulation
from tests.simulation.run import Outcome, Story, play

FOUND = sorted(telling.FOUND.glob("*.json"))
SINGLES = 240
"""Of more than ten thousand; `make simulate` plays all of them."""
SLICES = 4


def _check(outcome: Outcome) -> None:
    assert outcome.broken is None, telling.tell(STORIES[outcome.story], outcome)


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_well_when_nothing_goes_wrong_and_always_the_same(name: str) -> None:
    outcome = play(STORIES[name])
    _check(outcome)
    again = play(STORIES[name])
    assert again.steps == outcome.steps
    assert again.end == outcome.end


@pytest.mark.parametrize("part", range(SLICES))
def test_invariants_hold_under_single_faults(part: int) -> None:
    count = explore.Count()
    plans = itertools.islice(_faulty(explore.all_singles(part, SLICES)), SINGLES // SLICES)
    found = explore.hunt(plans, float("inf"), count)
    assert found is None, telling.tell(found.story, found.outcome)
    assert count.met > count.played / 2, "the faults do not happen: the test shows nothing"


def _faulty(plans: object) -> object:
    return (plan for plan in plans if plan[1])  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_once_stays_mended(path: Path) -> None:
    name, faults = telling.read_seed(json.loads(path.read_text(encoding="utf-8"))["seed"])
    _check(play(STORIES[name], faults))


@pytest.mark.parametrize(
    ("story", "faults"),
    [
        ("payout", (Fault("till:COMMIT#2", "signal after", 1),)),
        ("webhook, async", (Fault("handler:INSERT#1", "cancel", 1), Fault(40, "kill"))),
        ("pay", ()),
    ],
)
def test_a_seed_names_a_schedule_to_the_letter(story: str, faults: tuple[Fault, ...]) -> None:
    assert telling.read_seed(telling.seed_of(story, faults)) == (story, faults)
    assert play(STORIES[story], faults).steps == play(STORIES[story], faults).steps


def test_the_blocking_and_the_async_client_end_alike_under_the_same_faults_of_the_wire() -> None:
    differences = list(explore.differences())
    assert differences == []


def test_a_killed_process_leaves_what_it_committed_and_no_more() -> None:
    outcome = play(STORIES["payout"], (Fault("till:COMMIT#1", "kill"),))
    _check(outcome)
    assert outcome.end[2] == [], "it died before the commit"
    outcome = play(STORIES["payout"], (Fault("till:connect#1", "kill"),))
    _check(outcome)
    assert [place for place, _ in outcome.end[2]] == ["payouts"]


def test_a_broken_promise_is_told_as_a_story() -> None:
    def tell(shop: object) -> None:
        def till(worker: object) -> None:
            worker.rest(1.0)  # type: ignore[attr-defined]
            shop.books.means("payout", "p1", 0)  # type: ignore[attr-defined]
            shop.bank.effects["payout", "p1"] = 2  # type: ignore[attr-defined]
            shop.bank.changes += 1  # type: ignore[attr-defined]
            worker.rest(1.0)  # type: ignore[attr-defined]

        shop.worker("till", till)  # type: ignore[attr-defined]

    story = Story("a lie", tell, "A bank that pays by itself.")  # type: ignore[arg-type]
    outcome = play(story, (Fault("till:rests#1", "hour"),))
    assert outcome.broken == "payout p1: 2 times, and 0 was meant"
    told = telling.tell(story, outcome)
    assert "01:00:01" in told
    assert "till         rests for 1 s   <- hour" in told
    assert 'SEED="a lie; till:rests#1 hour"' in told


def test_whoever_waits_for_what_never_comes_is_found() -> None:
    simulation = Simulation()
    process = simulation.process("alone", 1)
    simulation.spawn(process, "alone", lambda: simulation.wait(None))
    with pytest.raises(Exception, match="nobody can go on: alone"):
        simulation.run()


@pytest.mark.parametrize("known", proof.KNOWN, ids=lambda known: known.number)
def test_a_known_fault_still_fits_the_text_that_it_is_put_back_into(known: proof.Known) -> None:
    for change in known.changes:
        path = proof.ROOT / "overlays" / f"{change.module.replace('.', '/')}.py"
        assert change.old in path.read_text(encoding="utf-8")
        assert change.old != change.new


@pytest.mark.parametrize("number", ["2b", "7"])
def test_a_known_fault_that_is_put_back_is_found(number: str) -> None:
    known = next(each for each in proof.KNOWN if each.number == number)
    told = proof.in_a_process(known, 120.0)
    assert told["found"], told
    assert told["missing"] == []
