"""The types of the document at run time: decode what came, check and encode what goes.

Reading never raises. Money may have moved when a response arrives, so a value of an unexpected
type is handed over as it came. Writing is strict: `encode` checks every constraint of the
document, notes each problem under its path, and returns plain JSON data.
"""

from __future__ import annotations

import base64
import importlib
import json
import math
import operator
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from molam_overlays.jsontext import MAX_NESTING, WireNumber

if TYPE_CHECKING:
    from uuid import UUID

Problems = dict[str, str]
"""Field path to what is wrong with it."""

_MISSING: Final = object()


class Unset:
    """The type of `UNSET`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()
"""An argument that was left out, where None would mean ``null``."""


def _joined(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


class Type:
    """One type of the document. Immutable and shared."""

    plain: bool = True
    """True when `decode` returns its argument."""

    def decode(self, wire: Any, response: Any) -> Any:
        """Return the Python value for a wire value; the wire value itself when it does not fit."""
        return wire

    def decode_all(self, wires: list[Any], response: Any) -> list[Any]:
        """Return the Python values for many wire values."""
        decode = self.decode
        return [decode(wire, response) for wire in wires]

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        """Return plain JSON data for a value, or note under `at` why there is none."""
        raise NotImplementedError

    def accepts(self, wire: Any) -> bool:
        """Tell whether a wire value keeps all the rules of this type."""
        problems: Problems = {}
        self.encode(wire, "", problems)
        return not problems

    def resembles(self, wire: Any) -> bool:
        """Tell whether a wire value has the JSON kind of this type, whatever is in it."""
        return True

    def fit(self, wire: Any) -> float:
        """Tell how well a wire value fits, from 0 (not at all) to 1; to choose in a union."""
        return 1.0 if self.accepts(wire) else 0.0


class AnyValue(Type):
    """Any JSON value."""

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        return _encode_any(value, at, problems, 0)


def _encode_any(value: Any, at: str, problems: Problems, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return encode_text(value, at, problems)
    if value is None or kind is bool:
        return value
    if isinstance(value, (float, Decimal)):
        return _encode_number(value, at, problems)
    if isinstance(value, str):
        return encode_text(str.__str__(value), at, problems)
    if isinstance(value, int):
        return _encode_int(int(value), at, problems)
    if depth >= MAX_NESTING:
        problems[at] = f"must not nest deeper than {MAX_NESTING} levels"
        return None
    if isinstance(value, Mapping):
        out: dict[str, Any] = {}
        for name, item in value.items():
            if not isinstance(name, str):
                problems[at] = f"must have text as keys, not {type(name).__name__}"
                return None
            inner = _joined(at, name)
            key = encode_text(str.__str__(name), inner, problems)
            out[key] = _encode_any(item, inner, problems, depth + 1)
        return out
    if isinstance(value, (list, tuple)):
        return [
            _encode_any(item, f"{at}[{index}]", problems, depth + 1)
            for index, item in enumerate(value)
        ]
    problems[at] = f"must be a JSON value, not {kind.__name__}"
    return None


def encode_text(value: str, at: str, problems: Problems) -> str:
    """Return a text as it is, noting when UTF-8 cannot carry it."""
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            problems[at] = "must be text that UTF-8 can carry (it has a lone surrogate)"
    return value


def _encode_int(value: int, at: str, problems: Problems) -> int | None:
    if value.bit_length() > _LONGEST_INT:
        problems[at] = _NOT_EXACT
        return None
    return value


_LONG: Final = 2**63
_LONGEST_INT: Final = 1024
"""Bits. Beyond a double's range few servers read a number at all (RFC 8259 section 6)."""


