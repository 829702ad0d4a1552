"""A dict that refuses to change, and knows where it came from.

What came from the API *is* the decoded JSON object, so items are the values on the wire and everything
a dict does for readers works at the speed of a dict. There is no second copy of the facts, hence
nothing that an unknown, missing or odd value could break: what the server sent is what `to_dict()`
gives back.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from molam_overlays.annotations import Self
from molam_overlays.frames import sealed
from molam_overlays.outcome import ResponseInfo
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.containers import Nullable
from molam_overlays.schema.digits import (
    NOWHERE,
    Digits,
    Origin,
    from_order,
    in_order,
    plain_copy,
    plain_data,
)
from molam_overlays.schema.fields import ABSENT, Field
from molam_overlays.schema.jsontext import dumps_exact
from molam_overlays.schema.texts import encode_text
from molam_overlays.schema.types import UNSET, Newer, Problems, Received, Type, keywords

if TYPE_CHECKING:
    # A base that mypy cannot follow would make every model compatible with everything.
    _Object = object
else:
    _Object = dict


class Record(_Object):
    """A JSON object that came from the API."""

    __slots__ = ("_origin",)

    if TYPE_CHECKING:
        _origin: Origin

    __fields__: ClassVar[dict[str, Field]] = {}
    """The declared properties by wire name."""
    __extra__: ClassVar[Type | None] = AnyValue()
    """The type of properties that are not declared; None when the document forbids them."""
    __rules__: ClassVar[tuple[Callable[[Mapping[str, Any]], str | None], ...]] = ()
    """Checks over the object as a whole."""
    __written__: ClassVar[tuple[Any, ...]]
    """The fields as `encode_object` goes through them; made with the first."""

    @classmethod
    def __over__(cls, data: dict[str, Any], origin: Origin) -> Self:
        """Make one over decoded JSON, without a check: what came is what there is."""
        made: Any = _new(cls)
        _fill(made, data)
        set_origin(made, origin)
        adopted: Self = made
        return adopted

    @classmethod
    @sealed
    def from_dict(cls, data: Mapping[str, Any], /) -> Self:
        """Make one from JSON data, as it would come from the API. Nothing is checked or dropped.

        Raises:
            TypeError: `data` is not a mapping.
        """
        return cls.__over__(*received(cls, data))

    @property
    def response(self) -> ResponseInfo:
        """What happened on the way here: status, request id, headers, attempts, key.

        Never None, and not part of equality.
        """
        return self._origin.response

    def to_dict(self) -> dict[str, Any]:
        """Return what came, as plain JSON data that may be changed.

        Its numbers are ints and floats, and a Decimal where a float would print another number.
        """
        copied: dict[str, Any] = {name: plain_copy(value) for name, value in _items(self)}
        return copied

    @sealed
    def to_json(self) -> str:
        """Return exactly what came, every digit of it, as JSON text without white space."""
        return dumps_exact(self, self._origin.digits)

    def __copy__(self) -> Self:
        return self.__over__(dict(_items(self)), self._origin)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__over__(self.to_dict(), self._origin)

    def __reduce__(self) -> tuple[Any, ...]:
        data = dict(_items(self))
        return restored, (type(self), data, self.response, in_order(data, self._origin.digits))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Say how pydantic reads and writes these; see its documentation."""
        from molam_overlays.schema.pydantic import core_schema_of

        return core_schema_of(cls, encode_object)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        return cls.__json_schema__()

    @classmethod
    def __json_schema__(cls) -> dict[str, Any]:
        """Return what JSON Schema says of these; an object within itself is any object there."""
        if cls in _described.get():
            return {"type": "object", "title": cls.__name__}
        token = _described.set((*_described.get(), cls))
        try:
            extra = cls.__extra__
            required = [name for name, spec in cls.__fields__.items() if spec.required]
            return {
                "type": "object",
                "title": cls.__name__,
                **keywords(description=inspect.cleandoc(cls.__doc__ or "") or None),
                "properties": {name: spec.json_schema() for name, spec in cls.__fields__.items()},
                **keywords(required=required or None),
                "additionalProperties": extra is not None and (extra.json_schema() or True),
            }
        finally:
            _described.reset(token)

    if not TYPE_CHECKING:

        def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
            return self.__reduce__()

        @sealed
        def _read_only(self, *_: Any, **__: Any) -> NoReturn:
            raise ReadOnlyError(
                f"{type(self).__name__} is read-only; to_dict() gives a dict that may be changed"
            )

        __setitem__ = __delitem__ = __ior__ = __setattr__ = __delattr__ = _read_only
        update = setdefault = pop = popitem = clear = _read_only


