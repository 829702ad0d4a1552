"""Which texts of a value are sensitive, as the document marks them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.containers import Array, Map, Nullable
from molam_overlays.schema.fields import SENSITIVE_NAMES
from molam_overlays.schema.lazy import Lazy
from molam_overlays.schema.model import Object
from molam_overlays.schema.types import Type
from molam_overlays.schema.unions import Tagged, Union


def sensitive_values(declared: Type, data: Any) -> Iterator[str]:
    """Yield the text of every value that the document marks sensitive, longest first."""
    yield from sorted(set(_sensitive(declared, data, False)), key=len, reverse=True)


def _sensitive(declared: Type, data: Any, marked: bool) -> Iterator[str]:
    if isinstance(declared, Lazy):
        declared = declared.found()
    if isinstance(declared, Nullable):
        declared = declared.inner
    if isinstance(declared, Tagged) and isinstance(data, dict):
        member = declared.member(data)
        # An object of an unknown kind may hold anything.
        declared, marked = (member, marked) if member is not None else (AnyValue(), True)
    if isinstance(declared, Union):
        for member in declared.members:
            yield from _sensitive(member, data, marked)
    elif isinstance(data, dict):
        fields = declared.model.__fields__ if isinstance(declared, Object) else {}
        inner = declared.value if isinstance(declared, Map) else AnyValue()
        for name, value in data.items():
            spec = fields.get(name)
            hidden = spec.sensitive if spec else name in SENSITIVE_NAMES
            yield from _sensitive(spec.type if spec else inner, value, marked or hidden)
    elif isinstance(data, list):
        item = declared.item if isinstance(declared, Array) else AnyValue()
        for value in data:
            yield from _sensitive(item, value, marked)
    elif marked and data is not None and not isinstance(data, bool) and str(data):
        yield str(data)
