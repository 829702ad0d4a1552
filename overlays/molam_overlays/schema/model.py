"""Read-only typed objects over the JSON that came.

Attributes convert on access what the items hold. To type checkers a model is a `Mapping`, which has
no way to change it.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from molam_overlays.annotations import Self, at_home
from molam_overlays.errors import ValidationError
from molam_overlays.frames import sealed
from molam_overlays.keywords import unexpected
from molam_overlays.redact import MASK, redact_text
from molam_overlays.schema import types
from molam_overlays.schema.containers import Array, Nullable
from molam_overlays.schema.digits import NOWHERE, Origin
from molam_overlays.schema.fields import (
    ABSENT,
    SENSITIVE_NAMES,
    Field,
    MissingItemError,
    collect_fields,
    field,
    missing,
)
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.lazy import Lazy
from molam_overlays.schema.record import Record, copied, encode_object, set_origin
from molam_overlays.schema.texts import Const
from molam_overlays.schema.types import Problems, Type, type_of

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    class _Object(Record, Mapping[str, Any]): ...

else:
    _Object = Record

    def dataclass_transform(**_: Any) -> Callable[[type], type]:
        """Do nothing: the decorator only speaks to type checkers."""
        return lambda cls: cls


_get: Final[Any] = dict.get
_from_iso: Final[Any] = datetime.fromisoformat
_new: Final[Any] = dict.__new__
_fill: Final[Any] = dict.update


@dataclass_transform(
    kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(field,)
)
class Model(_Object):
    """A JSON object of the API: read-only, typed attributes, items as on the wire."""

    __slots__ = ()
    if TYPE_CHECKING:

        def __getitem__(self, name: str, /) -> Any: ...
        def __iter__(self) -> Iterator[str]: ...
        def __len__(self) -> int: ...
        def keys(self) -> KeysView[str]: ...
        def items(self) -> ItemsView[str, Any]: ...

    def __init_subclass__(cls, *, extra: Any = ABSENT, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if extra is not ABSENT:
            cls.__extra__ = None if extra is None else type_of(extra)
        collect_fields(cls, _getter)

    if not TYPE_CHECKING:

        @sealed
        def __init__(self, data: Any = ABSENT, /, **values: Any) -> None:
            """Build one from Python values, named as the attributes are.

            Or from what `dict` takes, as `from_dict` does: that is how `dataclasses.asdict` copies.

            Raises:
                ValidationError: a value breaks the document's rules, or a required one is missing.
                TypeError: a name is not a property of this model.
            """
            if data is not ABSENT:
                if values:
                    raise TypeError(
                        f"{type(self).__name__}() takes keywords or a dict, not both; "
                        "copy.replace() changes properties"
                    )
                data, origin = copied(type(self), data)
                dict.__init__(self, data)
                set_origin(self, origin)
                return
            given = _by_name(type(self), values)
            for spec in self.__fields__.values():
                if spec.default is not None and given.get(spec.name) in (None, types.UNSET):
                    given[spec.name] = spec.default
            problems: Problems = {}
            data = encode_object(type(self), given, "", problems)
            if problems:
                raise ValidationError(problems)
            dict.__init__(self, data)
            set_origin(self, NOWHERE)

        @sealed
        def __replace__(self, /, **changes: Any) -> Self:
            """Return a copy with other values; what `copy.replace` calls from Python 3.13 on.

            Raises:
                ValidationError: a value breaks the document's rules.
                TypeError: a name is not a property of this model.
            """
            data, problems = self.to_dict(), {}
            for name, value in _by_name(type(self), changes).items():
                declared = self.__fields__[name].type
                if value is types.UNSET or (value is None and not isinstance(declared, Nullable)):
                    data.pop(name, None)
                else:
                    data[name] = declared.encode(value, name, problems)
            if problems:
                raise ValidationError(problems)
            return adopt(type(self), data, self._origin)

        def __missing__(self, name: str) -> NoReturn:
            raise MissingItemError(name)

        def __getattr__(self, name: str) -> Any:
            # Fields newer than this SDK, and those that did not come. Hidden from type checkers
            # so that a typing error shows.
            for spec in self.__fields__.values():
                if spec.attribute == name:
                    if spec.required:
                        raise missing(self, name)
                    return None
            value = _get(self, name, ABSENT)
            if value is ABSENT or name.startswith("__"):
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
            return value

    @classmethod
    def __wire_type__(cls) -> Type:
        return Object(cls)

    def __repr__(self) -> str:
        shown = [f"{name}={text}" for name, text in self._shown()]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self) -> Iterator[tuple[str, str]]:
        fields = self.__fields__
        for name, value in self.items():
            spec = fields.get(name)
            # What the document does not know may be sensitive; that it is there is shown.
            if spec is None or spec.sensitive:
                yield (spec.attribute if spec else name), MASK
            else:
                yield spec.attribute, shown_as(spec.type, value, self._origin)


_M = TypeVar("_M", bound=Model)


def _by_name(cls: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by the names on the wire, given by the attributes."""
    by_attribute = {spec.attribute: spec for spec in cls.__fields__.values()}
    given: dict[str, Any] = {}
    for attribute, value in values.items():
        spec = by_attribute.get(attribute)
        if spec is None or spec.read_only:
            raise TypeError(
                f"{unexpected(cls.__name__, attribute, by_attribute)}; from_dict() takes any "
                "property"
            )
        given[spec.name] = value
    return given


