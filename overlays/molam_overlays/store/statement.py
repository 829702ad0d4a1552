"""What a decision says to a database, what it hears back, and how each dialect spells it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Literal, TypeVar

import attrs

# One piece of work, from claim to answer ---------------------------------------------------------


@attrs.frozen
class Ask:
    """Run a decision in a transaction of its own."""

    decide: Any
    arguments: tuple[Any, ...]


Dialect = Literal["postgresql", "sqlite"]

T = TypeVar("T")


@attrs.frozen
class Statement:
    """One SQL statement with ``:name`` parameters and ``@macros`` (see `spell`).

    The parameter ``now`` need not be given: the database that runs the statement fills it in.
    """

    sql: str
    parameters: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)


@attrs.frozen
class Result:
    """What a statement gave: its rows, and how many rows it changed."""

    rows: Sequence[tuple[Any, ...]] = attrs.field(default=(), repr=False)
    count: int = 0


Decision = Generator[Statement, Result, T]
"""Statements of one transaction; what the generator returns is the transaction's outcome."""


# Times are timestamptz on PostgreSQL, unix seconds on SQLite. With no ``now`` given, PostgreSQL
# asks its own clock: a fleet of workers then agrees on when a lease ends.
_POSTGRESQL: dict[str, str | Callable[[str], str]] = {
    "now": "coalesce(to_timestamp(:now::float8), clock_timestamp())",
    "micros": "(extract(epoch from coalesce(to_timestamp(:now::float8), clock_timestamp()))"
    " * 1000000)::bigint",
    "at": lambda value: f"to_timestamp({value}::float8)",
    "seconds": lambda value: f"make_interval(secs => {value}::float8)",
    "epoch": lambda value: f"extract(epoch from {value})::float8",
    "json": lambda value: f"{value}::json",
    "text": lambda value: f"{value}::text",
    "raw": str,
    "flag": str,
    "moment": lambda column: f"extract(epoch from {column})::float8",
    "route": lambda path: f"split_part({path}, '?', 1)",
    "returning": lambda columns: f"RETURNING {columns}",
    "greatest": "greatest",
    "lock": "FOR UPDATE",
    "skip_locked": "FOR UPDATE SKIP LOCKED",
}

# A writing transaction on SQLite holds the whole file: there are no rows to lock or to skip.
_SQLITE: dict[str, str | Callable[[str], str]] = {
    "now": ":now",
    "micros": "CAST(:now * 1000000 AS INTEGER)",
    "at": str,
    "seconds": str,
    "epoch": str,
    "json": str,
    "text": str,
    # SQLite takes any bytes for text and any value for a number; fetching such a row would fail.
    "raw": lambda column: f"CAST({column} AS BLOB)",
    "flag": lambda column: f"CASE typeof({column}) WHEN 'integer' THEN {column} END",
    "moment": lambda column: f"CASE WHEN typeof({column}) IN ('integer', 'real') THEN {column} END",
    "route": lambda path: f"substr({path}, 1, instr({path} || '?', '?') - 1)",
    "returning": lambda columns: "",
    "greatest": "max",
    "lock": "",
    "skip_locked": "",
}

_CALL = re.compile(r"@(at|seconds|epoch|json|text|raw|flag|moment|route|returning)\(([^()]*)\)")
_WORD = re.compile(r"@(\w+)")
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


@functools.cache
def spell(sql: str, dialect: Dialect) -> str:
    """Write a statement as a driver of this dialect wants it.

    ``@now``, ``@at(:x)`` (a time from unix seconds), ``@seconds(:x)`` (a span), ``@epoch(column)``
    (unix seconds from a time), ``@json``, ``@text``, ``@raw(column)`` (text or bytes, undecoded where
    the database may hold nonsense), ``@flag`` and ``@moment`` (a boolean, unix seconds; NULL where
    they are damaged), ``@route(path)`` (without its query), ``@micros`` (unix microseconds now, an
    integer), ``@returning(columns)`` (nothing on SQLite), ``@greatest``, ``@lock`` and ``@skip_locked`` become what the database calls them;
    ``:name`` becomes ``%(name)s`` for PostgreSQL's drivers.
    """
    macros = _POSTGRESQL if dialect == "postgresql" else _SQLITE

    def call(match: re.Match[str]) -> str:
        macro = macros[match[1]]
        assert not isinstance(macro, str)
        return macro(match[2])

    def word(match: re.Match[str]) -> str:
        macro = macros[match[1]]
        assert isinstance(macro, str)
        return macro

    spelled = _WORD.sub(word, _CALL.sub(call, sql))
    return _PARAMETER.sub(r"%(\1)s", spelled) if dialect == "postgresql" else spelled
