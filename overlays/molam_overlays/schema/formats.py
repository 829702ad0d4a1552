"""Text with a type of its own in Python: times, durations, UUIDs, decimals, Base64."""

from __future__ import annotations

import base64
import re
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from uuid import UUID
from molam_overlays.schema.digits import Origin, exact_decimal
from molam_overlays.schema.types import Problems, Type, keywords


class _Parsed(Type):
    """A string format with a Python type of its own."""

    plain = False
    python: type
    expected: str
    format_name: str | None = None
    """The name of the format in JSON Schema."""
    written: str | None = None
    """How its text looks when it is sent; Python's own parsers take more than that."""

    def parse(self, text: str) -> Any:
        raise NotImplementedError

    def format(self, value: Any) -> str:
        return str(value)

    def fits(self, value: Any) -> bool:
        return True

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", **keywords(format=self.format_name)}

    def decode(self, wire: Any, origin: Origin) -> Any:
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
    format_name = "date-time"
    written = f"{_DATE}[Tt]{_TIME}"

    def decode(self, wire: Any, origin: Origin) -> Any:
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
    format_name = "date"
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
    format_name = "time"
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
    format_name = "duration"

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
    format_name = "uuid"
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
        return super().encode(exact_decimal(value), at, problems)

    def fits(self, value: Decimal) -> bool:
        return value.is_finite()

    def format(self, value: Decimal) -> str:
        return f"{value:f}"


class Base64(_Parsed):
    """Bytes, Base64 on the wire (RFC 4648 section 4)."""

    python = bytes
    expected = "bytes, or their Base64 text"
    format_name = "byte"

    def parse(self, text: str) -> bytes:
        return base64.b64decode(text, validate=True)

    def format(self, value: bytes) -> str:
        return base64.b64encode(value).decode("ascii")
