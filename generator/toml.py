"""TOML files, read. The standard library has a reader from Python 3.11 on, as the generator."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def read(path: Path) -> dict[str, Any]:
    """Return the data of a TOML file."""
    # Imported by name: type checkers look at the repository as Python 3.10 does.
    reader: Any = import_module("tomllib")
    data: dict[str, Any] = reader.loads(path.read_text(encoding="utf-8"))
    return data