def _encode_number(value: Any, at: str, problems: Problems) -> int | float | None:
    """Return an int or float that prints back to the same number, or note that there is none."""
    if isinstance(value, WireNumber):
        exact = Decimal(value.text)
        if not math.isfinite(value) or Decimal(float.__repr__(value)) != exact:
            problems[at] = _NOT_EXACT
            return None
        return float(value)
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
                problems[at] = _NOT_EXACT
                return None
            return _encode_int(int(value), at, problems)
        number = float(value)
        if not math.isfinite(number) or Decimal(repr(number)) != value:
            problems[at] = _NOT_EXACT
            return None
        return number
    return _encode_int(int(value), at, problems)


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


class Boolean(Type):
    """true or false."""

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if value is True or value is False:
            return value
        problems[at] = "must be true or false"
        return None


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
            number = _whole(value)
            if number is None:
                problems[at] = f"must be a whole number (int), not {type(value).__name__}"
                return None
            value = number
        if (problem := _bounds(value, *self._limits)) is not None:
            problems[at] = problem
            return None
        return _encode_int(value, at, problems)

    def fit(self, wire: Any) -> float:
        return 0.0 if _whole(wire) is None else 1.0 if self.accepts(wire) else 0.5


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(operator.index(value))
    except TypeError:
        return None


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

    def decode(self, wire: Any, response: Any) -> Any:
        return exact_decimal(wire)

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
        return _encode_number(value, at, problems)

    def fit(self, wire: Any) -> float:
        if isinstance(wire, bool) or not isinstance(wire, (int, float)):
            return 0.0
        # A whole number is better an integer's.
        return 0.9 if self.accepts(wire) else 0.4


def exact_decimal(number: Any) -> Any:
    """Return the `Decimal` a number prints as; anything but a number comes back as it is."""
    if isinstance(number, Decimal):
        return number
    if isinstance(number, WireNumber):
        return Decimal(number.text)
    if isinstance(number, float):
        return Decimal(float.__repr__(number))
    if isinstance(number, int) and not isinstance(number, bool):
        return Decimal(int(number))
    return number


class Float(Number):
    """A number that the document declares to be a binary float; read as JSON reads it."""

    plain = True

    def decode(self, wire: Any, response: Any) -> Any:
        return wire


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

    def fit(self, wire: Any) -> float:
        return 0.0 if not isinstance(wire, str) else 0.8 if self.accepts(wire) else 0.4


class Enum(Type):
    """One of a closed set of values when sent; any value when read."""

    __slots__ = ("values",)

    def __init__(self, *values: Any) -> None:
        self.values = values

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        for known in self.values:
            if known == value and (type(known) is bool) == (type(value) is bool):
                return known
        problems[at] = f"must be one of {_listed(self.values)}"
        return None

    def fit(self, wire: Any) -> float:
        if self.accepts(wire):
            return 1.0
        # A value newer than this SDK.
        return 0.3 if any(type(value) is type(wire) for value in self.values) else 0.0


class Const(Enum):
    """A single fixed value."""

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        (fixed,) = self.values
        if fixed == value and (type(fixed) is bool) == (type(value) is bool):
            return fixed
        problems[at] = f"must be {json.dumps(fixed)}"
        return None

    def fit(self, wire: Any) -> float:
        return 1.0 if self.accepts(wire) else 0.0


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(value if isinstance(value, str) else json.dumps(value) for value in values)


class _Parsed(Type):
    """A string format with a Python type of its own."""

    plain = False
    python: type
    expected: str
    written: str | None = None
    """How its text looks when it is sent; Python's own parsers take more than that."""

    def parse(self, text: str) -> Any:
        raise NotImplementedError

    def format(self, value: Any) -> str:
        return str(value)

    def fits(self, value: Any) -> bool:
        return True

    def decode(self, wire: Any, response: Any) -> Any:
        if type(wire) is str:
            try:
                value = self.parse(wire)
            except (ValueError, OverflowError, ArithmeticError):
                return wire
            return value if self.fits(value) else wire
        return wire

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if isinstance(value, str):
            try:
                written = self.written is None or re.fullmatch(self.written, value)
                if written and self.fits(self.parse(value)):
                    return str.__str__(value)
            except (ValueError, OverflowError, ArithmeticError):
                pass
        elif isinstance(value, self.python) and self.fits(value):
            return self.format(value)
        problems[at] = f"must be {self.expected}"
        return None


