"""Clock and randomness, from outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from random import random
from typing import (
    Final,
    NamedTuple,
)


class World(NamedTuple):
    """Clock and randomness, from outside."""

    monotonic: Callable[[], float]
    """Seconds that never jump."""
    now: Callable[[], datetime]
    """The time of day, aware."""
    random: Callable[[], float]
    """From 0 up to 1."""


def _now() -> datetime:
    return datetime.now(timezone.utc)


WORLD: Final = World(monotonic=time.monotonic, now=_now, random=random)
