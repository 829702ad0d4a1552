"""Fault scripts: what shall go wrong, in order.

A script is a list of steps with commas between them, one for each request it meets. A step is a
few words, such as ``status=503 retry_after=2``; `WORDS` has them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

HEADER: Final = "Molam-Sandbox-Fault"
LONGEST_SECONDS: Final = 600.0


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
    for written in text.split():
        name, equals, value = written.partition("=")
        word = _BY_NAME.get(name.replace("-", "_").lower())
        if word is None:
            raise FaultError(f"Unknown fault {name[:40]!r}. Known words: {', '.join(_BY_NAME)}.")
        try:
            told.update(word.read(value if equals else None))
        except ValueError:
            raise FaultError(f"{written[:60]!r} is not understood: {word.expected}.") from None
    return Step(**told, text=" ".join(text.split()))


Read = Callable[[str | None], Mapping[str, Any]]
"""Takes what follows the equals sign, None without one; returns what it means for a `Step`.

Raises a `ValueError` for what the word does not take.
"""


@attrs.frozen
class Word:
    """One word of a step."""

    name: str
    read: Read
    expected: str
    """What its value must be, for whoever wrote another."""
    guide: tuple[tuple[str, str], ...] = ()
    """Steps that begin with it, and what they do."""


def _whole_value(pattern: str, told: Callable[[str], Mapping[str, Any]]) -> Read:
    """Read a value that matches a pattern as a whole."""

    def read(value: str | None) -> Mapping[str, Any]:
        if value is None or not re.fullmatch(pattern, value):
            raise ValueError
        return told(value)

    return read


def _seconds(name: str) -> Read:
    def told(value: str) -> Mapping[str, Any]:
        if float(value) > LONGEST_SECONDS:
            raise ValueError
        return {name: float(value)}

    return _whole_value(r"[0-9]+(\.[0-9]+)?", told)


def _hangup(name: str) -> Read:
    return _whole_value("before|after", lambda value: {"hangup": name, "after": value == "after"})


def _or_bare(read: Read, **bare: Any) -> Read:
    """Read a value, or no value at all."""
    return lambda value: bare if value is None else read(value)


def _bare(**told: Any) -> Read:
    """Read a word that takes no value."""

    def read(value: str | None) -> Mapping[str, Any]:
        if value is not None:
            raise ValueError
        return told

    return read


_NO_VALUE: Final = "it takes no value"
_SECONDS: Final = f"a number of seconds up to {LONGEST_SECONDS:g} was expected"
_WEBHOOKS: Final = (
    ("duplicate", "the event arrives twice, with one id"),
    ("reorder", "the event arrives after the next one, or after a minute"),
    ("delay seconds=90", "the event arrives so much later; 60 s by default"),
    ("drop", "the event does not arrive; the page can resend it"),
    ("stale", "signed ten minutes ago; the next attempt is right"),
    ("bad_signature", "signed with another secret; the next attempt is right"),
)
_WEBHOOK_KINDS: Final = tuple(written.split()[0] for written, _ in _WEBHOOKS)

WORDS: Final = (
    Word("ok", _bare(), _NO_VALUE, (("ok", "nothing goes wrong"),)),
    Word(
        "status",
        _whole_value("[2-5][0-9][0-9]", lambda value: {"status": int(value)}),
        "a status from 200 to 599 was expected",
        (
            (
                "status=503 retry_after=2",
                "answer so and do nothing; code=NAME names the error code",
            ),
            ("status=500 after", "do the work, then answer so"),
        ),
    ),
    Word(
        "code",
        _whole_value("[a-z0-9_]{1,100}", lambda value: {"code": value}),
        "an error code such as insufficient_funds was expected",
    ),
    Word(
        "retry_after",
        _whole_value("[ -~]+", lambda value: {"retry_after": value}),
        "seconds or an HTTP date without spaces was expected",
    ),
    Word("after", _bare(after=True), _NO_VALUE),
    Word(
        "latency",
        _seconds("latency"),
        _SECONDS,
        (
            (
                "latency=1.5",
                "wait so many seconds first; the idempotency key is in flight meanwhile",
            ),
        ),
    ),
    Word(
        "reset",
        _hangup("reset"),
        "before or after was expected",
        (
            ("reset=before", "reset the connection, nothing done"),
            ("reset=after", "do the work, then reset the connection: the response is lost"),
        ),
    ),
    Word(
        "lost_response",
        _bare(hangup="reset", after=True),
        _NO_VALUE,
        (("lost_response", "another name for reset=after"),),
    ),
    Word(
        "close",
        _hangup("close"),
        "before or after was expected",
        (("close=before, close=after", "the same with an orderly close"),),
    ),
    Word(
        "truncate",
        _or_bare(_whole_value("[0-9]{1,7}", lambda value: {"truncate": int(value)}), truncate=-1),
        "a number of bytes was expected",
        (
            (
                "truncate, truncate=20",
                "do the work, send half the body or so many bytes, then close",
            ),
        ),
    ),
    Word(
        "garbage",
        _or_bare(_whole_value("html|http", lambda value: {"garbage": value}), garbage="html"),
        "html or http was expected",
        (
            ("garbage", "do the work, answer 200 with HTML"),
            ("garbage=http", "do the work, send bytes that are not HTTP"),
        ),
    ),
    Word(
        "drip",
        _seconds("drip"),
        _SECONDS,
        (("drip=3", "do the work, spread the body over so many seconds"),),
    ),
    Word(
        "webhook",
        _whole_value("|".join(_WEBHOOK_KINDS), lambda value: {"webhook": value}),
        f"one of {', '.join(_WEBHOOK_KINDS)} was expected",
        tuple((f"webhook={written}", does) for written, does in _WEBHOOKS),
    ),
    Word("seconds", _seconds("seconds"), _SECONDS),
)
"""Every word: how it is read, what it takes, and what steps with it do."""
_BY_NAME: Final = {word.name: word for word in WORDS}

GUIDE: Final = tuple(row for word in WORDS for row in word.guide)
"""What can be written, and what it does: shown on the page and in ``docs/sandbox.md``."""
