"""axe-core, which judges whether people can use a page; `scripts/axe` fetches it for the tests."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@cache
def axe_source() -> str:
    """Return its source, fetched at the first time; skips where it cannot be had."""
    ran = subprocess.run([ROOT / "scripts/axe"], capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"axe-core cannot be had here: {ran.stderr.strip()[-200:]}")
    return Path(ran.stdout.strip()).read_text("utf-8")