_Z_UNDERSTOOD: Final = sys.version_info >= (3, 11)


_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"


class DateTime(_Parsed):
    """A moment with its offset (RFC 3339). A time without offset is handed over as it came."""

    python = datetime
    expected = "a time with an offset, such as 2025-01-16T12:00:00Z (RFC 3339) or an aware datetime"
    written = f"{_DATE}[Tt]{_TIME}"

    def decode(self, wire: Any, response: Any) -> Any:
        if type(wire) is str:
            try:
                moment = _moment(wire)
            except (ValueError, OverflowError):
                return wire
            return wire if moment.tzinfo is None else moment
        return wire

    def parse(self, text: str) -> datetime:
        return _moment(text)

    def fits(self, value: datetime) -> bool:
        offset = value.utcoffset()
        return offset is not None and not offset % timedelta(minutes=1)

    def format(self, value: datetime) -> str:
        text = value.isoformat()
        return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _moment(text: str) -> datetime:
    try:
        if _Z_UNDERSTOOD or not text.endswith("Z"):
            return datetime.fromisoformat(text)
        return datetime.fromisoformat(f"{text[:-1]}+00:00")
    except ValueError:
        # Only for what is rare: dateutil takes as long to import as half of httpx.
        from dateutil.parser import isoparse

        return isoparse(text)


class Date(_Parsed):
    """A calendar date (RFC 3339 full-date)."""

    python = date
    expected = "a date such as 2025-01-16"
    written = _DATE

    def parse(self, text: str) -> date:
        return date.fromisoformat(text)

    def fits(self, value: Any) -> bool:
        return not isinstance(value, datetime)

    def format(self, value: date) -> str:
        return value.isoformat()


class Time(_Parsed):
    """A time of day (RFC 3339 full-time)."""

    python = time
    expected = "a time of day such as 12:00:00Z"
    written = _TIME

    def parse(self, text: str) -> time:
        return time.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "Zz" and text else text)

    def format(self, value: time) -> str:
        text = value.isoformat()
        return f"{text[:-6]}Z" if text.endswith("+00:00") else text


