"""Figures and the budgets they are held to."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks.spread import Sample

BUDGETS: Final = Path(__file__).with_name("budgets.toml")


@attrs.frozen(kw_only=True)
class Figure:
    """One number that was measured, or the reason why it was not."""

    name: str
    """As in the budget file."""
    title: str
    sample: Sample | None
    """None when it could not be measured; `note` says why."""
    unit: str = "x"
    """``x`` is a ratio to the anchor; else ms, s, MiB, or nothing for a count."""
    note: str = ""


@attrs.frozen
class Budget:
    """A bound on a figure."""

    most: float | None = None
    least: float | None = None

    def __attrs_post_init__(self) -> None:
        if (self.most is None) == (self.least is None):
            raise ValueError("A budget has either `most` or `least`.")

    def holds(self, value: float) -> bool:
        """Tell whether a value keeps to it."""
        return value <= self.most if self.most is not None else value >= (self.least or 0.0)

    def __str__(self) -> str:
        return f"at most {self.most:g}" if self.most is not None else f"at least {self.least:g}"


def load_budgets(path: Path = BUDGETS) -> dict[str, Budget]:
    """Read the budget file.

    Raises:
        ValueError: it is not TOML, or a figure does not have exactly one of ``most``, ``least``.
    """
    # Python 3.11 and newer; imported by name for the type checkers' sake, which look at 3.10.
    data: dict[str, Any] = import_module("tomllib").loads(path.read_text("utf-8"))
    budgets: dict[str, Budget] = {}
    for name, bounds in data.items():
        try:
            budgets[name] = Budget(**bounds)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path.name}: [{name}] must set `most` or `least`: {error}") from None
    return budgets


def verdict(figure: Figure, budgets: dict[str, Budget]) -> str:
    """Say how a figure stands: ``ok``, ``MISSED``, ``not measured``, or nothing without a budget."""
    budget = budgets.get(figure.name)
    if budget is None:
        return ""
    if figure.sample is None:
        return "not measured"
    return "ok" if budget.holds(figure.sample.median) else "MISSED"


def shown(value: float, unit: str) -> str:
    """Write a value with as many digits as mean something."""
    digits = 0 if value >= 100 or (unit == "" and value == int(value)) else 1 if value >= 10 else 2
    text = f"{value:,.{digits}f}"
    return f"{text} {unit}".strip() if unit != "x" else text
