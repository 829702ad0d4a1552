"""What a decision says to a database, and what it hears back."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, TypeVar

import attrs

T = TypeVar("T")


@attrs.frozen
class Ask:
    """Run a decision in a transaction of its own."""

    decide: Any
    arguments: tuple[Any, ...]


@attrs.frozen
class Statement:
    """One SQL statement with ``:name`` parameters and ``@macros`` (see `spell`).

    The parameter ``now`` need not be given: the database that runs the statement fills it in.
    """

    sql: str
    parameters: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)
    then: str = ""
    """Commands without parameters that go with it, in the same round trip where that can be."""


@attrs.frozen
class Result:
    """What a statement gave: its rows, and how many rows it changed."""

    rows: Sequence[tuple[Any, ...]] = attrs.field(default=(), repr=False)
    count: int = 0


Decision = Generator[Statement, Result, T]
"""Statements of one transaction; what the generator returns is the transaction's outcome."""


C = TypeVar("C", bound=Callable[..., Any])


def at_once(decide: C) -> C:
    """Mark a decision that writes with its first statement, or not at all.

    PostgreSQL makes a transaction of a statement by itself, in one round trip. Not for what must be
    known to be undone when its worker is lost on the way, such as an entry of the journal.
    """
    _AT_ONCE.add(decide)
    return decide


def is_at_once(decide: object) -> bool:
    """Tell whether a decision needs no transaction around it, where a statement is one."""
    return decide in _AT_ONCE


_AT_ONCE: set[object] = set()

Spelling = Mapping[str, str | Callable[[str], str]]
"""What each macro of a `Statement` is called by a kind of database."""

_CALL = re.compile(r"@(\w+)\(([^()]*)\)")
_WORD = re.compile(r"@(\w+)")


def spell(sql: str, spelling: Spelling) -> str:
    """Write a statement as a database wants it.

    ``@now``, ``@at(:x)`` (a time from unix seconds), ``@seconds(:x)`` (a span), ``@epoch(column)``
    (unix seconds from a time), ``@json``, ``@text``, ``@raw(column)`` (text or bytes, undecoded where
    the database may hold nonsense), ``@flag`` and ``@moment`` (a boolean, unix seconds; NULL where
    they are damaged), ``@route(path)`` (without its query), ``@micros`` (unix microseconds now, an
    integer), ``@among(:x)`` (is one of the integers of a JSON array), ``@durably(columns)`` (returns
    them, nothing on SQLite; the transaction is on disk when its commit returns), ``@greatest``,
    ``@lock`` and ``@skip_locked`` become what the database calls them.
    """

    def call(match: re.Match[str]) -> str:
        macro = spelling[match[1]]
        return match[0] if isinstance(macro, str) else macro(match[2])

    def word(match: re.Match[str]) -> str:
        macro = spelling[match[1]]
        assert isinstance(macro, str)
        return macro

    return _WORD.sub(word, _CALL.sub(call, sql))
