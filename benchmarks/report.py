"""Figures as text, as a page of the documentation, and as a chart."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from html import escape
from typing import Final

from benchmarks.environments import ROOT, UnavailableError, versions
from benchmarks.figures import Budget, Figure, shown, verdict

PAGE: Final = ROOT / "docs" / "benchmarks.md"
CHART: Final = ROOT / "docs" / "images" / "benchmarks.svg"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"


def as_text(figures: Sequence[Figure], budgets: dict[str, Budget]) -> str:
    """Return a table for the terminal."""
    lines = []
    for figure in figures:
        value, spread = _value(figure)
        bound = budgets.get(figure.name)
        lines.append(
            f"{figure.name:34} {value:>10} {spread:>16}  "
            f"{f'{bound}' if bound else '':>14} {verdict(figure, budgets):12} {figure.note}"
        )
    return "\n".join(lines)


def _value(figure: Figure) -> tuple[str, str]:
    sample = figure.sample
    if sample is None:
        return "-", ""
    if figure.unit == "" and sample.low == sample.high:
        return shown(sample.median, ""), ""
    low, high = (shown(bound, "x") for bound in (sample.low, sample.high))
    return shown(sample.median, figure.unit), f"{low} to {high}"


def as_table(figures: Sequence[Figure], budgets: dict[str, Budget]) -> str:
    """Return tables in Markdown: what has a budget, then what is there to compare with."""
    held = [figure for figure in figures if figure.name in budgets]
    others = [figure for figure in figures if figure.name not in budgets]
    lines = [
        "| figure | measured | quartiles | budget | | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for figure in held:
        value, spread = _value(figure)
        state = verdict(figure, budgets)
        bold = f"**{value}**" if state == "ok" else value
        lines.append(
            f"| {figure.title} | {bold} | {spread} | {budgets[figure.name]} | {state} "
            f"| {figure.note} |"
        )
    lines += [
        "",
        "To compare with:",
        "",
        "| figure | measured | quartiles | |",
        "| --- | --- | --- | --- |",
    ]
    for figure in others:
        value, spread = _value(figure)
        lines.append(f"| {figure.title} | {value} | {spread} | {figure.note} |")
    return "\n".join(lines)


def circumstances(rounds: int) -> str:
    """Return the machine, the load and the versions as a list in Markdown."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    lines = [
        f"- {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}; "
        f"load average {load:.1f} at the end.",
        f"- {rounds} rounds of each measurement, in turns with its anchor.",
    ]
    known: dict[str, str] = {}
    for name in ("sdk", "sdk-speed", "stripe", "openai", "openapi-python-client"):
        try:
            known |= versions(name)
        except UnavailableError:
            continue
    wanted = ("httpx", "httpcore", "h11", "attrs", "pyreqwest", "stripe", "requests", "openai",
              "openapi-python-client")  # fmt: skip
    named = ", ".join(f"{name} {known[name]}" for name in wanted if name in known)
    lines.append(f"- {named}.")
    return "\n".join(lines)


def as_profile(counts: dict[str, int]) -> str:
    """Return a profile as a table in Markdown, largest share first."""
    whole = sum(counts.values())
    lines = ["| where a default sync call spends its CPU time | share |", "| --- | --- |"]
    for place, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        lines.append(f"| {place} | {count / whole:.0%} |")
    return "\n".join(lines)


def record(
    figures: Sequence[Figure], budgets: dict[str, Budget], rounds: int, profile: str
) -> None:
    """Write the measured part of the page, and the chart."""
    text = PAGE.read_text("utf-8")
    before, found, rest = text.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not (found and ended):
        raise ValueError(f"{PAGE.name} lacks the marks {_BEGIN} and {_END}.")
    parts = (_BEGIN, as_table(figures, budgets), circumstances(rounds), profile, _END)
    PAGE.write_text(before + "\n\n".join(parts) + after, "utf-8")
    CHART.parent.mkdir(parents=True, exist_ok=True)
    CHART.write_text(chart(figures), "utf-8")


_BAR, _LEFT, _WIDTH, _SCALE = 22, 250, 760, 400
_GROUPS: Final = (
    ("CPU time of one blocking call, httpx.Client = 1. Shorter is better.", "sync-"),
    ("Async calls per second at 50, httpx.AsyncClient = 1. Longer is better.", "async-50-"),
)


def chart(figures: Sequence[Figure]) -> str:
    """Draw the calls of all contenders as bars (SVG)."""
    body: list[str] = []
    y = 8
    for title, prefix in _GROUPS:
        bars = [f for f in figures if f.name.startswith(prefix) and f.sample is not None]
        bars.sort(key=lambda f: f.sample.median if f.sample else 0.0)
        top = max((f.sample.median for f in bars if f.sample), default=1.0)
        y += 22
        body.append(f'<text x="10" y="{y}" font-weight="bold">{escape(title)}</text>')
        y += 10
        for figure in bars:
            assert figure.sample is not None
            width = max(1.0, figure.sample.median / top * _SCALE)
            label = escape(figure.title.partition(": ")[2])
            colour = "#2563eb" if "Molam" in figure.title else "#9ca3af"
            middle = y + _BAR - 7
            body += [
                f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end">{label}</text>',
                f'<rect x="{_LEFT}" y="{y + 2}" width="{width:.0f}" height="{_BAR - 5}" '
                f'fill="{colour}"/>',
                f'<text x="{_LEFT + width + 6:.0f}" y="{middle}">'
                f"{shown(figure.sample.median, 'x')}</text>",
            ]
            y += _BAR
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y + 12}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n"
    )
