"""What ``molam doctor`` says of one thing it looked at."""

from __future__ import annotations

import attrs


@attrs.frozen
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    """``ok``, ``warn`` or ``fail``."""
    detail: str
