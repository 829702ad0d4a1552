"""JSON as text: decoded so that no digit is lost, encoded so that none appears."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from molam_overlays.schema.digits import Digits, number, written


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON (RFC 8259 section 6)")


class _Reader:
    """Decoders that note the digits of one text. It serves one text at a time."""

    __slots__ = ("decode", "digits", "patient", "scan")

    def __init__(self) -> None:
        self.digits: Digits = {}
        decoder = json.JSONDecoder(parse_float=self._number, parse_constant=_refuse_constant)
        # Reads one value without looking for white space around it, for two thirds of the time.
        self.scan = cast("Any", decoder).scan_once
        self.decode = decoder.decode
        # Slower; takes whole numbers of any length.
        self.patient = json.JSONDecoder(
            parse_float=self._number, parse_int=self._whole, parse_constant=_refuse_constant
        ).decode

    def _number(self, text: str) -> Any:
        return number(text, self.digits)

    def _whole(self, text: str) -> Any:
        try:
            return int(text)
        except ValueError:  # more digits than Python converts (4300)
            return number(text, self.digits)


_idle: Final[list[_Reader]] = []
"""Readers at rest. Taken and put back in one step each, so that threads and signals share none."""
MAX_NESTING: Final = 200
"""How many levels of arrays and objects a response may nest."""


def loads(content: bytes | str) -> Any:
    """Decode JSON text, its numbers as `digits.number` reads them.

    Raises:
        ValueError: not UTF-8, not JSON (RFC 8259), or nested deeper than `MAX_NESTING`.
    """
    return read(content)[0]


def read(content: bytes | str) -> tuple[Any, Digits]:
    """Decode JSON text; return its data and the digits that belong to it.

    Raises:
        ValueError: as `loads`.
    """
    text = content.decode("utf-8") if isinstance(content, bytes) else content
    try:
        reader = _idle.pop()
    except IndexError:
        reader = _Reader()
    data: Any = None
    try:
        data, end = reader.scan(text, 0)
    except (StopIteration, ValueError, RecursionError):
        end = -1
    if end != len(text) and (end < 0 or text[end:].strip(" \t\n\r")):
        data = _decode(reader, text)  # space before it, or something wrong with it
    if len(text) > _SHORT or text.count("[") + text.count("{") > MAX_NESTING:
        raw = content if isinstance(content, bytes) else text.encode("utf-8", "replace")
        if _may_nest_deep(raw):
            _check_nesting(data)
    digits = reader.digits
    if digits:
        reader.digits = {}
    _idle.append(reader)
    return data, digits


def _decode(reader: _Reader, text: str) -> Any:
    if text.startswith("\ufeff"):
        text = text[1:]
    try:
        try:
            return reader.decode(text)
        except json.JSONDecodeError:
            raise
        except ValueError:
            return reader.patient(text)
    except RecursionError:
        raise ValueError(f"JSON nested deeper than {MAX_NESTING} levels") from None


_SHORT: Final = 2000
"""Characters of a text in which counting brackets is the cheapest check."""


_PIECE: Final = 32 * 1024
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def _may_nest_deep(text: bytes) -> bool:
    """Tell cheaply whether the exact check is needed: most texts are wide, not deep.

    Brackets inside of strings are taken for real; a text that hides its depth by them gains nothing
    but an exception later on.
    """
    depth = 0
    for start in range(0, len(text), _PIECE):
        # Nowhere in a piece is it deeper than at its start and by all brackets that open in it.
        piece = text[start : start + _PIECE]
        opening = _count(piece, b"{", b"[")
        if depth + opening > MAX_NESTING:
            break
        depth = max(depth + opening - _count(piece, b"}", b"]"), 0)
    else:
        return False
    # Each round takes away the innermost brackets, two levels of a chain at most.
    brackets = text.translate(None, _NO_BRACKETS)
    for levels in range(0, 20, 2):
        if levels + len(brackets) // 2 <= MAX_NESTING:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return True


def _count(text: bytes, one: bytes, other: bytes) -> int:
    # By `replace` and not by `count`, which takes five times as long for single bytes.
    return len(text) - len(text.replace(one, b"").replace(other, b""))


def _check_nesting(data: Any) -> None:
    level = [data]
    for _ in range(MAX_NESTING):
        level = [
            item
            for container in level
            for item in (container.values() if type(container) is dict else container)
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return
    raise ValueError(f"JSON nested deeper than {MAX_NESTING} levels")


_encoder: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dumps(data: Any) -> bytes:
    """Encode plain JSON data as compact UTF-8."""
    return _encoder.encode(data).encode("utf-8")


def dumps_exact(data: Any, digits: Digits) -> str:
    """Encode data as JSON text; a number is written with the digits it came as."""
    numbers: dict[str, str] = {}
    # A float cannot tell the encoder how to print it, so digits that a float would not print
    # travel as strings under a name that cannot occur otherwise, and are put back afterwards.
    text = _encoder.encode(_mark_numbers(data, digits, numbers))
    if numbers:
        text = re.sub(_MARK, lambda match: numbers.get(match[1], match[0]), text)
    if not text.isascii():
        # A lone surrogate came escaped, and no encoding could carry it otherwise.
        text = re.sub(_SURROGATE, lambda match: f"\\u{ord(match[0]):04x}", text)
    return text


_MARK: Final = '"(\ue000[0-9.]+\ue001)"'
_SURROGATE: Final = "[\ud800-\udfff]"


def _mark_numbers(data: Any, digits: Digits, numbers: dict[str, str]) -> Any:
    if isinstance(data, Mapping):
        return {key: _mark_numbers(value, digits, numbers) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_mark_numbers(value, digits, numbers) for value in data]
    text = written(data, digits)
    if text is None:
        return data
    mark = f"\ue000{id(numbers)}.{len(numbers)}\ue001"
    numbers[mark] = text
    return mark