_DURATION: Final = (
    r"P(?!$)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?!$)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


class Duration(_Parsed):
    """A length of time (ISO 8601). Years and months have no fixed length: they stay text."""

    python = timedelta
    expected = "a duration such as P1DT12H (ISO 8601)"

    def parse(self, text: str) -> timedelta:
        match = re.fullmatch(_DURATION, text)
        if match is None:
            raise ValueError("not an ISO 8601 duration of fixed length")
        parts = {name: Decimal(digits) for name, digits in match.groupdict().items() if digits}
        seconds = parts.pop("seconds", Decimal(0))
        microseconds = int(seconds * 1_000_000)
        return timedelta(
            microseconds=microseconds, **{name: int(number) for name, number in parts.items()}
        )

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        # Years and months are legal on the wire though no timedelta can hold them.
        if isinstance(value, str) and re.fullmatch(_CALENDAR_DURATION, value):
            return str.__str__(value)
        return super().encode(value, at, problems)

    def fits(self, value: timedelta) -> bool:
        return value >= timedelta(0)

    def format(self, value: timedelta) -> str:
        days, seconds = value.days, value.seconds
        hours, seconds = divmod(seconds, 3600)
        minutes, seconds = divmod(seconds, 60)
        fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
        clock = "".join(
            f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number
        )
        if seconds or fraction:
            clock += f"{seconds}{fraction}S"
        day = f"{days}D" if days else ""
        return f"P{day}T{clock}" if clock else f"P{day}" if day else "PT0S"


_CALENDAR_DURATION: Final = (
    r"P(?!$)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?"
    r"(?:T(?!$)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?"
)


class Uuid(_Parsed):
    """A UUID (RFC 9562)."""

    expected = "a UUID"
    written = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

    def __init__(self) -> None:
        from uuid import UUID  # for documents that have some

        self.python = UUID

    def parse(self, text: str) -> UUID:
        found: UUID = self.python(text)
        return found


_DECIMAL: Final = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"


class DecimalText(_Parsed):
    """A decimal number written as a string."""

    python = Decimal
    expected = "a decimal number such as 12.50"
    written = _DECIMAL

    def parse(self, text: str) -> Decimal:
        if re.fullmatch(_DECIMAL, text) is None:
            raise ValueError("not a decimal number")
        return Decimal(text)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = exact_decimal(value)
        return super().encode(value, at, problems)

    def fits(self, value: Decimal) -> bool:
        return value.is_finite()

    def format(self, value: Decimal) -> str:
        return f"{value:f}"


class Base64(_Parsed):
    """Bytes, Base64 on the wire (RFC 4648 section 4)."""

    python = bytes
    expected = "bytes, or their Base64 text"

    def parse(self, text: str) -> bytes:
        return base64.b64decode(text, validate=True)

    def format(self, value: bytes) -> str:
        return base64.b64encode(value).decode("ascii")


class File:
    """A file to be sent: its bytes, and what is said about them."""

    __slots__ = ("content", "media", "name")

    content: bytes
    name: str | None
    """Its name for the server; the property's by default."""
    media: str | None
    """Its media type; what the document says by default."""

    def __init__(self, content: bytes, name: str | None = None, media: str | None = None) -> None:
        self.content = content
        self.name = name
        self.media = media

    def __repr__(self) -> str:
        return f"File(name={self.name!r}, media={self.media!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, File):
            return NotImplemented
        return (self.content, self.name, self.media) == (other.content, other.name, other.media)

    def __hash__(self) -> int:
        return hash((self.content, self.name, self.media))


File.__module__ = "molam_sdk.http"


class Binary(Type):
    """Bytes as they are: a file in a multipart body, an upload, a download."""

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if isinstance(value, File):
            if not _fits_in_a_header(value.media or ""):
                problems[at] = "must have a media type such as application/pdf"
            return value
        if isinstance(value, (bytes, bytearray, memoryview)):
            return File(bytes(value))
        read = getattr(value, "read", None)
        if callable(read):
            # All of it, and once: every attempt has to send the same bytes.
            content = read()
            if isinstance(content, bytes):
                name = getattr(value, "name", None)
                return File(content, os.path.basename(name) if isinstance(name, str) else None)
            problems[at] = "must be a file opened in binary mode"
            return None
        problems[at] = f"must be bytes, a File or a binary file, not {type(value).__name__}"
        return None

    def fit(self, wire: Any) -> float:
        return 1.0 if isinstance(wire, (bytes, File)) else 0.0


def _fits_in_a_header(text: str) -> bool:
    return text.isascii() and (text.isprintable() or not text)


class Array(Type):
    """A list, decoded item by item when the items need it."""

    __slots__ = ("_max", "_min", "_unique", "item")

    def __init__(
        self,
        item: Any,
        *,
        min_items: int | None = None,
        max_items: int | None = None,
        unique_items: bool = False,
    ) -> None:
        self.item = type_of(item)
        self._min = min_items
        self._max = max_items
        self._unique = unique_items

    @property
    def plain(self) -> bool:  # type: ignore[override]
        return self.item.plain

    def decode(self, wire: Any, response: Any) -> Any:
        if self.item.plain or not isinstance(wire, list):
            return wire
        return self.item.decode_all(wire, response)

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, list)

    def fit(self, wire: Any) -> float:
        if not isinstance(wire, list):
            return 0.0
        if not wire:
            return 1.0
        return 0.2 + 0.8 * sum(self.item.fit(item) for item in wire) / len(wire)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
            problems[at] = f"must be a list, not {type(value).__name__}"
            return None
        if self._min is not None and len(value) < self._min:
            problems[at] = f"must have at least {self._min} items"
        elif self._max is not None and len(value) > self._max:
            problems[at] = f"must have at most {self._max} items"
        encoded = [
            self.item.encode(item, f"{at}[{index}]", problems) for index, item in enumerate(value)
        ]
        if self._unique and at not in problems and _repeats(encoded):
            problems[at] = "must not hold the same item twice"
        return encoded


