"""The page and the chart."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.figures import Budget, Figure
from benchmarks.spread import Sample

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="benchmarks need Python 3.11")

FIGURES = [
    Figure(name="sync-httpx", title="Sync call, CPU: httpx", sample=Sample(1, 1, 1)),
    Figure(name="sync-default", title="Sync call, CPU: MolamClient", sample=Sample(0.6, 0.5, 0.7)),
    Figure(name="sync-x", title="Sync call, CPU: a <b> & c", sample=Sample(2.0, 1.9, 2.1)),
    Figure(name="sync-gone", title="Sync call, CPU: gone", sample=None, note="no such package"),
]
BUDGETS = {"sync-default": Budget(most=0.7)}


def test_the_table_tells_budgets_spreads_and_what_could_not_be_measured() -> None:
    table = report.as_table(FIGURES, BUDGETS)
    assert "| Sync call, CPU: MolamClient | **0.60** | 0.50 to 0.70 | at most 0.7 | ok |" in table
    assert "| Sync call, CPU: gone | - |  | no such package |" in table


def test_the_chart_is_svg_with_a_bar_for_all_that_was_measured() -> None:
    root = ET.fromstring(report.chart(FIGURES))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "a <b> & c" in texts
    assert "gone" not in texts
    assert len(list(root.iter("{http://www.w3.org/2000/svg}rect"))) == 1 + 3


def test_recording_replaces_what_is_between_the_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, drawn = tmp_path / "benchmarks.md", tmp_path / "images" / "benchmarks.svg"
    page.write_text("Before.\n<!-- measured: begin -->old<!-- measured: end -->\nAfter.\n", "utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "CHART", drawn)
    monkeypatch.setattr(report, "circumstances", lambda rounds: f"- {rounds} rounds")
    report.record(FIGURES, BUDGETS, 3, report.as_profile({"h11": 3, "JSON": 1}))
    text = page.read_text("utf-8")
    assert text.startswith("Before.\n")
    assert text.endswith("\nAfter.\n")
    assert "old" not in text
    assert "| h11 | 75% |" in text
    assert drawn.exists()


def test_a_page_without_marks_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("Nothing here.\n", "utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    with pytest.raises(ValueError, match="lacks the marks"):
        report.record(FIGURES, BUDGETS, 3, "")
    assert page.read_text("utf-8") == "Nothing here.\n"
