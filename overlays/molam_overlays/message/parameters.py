"""Parameters on their way to the wire: path segments, query strings, headers and cookies.

Styles are those of OpenAPI 3.1 ("Style Values"); percent-encoding is RFC 3986's. Nothing escapes
its place: whatever a value holds, a path parameter is one segment, a query value one value and a
header value one line, or the value is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from molam_overlays.schema.types import Problems, type_of

Location: TypeAlias = Literal["path", "query", "header", "cookie"]
Style: TypeAlias = Literal[
    "simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject"
]

_DEFAULT_STYLE: Mapping[Location, Style] = {
    "path": "simple",
    "query": "form",
    "header": "simple",
    "cookie": "form",
}


class Parameter:
    """One parameter of an operation."""

    __slots__ = (
        "allow_reserved", "explode", "json", "location", "name", "required", "style", "type"
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        location: Location,
        declared: Any,
        required: bool = False,
        *,
        style: Style | None = None,
        explode: bool | None = None,
        allow_reserved: bool = False,
        json: bool = False,
    ) -> None:
        """Describe a parameter.

        Args:
            name: its name on the wire.
            location: where it goes.
            declared: its `Type`, or a model class.
            required: whether it may be left out.
            style: as OpenAPI has it; the default of the place.
            explode: as OpenAPI has it; True for the style ``form``.
            allow_reserved: leave reserved characters of RFC 3986 as they are where they cannot be
                mistaken; in a query only.
            json: serialise as JSON text (a parameter with ``content``).
        """
        self.name = name
        self.location = location
        self.type = type_of(declared)
        self.required = required
        self.style: Style = _DEFAULT_STYLE[location] if style is None else style
        self.explode = self.style == "form" if explode is None else explode
        self.allow_reserved = allow_reserved
        self.json = json

    def encode(self, value: Any, problems: Problems) -> Any:
        """Check the value; return plain JSON data."""
        return self.type.encode(value, self.name, problems)
