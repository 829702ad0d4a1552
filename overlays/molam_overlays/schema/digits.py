"""Digits of JSON numbers, kept beside the numbers.

Items are what every encoder takes: an int, a float where it prints back the same number, else a
Decimal. The digits that a float would print otherwise, as in ``500.10``, are noted here, so that
`Decimal` attributes and `to_json()` give them as they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from molam_overlays.integers import whole
from molam_overlays.outcome import NO_RESPONSE, ResponseInfo

Digits = dict[int, tuple[Any, str]]
"""By the identity of a number, which stays one's own while it is held here: it and its text."""


class Origin(NamedTuple):
    """Where an object came from; what it holds shares it."""

    response: ResponseInfo
    digits: Digits


NOWHERE: Final = Origin(NO_RESPONSE, {})
"""Of an object that neither a call nor JSON text gave."""


def number(text: str, digits: Digits) -> Any:
    """Read a JSON number that has a fraction, an exponent, or more digits than `int` takes."""
    found: Any = float(text)
    if len(text) <= _SHORT and "e" not in text and "E" not in text:
        # Up to 15 digits survive in a float: at most their zeros at the end do not.
        if (text[-1] != "0" or text[-2] == ".") and (not -_SMALL < found < _SMALL or found == 0):
            return found
        digits[id(found)] = (found, text)
    elif repr(found) != text:
        try:
            exact = Decimal(text)
            if Decimal(repr(found)) != exact:
                found = exact
        except InvalidOperation:  # an exponent of more than eighteen digits
            pass
        digits[id(found)] = (found, text)
    return found


_SHORT: Final = 16
"""Characters, the point among them."""
_SMALL: Final = 1e-4
"""Below it `repr` writes an exponent."""


def origin_of(response: ResponseInfo, digits: Digits) -> Origin:
    """Return an `Origin`, in half the time that calling the class takes."""
    return tuple.__new__(Origin, (response, digits))


def exact_decimal(value: Any, digits: Digits | None = None) -> Any:
    """Return the `Decimal` a number prints as; anything but a number comes back as it is."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, float):
        kept = digits.get(id(value)) if digits else None
        try:
            return Decimal(float.__repr__(value) if kept is None else kept[1])
        except InvalidOperation:
            return value
    whole_number = whole(value)
    return value if whole_number is None else Decimal(whole_number)


def plain_copy(data: Any) -> Any:
    """Copy JSON data all the way down, as plain dicts and lists; its numbers stay the same."""
    if isinstance(data, Mapping):
        return {key: plain_copy(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain_copy(value) for value in data]
    return data


def plain_data(data: Any, digits: Digits) -> Any:
    """Copy JSON data from anywhere; a Decimal that a plain number prints as becomes that number."""
    if isinstance(data, Mapping):
        return {key: plain_data(value, digits) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain_data(value, digits) for value in data]
    if isinstance(data, Decimal) and data.is_finite():
        text = str(data)
        return int(text) if text.lstrip("-").isdigit() else number(text, digits)
    return data


def in_order(data: Any, digits: Digits) -> dict[int, str] | None:
    """Return the digits in data by the numbers' order, for a pickle: there identities are lost."""
    if not digits:
        return None
    held = (digits.get(id(each)) for each in _numbers(data))
    return {at: kept[1] for at, kept in enumerate(held) if kept is not None} or None


def from_order(data: Any, ordered: Mapping[int, str] | None) -> Digits:
    """Return the digits that `in_order` made."""
    if not ordered:
        return {}
    found = enumerate(_numbers(data))
    return {id(each): (each, ordered[at]) for at, each in found if at in ordered}


def _numbers(data: Any) -> Iterator[Any]:
    inner: Iterable[Any] = ()
    if isinstance(data, Mapping):
        inner = data.values()
    elif isinstance(data, list):
        inner = data
    elif isinstance(data, (float, Decimal)):
        yield data
    for each in inner:
        yield from _numbers(each)


def written(value: Any, digits: Digits) -> str | None:
    """Return the text of a number that `json` would not write as it came; None for all others."""
    if not isinstance(value, (float, Decimal)):
        return None
    kept = digits.get(id(value))
    if kept is not None:
        return kept[1]
    if not isinstance(value, Decimal):
        return None
    if not value.is_finite():
        raise ValueError(f"{value} is not JSON (RFC 8259 section 6)")
    return str(value)
