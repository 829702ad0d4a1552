"""The sandbox's page in the documentation says what the code does, and its programs run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from molam_overlays.sandbox.control import CONTROLS
from molam_overlays.sandbox.fault_script import GUIDE, parse
from molam_overlays.sandbox.rehearsal import CHECKS, Check
from molam_overlays.sandbox.values import VALUES

TEXT = (Path(__file__).resolve().parents[2] / "docs/sandbox.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def rows() -> set[tuple[str, ...]]:
    return {
        tuple(cell.strip().replace("`", "") for cell in line.strip("|").split("|"))
        for line in TEXT.splitlines()
        if line.startswith("|")
    }


@pytest.mark.parametrize("value", VALUES, ids=lambda each: each.value)
def test_every_test_value_is_in_the_table(value: object) -> None:
    field, name, does = (getattr(value, each) for each in ("field", "value", "does"))
    assert (field, name, does) in rows()


@pytest.mark.parametrize(("written", "does"), GUIDE)
def test_every_fault_is_in_the_table_and_understood(written: str, does: str) -> None:
    assert (written, does) in rows()
    assert parse(written)


@pytest.mark.parametrize(("method", "path", "_", "does"), CONTROLS)
def test_every_control_is_in_the_table(method: str, path: str, _: str, does: str) -> None:
    assert (f"{method} {path}", does) in rows()


@pytest.mark.parametrize("check", CHECKS, ids=lambda each: each.name)
def test_every_check_of_a_rehearsal_is_in_the_table(check: Check) -> None:
    assert (check.name, check.right.replace("`", "")) in rows()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda text: text.strip().splitlines()[0][:50])
def test_the_programs_run(program: str) -> None:
    exec(compile(program, "docs/sandbox.md", "exec"), {"__name__": "docs"})


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 5
