"""Answers and request bodies as JSON text, to the letter, and their fingerprints."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any, cast

from molam_overlays.annotations import at_home
from molam_overlays.integers import whole
from molam_overlays.schema import jsontext
from molam_overlays.schema.record import Record

_Number = Callable[["int | float | Decimal"], str]


def encode(value: Any) -> str:
    """Write JSON data, or one of the SDK's objects, as ASCII JSON text; numbers keep their digits.

    Raises:
        TypeError: something in it is not JSON data; the message names the place.
        ValueError: a number is not finite, or it nests deeper than `jsontext.MAX_NESTING`.
    """
    try:
        text = _write(value, _as_it_is, by_name=False, place="response")
    except RecursionError as error:
        raise ValueError("response nests too deeply") from error
    # What could not be read again is better refused now.
    decode(text)
    return text


def decode(text: str) -> Any:
    """Read JSON text as a response's body is read; numbers keep their digits."""
    return jsontext.loads(text)


def fingerprint(body: Any) -> str:
    """Return the SHA-256, in lower-case hex, by which two request bodies are told apart.

    Bytes and text count as they stand (text as UTF-8). JSON data counts by content: the order of
    names does not matter, and 500, 500.0 and ``Decimal("500.00")`` are one number.

    Raises:
        TypeError: something in it is not JSON data; the message names the place.
    """
    if isinstance(body, (bytes, bytearray, memoryview)):
        data = bytes(cast("bytes", body))
    elif isinstance(body, str):
        data = body.encode("utf-8", "surrogatepass")
    else:
        data = _write(body, _by_value, by_name=True, place="body").encode()
    return hashlib.sha256(data).hexdigest()


def _as_it_is(number: float | Decimal) -> str:
    return str(number) if isinstance(number, Decimal) else json.dumps(number)


def _ascii(text: str) -> str:
    # Outside of its strings JSON text is ASCII.
    return text if text.isascii() else re.sub(r"[^\x00-\x7f]", _escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def _by_value(number: float | Decimal) -> str:
    text = _as_it_is(number)
    try:
        exact = Decimal(text)
        digits = max(len(exact.as_tuple().digits), 1)
        return str(exact.normalize(_exact(digits))) if exact else "0"
    except InvalidOperation:  # an exponent of more than eighteen digits
        return text.lower()


def _exact(digits: int) -> Context:
    return Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX)


def _write(value: Any, number: _Number, *, by_name: bool, place: str) -> str:
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value)
    count = whole(value)
    if count is not None:
        return number(count)
    if isinstance(value, (float, Decimal)):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"{place} is {value}, and JSON has no such number.")
        return number(value)
    if isinstance(value, Record) and not by_name:
        return _ascii(value.to_json())  # with the digits it came with
    to_dict = getattr(value, "to_dict", None)
    if callable(to_dict):
        value = to_dict()
    if isinstance(value, Mapping):
        members = list(cast("dict[Any, Any]", value).items())
        for name, _ in members:
            if not isinstance(name, str):
                raise TypeError(f"{place} has the key {name!r}; names in JSON are strings.")
        if by_name:
            members.sort(key=lambda member: member[0])
        written = (
            f"{json.dumps(name)}:{_write(item, number, by_name=by_name, place=f'{place}.{name}')}"
            for name, item in members
        )
        return "{" + ",".join(written) + "}"
    if isinstance(value, (list, tuple)):
        items = enumerate(cast("list[Any]", value))
        return (
            "["
            + ",".join(
                _write(item, number, by_name=by_name, place=f"{place}[{index}]")
                for index, item in items
            )
            + "]"
        )
    raise TypeError(
        f"{place} is a {type(value).__name__}, which is not JSON data. "
        "Give dicts, lists, strings, numbers, booleans, None, or objects of the SDK."
    )


def call_fingerprint(
    function: Callable[..., Any],
    chosen: Callable[..., str | None] | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> str | None:
    """Return the fingerprint of a call of a decorated function."""
    if chosen is not None:
        return chosen(*args, **kwargs)
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    try:
        return fingerprint(dict(bound.arguments))
    except TypeError as error:
        name = getattr(function, "__qualname__", "the function")
        raise TypeError(
            f"The arguments of {name} cannot be compared: {error} Give `fingerprint=` to "
            "idempotent(), a function of the same arguments."
        ) from error


at_home("molam_sdk.idempotency", fingerprint)
