"""Annotations that changed for a reason that no rule knows."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from generator.compare.changes import Findings, change
from generator.compare.schemas.pair import Found
from generator.compare.surface import Step, Surface
from generator.read.position import Position
from generator.understand.schema import Schema


class Typed(NamedTuple):
    """What a value is: in Python, and by the document."""

    annotation: str
    schema: Schema | None


def attributes(step: Step, known: Findings, spread: Container[str]) -> Found:
    """Compare the attributes of all models but those that are the arguments of a method."""
    for key, model in step.old.models.items():
        other = step.new.models.get(key)
        if other is None or key in spread:
            continue
        for wire, annotation in model.annotations.items():
            now = other.annotations.get(wire)
            subject = f"{other.name}.{other.attributes.get(wire, wire)}" if wire else other.name
            if now not in (None, annotation) and not known.touched(subject):
                one = Typed(annotation, _property(step.old, key, wire))
                two = Typed(now, _property(step.new, key, wire))
                at = step.is_(key.removesuffix("#kinds"))
                yield from unexplained(step, known, subject, one, two, at)


def _property(surface: Surface, key: str, wire: str) -> Schema | None:
    named = surface.api.named.get(key)
    if named is None:
        return None
    return surface.schemas.properties(named.schema).get(wire) if wire else named.schema


def unexplained(
    step: Step, known: Findings, subject: str, old: Typed, new: Typed, at: Position
) -> Found:
    """Tell of a type that is another one, unless something in it is known to have changed."""
    before = old.annotation
    if before == new.annotation:
        return
    for was, name in known.renamed.items():
        before = before.replace(was, name)
    if before == new.annotation:
        return
    for surface, schema in ((step.old, old.schema), (step.new, new.schema)):
        model = surface.name(schema) if schema is not None else None
        if model and known.touched(model):
            return
    if not known.touched(subject):
        what = f"is `{new.annotation}` now, `{before}` before"
        yield change("type-changed: for no known reason", subject, what, at)
