"""Fields of a model, and what a class body becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from molam_overlays.schema.types import Type, keywords, type_of

ABSENT: Final[Any] = object()


class Field(NamedTuple):
    """How one property is read, written and shown."""

    type: Type
    """Its type on the wire."""
    name: str
    """Its name on the wire."""
    attribute: str
    """Its name in Python."""
    required: bool
    """Whether the document requires it."""
    default: Any
    """What the constructor sends when it is left out."""
    read_only: bool
    """Only ever sent by the server; dropped when a model is sent back, refused of a mapping."""
    sensitive: bool
    """Masked wherever it would be shown."""

    def json_schema(self) -> dict[str, Any]:
        """Return what JSON Schema says of the property."""
        about = keywords(readOnly=self.read_only or None, default=self.default)
        return {**self.type.json_schema(), **about}


class _Declaration:
    """What `field` leaves in the class body until the class is complete."""

    __slots__ = ("default", "init", "name", "required", "sensitive", "type")

    def __init__(
        self,
        declared: Any,
        name: str | None,
        default: Any,
        required: bool,
        init: bool,
        sensitive: bool,
    ) -> None:
        self.type = declared
        self.name = name
        self.default = default
        self.required = required
        self.init = init
        self.sensitive = sensitive


def field(
    type: Any,  # noqa: A002 - as the document says it
    *,
    name: str | None = None,
    default: Any = ABSENT,
    init: bool = True,
    required: bool | None = None,
    sensitive: bool = False,
) -> Any:
    """Declare a property of a model.

    Args:
        type: a `Type` or a model class.
        name: its name on the wire, when that is not the attribute's.
        default: what the constructor sends when it is left out; None sends nothing. A property
            without a default is required.
        init: False for what only the server sets.
        required: for the rare property that is required although it has a default.
        sensitive: masked in `repr`, logs, traces and errors.
    """
    if required is None:
        required = default is ABSENT
    return _Declaration(type, name, default, required, init, sensitive)


class MissingItemError(AttributeError, KeyError):
    """What `model[name]` raises for a name that did not come.

    A `KeyError` to whoever reads an item; an `AttributeError` to the properties, which read items:
    that makes Python ask `Model.__getattr__`.
    """

    __str__ = KeyError.__str__


SENSITIVE_NAMES: Final[set[str]] = set()
"""Wire names of all properties that the document marks sensitive, in the models loaded so far."""


def collect_fields(cls: Any, getter: Callable[[Field], Callable[[Any], Any]]) -> None:
    """Turn the `field` declarations in a class body into properties and `__fields__`."""
    fields: dict[str, Field] = dict(cls.__fields__)
    for attribute, declared in list(cls.__dict__.items()):
        if isinstance(declared, _Declaration):
            spec = Field(
                type=type_of(declared.type),
                name=attribute if declared.name is None else declared.name,
                attribute=attribute,
                required=declared.required,
                default=None if declared.default is ABSENT else declared.default,
                read_only=not declared.init,
                sensitive=declared.sensitive,
            )
            fields[spec.name] = spec
            if spec.sensitive:
                SENSITIVE_NAMES.add(spec.name)
            setattr(cls, attribute, property(getter(spec)))
    cls.__fields__ = fields


def read_field(owner: Any, spec: Field, wire: Mapping[str, Any]) -> Any:
    """Read a declared property out of wire data; None when it is absent but optional."""
    value = wire.get(spec.name, ABSENT)
    if value is ABSENT:
        if spec.required:
            raise missing(owner, spec.attribute)
        return None
    return value if value is None or spec.type.plain else spec.type.decode(value, owner._origin)


def missing(model: Any, attribute: str) -> AttributeError:
    """Make the error for a required property that did not come."""
    return AttributeError(
        f"The response has no {attribute!r}, which {type(model).__name__} should have "
        f"(request id {model.response.request_id}). to_dict() shows what came."
    )