def adopt(cls: type[_M], data: dict[str, Any], origin: Origin) -> _M:
    """Make a model over decoded JSON, without a check: what came is what there is."""
    model: Any = _new(cls)
    _fill(model, data)
    set_origin(model, origin)
    adopted: _M = model
    return adopted


def _getter(spec: Field) -> Callable[[Any], Any]:
    name = spec.name
    if spec.type.plain:
        # In C, twice as fast as a function. What is absent ends up in `Model.__getattr__`.
        return itemgetter(name)
    decode = spec.type.decode
    inner = spec.type.inner if isinstance(spec.type, Nullable) else spec.type
    if isinstance(inner, DateTime):

        def read_moment(self: Any) -> Any:
            value = self[name]
            try:
                moment = _from_iso(value)
            except (TypeError, ValueError):
                pass
            else:
                if moment.tzinfo is not None:
                    return moment
            return None if value is None else decode(value, NOWHERE)

        return read_moment

    def read(self: Any) -> Any:
        value = self[name]
        return None if value is None else decode(value, self._origin)

    return read


class Object(Type):
    """A model class as a type of the document."""

    plain = False
    __slots__ = ("model",)

    def __init__(self, model: type[Model]) -> None:
        self.model = model

    def decode(self, wire: Any, origin: Origin) -> Any:
        return adopt(self.model, wire, origin) if isinstance(wire, dict) else wire

    def decode_all(self, wires: list[Any], origin: Origin) -> list[Any]:
        # `adopt` written out: on a page of a hundred the calls would cost as much as the work.
        cls = self.model
        models = list(wires)
        for index, wire in enumerate(wires):
            if type(wire) is dict:
                models[index] = model = _new(cls)
                _fill(model, wire)
                set_origin(model, origin)
        return models

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, dict)

    def json_schema(self) -> dict[str, Any]:
        return self.model.__json_schema__()

    def fit(self, wire: Any) -> float:
        if not isinstance(wire, Mapping):
            return 0.0
        known = weight = 0.0
        fields = self.model.__fields__
        for name, spec in fields.items():
            if name in wire:
                value = wire[name]
                fit = 1.0 if value is None else spec.type.fit(value)
                if not fit and isinstance(spec.type, Const):
                    return 0.01  # its tag says that it is something else
                known += 0.5 + 0.5 * fit
                weight += 1.0
            elif spec.required:
                weight += 1.0
        weight += 0.5 * sum(name not in fields for name in wire)
        # An object without a trace of this model is still an object.
        return max(known / weight, 0.02) if weight else 0.5

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            problems[at] = (
                f"must be an object (a dict or {self.model.__name__}), not {type(value).__name__}"
            )
            return None
        return encode_object(self.model, value, at, problems)


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


def shown_as(declared: Type, wire: Any, origin: Origin) -> str:
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
        return f"[{', '.join(shown_as(declared.item, item, origin) for item in wire)}]"
    return shown(declared.decode(wire, origin))


def plain_model(wire: dict[str, Any], origin: Origin) -> Model:
    """Make a model without declared fields over decoded JSON."""
    return adopt(Model, wire, origin)


if TYPE_CHECKING:

    class UnknownModel(Model):
        """An object of a kind that the document does not know: its attributes are what came."""

        def __getattr__(self, name: str) -> Any: ...

else:
    UnknownModel = Model

at_home("molam_sdk.models", Model)
