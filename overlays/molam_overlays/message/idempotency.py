"""Idempotency keys: how one is made, and what one may look like.

A key goes with every POST and names the intent to do something once. It is made once a call,
before the first attempt, and kept for every attempt. It is not a secret.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator
from typing import Final

from molam_overlays.annotations import at_home
from molam_overlays.errors import ValidationError

KEY_HEADER: Final = "Idempotency-Key"
"""The header field that a key travels in."""
MAX_KEY_LENGTH = 128
"""Characters."""
REMEMBERED_SECONDS = 24 * 3600.0
"""How long the API remembers a key."""
_RANDOM_BYTES = 12


class Watch:
    """Which calls were made under one key, and which of them certainly did nothing."""

    __slots__ = ("begun", "harmless")

    def __init__(self) -> None:
        # Lists, because appending is atomic: the calls may run in any thread.
        self.begun: list[None] = []
        self.harmless: list[None] = []

    @property
    def nothing_done(self) -> bool:
        """True while every call that began has ended, and the API itself said that it did nothing."""
        return len(self.begun) == len(self.harmless)


_watched: dict[str, tuple[Watch, ...]] = {}


def _before_fork() -> None:
    # A child may make calls under the key, and nobody here learns what becomes of them.
    for watches in list(_watched.values()):
        for watch in watches:
            watch.begun.append(None)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(before=_before_fork)


@contextlib.contextmanager
def watching(key: str) -> Generator[Watch, None, None]:
    """Watch the calls of all clients of this process under a key, whichever thread makes them."""
    watch = Watch()
    _watched[key] = (*_watched.get(key, ()), watch)
    try:
        yield watch
    finally:
        rest = tuple(each for each in _watched.get(key, ()) if each is not watch)
        if rest:
            _watched[key] = rest
        else:
            _watched.pop(key, None)


def watches_of(key: str | None) -> tuple[Watch, ...]:
    """Return who watches a key; nobody as a rule."""
    return _watched.get(key, ()) if key is not None and _watched else ()


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000


def make_idempotency_key(
    provided: str | None = None,
    *,
    clock: Callable[[], int] = _unix_ms,
    randomness: Callable[[int], bytes] = os.urandom,
) -> str:
    """Return the key provided, or a new one: ``molam-<unix ms>-<24 random hex digits>``.

    Args:
        provided: the caller's own key, 1 to 128 printable ASCII characters, with no space at
            either end; None for a new one.
        clock: returns unix milliseconds.
        randomness: returns as many random bytes as it is asked for.

    Raises:
        ValueError: what was provided cannot be a key (a `ValidationError`).
    """
    if provided is not None:
        return check_idempotency_key(provided)
    return f"molam-{clock()}-{randomness(_RANDOM_BYTES).hex()}"


def check_idempotency_key(key: object) -> str:
    """Return the key if the API accepts it as one.

    Raises:
        ValueError: it does not (a `ValidationError`).
    """
    problem = idempotency_key_problem(key)
    if problem is not None:
        raise ValidationError({"idempotency_key": problem})
    assert isinstance(key, str)
    return key


def idempotency_key_problem(key: object) -> str | None:
    """Return what is wrong with a key, None if nothing is."""
    if not isinstance(key, str):
        return f"must be text of 1 to {MAX_KEY_LENGTH} characters, got {type(key).__name__}"
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        return f"must have 1 to {MAX_KEY_LENGTH} characters, has {len(key)}"
    if not (key.isascii() and key.isprintable()):
        return "must be printable ASCII characters only"
    if key[0] == " " or key[-1] == " ":
        # HTTP drops them from a header's value (RFC 9110 section 5.5): another key would arrive.
        return "must not begin or end with a space"
    return None


at_home("molam_sdk.utils.idempotency", make_idempotency_key, check_idempotency_key)
