"""One kind of value that became another, and one type another type."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any, Final

from generator.compare.changes import Change
from generator.compare.schemas.pair import Found, Pair, solid, told
from generator.compare.surface import Step, Surface
from generator.decide.scalars import STRINGS
from generator.understand.schema import Schema

_TYPES: Final[Mapping[str, str]] = {
    **{form: name for form, (_, name, _) in STRINGS.items()},
    "binary": "bytes",
}
"""Formats of text that are types of their own in Python."""

NAMED: Final = frozenset({"object", "union", "enum"})
"""Kinds whose names users import."""

_PLAIN: Final[Mapping[str, str]] = {
    "any": "Any",
    "array": "list",
    "boolean": "bool",
    "integer": "int",
    "map": "Mapping",
    "null": "None",
    "number": "Decimal",
    "object": "object",
    "string": "str",
    "union": "Union",
}


def python_type(schema: Schema) -> str:
    """Return what a scalar is in Python, by kind and format."""
    form = str(schema.fact("format") or "")
    if schema.kind == "string":
        return _TYPES.get(form, "str")
    if schema.kind == "number":
        return "float" if form in ("float", "double") else "Decimal"
    return _PLAIN.get(schema.kind, schema.kind)


def is_text(surface: Surface, schema: Schema) -> bool:
    """Return whether a schema is text to readers, of known values or not."""
    found = surface.schemas.solid(schema)
    if found.kind == "union":
        return all(is_text(surface, member) for member in found.members)
    if found.kind == "enum":
        return all(isinstance(value, str) for value in found.values)
    return found.kind == "string" and python_type(found) == "str"


def shown_value(value: Any) -> str:
    """Return a JSON value as messages show it."""
    text = json.dumps(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


def described(
    surface: Surface, schema: Schema, *, inside: bool = False, lists: frozenset[str] = frozenset()
) -> str:
    """Return the Python type of a schema, as a sentence names it.

    Args:
        inside: describe it by what it is made of, not by its name.
        lists: the keys of the lists that it is in; one that is in itself is described once.
    """
    name = None if inside else surface.name(schema)
    key, found = surface.key(schema), surface.schemas.solid(schema)
    if name and found.kind in NAMED:
        return f"`{name}`"
    if found.kind == "array" and found.item is not None and key not in lists:
        return f"a list of {described(surface, found.item, lists=lists | {key})}"
    if found.kind == "enum":
        return "one of " + ", ".join(shown_value(value) for value in found.values)
    if found.kind == "union":
        members = (described(surface, member, lists=lists) for member in found.members)
        return " or ".join(members)
    return f"`{python_type(found)}`"


def kinds(step: Step, pair: Pair) -> Found:
    """Compare two schemas of different kinds."""
    old, new = solid(step, pair)
    name = step.new.name(pair.new)
    alias = name is not None and name == step.old.name(pair.old)
    before = described(step.old, pair.old, inside=alias)
    after = described(step.new, pair.new, inside=alias)
    narrower = _contains(step.old, old, new)
    if pair.way == "received" and is_text(step.old, old) and is_text(step.new, new):
        # Readers get text that they may not know, before as after: `Literal | str`.
        rule = "type-narrowed" if narrower else "type-widened: text to readers"
    elif _contains(step.new, new, old):
        rule = "type-widened"
    elif narrower and pair.way == "sent":
        rule = "type-narrowed"
    else:
        rule = "type-changed"
    subject = (name or "") if alias else ""
    what = f"is now {after}, {before} before"
    yield told(step, pair, rule, what, now=after, subject=subject)


def formats(step: Step, pair: Pair) -> Found:
    """Compare what two scalars of one kind are in Python."""
    old, new = solid(step, pair)
    before, after = python_type(old), python_type(new)
    if before != after:
        what = f"is now `{after}`, `{before}` before"
        yield told(step, pair, "type-changed", what, now=after)
    elif old.fact("format") != new.fact("format"):
        yield told(step, pair, "format", f"has the format {new.fact('format') or 'none'} now")


def one_type(step: Step, pair: Pair) -> Generator[Change, None, bool]:
    """Compare the names of two types; return whether they are one type, under two names or one."""
    old, new = step.old.name(pair.old), step.new.name(pair.new)
    if old is None or new is None or old == new:
        return True
    if old in step.new.names:
        what = f"is a `{new}` now, a `{old}` before"
        yield told(step, pair, "type-changed: to another model", what, now=new)
        return False
    what = f"is now called `{new}`"
    yield told(step, pair, "model-renamed", what, now=new, subject=old)
    return True


def _contains(surface: Surface, wide: Schema, narrow: Schema) -> bool:
    """Return whether a schema of one kind takes all that one of another kind takes."""
    match wide.kind, narrow.kind:
        case "any", _:
            return True
        case "number", "integer":
            return True
        case "string", "enum":
            return python_type(wide) == "str" and all(isinstance(v, str) for v in narrow.values)
        case "map", "object":
            return wide.extra is True
        case "union", _:
            members = (surface.schemas.solid(member) for member in wide.members)
            return any(
                _takes(member, narrow) or _contains(surface, member, narrow)
                for member in members
                if member.kind != "union"
            )
        case _:
            return False


def _takes(one: Schema, other: Schema) -> bool:
    """Return whether two schemas are of one kind, and the one takes what the other does."""
    if one.kind != other.kind:
        return False
    if one.kind == "enum":
        return set(map(json.dumps, other.values)) <= set(map(json.dumps, one.values))
    return one.kind != "object" or set(one.properties) == set(other.properties)
