"""Arrays, maps, and values that may be null."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from molam_overlays.schema.digits import Origin
from molam_overlays.schema.texts import encode_text
from molam_overlays.schema.types import Problems, Type, joined, keywords, type_of


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

    def leaves(self, origin: Origin) -> bool:
        return self.item.leaves(origin)

    def decode(self, wire: Any, origin: Origin) -> Any:
        if not isinstance(wire, list) or self.item.leaves(origin):
            return wire
        return self.item.decode_all(wire, origin)

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, list)

    def json_schema(self) -> dict[str, Any]:
        limits = keywords(minItems=self._min, maxItems=self._max, uniqueItems=self._unique or None)
        return {"type": "array", "items": self.item.json_schema(), **limits}

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

    def leaves(self, origin: Origin) -> bool:
        return self.value.leaves(origin)

    def decode(self, wire: Any, origin: Origin) -> Any:
        if not isinstance(wire, dict) or self.value.leaves(origin):
            return wire
        decode = self.value.decode
        return {name: decode(item, origin) for name, item in wire.items()}

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, dict)

    def json_schema(self) -> dict[str, Any]:
        limits = keywords(
            minProperties=self._min,
            maxProperties=self._max,
            propertyNames=self._names and self._names.json_schema(),
        )
        return {"type": "object", "additionalProperties": self.value.json_schema(), **limits}

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
            inner = joined(at, name)
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

    def leaves(self, origin: Origin) -> bool:
        return self.inner.leaves(origin)

    def decode(self, wire: Any, origin: Origin) -> Any:
        return None if wire is None else self.inner.decode(wire, origin)

    def resembles(self, wire: Any) -> bool:
        return wire is None or self.inner.resembles(wire)

    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [self.inner.json_schema(), {"type": "null"}]}

    def fit(self, wire: Any) -> float:
        return 1.0 if wire is None else self.inner.fit(wire)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        return None if value is None else self.inner.encode(value, at, problems)
