"""A slice of the hunt for leaks, and proof that it would tell one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.chaos.leaks import ROOT, Count, leaks

FIRST = Count(20_000, 240_000, 50_000, 19, 2, 0, 0)


def test_nothing_piles_up_in_calls_that_fail_are_interrupted_and_cancelled() -> None:
    # In a process of its own: what other tests leave behind is none of its business.
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.leaks", "--calls", "480"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\ninterrupted: " in done.stdout
    assert "\nasync CancelledError: " in done.stdout


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("blocks", 16_000),
        ("kilobytes", 40_000),
        ("descriptors", 80),
        ("threads", 80),
        ("tasks", 1),
        ("slots", 1),
    ],
)
def test_what_has_grown_is_told(what: str, more: int) -> None:
    last = FIRST._replace(calls=100_000)
    assert leaks([FIRST, FIRST, last]) == []
    (told,) = leaks([FIRST, FIRST, last._replace(**{what: getattr(last, what) + more})])
    assert told.startswith(what)
