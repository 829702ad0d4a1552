"""One file of `models/`: aliases and classes."""

from __future__ import annotations

from typing import Any

from generator.decide import naming
from generator.decide.imports import use
from generator.decide.patterns import python_pattern
from generator.text.literal import comment, literal
from generator.understand.keywords import UNCHECKED
from generator.understand.schema import Named, Schema


def literal_token(annotation: str) -> str:
    """Return an annotation as text, for what may only be imported for types."""
    return f'"{annotation}"'


def rule_source(name: str, value: Any) -> str:
    """Return the source of a check over an object as a whole."""
    if name == "names_match":
        value = (tuple(python_pattern(one) for one in value[0]), value[1])
    parts = value if isinstance(value, tuple) else (value,)
    return f"{use('molam_overlays.rules', name)}({', '.join(literal(part) for part in parts)})"


def headline(named: Named) -> str:
    """Return a first sentence for a schema that says nothing of itself."""
    words = [
        word.lower() if word[1:].islower() else word for word in naming.words(named.words)
    ] or [comment(named.words)]
    text = " ".join(words)
    return f"{text[:1].upper()}{text[1:]}."


def kept(schema: Schema, solid: Schema) -> dict[str, Any]:
    """Return the keywords that a field's docstring needs."""
    wanted = ("default", "readOnly", "writeOnly", "deprecated", "description", "pattern",
              "x-deprecatedMessage", *UNCHECKED)  # fmt: skip
    merged = {**solid.facts, **schema.facts}
    return {name: merged[name] for name in wanted if name in merged}
