"""The clock: freeze, advance, never back."""

from __future__ import annotations

import pytest

from molam_overlays.sandbox.clock import Clock, parse_rfc3339, rfc3339


class Machine:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


def test_it_runs_with_the_machine() -> None:
    machine = Machine()
    clock = Clock(machine)
    machine.now += 5
    assert (clock.now_ms(), clock.ahead_ms, clock.frozen) == (1_000_005, 0, False)


def test_it_stands_still_and_runs_on_from_there() -> None:
    machine = Machine()
    clock = Clock(machine)
    clock.freeze()
    machine.now += 500
    assert (clock.now_ms(), clock.frozen) == (1_000_000, True)
    clock.thaw()
    machine.now += 7
    assert (clock.now_ms(), clock.ahead_ms) == (1_000_007, -500)


@pytest.mark.parametrize("frozen", [True, False])
def test_it_advances_frozen_or_not(frozen: bool) -> None:
    machine = Machine()
    clock = Clock(machine, frozen=frozen)
    clock.advance(60_000)
    assert clock.now_ms() == 1_060_000
    machine.now += 1
    assert clock.now_ms() == (1_060_000 if frozen else 1_060_001)


@pytest.mark.parametrize("ms", [-1, 10**18])
def test_it_never_goes_back_nor_past_the_calendar(ms: int) -> None:
    clock = Clock(Machine())
    with pytest.raises(ValueError, match="the clock"):
        clock.advance(ms)
    assert clock.now_ms() == 1_000_000


def test_times_are_written_and_read_as_rfc_3339() -> None:
    assert rfc3339(1_737_028_800_123) == "2025-01-16T12:00:00Z"
    assert parse_rfc3339("2025-01-16T13:00:00+01:00") == 1_737_028_800_000
    assert parse_rfc3339("2025-01-16t12:00:00z") == 1_737_028_800_000
    assert parse_rfc3339("2025-01-16T12:00:00.1234567Z") == 1_737_028_800_123
    assert parse_rfc3339("2025-01-16T12:00:00.5+00:00") == 1_737_028_800_500
    with pytest.raises(ValueError, match="offset"):
        parse_rfc3339("2025-01-16T12:00:00")
