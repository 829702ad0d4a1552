"""Medians, quartiles and ratios of measurements taken in turns."""

from __future__ import annotations

import pytest

from benchmarks.spread import Sample, difference, ratio


def test_a_sample_is_the_median_between_its_quartiles() -> None:
    assert Sample.of([5, 1, 2, 4, 3]) == Sample(3, 2, 4)


def test_one_value_is_its_own_quartiles() -> None:
    assert Sample.of([7.5]) == Sample(7.5, 7.5, 7.5)


def test_no_values_are_no_sample() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        Sample.of([])


def test_load_that_slows_both_in_a_round_leaves_the_ratio_alone() -> None:
    anchor = [100.0, 100.0, 900.0, 300.0, 100.0]
    subject = [70.0, 70.0, 630.0, 210.0, 70.0]
    assert ratio(subject, anchor) == Sample(*[pytest.approx(0.7)] * 3)


def test_a_ratio_is_taken_round_by_round_and_not_of_the_medians() -> None:
    assert ratio([1.0, 20.0, 3.0], [1.0, 10.0, 1.0]).median == 2.0


def test_rounds_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(ValueError, match="2 rounds cannot be set against 3"):
        ratio([1.0, 2.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("nothing", [0.0, -1.0])
def test_an_anchor_without_time_is_refused(nothing: float) -> None:
    with pytest.raises(ValueError, match="took no time"):
        ratio([1.0], [nothing])


def test_a_difference_is_over_the_median_of_the_anchor() -> None:
    assert difference([110.0, 120.0, 130.0], [10.0, 20.0, 90.0]) == Sample(100.0, 95.0, 105.0)
