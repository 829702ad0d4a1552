"""Budgets: how they are read, and when a figure keeps to its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.figures import Budget, Figure, load_budgets, shown, verdict
from benchmarks.spread import Sample

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="benchmarks need Python 3.11")


def figure(value: float | None, name: str = "sync-default") -> Figure:
    sample = None if value is None else Sample(value, value / 2, value * 2)
    return Figure(name=name, title="A call", sample=sample)


@pytest.mark.parametrize(
    ("budget", "value", "said"),
    [
        (Budget(most=0.7), 0.7, "ok"),
        (Budget(most=0.7), 0.71, "MISSED"),
        (Budget(least=5), 5, "ok"),
        (Budget(least=5), 4.99, "MISSED"),
        (Budget(most=0), 0, "ok"),
        (Budget(most=0), 1, "MISSED"),
        (Budget(most=0.7), None, "not measured"),
    ],
)
def test_the_median_is_held_to_the_budget(budget: Budget, value: float | None, said: str) -> None:
    assert verdict(figure(value), {"sync-default": budget}) == said


def test_a_figure_without_a_budget_has_no_verdict() -> None:
    assert verdict(figure(9.0, "sync-stripe"), {"sync-default": Budget(most=0.7)}) == ""


@pytest.mark.parametrize("bounds", ["", "most = 1\nleast = 1", "mots = 1"])
def test_a_budget_needs_exactly_one_bound(tmp_path: Path, bounds: str) -> None:
    path = tmp_path / "budgets.toml"
    path.write_text(f"[memory]\n{bounds}\n", "utf-8")
    with pytest.raises(ValueError, match=r"budgets\.toml: \[memory\] must set"):
        load_budgets(path)


def test_every_budget_of_ours_is_one_that_some_benchmark_measures() -> None:
    source = "\n".join(
        path.read_text("utf-8") for path in Path(__file__).parents[2].glob("benchmarks/*.py")
    )
    kinds = "sync async-50 async-500 cancel scale purge store events wake"
    prefixes = tuple(f"{kind}-" for kind in kinds.split())
    for name in load_budgets():
        assert name.startswith(prefixes) or f'"{name}"' in source, name


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.651, "x", "0.65"), (33.3, "x", "33.3"), (1234.5, "ms", "1,234 ms"), (50, "", "50")],
)
def test_a_value_shows_the_digits_that_mean_something(value: float, unit: str, text: str) -> None:
    assert shown(value, unit) == text
