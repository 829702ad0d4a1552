"""Leaves, enums and limits in Python."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from generator.decide.annotations import joined
from generator.decide.imports import builtin, use
from generator.decide.patterns import pattern_problem, python_pattern
from generator.decide.runtime import of_runtime
from generator.text.literal import literal
from generator.understand.keywords import constraints
from generator.understand.schema import Schema
from generator.understand.types import Leaf


@attrs.frozen
class Shape:
    """One schema in Python, null left out; expressions name what they use by tokens."""

    read: str
    """Annotation of what an attribute gives."""
    accept: str
    """Annotation of what an argument takes."""
    runtime: str
    """Expression of the type that decodes and encodes."""


STRINGS: Final[Mapping[str, tuple[str, str, str]]] = {
    # Format: annotation module, annotation name, codec class.
    "date-time": ("datetime", "datetime", "DateTime"),
    "date": ("datetime", "date", "Date"),
    "time": ("datetime", "time", "Time"),
    "duration": ("datetime", "timedelta", "Duration"),
    "uuid": ("uuid", "UUID", "Uuid"),
    "decimal": ("decimal", "Decimal", "DecimalText"),
    "byte": ("builtins", "bytes", "Base64"),
}
_INCLUSIVE: Final = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_EXCLUSIVE: Final = {inclusive: exclusive for exclusive, inclusive in _INCLUSIVE.items()}


def is_file(schema: Schema) -> bool:
    """Tell whether a schema in a multipart body describes a file."""
    if schema.kind == "string":
        return schema.fact("format") == "binary" or (
            "contentMediaType" in schema.facts and "contentEncoding" not in schema.facts
        )
    return schema.kind == "any" and not set(schema.facts) - {"description", "title"}


def call(name: str, *arguments: str) -> str:
    """Return the source of a call; empty arguments are left out."""
    listed = ", ".join(argument for argument in arguments if argument)
    return f"{of_runtime(name)}({listed})"


def value_type(schema: Schema) -> str:
    """Return the annotation of any value of an enum's type."""
    kinds = {type(value) for value in schema.values}
    if kinds == {str}:
        return builtin("str")
    if kinds == {int}:
        return builtin("int")
    if kinds <= {str, int, bool}:
        return joined(*(builtin(kind.__name__) for kind in sorted(kinds, key=repr)))
    return use("typing", "Any")


def enum(schema: Schema) -> Shape:
    """Return an enum in Python."""
    values = schema.values
    listed = ", ".join(literal(value) for value in values)
    runtime = call("Const" if len(values) == 1 else "Enum", listed)
    if all(isinstance(value, (str, int)) for value in values):
        name = f"{use('typing', 'Literal')}[{listed}]"
        if len(values) == 1:
            return Shape(name, name, runtime)
        return Shape(joined(name, value_type(schema)), name, runtime)
    kind = value_type(schema)
    return Shape(kind, kind, runtime)


def binary() -> Shape:
    """Return what bytes are that travel as they are."""
    raw = builtin("bytes")
    accept = joined(raw, of_runtime("File"), use("typing", "BinaryIO"))
    return Shape(raw, accept, call("Binary"))


def scalar(schema: Schema, leaf: Leaf) -> Shape:
    """Return a schema without parts in Python.

    Args:
        leaf: what the parser takes it for.
    """
    if leaf == "boolean":
        return Shape(builtin("bool"), builtin("bool"), call("Boolean"))
    if leaf == "int":
        whole = [
            f"{argument}={literal(integral(argument, value))}" for argument, value in bounds(schema)
        ]
        return Shape(builtin("int"), builtin("int"), call("Integer", *whole))
    if leaf == "float":
        return _number(schema)
    return _text(schema)


def _number(schema: Schema) -> Shape:
    exact = [f"{argument}={literal(digits(value))}" for argument, value in bounds(schema)]
    decimal = use("decimal", "Decimal")
    accept = joined(decimal, builtin("int"), builtin("float"))
    if schema.fact("format") in ("float", "double"):
        return Shape(builtin("float"), accept, call("Float", *exact))
    return Shape(decimal, accept, call("Number", *exact))


def _text(schema: Schema) -> Shape:
    form = "byte" if schema.fact("contentEncoding") == "base64" else schema.fact("format")
    if isinstance(form, str) and form in STRINGS:
        module, name, runtime = STRINGS[form]
        python = use(module, name)
        return Shape(python, joined(python, builtin("str")), call(runtime))
    return Shape(builtin("str"), builtin("str"), call("String", *limits(schema)))


def limits(schema: Schema) -> list[str]:
    """Return the source of the runtime's arguments for what text, a list or a map may be."""
    found = []
    for keyword in constraints(schema.kind):
        value = schema.fact(keyword.name)
        if keyword.name == "pattern":
            known = isinstance(value, str) and pattern_problem(value) is None
            value = python_pattern(value) if known else None
        if value is None or value is False or (keyword.end == "least" and value == 0):
            continue
        found.append(f"{keyword.argument}={literal(as_whole(value))}")
    return found


def bounds(schema: Schema) -> Iterable[tuple[str, Any]]:
    """Yield the runtime's arguments for the limits of a number."""
    for keyword in constraints(schema.kind):
        value = schema.fact(keyword.name)
        if value is None or value is False:
            continue
        if value is True:
            # OpenAPI 3.0: `exclusiveMinimum: true` sharpens `minimum`.
            value = schema.fact(_INCLUSIVE[keyword.name])
        elif schema.fact(_EXCLUSIVE.get(keyword.name, "")) is True:
            continue
        if value is not None:
            yield keyword.argument, value


def as_whole(value: Any) -> Any:
    """Return a number that is whole as an int."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def integral(argument: str, value: float) -> int:
    """Return the integer that a limit of an integer comes to."""
    if argument == "minimum" or argument == "exclusive_maximum":
        return math.ceil(value)
    return math.floor(value)


def digits(value: Any) -> str:
    """Return a number as source that loses no digit."""
    return repr(value)
