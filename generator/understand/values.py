"""Values of JSON, told apart as JSON tells them apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are equal; true is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return values in order, each once."""
    found: list[Any] = []
    seen: set[Any] = set()
    for value in values:
        key = (type(value), value) if not isinstance(value, (list, dict)) else repr(value)
        if key not in seen:
            seen.add(key)
            found.append(value)
    return tuple(found)


def fits(value: Any, kind: str) -> bool:
    """Tell whether a value is of a JSON type."""
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return False
