"""The walk: takes what comparers yield, and compares the places that they name.

Comparers are generators and know nothing of each other. The walk compares a place as soon as it is
named, before it asks for more: so those that look at what was found so far find all of it. It keeps
its own stack, since documents refer deeper than calls can nest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from generator.compare.changes import Change, Findings
from generator.compare.rules import Way
from generator.compare.schemas.alternatives import enums, unions
from generator.compare.schemas.kinds import NAMED, formats, kinds, one_type
from generator.compare.schemas.limits import limits
from generator.compare.schemas.marks import marks, nulls
from generator.compare.schemas.objects import extras, objects
from generator.compare.schemas.pair import Found, Pair, solid
from generator.compare.surface import Step

_Comparer: TypeAlias = Callable[[Step, Pair], Found]


class Walk:
    """All that is found, and what was looked at on the way."""

    def __init__(self, step: Step, met: Iterable[str] = ()) -> None:
        self.findings = Findings()
        self.met = set(met)
        """Keys of the schemas of the old document that are compared with something."""
        self._step = step
        self._seen: set[tuple[_Comparer, str, str, Way]] = set()

    def take(self, found: Found) -> None:
        """Add the changes to the findings, and compare the places."""
        todo = [found]
        while todo:
            one = next(todo[-1], None)
            if one is None:
                todo.pop()
            elif isinstance(one, Change):
                self.findings.add(one)
            else:
                todo.append(self._compare(one))

    def _compare(self, pair: Pair) -> Found:
        step = self._step
        if pair.null:
            yield from nulls(step, pair)
        yield from marks(step, pair)
        was, now = step.old.key(pair.old), step.new.key(pair.new)
        self.met.add(was)
        old, new = solid(step, pair)
        compare: _Comparer
        if old.kind != new.kind:
            # Without properties, objects and maps are one to users.
            alike = {old.kind, new.kind} == {"object", "map"}
            compare = extras if alike and not (old.properties or new.properties) else kinds
        elif old.kind not in NAMED or (yield from one_type(step, pair)):
            compare = _COMPARERS.get(old.kind, _nothing)
        else:
            return
        look = (compare, was, now, pair.way)
        if look not in self._seen:
            self._seen.add(look)
            yield from compare(step, pair)
            # Others are compared at every place that they have, though not inside of themselves.
            if compare not in (objects, unions):
                self._seen.remove(look)


def _arrays(step: Step, pair: Pair) -> Found:
    old, new = solid(step, pair)
    yield from limits(step, pair)
    if old.item is not None and new.item is not None:
        yield pair.inner(old.item, new.item, pair.subject + "[]")


def _maps(step: Step, pair: Pair) -> Found:
    yield from limits(step, pair)
    yield from extras(step, pair)


def _scalars(step: Step, pair: Pair) -> Found:
    yield from formats(step, pair)
    yield from limits(step, pair)


def _nothing(step: Step, pair: Pair) -> Found:
    del step, pair
    return iter(())


_COMPARERS: Final[Mapping[str, _Comparer]] = {
    "array": _arrays,
    "enum": enums,
    "integer": _scalars,
    "map": _maps,
    "number": _scalars,
    "object": objects,
    "string": _scalars,
    "union": unions,
}
"""Kind to what compares two schemas of it; of others there is nothing to tell."""
