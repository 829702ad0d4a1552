"""What pydantic, and FastAPI with it, is told of a record. Imported only by pydantic's asking.

An object passes through whole. A dict becomes one, if it keeps the document's rules as far as they
bind what is read: it may lack properties, and hold enum values and properties that are newer than
this SDK. What is written is what came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError, core_schema

from molam_overlays.schema.types import Newer


def core_schema_of(cls: Any, check: Callable[..., Any]) -> core_schema.CoreSchema:
    """Return how pydantic reads and writes records of a class; `check` is `encode_object`."""

    def read(value: Any) -> Any:
        return value if isinstance(value, cls) else _read(cls, value, check)

    return core_schema.no_info_plain_validator_function(
        read,
        ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
        serialization=core_schema.plain_serializer_function_ser_schema(_written, info_arg=True),
    )


def _read(cls: Any, value: Any, check: Callable[..., Any]) -> Any:
    if not isinstance(value, Mapping):
        raise PydanticCustomError(
            "molam_object", "must be an object (a dict or {name})", {"name": cls.__name__}
        )
    problems = Newer()
    check(cls, value, "", problems)
    if problems:
        raise ValidationError.from_exception_data(
            cls.__name__,
            [
                # Without the input, which may be a card's or an account's number.
                InitErrorDetails(
                    type=PydanticCustomError("molam_rule", "{rule}", {"rule": problem}),
                    loc=_place(at),
                    input="(not shown)",
                )
                for at, problem in problems.items()
            ],
        )
    return cls.from_dict(value)


def _place(at: str) -> tuple[str | int, ...]:
    parts = re.findall(r"[^.\[\]]+", at)
    return tuple(int(part) if part.isdigit() else part for part in parts)


def _written(value: Any, info: core_schema.SerializationInfo) -> Any:
    data = value.to_dict()
    return _numbers(data) if info.mode == "json" else data


def _numbers(data: Any) -> Any:
    """Return JSON data whose numbers are numbers: pydantic would write a Decimal as text."""
    if isinstance(data, dict):
        return {name: _numbers(item) for name, item in data.items()}
    if isinstance(data, list):
        return [_numbers(item) for item in data]
    return float(data) if isinstance(data, Decimal) else data
