"""A value that is made once, by whichever thread needs it first, while the others wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar
from weakref import ref

T = TypeVar("T")

_LOOK_AFTER: Final = 0.005
"""Seconds between two looks of one who waits."""


class _Claim:
    """Held by the call that makes the value; it dies with it."""

    __slots__ = ("__weakref__",)


class Once(Generic[T]):
    """Make a value on first use.

    There is no lock, which a signal handler's exception or a fork could leave held: whoever makes
    the value holds a claim, and a claim whose holder is gone is void.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None
        self._claims: dict[str, ref[_Claim]] = {}

    def get(self, patience: float) -> T | None:
        """Return the value; None when another thread is still making it after so many seconds."""
        if self._made is not None:
            return self._made
        deadline = time.monotonic() + patience
        claim = _Claim()
        mine = ref(claim)
        while self._made is None:
            holder = self._claims.setdefault("", mine)
            if holder is mine:
                self._made = self._make()
            elif holder() is None:
                self._claims.pop("", None)
            elif time.monotonic() >= deadline:
                return None
            else:
                time.sleep(_LOOK_AFTER)
        return self._made

    def forget_inherited(self) -> None:
        """Void the claim of a thread that a fork has left behind in the parent."""
        self._claims.clear()
