"""Read-only typed objects over the JSON that came.

A model *is* the decoded JSON object: a dict that refuses to change, so items are the values on
the wire and everything a dict does for readers works at the speed of a dict. Attributes convert on
access. There is no second copy of the facts, hence nothing that an unknown, missing or odd value
could break: what the server sent is what `to_dict()` gives back.

To type checkers a model is a `Mapping`, which has no way to change it.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, NoReturn, TypeVar

from molam_overlays import codec
from molam_overlays.codec import AnyValue, Problems, Type, type_of
from molam_overlays.errors import Attempt, ValidationError
from molam_overlays.frames import sealed
from molam_overlays.jsontext import dumps_exact, plain_copy
from molam_overlays.redact import MASK, SECRET_HEADERS, redact_text
from molam_overlays.wire import Headers

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform

    # A base that mypy cannot follow would make every model compatible with everything.
    _Object = Mapping[str, Any]
else:
    _Object = dict

    def dataclass_transform(**_: Any) -> Callable[[type], type]:
        """Do nothing: the decorator only speaks to type checkers."""
        return lambda cls: cls


class ResponseInfo(NamedTuple):
    """What happened on the way to a result."""

    status: int = 0
    """The HTTP status; 0 for an object that no call returned."""
    request_id: str | None = None
    """The server's ``X-Request-Id``."""
    headers: Mapping[str, str] = Headers()
    """The response headers, read without regard to case."""
    attempts: tuple[Attempt, ...] = ()
    """What was tried, in order; one entry when the first attempt succeeded."""
    idempotency_key: str | None = None
    """The key the call was sent with; None for reads."""

    def __reduce__(self) -> tuple[Any, ...]:
        values = self
        if not SECRET_HEADERS.isdisjoint(self.headers):
            kept = [pair for pair in self.headers.items() if pair[0].lower() not in SECRET_HEADERS]
            values = self._replace(headers=Headers(kept))
        return _response_info, tuple(values)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()


def _response_info(*values: Any) -> ResponseInfo:
    # By this name: `__module__` says where users import the class from, and an emitted package may
    # have another name.
    return ResponseInfo(*values)


ResponseInfo.__module__ = "molam_sdk.models"
NO_RESPONSE: Final = ResponseInfo()
"""The `response` of an object that no call returned."""

_ABSENT: Final[Any] = object()
_get: Final[Any] = dict.get
_from_iso: Final[Any] = datetime.fromisoformat
_new: Final[Any] = dict.__new__
_fill: Final[Any] = dict.update


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
    """Only ever sent by the server; dropped when an object is sent back."""
    sensitive: bool
    """Masked wherever it would be shown."""


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
    default: Any = _ABSENT,
    init: bool = True,
    required: bool | None = None,
    sensitive: bool = False,
) -> Any:
    """Declare a property of a model.

    Args:
        type: a `molam_overlays.codec.Type` or a model class.
        name: its name on the wire, when that is not the attribute's.
        default: what the constructor sends when it is left out; None sends nothing. A property
            without a default is required.
        init: False for what only the server sets.
        required: for the rare property that is required although it has a default.
        sensitive: masked in `repr`, logs, traces and errors.
    """
    if required is None:
        required = default is _ABSENT
    return _Declaration(type, name, default, required, init, sensitive)


class MissingItemError(AttributeError, KeyError):
    """What `model[name]` raises for a name that did not come.

    A `KeyError` to whoever reads an item; an `AttributeError` to the properties, which read items:
    that makes Python ask `Model.__getattr__`.
    """

    __str__ = KeyError.__str__


