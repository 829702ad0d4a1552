"""Every value that an operation takes: its name, place, order, default and source."""

from __future__ import annotations

import attrs

from generator.decide.prose import (
    limits,
)
from generator.decide.runtime import (
    IDEMPOTENCY,
    NEVER_SENT,
)
from generator.understand.api import Parameter
from generator.understand.schema import Schema


@attrs.frozen(eq=False)
class Given:
    """One value that an operation takes, wherever it travels."""

    wire: str
    place: str
    """path, query, header, cookie or body."""
    argument: str
    schema: Schema
    required: bool
    client_default: str
    """Field of the Config that stands in when the caller leaves it out."""
    doc: str
    accepts: str = ""
    """Its annotation, where the schema alone does not tell."""
    file: bool = False
    """Whether binary text in it stands for files."""
    optional_body: bool = False
    """Whether it belongs to a body that requires fields, and may be left out as a whole."""


def argument_doc(said: str, solid: Schema, *more: str) -> str:
    """Return what a docstring says of an argument."""
    parts = [said, limits(solid), *more[:1]]
    return " ".join(part for part in parts if part)


def is_key(parameter: Parameter) -> bool:
    """Tell whether a parameter is the idempotency key."""
    return parameter.location == "header" and parameter.name.lower() == IDEMPOTENCY


def ignored(parameter: Parameter) -> bool:
    """Tell whether OpenAPI has a header parameter described elsewhere."""
    return parameter.location == "header" and parameter.name.lower() in NEVER_SENT
