"""Integers and numbers, exact on the wire."""

from __future__ import annotations

import math
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

from molam_overlays.integers import whole
from molam_overlays.schema.digits import Origin, exact_decimal
from molam_overlays.schema.types import Newer, Problems, Type


def encode_int(value: int, at: str, problems: Problems) -> int | None:
    """Return an integer for the wire; a problem is noted for one too long to be exact."""
    if value.bit_length() > _LONGEST_INT:
        _note_inexact(at, problems)
        return None
    return value


_LONG: Final = 2**63
_LONGEST_INT: Final = 1024
"""Bits. Beyond a double's range few servers read a number at all (RFC 8259 section 6)."""


def encode_number(value: Any, at: str, problems: Problems) -> int | float | None:
    """Return an int or float that prints back to the same number, or note that there is none.

    `value` is a float, a Decimal, or an integer of any library.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            problems[at] = "must be a finite number"
            return None
        return float(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            problems[at] = "must be a finite number"
            return None
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= 0:
            if exponent > 400:
                _note_inexact(at, problems)
                return None
            return encode_int(int(value), at, problems)
        number = float(value)
        if not math.isfinite(number) or Decimal(repr(number)) != value:
            _note_inexact(at, problems)
            return None
        return number
    return encode_int(int(value), at, problems)


def _note_inexact(at: str, problems: Problems) -> None:
    if not isinstance(problems, Newer):  # what came is kept beside the items, to the digit
        problems[at] = _NOT_EXACT


_NOT_EXACT: Final = (
    "has more digits than a JSON number keeps on its way; use at most 15 significant digits"
)


def _bounds(
    value: float | Decimal,
    minimum: Any,
    maximum: Any,
    exclusive_minimum: Any,
    exclusive_maximum: Any,
    multiple_of: Any,
) -> str | None:
    if minimum is not None and value < minimum:
        return f"must be at least {minimum}"
    if maximum is not None and value > maximum:
        return f"must be at most {maximum}"
    if exclusive_minimum is not None and value <= exclusive_minimum:
        return f"must be more than {exclusive_minimum}"
    if exclusive_maximum is not None and value >= exclusive_maximum:
        return f"must be less than {exclusive_maximum}"
    if multiple_of is not None and not _divides(multiple_of, value):
        return f"must be a multiple of {multiple_of}"
    return None


def _divides(divisor: Any, value: Any) -> bool:
    if isinstance(value, int) and isinstance(divisor, int):
        return value % divisor == 0
    try:
        return not _WIDE.remainder(Decimal(value), Decimal(divisor))
    except InvalidOperation:
        return False


_WIDE: Final = Context(prec=800)
"""Enough digits for a remainder of any number a double can hold."""


def _limit_keywords(limits: tuple[Any, ...]) -> dict[str, Any]:
    names = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
    return {
        name: float(limit) if isinstance(limit, Decimal) and limit % 1 else int(limit)
        for name, limit in zip(names, limits, strict=True)
        if limit is not None
    }


class Integer(Type):
    """A whole number. Floats are refused, whatever they hold: minor units are counted."""

    __slots__ = ("_limits", "_plainly")

    def __init__(
        self,
        *,
        minimum: int | None = None,
        maximum: int | None = None,
        exclusive_minimum: int | None = None,
        exclusive_maximum: int | None = None,
        multiple_of: int | None = None,
    ) -> None:
        self._limits = (minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of)
        # What is within these breaks no rule; most integers have no other rules than these.
        low = -_LONG if minimum is None else minimum
        high = _LONG if maximum is None else maximum
        self._plainly = range(low, high + 1) if self._limits[2:] == (None,) * 3 else range(0)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if type(value) is int and value in self._plainly:
            return value
        if type(value) is not int:
            number = whole(value)
            if number is None:
                problems[at] = f"must be a whole number (int), not {type(value).__name__}"
                return None
            value = number
        if (problem := _bounds(value, *self._limits)) is not None:
            problems[at] = problem
            return None
        return encode_int(value, at, problems)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "integer", **_limit_keywords(self._limits)}

    def fit(self, wire: Any) -> float:
        return 0.0 if whole(wire) is None else 1.0 if self.accepts(wire) else 0.5


class Number(Type):
    """A number, read as `Decimal` from the digits on the wire."""

    plain = False
    __slots__ = ("_bounded", "_limits")

    def __init__(
        self,
        *,
        minimum: str | None = None,
        maximum: str | None = None,
        exclusive_minimum: str | None = None,
        exclusive_maximum: str | None = None,
        multiple_of: str | None = None,
    ) -> None:
        limits = (minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of)
        self._limits = tuple(None if limit is None else Decimal(limit) for limit in limits)
        self._bounded = any(limit is not None for limit in limits)

    def decode(self, wire: Any, origin: Origin) -> Any:
        return exact_decimal(wire, origin.digits)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        exact = exact_decimal(value)
        if not isinstance(exact, Decimal):
            problems[at] = f"must be a number (Decimal, int or float), not {type(value).__name__}"
            return None
        if not exact.is_finite():
            problems[at] = "must be a finite number"
            return None
        if self._bounded and (problem := _bounds(exact, *self._limits)) is not None:
            problems[at] = problem
        return encode_number(value, at, problems)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "number", **_limit_keywords(self._limits)}

    def fit(self, wire: Any) -> float:
        if isinstance(wire, bool) or not isinstance(wire, (int, float, Decimal)):
            return 0.0
        # A whole number is better an integer's.
        return 0.9 if self.accepts(wire) else 0.4


class Float(Number):
    """A number that the document declares to be a binary float; read as JSON reads it."""

    def leaves(self, origin: Origin) -> bool:
        # An item is a Decimal only where a float would print otherwise, which is noted there.
        return not origin.digits

    def decode(self, wire: Any, origin: Origin) -> Any:
        return float(wire) if isinstance(wire, Decimal) else wire
