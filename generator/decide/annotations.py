"""Unions of annotations, as text."""

from __future__ import annotations

from generator.decide.imports import spelled


def alternatives(annotation: str) -> list[str]:
    """Split a union annotation at its top level."""
    found, depth, start = [], 0, 0
    index = 0
    quote = ""
    while index < len(annotation):
        character = annotation[index]
        if quote:
            if character == "\\":
                index += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == "|" and depth == 0:
            found.append(annotation[start:index].strip())
            start = index + 1
        index += 1
    found.append(annotation[start:].strip())
    return found


def joined(*annotations: str) -> str:
    """Return the union of annotations: each alternative once, Any alone, None at the end."""
    found: dict[str, str] = {}
    for annotation in annotations:
        for part in alternatives(annotation):
            found.setdefault(spelled(part), part)
    if "Any" in found:
        return found["Any"]
    none = found.pop("None", None)
    return " | ".join([*found.values(), *([none] if none else [])])
