"""schemathesis holds the sandbox to the document: every check, every phase, few examples.

``scripts/conformance`` is the same with as many examples as one likes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from molam_overlays.sandbox.document import METHODS

ROOT = Path(__file__).resolve().parents[2]


def test_schemathesis_finds_no_failure() -> None:
    ran = subprocess.run(
        [
            sys.executable,
            ROOT / "scripts/conformance",
            # The fourth, coverage, takes most of the time; `.ci/nightly` goes through all.
            "--phases=examples,fuzzing,stateful",
            "--max-examples=8",
            "--seed=20250116",
            "--no-color",
            "--no-shrink",
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-2000:]
    assert "Stateful" in ran.stdout
    document = json.loads((ROOT / "molam_sdk/openapi.json").read_bytes())
    operations = sum(method in METHODS for path in document["paths"].values() for method in path)
    assert f"{operations} selected / {operations} total" in ran.stdout
    assert "The sandbox failed" not in ran.stderr
