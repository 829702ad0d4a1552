"""Any JSON value."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from molam_overlays.integers import whole
from molam_overlays.schema.jsontext import MAX_NESTING
from molam_overlays.schema.numbers import encode_int, encode_number
from molam_overlays.schema.texts import encode_text
from molam_overlays.schema.types import Problems, Type, joined


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
        return encode_number(value, at, problems)
    if isinstance(value, str):
        return encode_text(str.__str__(value), at, problems)
    number = whole(value)
    if number is not None:
        return encode_int(number, at, problems)
    if depth >= MAX_NESTING:
        problems[at] = f"must not nest deeper than {MAX_NESTING} levels"
        return None
    if isinstance(value, Mapping):
        out: dict[str, Any] = {}
        for name, item in value.items():
            if not isinstance(name, str):
                problems[at] = f"must have text as keys, not {type(name).__name__}"
                return None
            inner = joined(at, name)
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