@dataclass_transform(
    kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(field,)
)
class Model(_Object):
    """A JSON object of the API: read-only, typed attributes, items as on the wire."""

    __slots__ = ("_response",)
    _response: ResponseInfo
    __fields__: ClassVar[dict[str, Field]] = {}
    """The declared properties by wire name."""
    __extra__: ClassVar[Type | None] = AnyValue()
    """The type of properties that are not declared; None when the document forbids them."""
    __rules__: ClassVar[tuple[Callable[[Mapping[str, Any]], str | None], ...]] = ()
    """Checks over the object as a whole."""
    __written__: ClassVar[tuple[Any, ...]]
    """The fields as `encode_object` goes through them; made with the first."""

    if TYPE_CHECKING:

        def __getitem__(self, name: str, /) -> Any: ...
        def __iter__(self) -> Iterator[str]: ...
        def __len__(self) -> int: ...
        def keys(self) -> KeysView[str]: ...
        def items(self) -> ItemsView[str, Any]: ...

    def __init_subclass__(cls, *, extra: Any = _ABSENT, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if extra is not _ABSENT:
            cls.__extra__ = None if extra is None else type_of(extra)
        collect_fields(cls, _getter)

    if not TYPE_CHECKING:

        @sealed
        def __init__(self, **values: Any) -> None:
            """Build one from Python values, named as the attributes are.

            Raises:
                ValidationError: a value breaks the document's rules, or a required one is missing.
                TypeError: a name is not a property of this model.
            """
            by_attribute = {spec.attribute: spec for spec in self.__fields__.values()}
            given: dict[str, Any] = {}
            for attribute, value in values.items():
                spec = by_attribute.get(attribute)
                if spec is None or spec.read_only:
                    raise TypeError(
                        f"{type(self).__name__}() got an unexpected keyword argument "
                        f"{attribute!r}; from_dict() takes any property"
                    )
                given[spec.name] = value
            for spec in self.__fields__.values():
                if spec.default is not None and given.get(spec.name) in (None, codec.UNSET):
                    given[spec.name] = spec.default
            problems: Problems = {}
            data = encode_object(type(self), given, "", problems)
            if problems:
                raise ValidationError(problems)
            dict.__init__(self, data)
            _set_response(self, NO_RESPONSE)

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
            value = _get(self, name, _ABSENT)
            if value is _ABSENT or name.startswith("__"):
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
            return value

    @classmethod
    def __wire_type__(cls) -> Type:
        return Object(cls)

    @classmethod
    @sealed
    def from_dict(cls, data: Mapping[str, Any], /) -> Self:
        """Make one from JSON data, as it would come from the API. Nothing is checked or dropped.

        Raises:
            TypeError: `data` is not a mapping.
        """
        return adopt(cls, json_object(cls, data), NO_RESPONSE)

    @property
    def response(self) -> ResponseInfo:
        """What happened on the way here: status, request id, headers, attempts, key.

        Never None, and not part of equality.
        """
        return self._response

    def to_dict(self) -> dict[str, Any]:
        """Return exactly what came, as plain dicts and lists that may be changed."""
        copied: dict[str, Any] = plain_copy(self)
        return copied

    def to_json(self) -> str:
        """Return exactly what came, as JSON text without white space."""
        return dumps_exact(self)

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
                yield spec.attribute, _shown_as(spec.type, value, self._response)

    def __copy__(self) -> Self:
        return adopt(type(self), dict(self), self.response)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return adopt(type(self), plain_copy(self), self.response)

    def __reduce__(self) -> tuple[Any, ...]:
        return adopt, (type(self), dict(self), self.response)

    if not TYPE_CHECKING:

        def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
            return self.__reduce__()

        def _read_only(self, *_: Any, **__: Any) -> NoReturn:
            raise TypeError(
                f"{type(self).__name__} is read-only; to_dict() gives a dict that may be changed"
            )

        __setitem__ = __delitem__ = __ior__ = _read_only
        update = setdefault = pop = popitem = clear = _read_only

        def __setattr__(self, name: str, value: Any) -> NoReturn:
            raise AttributeError(
                f"{type(self).__name__} is read-only; to_dict() gives a dict that may be changed"
            )

        def __delattr__(self, name: str) -> NoReturn:
            self.__setattr__(name, None)


SENSITIVE_NAMES: Final[set[str]] = set()
"""Wire names of all properties that the document marks sensitive, in the models loaded so far."""


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


def _shown_as(declared: Type, wire: Any, response: Any) -> str:
    """Return the `repr` of a wire value; of one that is not what was declared, only that it is."""
    if isinstance(declared, codec.Lazy):
        declared = declared.found()
    if isinstance(declared, codec.Nullable):
        declared = declared.inner
    if wire is None:
        return "None"
    if not declared.resembles(wire):
        return MASK
    if isinstance(declared, codec.Array):
        return f"[{', '.join(_shown_as(declared.item, item, response) for item in wire)}]"
    return shown(declared.decode(wire, response))


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
                default=None if declared.default is _ABSENT else declared.default,
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
    value = wire.get(spec.name, _ABSENT)
    if value is _ABSENT:
        if spec.required:
            raise missing(owner, spec.attribute)
        return None
    return value if value is None or spec.type.plain else spec.type.decode(value, owner.response)


_set_response: Final[Callable[[Any, Any], None]] = Model.__dict__["_response"].__set__
_M = TypeVar("_M", bound=Model)


def adopt(cls: type[_M], data: dict[str, Any], response: Any) -> _M:
    """Make a model over decoded JSON, without a check: what came is what there is."""
    model: Any = _new(cls)
    _fill(model, data)
    _set_response(model, response)
    adopted: _M = model
    return adopted


def _getter(spec: Field) -> Callable[[Any], Any]:
    name = spec.name
    if spec.type.plain:
        # In C, twice as fast as a function. What is absent ends up in `Model.__getattr__`.
        return itemgetter(name)
    decode = spec.type.decode
    inner = spec.type.inner if isinstance(spec.type, codec.Nullable) else spec.type
    if isinstance(inner, codec.DateTime):

        def read_moment(self: Any) -> Any:
            value = self[name]
            try:
                moment = _from_iso(value)
            except (TypeError, ValueError):
                pass
            else:
                if moment.tzinfo is not None:
                    return moment
            return None if value is None else decode(value, None)

        return read_moment

    def read(self: Any) -> Any:
        value = self[name]
        return None if value is None else decode(value, self._response)

    return read


def json_object(cls: type, data: Any) -> dict[str, Any]:
    """Copy what `from_dict` of a class was given; `TypeError` unless it is a mapping."""
    if not isinstance(data, Mapping):
        raise TypeError(
            f"{cls.__name__}.from_dict() takes a dict of JSON data, not {type(data).__name__}"
        )
    copied: dict[str, Any] = plain_copy(data)
    return copied


def missing(model: Any, attribute: str) -> AttributeError:
    """Make the error for a required property that did not come."""
    return AttributeError(
        f"The response has no {attribute!r}, which {type(model).__name__} should have "
        f"(request id {model.response.request_id}). to_dict() shows what came."
    )


class Object(Type):
    """A model class as a type of the document."""

    plain = False
    __slots__ = ("model",)

    def __init__(self, model: type[Model]) -> None:
        self.model = model

    def decode(self, wire: Any, response: Any) -> Any:
        return adopt(self.model, wire, response) if isinstance(wire, dict) else wire

    def decode_all(self, wires: list[Any], response: Any) -> list[Any]:
        # `adopt` written out: on a page of a hundred the calls would cost as much as the work.
        cls = self.model
        models = list(wires)
        for index, wire in enumerate(wires):
            if type(wire) is dict:
                models[index] = model = _new(cls)
                _fill(model, wire)
                _set_response(model, response)
        return models

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, dict)

    def fit(self, wire: Any) -> float:
        if not isinstance(wire, Mapping):
            return 0.0
        known = weight = 0.0
        fields = self.model.__fields__
        for name, spec in fields.items():
            if name in wire:
                value = wire[name]
                fit = 1.0 if value is None else spec.type.fit(value)
                if not fit and isinstance(spec.type, codec.Const):
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


