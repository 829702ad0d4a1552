"""How a parameter travels where the document does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from generator.understand.api import Location, Parameter

DEFAULT_STYLE: Final[Mapping[Location, str]] = {
    "path": "simple",
    "query": "form",
    "header": "simple",
    "cookie": "form",
}
"""OpenAPI's, which the runtime keeps as well."""


def style_of(parameter: Parameter) -> str:
    """Return the style that a parameter travels in."""
    return parameter.style or DEFAULT_STYLE[parameter.location]


def explodes(parameter: Parameter) -> bool:
    """Tell whether each item of a parameter travels by itself."""
    return style_of(parameter) == "form" if parameter.explode is None else parameter.explode
