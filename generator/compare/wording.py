"""What only readers see, and what a place of the document is in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from generator.compare.answers import Spread
from generator.compare.changes import Findings, change
from generator.compare.schemas.pair import Found
from generator.compare.surface import Step
from generator.read import pointer as pointers
from generator.read.document import Document

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
"""Keywords that only readers see."""

_DATA: Final = frozenset({"example", "examples", "default", "enum", "const"})
_NAMES: Final = frozenset({"properties", "schemas", "patternProperties", "$defs"})


def texts(step: Step, known: Findings, spread: Spread) -> Found:
    """Tell what only readers see, and what is written another way to the same effect."""
    names = _told(step, known)
    for pointer, word in _differences(
        _in_one_file(step.old.document), _in_one_file(step.new.document)
    ):
        subject = _subject(step, spread, pointer)
        whole = re.split(r"[.(]", subject)[0]
        if word in WORDS and (word != "tags" or pointer.startswith("/tags")):
            yield change("text", subject, f"has {WORDS[word]}", step.is_(pointer))
        elif not ((word == "$ref" and known.renamed) or known.touched(whole) or whole in names):
            what = "is written another way, which changes nothing in the package"
            yield change("rewritten", subject, what, step.is_(pointer))


def _in_one_file(document: Document) -> dict[str, Any]:
    """Return a document as if what other files hold stood where they are referred to.

    Schemas are components, and have a name, whichever file they are in.
    """

    def whole(value: Any, at: str, seen: frozenset[str]) -> Any:
        if isinstance(value, list):
            return [whole(one, pointers.join(at, n), seen) for n, one in enumerate(value)]
        if not isinstance(value, dict):
            return value
        target = value.get("$ref")
        if isinstance(target, str) and target.startswith("#") and len(value) == 1:
            there = pointers.from_fragment(target[1:])
            if there not in seen and moved(there):
                return whole(document.at(there), there, seen | {there})
        return {
            key: whole(one, inner, seen)
            for key, one in value.items()
            if not moved(inner := pointers.join(at, key))
        }

    def moved(at: str) -> bool:
        tokens = pointers.split(at)
        if len(tokens) != 3 or tokens[0] != "components" or tokens[1] == "schemas":
            return False
        return document.origin(at)[0] is not document.sources[0]

    root: dict[str, Any] = whole(document.root, "", frozenset())
    components = {key: part for key, part in root.get("components", {}).items() if part}
    return {**root, "components": components} if "components" in root else root


def _told(step: Step, known: Findings) -> set[str]:
    """Return what is there under another name, and what was told under the name of its users."""
    found = set(known.renamed.values())
    for one in known:
        if one.rule in ("method-renamed", "event-renamed"):
            found.add(one.now)
        elif one.rule.startswith(("status-", "header-")):
            components = step.new.document.root.get("components", {})
            found.update(components.get("responses", {}), components.get("headers", {}))
    return found


def _differences(
    old: Any, new: Any, pointer: str = "", word: str = "", names: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield the place of every difference and the keyword it belongs to, once a keyword."""
    if type(old) is type(new) and old == new:
        return
    if word in _DATA or not (
        (isinstance(old, dict) and isinstance(new, dict))
        or (isinstance(old, list) and isinstance(new, list) and len(old) == len(new))
    ):
        yield pointer, word
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            at = pointers.join(pointer, key)
            if key in old and key in new:
                inner = word if names or pointer == "/info" else key
                yield from _differences(
                    old[key],
                    new[key],
                    at,
                    "info" if at.startswith("/info") else inner,
                    names=not names and key in _NAMES,
                )
            elif names:
                yield at, word
            else:
                yield at, "info" if at.startswith("/info") else key
        if list(old) != list(new) and old.keys() == new.keys():
            yield pointer, "order"
    else:
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, other, f"{pointer}/{index}", word)


def _subject(step: Step, spread: Spread, pointer: str) -> str:
    """Return what a place of the document is in Python."""
    inside = pointer + "/"
    tokens = pointers.split(pointer)
    for surface in (step.new, step.old):
        for method in surface.methods.values():
            at = method.operation.at
            if inside.startswith(at + "/") or at.startswith(inside):
                return method.name if tokens[1:] else step.new.brand.package
            for parameter in method.operation.parameters:
                if inside.startswith(parameter.at + "/"):
                    found = method.find(parameter.location, parameter.name)
                    return f"{method.name}({found.name})" if found else method.name
    match tokens:
        case ["servers", *_]:
            return "Config.api_base"
        case ["security", *_] | ["components", "securitySchemes", *_]:
            return step.new.brand.client
        case ["components", "schemas", name, *rest]:
            return _part_of(step, spread, pointers.make(tokens[:3]), name, rest)
        case ["webhooks", name, *_] | ["components", _, name, *_]:
            return name
        case _:
            return step.new.brand.package


def _part_of(step: Step, spread: Spread, key: str, name: str, rest: Sequence[str]) -> str:
    """Return what a place inside of a schema is in Python."""
    wire = rest[rest.index("properties") + 1 :][:1] if "properties" in rest else []
    method = spread.new.get(key)
    if method is not None:
        argument = method.find("body", wire[0]) if wire else None
        return f"{method.name}({argument.name})" if argument else method.name
    model = step.new.models.get(key) or step.old.models.get(key)
    name = model.name if model else name
    return f"{name}.{step.new.attribute(key, wire[0])}" if wire else name
