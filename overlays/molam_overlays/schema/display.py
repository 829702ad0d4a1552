"""What of a value may be shown, and what is sensitive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from molam_overlays.redact import MASK, redact_text
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.types import Type

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    # A base that mypy cannot follow would make every model compatible with everything.
    _Object = Mapping[str, Any]
else:
    _Object = dict

    def dataclass_transform(**_: Any) -> Callable[[type], type]:
        """Do nothing: the decorator only speaks to type checkers."""
        return lambda cls: cls


from molam_overlays.schema.containers import Array, Map, Nullable
from molam_overlays.schema.fields import SENSITIVE_NAMES
from molam_overlays.schema.lazy import Lazy
from molam_overlays.schema.model import Model, Object
from molam_overlays.schema.unions import Tagged, Union


def shown(value: Any) -> str:
    """Return the `repr` of a field's value, without what the document marks sensitive anywhere."""
    if isinstance(value, (Model, str)) or value is None:
        return redact_text(repr(value))
    if isinstance(value, Mapping):
        inner = (
            f"{name!r}: {MASK if name in SENSITIVE_NAMES else shown(item)}"
            for name, item in value.items()
        )
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list):
        return f"[{', '.join(shown(item) for item in value)}]"
    return repr(value)


def shown_as(declared: Type, wire: Any, response: Any) -> str:
    """Return the `repr` of a wire value; of one that is not what was declared, only that it is."""
    if isinstance(declared, Lazy):
        declared = declared.found()
    if isinstance(declared, Nullable):
        declared = declared.inner
    if wire is None:
        return "None"
    if not declared.resembles(wire):
        return MASK
    if isinstance(declared, Array):
        return f"[{', '.join(shown_as(declared.item, item, response) for item in wire)}]"
    return shown(declared.decode(wire, response))


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
