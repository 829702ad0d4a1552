"""What callers may hand in: keys, routes, seconds."""

from __future__ import annotations

import math


def check_key(key: str, route: str) -> None:
    """Refuse a key or route that could not be stored or looked up.

    Raises:
        ValueError: the key is not 1 to 255 printable characters, or the route holds control
            characters or is longer than 500.
    """
    if not _is_text(key, 255) or not key:
        raise ValueError("The idempotency key must be a string of 1 to 255 printable characters.")
    if not _is_text(route, 500):
        raise ValueError(
            "The route must be a string of at most 500 printable characters, such as "
            "'POST /checkout'."
        )


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and (value.isprintable() or not value)


def check_seconds(name: str, seconds: float, *, zero: bool = False) -> None:
    """Refuse a span that is not a positive, finite number of seconds."""
    if not math.isfinite(seconds) or seconds < 0 or (seconds == 0 and not zero):
        raise ValueError(f"{name} must be a {'' if zero else 'positive '}number of seconds.")


def check_crew(batch: int, concurrency: int, given: bool) -> None:
    """Refuse a batch of no events or of more than 1,000 (their lease is one), and workers without end."""
    if not 1 <= batch <= 1000:
        raise ValueError("batch must be 1 to 1000 events.")
    if not 1 <= concurrency <= 1000:
        raise ValueError("concurrency must be 1 to 1000 workers.")
    if given and concurrency > 1:
        raise ValueError("concurrency takes an inbox with a URL: one connection serves one worker.")


def failure_text(error: object) -> str | None:
    """Describe a failure for the row, without what its message may quote from a body."""
    if error is None or isinstance(error, str):
        return None if error is None else error[:500]
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
