"""Make the kit importable, and give what it emits a place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

_NUMBERS = count(1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where a package goes; nothing of it stays importable."""
    name = f"proved_{next(_NUMBERS)}"
    before = list(sys.path)
    yield tmp_path / name
    sys.path[:] = before
    for module in [m for m in sys.modules if m.partition(".")[0] == name]:
        del sys.modules[module]
