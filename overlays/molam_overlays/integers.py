"""What counts as an integer: whatever has ``__index__``, as numpy's have, and is no bool."""

from __future__ import annotations

import operator
from typing import Any


def whole(value: Any) -> int | None:
    """Return what an integer of any library counts, None unless it is one."""
    if isinstance(value, bool):
        return None
    try:
        return int(operator.index(value))
    except TypeError:
        return None