def _repeats(items: Sequence[Any]) -> bool:
    seen = [json.dumps(item, sort_keys=True) for item in items]
    return len(set(seen)) != len(seen)


class Map(Type):
    """An object whose names are free and whose values share one type."""

    __slots__ = ("_max", "_min", "_names", "value")

    def __init__(
        self,
        value: Any,
        *,
        min_properties: int | None = None,
        max_properties: int | None = None,
        names: Type | None = None,
    ) -> None:
        self.value = type_of(value)
        self._min = min_properties
        self._max = max_properties
        self._names = names

    @property
    def plain(self) -> bool:  # type: ignore[override]
        return self.value.plain

    def decode(self, wire: Any, response: Any) -> Any:
        if self.value.plain or not isinstance(wire, dict):
            return wire
        decode = self.value.decode
        return {name: decode(item, response) for name, item in wire.items()}

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, dict)

    def fit(self, wire: Any) -> float:
        if not isinstance(wire, dict):
            return 0.0
        if not wire:
            return 0.5
        return 0.5 * sum(self.value.fit(item) for item in wire.values()) / len(wire)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if type(value) is not dict and not isinstance(value, Mapping):
            problems[at] = f"must be an object (dict), not {type(value).__name__}"
            return None
        count_problem = properties_problem(len(value), self._min, self._max)
        if count_problem is not None:
            problems[at] = count_problem
        out: dict[str, Any] = {}
        for name, item in value.items():
            if not isinstance(name, str):
                problems[at] = f"must have text as keys, not {type(name).__name__}"
                continue
            inner = _joined(at, name)
            if self._names is not None:
                self._names.encode(name, inner, problems)
            key = encode_text(str.__str__(name), inner, problems)
            out[key] = self.value.encode(item, inner, problems)
        return out


def properties_problem(count: int, minimum: int | None, maximum: int | None) -> str | None:
    """Say what is wrong with the number of properties of an object, None when nothing is."""
    if minimum is not None and count < minimum:
        return f"must have at least {minimum} properties"
    if maximum is not None and count > maximum:
        return f"must have at most {maximum} properties"
    return None


class Nullable(Type):
    """A type that also takes null."""

    __slots__ = ("inner",)

    def __init__(self, inner: Any) -> None:
        self.inner = type_of(inner)

    @property
    def plain(self) -> bool:  # type: ignore[override]
        return self.inner.plain

    def decode(self, wire: Any, response: Any) -> Any:
        return None if wire is None else self.inner.decode(wire, response)

    def resembles(self, wire: Any) -> bool:
        return wire is None or self.inner.resembles(wire)

    def fit(self, wire: Any) -> float:
        return 1.0 if wire is None else self.inner.fit(wire)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        return None if value is None else self.inner.encode(value, at, problems)