def _written(model: type[Model]) -> tuple[tuple[str, Any, bool, bool, bool], ...]:
    """Return what `encode_object` asks of each field, in a form that is quick to go through."""
    rows = model.__dict__.get("__written__")
    if rows is None:
        rows = tuple(
            (
                name,
                spec.type.encode,
                spec.required and not spec.read_only,
                spec.read_only,
                isinstance(spec.type, codec.Nullable),
            )
            for name, spec in model.__fields__.items()
        )
        model.__written__ = rows
    return rows


def encode_object(
    model: type[Model], value: Mapping[Any, Any], at: str, problems: Problems
) -> dict[str, Any]:
    """Check an object, keyed by wire names, against a model; return plain JSON data.

    None stands for "left out" unless the property may be null.
    """
    out: dict[str, Any] = {}
    prefix = f"{at}." if at else ""
    fields = model.__fields__
    find = value.get
    declared = 0
    for name, encode, required, read_only, nullable in _written(model):
        item = find(name, _ABSENT)
        if item is _ABSENT:
            if required:
                problems[prefix + name] = "is required"
            continue
        declared += 1
        if item is codec.UNSET or (item is None and not nullable):
            if required:
                problems[prefix + name] = "is required"
        elif not read_only:
            out[name] = encode(item, prefix + name, problems)
    if declared < len(value):
        extra = model.__extra__
        for name, item in value.items():
            if name in fields:
                continue
            if not isinstance(name, str):
                problems[at] = f"must have text as keys, not {type(name).__name__}"
            elif extra is None:
                problems[prefix + name] = f"is not a property of {model.__name__}"
            elif item is not codec.UNSET:
                key = codec.encode_text(str.__str__(name), prefix + name, problems)
                out[key] = extra.encode(item, prefix + name, problems)
    for rule in model.__rules__:
        problem = rule(out)
        if problem is not None:
            problems[at] = problem
    return out


def sensitive_values(declared: Type, data: Any) -> Iterator[str]:
    """Yield the text of every value that the document marks sensitive, longest first."""
    yield from sorted(set(_sensitive(declared, data, False)), key=len, reverse=True)


def _sensitive(declared: Type, data: Any, marked: bool) -> Iterator[str]:
    if isinstance(declared, codec.Lazy):
        declared = declared.found()
    if isinstance(declared, codec.Nullable):
        declared = declared.inner
    if isinstance(declared, codec.Tagged) and isinstance(data, dict):
        member = declared.member(data)
        # An object of an unknown kind may hold anything.
        declared, marked = (member, marked) if member is not None else (AnyValue(), True)
    if isinstance(declared, codec.Union):
        for member in declared.members:
            yield from _sensitive(member, data, marked)
    elif isinstance(data, dict):
        fields = declared.model.__fields__ if isinstance(declared, Object) else {}
        inner = declared.value if isinstance(declared, codec.Map) else AnyValue()
        for name, value in data.items():
            spec = fields.get(name)
            hidden = spec.sensitive if spec else name in SENSITIVE_NAMES
            yield from _sensitive(spec.type if spec else inner, value, marked or hidden)
    elif isinstance(data, list):
        item = declared.item if isinstance(declared, codec.Array) else AnyValue()
        for value in data:
            yield from _sensitive(item, value, marked)
    elif marked and data is not None and not isinstance(data, bool) and str(data):
        yield str(data)


def _plain_model(wire: dict[str, Any], response: Any) -> Model:
    return adopt(Model, wire, response)


codec.plain_model = _plain_model
Model.__module__ = "molam_sdk.models"
