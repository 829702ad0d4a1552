"""The schema of what fits every part of an allOf."""

from __future__ import annotations

from typing import Final

DEEPEST: Final = 8
"""How many classes deep inheritance goes before an object is written out flat."""
