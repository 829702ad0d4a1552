"""Medians and spreads of repeated measurements, and ratios of two that were taken in turns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import attrs


@attrs.frozen
class Sample:
    """What repeated measurements of one thing came to."""

    median: float
    low: float
    """First quartile."""
    high: float
    """Third quartile."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Sample:
        """Summarise values, at least one.

        Raises:
            ValueError: there are none.
        """
        if not values:
            raise ValueError("A sample needs at least one value.")
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


def ratio(subject: Sequence[float], anchor: Sequence[float]) -> Sample:
    """Summarise subject to anchor, round by round: load that lasted a round cancels out.

    Raises:
        ValueError: they do not have as many rounds, or an anchor is not positive.
    """
    if len(subject) != len(anchor):
        raise ValueError(f"{len(subject)} rounds cannot be set against {len(anchor)}.")
    if any(value <= 0 for value in anchor):
        raise ValueError("An anchor that took no time is no anchor; make its rounds longer.")
    return Sample.of([mine / theirs for mine, theirs in zip(subject, anchor, strict=True)])


def difference(subject: Sequence[float], anchor: Sequence[float]) -> Sample:
    """Summarise what a subject has over the median of its anchor."""
    base = statistics.median(anchor)
    return Sample.of([value - base for value in subject])
