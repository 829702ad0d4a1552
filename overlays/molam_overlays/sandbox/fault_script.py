"""Fault scripts: what shall go wrong, in order.

A script is a list of steps with commas between them, one for each request it meets. A step is a
few words, such as ``status=503 retry_after=2``; `GUIDE` lists them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import attrs

HEADER: Final = "Molam-Sandbox-Fault"
WEBHOOK_KINDS: Final = ("duplicate", "reorder", "delay", "drop", "stale", "bad_signature")
LONGEST_SECONDS: Final = 600.0


GUIDE: Final[tuple[tuple[str, str], ...]] = (
    ("ok", "nothing goes wrong"),
    ("status=503 retry_after=2", "answer so and do nothing; code=NAME names the error code"),
    ("status=500 after", "do the work, then answer so"),
    ("latency=1.5", "wait so many seconds first; the idempotency key is in flight meanwhile"),
    ("reset=before", "reset the connection, nothing done"),
    ("reset=after", "do the work, then reset the connection: the response is lost"),
    ("lost_response", "another name for reset=after"),
    ("close=before, close=after", "the same with an orderly close"),
    ("truncate, truncate=20", "do the work, send half the body or so many bytes, then close"),
    ("garbage", "do the work, answer 200 with HTML"),
    ("garbage=http", "do the work, send bytes that are not HTTP"),
    ("drip=3", "do the work, spread the body over so many seconds"),
    ("webhook=duplicate", "the event arrives twice, with one id"),
    ("webhook=reorder", "the event arrives after the next one, or after a minute"),
    ("webhook=delay seconds=90", "the event arrives so much later; 60 s by default"),
    ("webhook=drop", "the event does not arrive; the page can resend it"),
    ("webhook=stale", "signed ten minutes ago; the next attempt is right"),
    ("webhook=bad_signature", "signed with another secret; the next attempt is right"),
)
"""What can be written, and what it does: shown on the page and in ``docs/sandbox.md``."""


class FaultError(ValueError):
    """A script is not understood; says which word, and what was expected."""


@attrs.frozen
class Step:
    """What goes wrong with one request, or with its events."""

    status: int | None = None
    code: str | None = None
    retry_after: str | None = None
    after: bool = False
    latency: float = 0.0
    hangup: str | None = None
    """``reset`` or ``close``."""
    truncate: int | None = None
    """Bytes of the body to send; -1 for half."""
    garbage: str | None = None
    """``html`` or ``http``."""
    drip: float = 0.0
    webhook: str | None = None
    seconds: float = 60.0
    """How long ``webhook=delay`` holds an event back."""
    text: str = "ok"
    """The step as it was written."""


def parse(script: str) -> list[Step]:
    """Read a script.

    Raises:
        FaultError: a word is not understood.
    """
    if len(script) > 2000:
        raise FaultError("The fault script is over 2000 characters.")
    return [_step(text) for text in script.split(",") if text.strip()]


def _step(text: str) -> Step:
    told: dict[str, Any] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        reader = _WORDS.get(name.replace("-", "_").lower())
        if reader is None:
            known = ", ".join(_WORDS)
            raise FaultError(f"Unknown fault {name[:40]!r}. Known words: {known}.")
        try:
            told.update(reader(value if equals else None))
        except (ValueError, TypeError):
            raise FaultError(f"{word[:60]!r} is not understood: {_EXPECTED[name]}.") from None
    return Step(**told, text=" ".join(text.split()))


def _status(value: str | None) -> dict[str, Any]:
    if not value or not re.fullmatch("[2-5][0-9][0-9]", value):
        raise ValueError
    return {"status": int(value)}


def _code(value: str | None) -> dict[str, Any]:
    if not value or not re.fullmatch("[a-z0-9_]{1,100}", value):
        raise ValueError
    return {"code": value}


def _retry_after(value: str | None) -> dict[str, Any]:
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError
    return {"retry_after": value}


def _seconds(name: str) -> Callable[[str | None], dict[str, Any]]:
    def read(value: str | None) -> dict[str, Any]:
        if value is None or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
            raise ValueError
        if float(value) > LONGEST_SECONDS:
            raise ValueError
        return {name: float(value)}

    return read


def _hangup(name: str) -> Callable[[str | None], dict[str, Any]]:
    def read(value: str | None) -> dict[str, Any]:
        if value not in {"before", "after"}:
            raise ValueError
        return {"hangup": name, "after": value == "after"}

    return read


def _truncate(value: str | None) -> dict[str, Any]:
    return {"truncate": -1 if value is None else _whole(value)}


def _whole(value: str) -> int:
    if not re.fullmatch("[0-9]{1,7}", value):
        raise ValueError
    return int(value)


def _garbage(value: str | None) -> dict[str, Any]:
    if value not in {None, "html", "http"}:
        raise ValueError
    return {"garbage": value or "html"}


def _webhook(value: str | None) -> dict[str, Any]:
    if value not in WEBHOOK_KINDS:
        raise ValueError
    return {"webhook": value}


def _bare(**told: Any) -> Callable[[str | None], dict[str, Any]]:
    def read(value: str | None) -> dict[str, Any]:
        if value is not None:
            raise ValueError
        return told

    return read


_WORDS: dict[str, Callable[[str | None], dict[str, Any]]] = {
    "ok": _bare(),
    "status": _status,
    "code": _code,
    "retry_after": _retry_after,
    "after": _bare(after=True),
    "latency": _seconds("latency"),
    "reset": _hangup("reset"),
    "close": _hangup("close"),
    "lost_response": _bare(hangup="reset", after=True),
    "truncate": _truncate,
    "garbage": _garbage,
    "drip": _seconds("drip"),
    "webhook": _webhook,
    "seconds": _seconds("seconds"),
}
_SECONDS = f"a number of seconds up to {LONGEST_SECONDS:g} was expected"
_EXPECTED: dict[str, str] = {
    "ok": "it takes no value",
    "status": "a status from 200 to 599 was expected",
    "code": "an error code such as insufficient_funds was expected",
    "retry_after": "seconds or an HTTP date without spaces was expected",
    "after": "it takes no value",
    "latency": _SECONDS,
    "reset": "before or after was expected",
    "close": "before or after was expected",
    "lost_response": "it takes no value",
    "truncate": "a number of bytes was expected",
    "garbage": "html or http was expected",
    "drip": _SECONDS,
    "webhook": "one of " + ", ".join(WEBHOOK_KINDS) + " was expected",
    "seconds": _SECONDS,
}
