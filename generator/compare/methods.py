"""A method before and after."""

from __future__ import annotations

import re

from generator.understand.api import Operation


def shape(operation: Operation) -> str:
    """Return method and path; what a placeholder is called never travels."""
    return re.sub(r"\{[^}]*\}", "{}", operation.title)