class ReadOnlyError(AttributeError, TypeError):
    """What an attempt to change a record raises.

    A `TypeError`, as of any immutable object, whether items or attributes are set: by that libraries
    know to make one in one go.
    """


_described: Final[ContextVar[tuple[type, ...]]] = ContextVar("_described", default=())
_new: Final[Any] = dict.__new__
_fill: Final[Any] = dict.update
_items: Final[Any] = dict.items
set_origin: Final[Callable[[Any, Origin], None]] = Record.__dict__["_origin"].__set__


def received(cls: type, data: Any) -> tuple[dict[str, Any], Origin]:
    """Copy what `from_dict` of a class was given; `TypeError` unless it is a mapping."""
    if not isinstance(data, Mapping):
        raise TypeError(
            f"{cls.__name__}.from_dict() takes a dict of JSON data, not {type(data).__name__}"
        )
    if isinstance(data, Record):
        return data.to_dict(), data._origin
    digits: Digits = {}
    copied: dict[str, Any] = plain_data(data, digits)
    return copied, Origin(NOWHERE.response, digits) if digits else NOWHERE


def copied(cls: type, data: Any) -> tuple[dict[str, Any], Origin]:
    """Copy what was given in place of keywords, as `dict` takes it: a mapping, or pairs."""
    if not isinstance(data, Iterable):
        raise TypeError(
            f"{cls.__name__}() takes keywords, or a dict or pairs of JSON data, not "
            f"{type(data).__name__}"
        )
    return received(cls, data if isinstance(data, Mapping) else dict(data))


def _written(model: type[Record]) -> tuple[tuple[str, Any, bool, bool, bool], ...]:
    """Return what `encode_object` asks of each field, in a form that is quick to go through."""
    rows = model.__dict__.get("__written__")
    if rows is None:
        rows = tuple(
            (
                name,
                spec.type.encode,
                spec.required and not spec.read_only,
                spec.read_only,
                isinstance(spec.type, Nullable),
            )
            for name, spec in model.__fields__.items()
        )
        model.__written__ = rows
    return rows


def encode_object(
    model: type[Record], value: Mapping[Any, Any], at: str, problems: Problems
) -> dict[str, Any]:
    """Check an object, keyed by wire names, against a model; return plain JSON data.

    None stands for "left out" unless the property may be null. What only the server sets is dropped
    where a model holds it, as all that comes from the API does, and is no caller's to give.
    """
    received = isinstance(problems, Received)
    lenient = received and isinstance(problems, Newer)
    if not received and isinstance(value, Record):
        inner = Received()
        sent = encode_object(model, value, at, inner)
        problems.update(inner)
        return sent
    out: dict[str, Any] = {}
    prefix = f"{at}." if at else ""
    fields = model.__fields__
    find = value.get
    declared = 0
    for name, encode, required, read_only, nullable in _written(model):
        item = find(name, ABSENT)
        if item is ABSENT:
            if required and not lenient:
                problems[prefix + name] = "is required"
            continue
        declared += 1
        if item is UNSET or (item is None and not nullable):
            if required and not lenient:
                problems[prefix + name] = "is required"
        elif not read_only:
            out[name] = encode(item, prefix + name, problems)
        elif not received:
            problems[prefix + name] = "is set by the server alone; leave it out"
    if declared < len(value):
        extra = model.__extra__
        for name, item in value.items():
            if name in fields:
                continue
            if not isinstance(name, str):
                problems[at] = f"must have text as keys, not {type(name).__name__}"
            elif extra is None:
                problems[prefix + name] = f"is not a property of {model.__name__}"
            elif item is not UNSET:
                key = encode_text(str.__str__(name), prefix + name, problems)
                out[key] = extra.encode(item, prefix + name, problems)
    for rule in model.__rules__:
        problem = rule(out)
        if problem is not None:
            problems[at] = problem
    return out


def restored(
    cls: type[Record], data: dict[str, Any], response: ResponseInfo, ordered: Any = None
) -> Record:
    """Make what was pickled."""
    return cls.__over__(data, Origin(response, from_order(data, ordered)))
