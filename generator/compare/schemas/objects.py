"""Objects: their fields, what undeclared ones may be, and rules over them as a whole."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import attrs

from generator.compare.schemas.kinds import described
from generator.compare.schemas.limits import limits
from generator.compare.schemas.marks import default, read_only
from generator.compare.schemas.pair import Found, Pair, solid, told
from generator.compare.schemas.renames import alike, renames, same
from generator.compare.surface import Step, Surface
from generator.understand.schema import Schema


def objects(step: Step, pair: Pair) -> Found:
    """Compare two objects, told of their class where they have one."""
    pair = attrs.evolve(pair, subject=step.new.name(pair.new) or pair.subject)
    yield from _fields(step, pair)
    yield from extras(step, pair)
    yield from limits(step, pair)
    yield from rules(step, pair)


@attrs.frozen
class _Fields:
    """The fields of an object in one of the documents."""

    surface: Surface
    key: str
    schemas: dict[str, Schema]
    """By wire name, inherited ones too."""
    needed: frozenset[str]

    @classmethod
    def of(cls, surface: Surface, schema: Schema) -> _Fields:
        owner = surface.schemas.solid(schema)
        properties, needed = surface.schemas.properties(owner), surface.schemas.required(owner)
        return cls(surface, surface.key(schema), properties, needed)

    def attribute(self, wire: str) -> str:
        return self.surface.attribute(self.key, wire)

    def is_there(self, wire: str, pair: Pair) -> bool:
        """Return whether a field is there in every value that travels."""
        hidden = pair.way == "received" and self.schemas[wire].fact("writeOnly")
        return wire in self.needed and not hidden


def _fields(step: Step, pair: Pair) -> Found:
    before, after = _Fields.of(step.old, pair.old), _Fields.of(step.new, pair.new)
    for wire in (yield from _inherited(step, pair)):
        del before.schemas[wire], after.schemas[wire]
    gone = [wire for wire in before.schemas if wire not in after.schemas]
    come = [wire for wire in after.schemas if wire not in before.schemas]
    renamed = renames(
        gone,
        come,
        alike=lambda was, now: alike(step, before.schemas[was], after.schemas[now]),
        same=lambda was, now: same(before.schemas[was], after.schemas[now]),
    )
    yield from _gone(step, pair, before, after, {wire: renamed.get(wire) for wire in gone})
    for wire in come:
        if wire not in renamed.values():
            subject = f"{pair.subject}.{after.attribute(wire)}"
            must = wire in after.needed and not after.schemas[wire].fact("readOnly")
            required = must and pair.way == "sent"
            yield told(
                step,
                pair,
                "field-required-added" if required else "field-added",
                "is new and required" if required else "is new",
                subject=subject,
                position=step.is_(after.schemas[wire].at),
            )
    for wire in before.schemas:
        if wire in after.schemas:
            yield from _field(step, pair, before, after, wire)


def _gone(
    step: Step, pair: Pair, before: _Fields, after: _Fields, gone: Mapping[str, str | None]
) -> Found:
    for wire, other in gone.items():
        subject = f"{pair.subject}.{before.attribute(wire)}"
        if other is None:
            at = step.was(before.schemas[wire].at)
            yield told(step, pair, "field-removed", "was removed", subject=subject, position=at)
        else:
            at, now = step.is_(after.schemas[other].at), after.attribute(other)
            what = f"is now called `{now}`"
            yield told(step, pair, "field-renamed", what, now=now, subject=subject, position=at)


def _inherited(step: Step, pair: Pair) -> Generator[Pair, None, set[str]]:
    """Compare the classes that two objects extend; return the fields that these tell about."""
    old, new = solid(step, pair)
    if not old.base or not new.base:
        return set()
    one = Schema(at=old.at, kind="ref", target=old.base)
    other = Schema(at=new.at, kind="ref", target=new.base)
    yield pair.inner(one, other)
    before = _Fields.of(step.old, one).schemas.keys() - old.properties.keys()
    after = _Fields.of(step.new, other).schemas.keys() - new.properties.keys()
    return (before - new.properties.keys()) & (after - old.properties.keys())


def _field(step: Step, pair: Pair, before: _Fields, after: _Fields, wire: str) -> Found:
    was, now = before.attribute(wire), after.attribute(wire)
    inner = pair.inner(before.schemas[wire], after.schemas[wire], f"{pair.subject}.{now}")
    if was != now:
        subject = f"{pair.subject}.{was}"
        what = f"is now called `{now}`"
        yield told(step, inner, "field-renamed", what, now=now, subject=subject)
    sent = pair.way == "sent"
    match before.is_there(wire, pair), after.is_there(wire, pair):
        case True, False:
            what = "need not be given any more" if sent else "may be missing, and is None then"
            yield told(step, inner, "field-optional", what)
        case False, True:
            what = "is required now" if sent else "is always there now"
            yield told(step, inner, "field-required", what)
        case _:
            pass
    if sent:
        yield from default(step, inner)
        yield from read_only(step, inner)
    yield inner


def extras(step: Step, pair: Pair) -> Found:
    """Compare what undeclared properties may be."""
    old, new = solid(step, pair)
    before, after = old.extra, new.extra
    if isinstance(before, Schema) and isinstance(after, Schema):
        yield pair.inner(before, after, pair.subject + "[]")
    elif before == after:
        return
    elif pair.way == "received" and pair.subject in step.new.names:
        # Undeclared properties are items, untyped; nothing is dropped or refused.
        yield told(step, pair, "open: a model", "changed what undeclared properties it has")
    elif after is False:
        yield told(step, pair, "closed", "takes no undeclared properties any more")
    elif before is False:
        yield told(step, pair, "open", "takes undeclared properties")
    elif isinstance(after, Schema):
        what = f"takes only {described(step.new, after)} as values, anything before"
        yield told(step, pair, "values-narrowed", what)
    elif isinstance(before, Schema):
        what = f"takes any values, only {described(step.old, before)} before"
        yield told(step, pair, "values-widened", what)


def rules(step: Step, pair: Pair) -> Found:
    """Compare the rules over the properties of an object together, which hold for what is sent."""
    old, new = solid(step, pair)
    before, after = set(map(repr, old.rules)), set(map(repr, new.rules))
    if pair.way == "sent" and after - before:
        what = "has a new rule about its properties together"
        yield told(step, pair, "rule-added", what)
    elif pair.way == "sent" and before - after:
        yield told(step, pair, "rule-removed", "has a rule less")
