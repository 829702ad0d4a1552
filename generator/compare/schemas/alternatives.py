"""The kinds of a union, the values of an enum."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import attrs

from generator.compare.schemas.kinds import described, python_type
from generator.compare.schemas.pair import Found, Pair, solid, told
from generator.compare.schemas.renames import renames
from generator.compare.surface import Step, Surface
from generator.understand.keywords import constraints
from generator.understand.schema import Schema


def unions(step: Step, pair: Pair) -> Found:
    """Compare what is told apart how, and each kind that both have."""
    old, new = solid(step, pair)
    pair = attrs.evolve(pair, subject=step.new.name(pair.new) or pair.subject)
    if (old.tag and old.tag.name) != (new.tag and new.tag.name):
        how = f"the property `{new.tag.name}`" if new.tag else "trial"
        yield told(step, pair, "tag-changed", f"is told apart by {how} now")
    before, after = dict(_members(step.old, old)), dict(_members(step.new, new))
    for label, gone in before.items():
        if label not in after:
            what = f"is never {described(step.old, gone)} any more"
            yield told(step, pair, "kind-removed", what, position=step.was(gone.at))
    # Readers of a tagged union met unknown kinds before as well, as a plain Model.
    rule = "kind-added" if new.tag else "kind-added: told apart by trial"
    for label, come in after.items():
        if label not in before:
            what = f"can be {described(step.new, come)} as well"
            yield told(step, pair, rule, what, position=step.is_(come.at))
    open_set = any(_is_any_text(step.new, member) for member in new.members)
    for label, schema in before.items():
        if label in after:
            yield attrs.evolve(pair.inner(schema, after[label]), open=open_set)


def _is_any_text(surface: Surface, schema: Schema) -> bool:
    solid = surface.schemas.solid(schema)
    return (
        solid.kind == "string"
        and python_type(solid) == "str"
        and not any(solid.fact(keyword.name) is not None for keyword in constraints("string"))
    )


def _members(surface: Surface, union: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield the alternatives, each with what it is known by in both documents."""
    if union.tag is not None:
        by_key = {surface.key(member): member for member in union.members}
        for value, key in union.tag.members.items():
            if key in by_key:
                yield f"tag {value}", by_key[key]
        return
    counts = Counter[str]()
    for member in union.members:
        found = surface.schemas.solid(member)
        label = surface.name(member) if found.kind == "object" else None
        label = label or f"{found.kind} {python_type(found)}"
        counts[label] += 1
        yield (label if counts[label] == 1 else f"{label} {counts[label]}"), member


def enums(step: Step, pair: Pair) -> Found:
    """Compare the values of two enums."""
    subject = step.new.name(pair.new) or pair.subject
    old, new = solid(step, pair)
    pair = attrs.evolve(pair, subject=subject, new=new)
    before, after = (dict.fromkeys(map(json.dumps, one.values)) for one in (old, new))
    gone = [value for value in before if value not in after]
    come = [value for value in after if value not in before]
    renamed = renames(gone, come, alike=lambda was, now: True)
    went = "value-removed: of an open set" if pair.open else "value-removed"
    other_name = "value-renamed: of an open set" if pair.open else "value-renamed"
    for value in gone:
        if value in renamed:
            now = renamed[value]
            what = f"calls the value {value} now {now}"
            yield told(step, pair, other_name, what, now=now)
        else:
            yield told(step, pair, went, f"has no value {value} any more")
    # Readers have always had to take values that they do not know: `Literal | str`.
    constant = len(before) == len(after) == 1
    for value in come:
        if value not in renamed.values():
            rule = "value-added: to a constant" if constant else "value-added"
            yield told(step, pair, rule, f"has the value {value} as well")