class Union(Type):
    """One of several types: the first that takes the value as it stands, else the nearest."""

    __slots__ = ("members",)

    def __init__(self, *members: Any) -> None:
        self.members = tuple(type_of(member) for member in members)

    @property
    def plain(self) -> bool:  # type: ignore[override]
        return all(member.plain for member in self.members)

    def decode(self, wire: Any, response: Any) -> Any:
        member = self.member(wire)
        return wire if member is None else member.decode(wire, response)

    def member(self, wire: Any) -> Type | None:
        """Return the member that fits a wire value best, None when none does in the least.

        A response may be newer than this SDK: an unknown enum value or a field that is missing
        must not cost it its type.
        """
        best, most = None, 0.0
        for member in self.members:
            fit = member.fit(wire)
            if fit > most:
                best, most = member, fit
        return best

    def resembles(self, wire: Any) -> bool:
        return any(member.resembles(wire) for member in self.members)

    def fit(self, wire: Any) -> float:
        return max((member.fit(wire) for member in self.members), default=0.0)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        members = self.members
        if isinstance(value, Mapping):
            # Objects are open, so that several may take it: the nearest has it.
            members = tuple(sorted(members, key=lambda member: -_nearness(member, value)))
        refused: list[Problems] = []
        for member in members:
            found: Problems = {}
            encoded = member.encode(value, at, found)
            if not found:
                return encoded
            refused.append(found)
        # The member that is nearest to what was given knows best what is wrong with it.
        ranked = sorted(
            zip(members, refused, strict=True), key=lambda pair: -_nearness(pair[0], value)
        )
        problems.update(ranked[0][1] if ranked else {at: "fits nothing that is allowed here"})
        return None


def _nearness(member: Type, value: Any) -> float:
    return 2.0 if getattr(member, "model", None) is type(value) else member.fit(value)


class Tagged(Type):
    """One of several objects, told apart by a tag. An unknown tag is read as a plain `Model`."""

    plain = False
    __slots__ = ("_members", "tag")

    def __init__(self, tag: str, members: Mapping[str, Any]) -> None:
        self.tag = tag
        self._members = {value: type_of(member) for value, member in members.items()}

    def decode(self, wire: Any, response: Any) -> Any:
        if not isinstance(wire, dict):
            return wire
        member = self.member(wire)
        return plain_model(wire, response) if member is None else member.decode(wire, response)

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, dict)

    def fit(self, wire: Any) -> float:
        if not isinstance(wire, dict):
            return 0.0
        member = self.member(wire)
        return 0.2 if member is None else member.fit(wire)

    def member(self, data: Mapping[str, Any]) -> Type | None:
        """Return the type that an object's tag names, None when the tag is unknown."""
        tag = data.get(self.tag)
        return self._members.get(tag) if isinstance(tag, str) else None

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            problems[at] = f"must be an object (dict) or a model, not {type(value).__name__}"
            return None
        member = self.member(value)
        if member is None:
            problems[_joined(at, self.tag)] = f"must be one of {_listed(self._members)}"
            return None
        return member.encode(value, at, problems)


class Lazy(Type):
    """A type in another module, for schemas that refer to each other in a circle."""

    plain = False
    __slots__ = ("_found", "_module", "_name")

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name
        self._found: Type | None = None
        _pending.append(self)

    def found(self) -> Type:
        """Return the type itself, importing its module at most once."""
        found = self._found
        if found is None:
            found = type_of(getattr(importlib.import_module(self._module), self._name))
            self._found = found
        return found

    def decode(self, wire: Any, response: Any) -> Any:
        return self.found().decode(wire, response)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        return self.found().encode(value, at, problems)

    def accepts(self, wire: Any) -> bool:
        return self.found().accepts(wire)

    def resembles(self, wire: Any) -> bool:
        return self.found().resembles(wire)

    def fit(self, wire: Any) -> float:
        return self.found().fit(wire)


_pending: list[Lazy] = []


def resolve_pending() -> None:
    """Import all that `Lazy` types name, so that no import is left for the first payment."""
    while _pending:
        _pending.pop().found()


def _unbound(wire: dict[str, Any], response: Any) -> Any:
    return wire


plain_model: Callable[[dict[str, Any], Any], Any] = _unbound
"""Makes a model without declared fields; set by `molam_overlays.model`, which imports this."""


def type_of(declared: Any) -> Type:
    """Return the `Type` for a type, a model class or a page class."""
    if isinstance(declared, Type):
        return declared
    as_type = getattr(declared, "__wire_type__", None)
    if as_type is None:
        raise TypeError(f"expected a type of the document or a model class, not {declared!r}")
    wire_type: Type = as_type()
    return wire_type
