"""What the sandbox is asked, and what it does in return.

The core decides and never acts: serving a request yields a few `Effect`s, which a driver carries
out over a socket or straight into a test.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs

from molam_overlays.schema.jsontext import MAX_NESTING
from molam_overlays.wire import Headers


@attrs.frozen
class Asked:
    """One request, as it arrived."""

    method: str
    """Upper case."""
    path: str
    """Percent-encoded, without the query."""
    query: str = attrs.field(default="", repr=False)
    """Without the question mark."""
    headers: Headers = attrs.field(factory=Headers)
    body: bytes = attrs.field(default=b"", repr=False)
    account: str | None = None
    """Whose request it is, where the sandbox's own pages ask; None: its API key tells."""


@attrs.frozen
class Answer:
    """One response, before anything happens to it on its way."""

    status: int
    body: Any = attrs.field(default=None, repr=False)
    """JSON data; None for no body."""
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def content(self) -> bytes:
        """Return the encoded body."""
        return b"" if self.body is None and self.status == 204 else encode(self.body)


class Refusal(Exception):  # noqa: N818 - an answer, not an error of the sandbox
    """A request is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, code, message, param)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.headers = headers or {}


@attrs.frozen
class Pause:
    """Wait, in real time."""

    seconds: float


@attrs.frozen
class Reply:
    """Send a response, whole or damaged."""

    status: int
    headers: Mapping[str, str]
    content: bytes = attrs.field(repr=False)
    cut_after: int | None = None
    """Send only so many bytes of the body, then close. None sends all of it."""
    drip_seconds: float = 0.0
    """Spread the body over so many seconds, byte by byte."""
    raw: bool = False
    """Write `content` to the connection as it is, without status line and headers, then close."""


@attrs.frozen
class Hangup:
    """End the connection without a response."""

    reset: bool = True
    """By a TCP reset; False: an orderly close."""


Effect = Pause | Reply | Hangup


def encode(data: Any) -> bytes:
    """Encode JSON; a Decimal becomes a JSON number."""
    try:
        return _dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # Half a surrogate pair has no UTF-8; JSON can escape it.
        return _dumps(data, ensure_ascii=True).encode()


def _dumps(data: Any, *, ensure_ascii: bool) -> str:
    return json.dumps(
        data, ensure_ascii=ensure_ascii, separators=(",", ":"), default=_number, allow_nan=False
    )


def _number(value: object) -> float | int:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def decode(content: bytes | str) -> Any:
    """Decode JSON; numbers with a point become Decimal.

    Raises:
        ValueError: it is not JSON, nests too deeply, or holds a number or text that JSON writers
            cannot repeat.
    """
    try:
        data = json.loads(content, parse_float=_decimal, parse_constant=_no_constant)
    except RecursionError:
        data = None
    else:
        if not _is_deep(data):
            return data
    raise ValueError(f"The JSON nests deeper than {MAX_NESTING} levels.")


def _is_deep(data: Any) -> bool:
    level = [data] if isinstance(data, (dict, list)) else []
    for _ in range(MAX_NESTING):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return False
    return True


def _decimal(digits: str) -> Decimal:
    if math.isinf(float(digits)):
        raise ValueError("a number is out of range")
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError("a number has an exponent out of range") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
