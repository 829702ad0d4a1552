"""A thousand orders under random faults, and a fleet at a failing server."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import anyio
import pytest

from benchmarks.random_faults import arun, run
from benchmarks.retry_storm import simulate


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_no_order_is_charged_twice_or_lost_and_every_unknown_is_named(
    seed: int, asynchronous: bool
) -> None:
    outcome = anyio.run(arun, 1000, seed) if asynchronous else run(1000, seed)
    assert outcome.twice == []
    assert outcome.lost == []
    assert outcome.unnamed == []
    assert outcome.paid + outcome.refused + outcome.unknown == 1000
    assert outcome.unknown > 10, "the faults do not reach the caller: the test shows nothing"
    assert outcome.settled == outcome.unknown


def test_the_experiment_notices_a_double_charge() -> None:
    from benchmarks import random_faults

    class Forgetful(random_faults.Bank):
        def _answer(self, key: str, body: object) -> tuple[int, str, dict[str, str]]:
            self.answers.clear()
            return super()._answer(key, body)

    original = random_faults.Bank
    random_faults.Bank = Forgetful  # type: ignore[misc]
    try:
        assert run(200, 1).twice != []
    finally:
        random_faults.Bank = original  # type: ignore[misc]


def test_a_quota_keeps_a_fleet_from_becoming_a_retry_storm() -> None:
    span = {"clients": 10, "seconds": 300, "failed_at": 20, "recovered_at": 260}
    before, after = simulate(quota=False, **span), simulate(quota=True, **span)
    healthy = 10.0
    assert before.rate(5, 20) == after.rate(5, 20) == healthy
    assert before.rate(100, 260) == pytest.approx(4 * healthy, rel=0.02)
    assert after.rate(100, 260) == pytest.approx(healthy, rel=0.02)
    assert after.rate(262, 300) == pytest.approx(healthy, rel=0.02)
