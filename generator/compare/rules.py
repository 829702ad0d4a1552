"""What a difference is called and how much it weighs."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Verdict: TypeAlias = Literal["breaking", "additive", "documentation"]

VERDICTS: Final[tuple[Verdict, ...]] = ("breaking", "additive", "documentation")
"""Worst first."""

Section: TypeAlias = Literal["Added", "Changed", "Deprecated", "Removed", "Security"]


FAMILIES: Final = {
    "field-required-added": "field-added",
    "type-widened": "type-changed",
    "type-narrowed": "type-changed",
    "limit-loosened": "limit",
    "limit-tightened": "limit",
    "closed": "extras",
    "open": "extras",
}
ONE_OF_A_KIND: Final = frozenset({"field-added", "extras"})

CLIENT: Final = "MolamClient"


MODULE: Final = "molam_sdk"

WORDS: Final = {
    "description": "another description",
    "summary": "another summary",
    "title": "another title",
    "example": "another example",
    "examples": "other examples",
    "externalDocs": "another link to documentation",
    "info": "other information about the document",
    "tags": "another order or description of tags",
}
