"""Where each named schema lives: its module, its name, its constant."""

from __future__ import annotations

import attrs


@attrs.frozen
class Home:
    """Where a named schema lives in the emitted package."""

    module: str
    """The full name of its module."""
    name: str
    """The class, or the alias of the annotation."""
    constant: str
    """The constant that holds its type; for a class the class itself."""
