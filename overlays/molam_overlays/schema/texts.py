"""Texts, enums, constants and booleans."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from typing import Any, Final

from molam_overlays.schema.types import Newer, Problems, Type, keywords


def encode_text(value: str, at: str, problems: Problems) -> str:
    """Return a text as it is, noting when UTF-8 cannot carry it."""
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            problems[at] = "must be text that UTF-8 can carry (it has a lone surrogate)"
    return value


class Boolean(Type):
    """true or false."""

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if value is True or value is False:
            return value
        problems[at] = "must be true or false"
        return None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class String(Type):
    """Text, its length counted in characters."""

    __slots__ = ("_compiled", "_max", "_min", "_pattern", "_plainly")

    def __init__(
        self,
        *,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str | None = None,
    ) -> None:
        self._min = min_length
        self._max = max_length
        self._pattern = pattern
        self._compiled: re.Pattern[str] | None = None
        # ASCII of these lengths breaks no rule; most texts are no more than that.
        longest = sys.maxsize if max_length is None else max_length
        self._plainly = range(min_length or 0, longest + 1) if pattern is None else range(0)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if type(value) is not str:
            if not isinstance(value, str):
                problems[at] = f"must be text (str), not {type(value).__name__}"
                return None
            value = str.__str__(value)
        elif len(value) in self._plainly and value.isascii():
            return value
        if not value.isascii():
            encode_text(value, at, problems)
        if self._min is not None and len(value) < self._min:
            problems[at] = (
                "must not be empty"
                if self._min == 1
                else f"must have at least {self._min} characters"
            )
        elif self._max is not None and len(value) > self._max:
            problems[at] = f"must have at most {self._max} characters"
        elif self._pattern is not None:
            # Compiled on first use: compiling every pattern at import would cost more than httpx.
            compiled = self._compiled
            if compiled is None:
                # ASCII: the document's \d and \w are those of ECMA-262, not of every script.
                compiled = self._compiled = re.compile(self._pattern, re.ASCII)
            if compiled.search(value) is None:
                problems[at] = f"must match the pattern {self._pattern}"
        return value

    def json_schema(self) -> dict[str, Any]:
        limits = keywords(minLength=self._min, maxLength=self._max, pattern=self._pattern)
        return {"type": "string", **limits}

    def fit(self, wire: Any) -> float:
        return 0.0 if not isinstance(wire, str) else 0.8 if self.accepts(wire) else 0.4


def prefix_of(declared: Any) -> str | None:
    """Return what every text of a type starts with, as ids do; None when its pattern says more."""
    pattern = getattr(getattr(declared, "inner", declared), "_pattern", None)
    found = re.fullmatch(r"\^([A-Za-z]+_)", pattern or "")
    return found and found[1]


class Enum(Type):
    """One of a closed set of values when sent; any value when read."""

    __slots__ = ("values",)

    def __init__(self, *values: Any) -> None:
        self.values = values

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        for known in self.values:
            if known == value and (type(known) is bool) == (type(value) is bool):
                return known
        if not isinstance(problems, Newer) or not self._kindred(value):
            problems[at] = f"must be one of {listed(self.values)}"
        return value

    def _kindred(self, value: Any) -> bool:
        return any(type(known) is type(value) for known in self.values)

    def json_schema(self) -> dict[str, Any]:
        # Open, as it is when read: there are newer values than these.
        kinds = {type(value): _KINDS[type(value)] for value in self.values}
        return {
            "anyOf": [{"enum": list(self.values)}, *({"type": kind} for kind in kinds.values())]
        }

    def fit(self, wire: Any) -> float:
        if self.accepts(wire):
            return 1.0
        # A value newer than this SDK.
        return 0.3 if self._kindred(wire) else 0.0


_KINDS: Final = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
    dict: "object",
    list: "array",
}


class Const(Enum):
    """A single fixed value."""

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        (fixed,) = self.values
        if fixed == value and (type(fixed) is bool) == (type(value) is bool):
            return fixed
        problems[at] = f"must be {json.dumps(fixed)}"
        return None

    def json_schema(self) -> dict[str, Any]:
        return {"const": self.values[0]}

    def fit(self, wire: Any) -> float:
        return 1.0 if self.accepts(wire) else 0.0


def listed(values: Iterable[Any]) -> str:
    """Return values as messages list them."""
    return ", ".join(value if isinstance(value, str) else json.dumps(value) for value in values)
