"""Two schemas, and what the step from one to the other does to those who send or receive values.

What is sent may only become freer, what is received only stricter: then programs that worked go on
working. Reading checks nothing, so constraints on what is received are documentation; names, types,
and whether a value is there, are not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs

from generator.compare.changes import Change, Collector
from generator.compare.rules import Section, Verdict
from generator.compare.schemas.kinds import is_text, python_type, shown_value
from generator.compare.schemas.limits import (
    CONSTRAINTS,
    changed_limits,
)
from generator.compare.schemas.pair import CLASSES, Pair, Way
from generator.compare.schemas.renames import renames
from generator.compare.surface import Surface
from generator.understand.schema import Schema


class Compatibility:
    """Compares schemas and notes what it finds."""

    def __init__(self, old: Surface, new: Surface, changes: Collector) -> None:
        self.old = old
        self.new = new
        self.changes = changes
        self.seen: dict[tuple[str, str, Way], tuple[str, ...]] = {}
        self.met_old: set[str] = set()
        self.met_new: set[str] = set()
        self.renamed: dict[str, str] = {}
        """Old model names to new ones."""

    def note(
        self,
        pair: Pair,
        rule: str,
        verdict: Verdict,
        what: str,
        *,
        advice: str = "",
        section: Section = "Changed",
        subject: str = "",
        gone: bool = False,
    ) -> None:
        """Take down a change; `gone` places it in the old document."""
        position = (
            self.old.document.position(pair.old.at)
            if gone
            else self.new.document.position(pair.new.at)
        )
        self.changes.add(
            Change(
                verdict,
                rule,
                subject or pair.subject,
                what,
                advice,
                section,
                position,
                pair.used_by,
            )
        )

    def by_way(
        self, pair: Pair, rule: str, what: str, *, freer: bool, advice: str = "", **more: Any
    ) -> None:
        """Note a change that gives more values (`freer`) or takes some away."""
        good = freer == (pair.way == "sent")
        self.note(
            pair,
            rule,
            "additive" if good else "breaking",
            what,
            advice="" if good else advice,
            **more,
        )

    def compare(self, pair: Pair) -> None:
        """Note all that changed between two schemas, and in the schemas that they refer to."""
        self.compare_null(pair)
        self.compare_present(pair)

    def compare_present(self, pair: Pair) -> None:
        """Do as `compare`, but for null: an event, for one, is never null."""
        self.compare_flags(pair)
        old, new = self.old.solid(pair.old), self.new.solid(pair.new)
        old_name, new_name = self.old.name(pair.old), self.new.name(pair.new)
        self.meet(pair)
        if old.kind != new.kind:
            if not self.same_shape(pair, old, new):
                self.compare_kinds(pair, old, new)
            return
        if (
            old_name is not None
            and new_name not in (None, old_name)
            and old.kind in CLASSES
            and not self.one_type(pair, old_name, str(new_name))
        ):
            return
        match old.kind:
            case "object":
                self.objects(pair, old, new)
            case "union":
                self.unions(pair, old, new)
            case "enum":
                self.enums(pair, old, new)
            case "array":
                self.limits(pair, old, new)
                if old.item is not None and new.item is not None:
                    self.compare(self.inner(pair, old.item, new.item, "[]"))
            case "map":
                self.limits(pair, old, new)
                self.extras(pair, old, new)
            case "string" | "integer" | "number":
                self.formats(pair, old, new)
                self.limits(pair, old, new)
            case _:
                pass

    def meet(self, pair: Pair) -> None:
        self.met_old.add(self.old.key(pair.old))
        self.met_new.add(self.new.key(pair.new))

    @staticmethod
    def inner(pair: Pair, old: Schema, new: Schema, part: str) -> Pair:
        return attrs.evolve(pair, subject=pair.subject + part, old=old, new=new, argument=False)

    # Null, flags, names, kinds

    def compare_null(self, pair: Pair) -> None:
        before, after = self.old.nullable(pair.old), self.new.nullable(pair.new)
        if before == after:
            return
        if after:
            what = "may be None" if pair.way == "received" else "takes None for null"
            self.by_way(pair, "nullable", what, freer=True, advice="Handle None")
        elif pair.way == "received":
            self.by_way(pair, "not-nullable", "is never None any more", freer=False)
        else:
            self.by_way(
                pair, "not-nullable", "takes no null any more", freer=False, advice="Leave it out"
            )

    def compare_flags(self, pair: Pair) -> None:
        was, is_ = (bool(schema.fact("x-molam-sensitive")) for schema in (pair.old, pair.new))
        if is_ and not was:
            self.note(
                pair,
                "sensitive",
                "additive",
                "is masked in repr, logs, traces and errors",
                section="Security",
            )
        elif was and not is_:
            self.note(
                pair,
                "not-sensitive",
                "breaking",
                "is no longer masked in repr, logs, traces and errors",
                advice="Keep it out of your logs",
                section="Security",
            )
        if bool(pair.new.fact("deprecated")) and not bool(pair.old.fact("deprecated")):
            self.note(pair, "deprecated", "additive", "is deprecated", section="Deprecated")
        elif bool(pair.old.fact("deprecated")) and not bool(pair.new.fact("deprecated")):
            self.note(pair, "not-deprecated", "additive", "is no longer deprecated")

    def one_type(self, pair: Pair, old: str, new: str) -> bool:
        """Compare the names of two types; return whether they are one type under two names."""
        if old in self.new.names:
            self.note(
                pair,
                "type-changed",
                "breaking",
                f"is a `{new}` now, a `{old}` before",
                advice=f"Use the attributes of {new}",
            )
            return False
        if old not in self.renamed:
            self.renamed[old] = new
            self.note(
                pair,
                "model-renamed",
                "breaking",
                f"is now called `{new}`",
                advice=f"Import {new} instead",
                subject=old,
            )
        return True

    def compare_kinds(self, pair: Pair, old: Schema, new: Schema) -> None:
        name = self.new.name(pair.new)
        alias = name is not None and name == self.old.name(pair.old)
        before = self.describe(self.old, pair.old, inside=alias)
        after = self.describe(self.new, pair.new, inside=alias)
        what = f"is now {after}, {before} before"
        if alias and name:
            pair = attrs.evolve(pair, subject=name)
        if pair.way == "received" and is_text(self.old, old) and is_text(self.new, new):
            # Readers get text that they may not know, before as after: `Literal | str`.
            rule = "type-narrowed" if self.contains(pair, old, new) else "type-widened"
            self.note(pair, rule, "additive", what)
        elif self.contains(pair, new, old):
            self.by_way(pair, "type-widened", what, freer=True, advice=f"Expect {after}")
        elif self.contains(pair, old, new) and pair.way == "sent":
            self.by_way(pair, "type-narrowed", what, freer=False, advice=f"Send {after}")
        else:
            self.note(
                pair,
                "type-changed",
                "breaking",
                what,
                advice=f"{'Send' if pair.way == 'sent' else 'Expect'} {after}",
            )

    def contains(self, pair: Pair, wide: Schema, narrow: Schema) -> bool:
        """Return whether a schema of one kind takes all that one of another kind takes."""
        if wide.kind == "any":
            return True
        if (wide.kind, narrow.kind) == ("number", "integer"):
            return True
        if wide.kind == "string" and narrow.kind == "enum":
            return python_type(wide) == "str" and all(isinstance(v, str) for v in narrow.values)
        if (wide.kind, narrow.kind) == ("map", "object"):
            return wide.extra is True
        if wide.kind == "union":
            surface = self.new if wide is self.new.solid(pair.new) else self.old
            members = [surface.solid(member) for member in wide.members]
            return any(
                (
                    member.kind == narrow.kind
                    and (member.kind not in ("object", "enum") or self._alike(member, narrow))
                )
                or self.contains(pair, member, narrow)
                for member in members
                if member.kind != "union"
            )
        return False

    @staticmethod
    def _alike(one: Schema, other: Schema) -> bool:
        if one.kind == "enum":
            return set(map(json.dumps, other.values)) <= set(map(json.dumps, one.values))
        return set(one.properties) == set(other.properties)

    def same_shape(self, pair: Pair, old: Schema, new: Schema) -> bool:
        """Return whether two kinds are one for users, having compared them."""
        if {old.kind, new.kind} == {"object", "map"} and not (old.properties or new.properties):
            self.extras(pair, old, new)
            return True
        return False

    def describe(self, surface: Surface, schema: Schema, *, inside: bool = False) -> str:
        """Return the Python type of a schema, as a sentence names it; `inside` not by its name."""
        name = None if inside else surface.name(schema)
        solid = surface.solid(schema)
        if name and solid.kind in ("object", "union", "enum"):
            return f"`{name}`"
        if solid.kind == "array" and solid.item is not None:
            return f"a list of {self.describe(surface, solid.item)}"
        if solid.kind == "enum":
            return "one of " + ", ".join(shown_value(value) for value in solid.values)
        if solid.kind == "union":
            return " or ".join(self.describe(surface, member) for member in solid.members)
        return f"`{python_type(solid)}`"

    # Objects

    def objects(self, pair: Pair, old: Schema, new: Schema) -> None:
        key = (self.old.key(pair.old), self.new.key(pair.new), pair.way)
        if key in self.seen:
            return
        self.seen[key] = pair.used_by
        name = self.new.name(pair.new) or pair.subject
        pair = attrs.evolve(pair, subject=name, argument=False)
        self.fields(pair, old, new)
        self.extras(pair, old, new)
        self.limits(pair, old, new)
        self.rules(pair, old, new)

    def fields(self, pair: Pair, old: Schema, new: Schema) -> None:
        before, after = self.old.properties(old), self.new.properties(new)
        for wire in self.inherited(pair, old, new):
            del before[wire], after[wire]
        needed_before, needed_after = self.old.required(old), self.new.required(new)
        gone = [wire for wire in before if wire not in after]
        come = [wire for wire in after if wire not in before]
        renamed = renames(
            gone,
            come,
            alike=lambda was, now: self.alike(before[was], after[now]),
            same=lambda was, now: self.same(before[was], after[now]),
        )
        old_key, new_key = self.old.key(pair.old), self.new.key(pair.new)
        for wire in gone:
            attribute = self.old.attribute(old_key, wire)
            inner = attrs.evolve(pair, old=before[wire], subject=f"{pair.subject}.{attribute}")
            if wire in renamed:
                to = self.new.attribute(new_key, renamed[wire])
                self.note(
                    attrs.evolve(inner, new=after[renamed[wire]]),
                    "field-renamed",
                    "breaking",
                    f"is now called `{to}`",
                    advice=f"Write {to}",
                )
            else:
                self.note(
                    inner,
                    "field-removed",
                    "breaking",
                    "was removed",
                    advice="Do without it",
                    section="Removed",
                    gone=True,
                )
        for wire in come:
            if wire in renamed.values():
                continue
            attribute = self.new.attribute(new_key, wire)
            inner = attrs.evolve(pair, new=after[wire], subject=f"{pair.subject}.{attribute}")
            must = wire in needed_after and not after[wire].fact("readOnly")
            if must and pair.way == "sent":
                self.note(
                    inner,
                    "field-required-added",
                    "breaking",
                    "is new and required",
                    advice="Send it",
                    section="Added",
                )
            else:
                self.note(inner, "field-added", "additive", "is new", section="Added")
        for wire in before:
            if wire in after:
                self.field(
                    attrs.evolve(
                        pair,
                        old=before[wire],
                        new=after[wire],
                        subject=f"{pair.subject}.{self.new.attribute(new_key, wire)}",
                    ),
                    wire in needed_before,
                    wire in needed_after,
                    self.old.attribute(old_key, wire),
                    self.new.attribute(new_key, wire),
                )

    def inherited(self, pair: Pair, old: Schema, new: Schema) -> list[str]:
        """Compare the classes that two objects extend; return what these tell about."""
        if not old.base or not new.base:
            return []
        bases = (
            Schema(at=old.at, kind="ref", target=old.base),
            Schema(at=new.at, kind="ref", target=new.base),
        )
        self.compare(attrs.evolve(pair, old=bases[0], new=bases[1]))
        one = self.old.properties(self.old.solid(bases[0])).keys() - old.properties.keys()
        other = self.new.properties(self.new.solid(bases[1])).keys() - new.properties.keys()
        told = one - new.properties.keys(), other - old.properties.keys()
        for wire in told[0] ^ told[1]:
            # It came or went with the base, which says so; here it is neither.
            if wire in told[0] and wire in self.new.properties(new):
                told[0].discard(wire)
            if wire in told[1] and wire in self.old.properties(old):
                told[1].discard(wire)
        return sorted(told[0] & told[1])

    def field(
        self, pair: Pair, was_needed: bool, is_needed: bool, was_called: str, is_called: str
    ) -> None:
        if was_called != is_called:
            self.note(
                attrs.evolve(pair, subject=f"{pair.subject.rpartition('.')[0]}.{was_called}"),
                "field-renamed",
                "breaking",
                f"is now called `{is_called}`",
                advice=f"Write {is_called}",
            )
        was_there = was_needed and not (pair.way == "received" and pair.old.fact("writeOnly"))
        is_there = is_needed and not (pair.way == "received" and pair.new.fact("writeOnly"))
        if was_there and not is_there:
            if pair.way == "sent":
                self.by_way(pair, "field-optional", "need not be given any more", freer=True)
            else:
                self.by_way(
                    pair,
                    "field-optional",
                    "may be missing, and is None then",
                    freer=True,
                    advice="Handle None",
                )
        elif is_there and not was_there:
            if pair.way == "sent":
                self.by_way(
                    pair, "field-required", "is required now", freer=False, advice="Send it"
                )
            else:
                self.by_way(pair, "field-required", "is always there now", freer=False)
        if pair.way == "sent":
            self.default(pair)
            self.read_only(pair)
        self.compare(pair)

    def default(self, pair: Pair) -> None:
        was, is_ = pair.old.fact("default"), pair.new.fact("default")
        if json.dumps(was) == json.dumps(is_):
            return
        if was is None:
            what = f"is now sent as {shown_value(is_)} when it is left out; nothing was sent before"
        elif is_ is None:
            what = f"is not sent any more when it is left out; {shown_value(was)} was sent before"
        else:
            what = f"defaults to {shown_value(is_)} now, to {shown_value(was)} before"
        self.note(pair, "default-changed", "breaking", what, advice="Give it explicitly to be sure")

    def read_only(self, pair: Pair) -> None:
        was, is_ = bool(pair.old.fact("readOnly")), bool(pair.new.fact("readOnly"))
        if is_ and not was:
            self.note(
                pair,
                "read-only",
                "breaking",
                "cannot be sent any more",
                advice="Leave it out",
            )
        elif was and not is_:
            self.note(pair, "not-read-only", "additive", "can be sent now")

    def alike(self, old: Schema, new: Schema) -> bool:
        """Return whether two schemas could be one property under two names."""
        one, other = self.old.solid(old), self.new.solid(new)
        if one.kind != other.kind or python_type(one) != python_type(other):
            return False
        if one.kind in ("object", "union", "enum"):
            return self.old.name(old) == self.new.name(new)
        return True

    @staticmethod
    def same(old: Schema, new: Schema) -> bool:
        """Return whether two schemas say the very same."""
        one = (old.kind, old.target, old.nullable, repr(old.facts), repr(old.values))
        return one == (new.kind, new.target, new.nullable, repr(new.facts), repr(new.values))

    def extras(self, pair: Pair, old: Schema, new: Schema) -> None:
        """Compare what undeclared properties may be."""
        before, after = old.extra, new.extra
        if isinstance(before, Schema) and isinstance(after, Schema):
            self.compare(self.inner(pair, before, after, "[]"))
            return
        if type(before) is type(after) and before == after:
            return
        if pair.way == "received" and pair.subject in self.new.names:
            # Undeclared properties are items, untyped; nothing is dropped or refused.
            self.note(pair, "open", "documentation", "changed what undeclared properties it has")
            return
        if after is False:
            self.by_way(
                pair,
                "closed",
                "takes no undeclared properties any more",
                freer=False,
                advice="Send declared ones only",
            )
        elif before is False:
            self.by_way(pair, "open", "takes undeclared properties", freer=True)
        elif isinstance(after, Schema):
            what = f"takes only {self.describe(self.new, after)} as values, anything before"
            self.by_way(pair, "values-narrowed", what, freer=False, advice="Send such values")
        else:
            assert isinstance(before, Schema)
            what = f"takes any values, only {self.describe(self.old, before)} before"
            self.by_way(pair, "values-widened", what, freer=True, advice="Expect any values")

    def rules(self, pair: Pair, old: Schema, new: Schema) -> None:
        before, after = set(map(repr, old.rules)), set(map(repr, new.rules))
        if pair.way != "sent" or before == after:
            return
        if after - before:
            self.note(
                pair,
                "rule-added",
                "breaking",
                "has a new rule about its properties together",
                advice="See its documentation",
            )
        else:
            self.note(pair, "rule-removed", "additive", "has a rule less")

    # Unions and enums

    def unions(self, pair: Pair, old: Schema, new: Schema) -> None:
        key = (self.old.key(pair.old) + "|", self.new.key(pair.new) + "|", pair.way)
        if key in self.seen:
            return
        self.seen[key] = pair.used_by
        name = self.new.name(pair.new)
        if name:
            pair = attrs.evolve(pair, subject=name, argument=False)
        before = dict(self.members(self.old, old))
        after = dict(self.members(self.new, new))
        if (old.tag and old.tag.name) != (new.tag and new.tag.name):
            self.note(
                pair,
                "tag-changed",
                "breaking",
                "is told apart by "
                + (f"the property `{new.tag.name}`" if new.tag else "trial")
                + " now",
                advice="Check the types that you expect",
            )
        tagged = new.tag is not None
        for label in [label for label in before if label not in after]:
            gone = before[label]
            self.note(
                attrs.evolve(pair, old=gone),
                "kind-removed",
                "breaking",
                f"is never {self.describe(self.old, gone)} any more",
                advice="Send another kind" if pair.way == "sent" else "Do not wait for it",
                section="Removed",
                gone=True,
            )
        for label in [label for label in after if label not in before]:
            come = after[label]
            what = f"can be {self.describe(self.new, come)} as well"
            inner = attrs.evolve(pair, new=come)
            if pair.way == "sent" or tagged:
                # Readers met an unknown kind before as well, as a plain Model.
                self.note(inner, "kind-added", "additive", what, section="Added")
            else:
                self.note(
                    inner, "kind-added", "breaking", what, advice="Handle it", section="Added"
                )
        for label, schema in before.items():
            if label in after:
                self.compare(attrs.evolve(pair, old=schema, new=after[label], argument=False))

    @staticmethod
    def members(surface: Surface, union: Schema) -> Iterator[tuple[str, Schema]]:
        """Yield the alternatives, each with what it is known by in both documents."""
        if union.tag is not None:
            by_key = {surface.key(member): member for member in union.members}
            for value, key in union.tag.members.items():
                if key in by_key:
                    yield f"tag {value}", by_key[key]
            return
        counts: dict[str, int] = {}
        for member in union.members:
            solid = surface.solid(member)
            label = surface.name(member) if solid.kind == "object" else None
            label = label or f"{solid.kind} {python_type(solid)}"
            counts[label] = counts.get(label, 0) + 1
            yield (label if counts[label] == 1 else f"{label} {counts[label]}"), member

    def enums(self, pair: Pair, old: Schema, new: Schema) -> None:
        subject = self.new.name(pair.new) or pair.subject
        pair = attrs.evolve(pair, old=old, new=new)
        before = {json.dumps(value): value for value in old.values}
        after = {json.dumps(value): value for value in new.values}
        gone = [text for text in before if text not in after]
        come = [text for text in after if text not in before]
        renamed = renames(gone, come, alike=lambda was, now: True)
        for text in gone:
            if text in renamed:
                what = f"calls the value {text} now {renamed[text]}"
                self.note(
                    pair,
                    "value-renamed",
                    "breaking",
                    what,
                    advice=f"Use {renamed[text]}",
                    subject=subject,
                )
                continue
            what = f"has no value {text} any more"
            advice = "Send another value" if pair.way == "sent" else "Do not wait for it"
            self.note(
                pair,
                "value-removed",
                "breaking",
                what,
                advice=advice,
                section="Removed",
                subject=subject,
            )
        for text in come:
            if text in renamed.values():
                continue
            # Readers have always had to take values that they do not know: `Literal | str`.
            what = f"has the value {text} as well"
            constant = len(before) == len(after) == 1
            self.note(
                pair,
                "value-added",
                "breaking" if constant else "additive",
                what,
                section="Added",
                subject=subject,
            )

    # Text and numbers

    def formats(self, pair: Pair, old: Schema, new: Schema) -> None:
        before, after = python_type(old), python_type(new)
        if before == after:
            if old.fact("format") != new.fact("format"):
                self.note(
                    pair,
                    "format",
                    "documentation",
                    f"has the format {new.fact('format') or 'none'} now",
                )
            return
        self.note(
            pair,
            "type-changed",
            "breaking",
            f"is now `{after}`, `{before}` before",
            advice=f"{'Send' if pair.way == 'sent' else 'Expect'} {after}",
        )

    def limits(self, pair: Pair, old: Schema, new: Schema) -> None:
        """Compare constraints, which hold for what is sent."""
        spoken = CONSTRAINTS.get(new.kind, frozenset[str]())
        facts = [
            {name: value for name, value in schema.facts.items() if name in spoken}
            for schema in (old, new)
        ]
        for rule, verdict, what in changed_limits(*facts):
            if pair.way == "received":
                self.note(pair, rule, "documentation", what)
            else:
                advice = "Send values that fit" if verdict == "breaking" else ""
                self.note(pair, rule, verdict, what, advice=advice)
