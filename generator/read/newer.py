"""OpenAPI 3.2, as far as it holds what 3.1 has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from generator.read import pointer as pointers
from generator.read.anatomy import walk

if TYPE_CHECKING:
    from generator.read.document import Document

_UNDERSTOOD: Final[Mapping[str, tuple[str, ...]]] = {
    "document": ("$self",),
    "server": ("name",),
    "components": ("mediaTypes",),
    "tag": ("summary", "parent", "kind"),
    "response": ("summary",),
    "mediaType": ("itemSchema",),
    "example": ("dataValue", "serializedValue"),
    "xml": ("nodeType",),
    "securityScheme": ("oauth2MetadataUrl", "deprecated"),
    "flows": ("deviceAuthorization",),
    # Which kind an unknown tag means: here that is a plain model.
    "discriminator": ("defaultMapping",),
}
"""Kind of object to what 3.2 adds to it and we read, or need not read."""
_REFUSED: Final[Mapping[str, tuple[str, ...]]] = {
    "pathItem": ("query", "additionalOperations"),
    "mediaType": ("prefixEncoding", "itemEncoding"),
}
"""Kind of object to what 3.2 adds to it that would be lost."""


def as_3_1(shadow: Any, document: Document) -> None:
    """Make a copy of a document of 3.2 one of 3.1; take down what would be lost."""
    shadow["openapi"] = "3.1.0"
    for node in walk(shadow):
        if not isinstance(node.value, dict):
            continue
        for key in _UNDERSTOOD.get(node.kind, ()):
            node.value.pop(key, None)
        for key in _REFUSED.get(node.kind, ()):
            if node.value.pop(key, None) is not None:
                document.wrong(
                    f"The key {key} of OpenAPI 3.2 is not supported in {node.pointer}",
                    pointers.join(node.pointer, key),
                    "Describe it as OpenAPI 3.1 can",
                    "unsupported",
                )
        if node.kind == "response" and "$ref" not in node.value:
            node.value.setdefault("description", "")
