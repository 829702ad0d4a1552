"""The arguments of a method: paired, renamed, moved, required, and given in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from generator.compare.annotations import Typed, unexplained
from generator.compare.changes import Findings, change
from generator.compare.schemas.marks import default
from generator.compare.schemas.pair import Found, Pair
from generator.compare.schemas.renames import alike, renames, same
from generator.compare.surface import Argument, Method, Step
from generator.decide.styles import explodes, style_of
from generator.read import pointer as pointers
from generator.read.position import Position

_Place: TypeAlias = tuple[str, str]
"""Where an argument travels, and its name there."""
_Arguments: TypeAlias = Mapping[_Place, Argument]


def arguments(step: Step, known: Findings, old: Method, new: Method) -> Found:
    """Compare the arguments of a method, the idempotency key left out."""
    before, after = _by_place(old), _by_place(new)
    pairs = _pairs(step, before, after)
    for place, other in pairs.items():
        yield from _argument(step, known, (old, before[place]), (new, after[other]))
    for place, argument in before.items():
        if place not in pairs:
            at = step.was(argument.schema.at if argument.schema else old.operation.at)
            yield change("argument-removed", f"{new.name}({argument.name})", "was removed", at)
    for place, argument in after.items():
        if place not in pairs.values():
            rule = "argument-required-added" if argument.required else "argument-added"
            what = "is new and required" if argument.required else "is new"
            yield change(rule, f"{new.name}({argument.name})", what, _at(step, new, argument))
    yield from _order(step, old, new, {before[k].name: after[v].name for k, v in pairs.items()})


def _by_place(method: Method) -> _Arguments:
    return {(a.place, a.wire): a for a in method.arguments if a.place != "key"}


def _at(step: Step, method: Method, argument: Argument) -> Position:
    return step.is_(argument.schema.at if argument.schema else method.operation.at)


def _pairs(step: Step, before: _Arguments, after: _Arguments) -> dict[_Place, _Place]:
    """Return which argument became which."""
    pairs = {place: place for place in before if place in after}
    gone = {one.name: place for place, one in before.items() if place not in pairs}
    come = {one.name: place for place, one in after.items() if place not in pairs}
    # The same name in another place is the same argument: only the wire changes.
    for name in [name for name in gone if name in come]:
        pairs[gone.pop(name)] = come.pop(name)

    def could_be(was: str, now: str) -> bool:
        one, other = before[gone[was]], after[come[now]]
        if one.schema is None or other.schema is None:
            return one.annotation == other.annotation
        return alike(step, one.schema, other.schema)

    def is_same(was: str, now: str) -> bool:
        one, other = before[gone[was]].schema, after[come[now]].schema
        return one is not None and other is not None and same(one, other)

    for was, now in renames(list(gone), list(come), alike=could_be, same=is_same).items():
        pairs[gone[was]] = come[now]
    return pairs


def _argument(
    step: Step, known: Findings, before: tuple[Method, Argument], after: tuple[Method, Argument]
) -> Found:
    (old_method, old), (method, new) = before, after
    at = _at(step, method, new)
    subject = f"{method.name}({new.name})"
    yield from _names(method, old, new, at)
    if new.required and not old.required:
        yield change("argument-required", subject, "is required now", at)
    elif old.required and not new.required:
        yield change("argument-optional", subject, "may be left out now", at)
    told = known.touched(subject)
    if old.schema is not None and new.schema is not None:
        pair = Pair(subject, old.schema, new.schema, "sent", (method.name,))
        yield from _client_default(step, pair, old, new)
        yield from default(step, pair)
        yield pair
        written = _writing(old_method, old), _writing(method, new)
        if old.place == new.place and written[0] != written[1]:
            where = step.is_(method.operation.at)
            yield change("style-changed", subject, "is written another way on the wire", where)
    if not told:
        one, other = Typed(old.annotation, old.schema), Typed(new.annotation, new.schema)
        yield from unexplained(step, known, subject, one, other, at)


def _names(method: Method, old: Argument, new: Argument, at: Position) -> Found:
    subject = f"{method.name}({new.name})"
    if old.name != new.name:
        what = f"is now called `{new.name}`"
        yield change("argument-renamed", f"{method.name}({old.name})", what, at, now=new.name)
    if old.place != new.place:
        what = f"travels in the {new.place or 'body'} now, in the {old.place or 'body'} before"
        yield change("argument-moved", subject, what, at)
    elif old.wire != new.wire and old.name == new.name:
        what = f"is sent as `{new.wire}` now, as `{old.wire}` before"
        yield change("wire-name-changed", subject, what, at)


def _client_default(step: Step, pair: Pair, old: Argument, new: Argument) -> Found:
    was = pair.old.fact("x-molam-client-default")
    is_ = pair.new.fact("x-molam-client-default")
    if was == is_ or (is_ is None and new.required):
        return
    if is_ is None:
        what = f"is not filled in from `Config.{was}` any more"
    elif was is None:
        what = f"is filled in from `Config.{is_}` when it is left out"
    else:
        what = f"is filled in from `Config.{is_}` now, from `Config.{was}` before"
    # A field that had to be given can now be left out: nobody left it out before.
    harmless = was is None and old.required
    rule = "client-default: of what had to be given" if harmless else "client-default"
    yield change(rule, pair.subject, what, step.is_(pair.new.at))


def _writing(method: Method, argument: Argument) -> tuple[Any, ...]:
    """Return how a parameter is written on the wire; nothing for other arguments."""
    for one in method.operation.parameters:
        if (one.location, one.name) == (argument.place, argument.wire):
            return style_of(one), explodes(one), one.allow_reserved, one.json
    return ()


def _order(step: Step, old: Method, new: Method, names: Mapping[str, str]) -> Found:
    """Compare which arguments may be given by position, and in which order.

    Args:
        names: the arguments that both have, by old name.
    """
    names = {"idempotency_key": "idempotency_key", **names}
    at = step.is_(pointers.join(new.operation.at, "x-molam-arguments"))
    present = {one.name for one in new.arguments}
    given = [one.name for one in old.arguments if not one.keyword_only]
    after = [one.name for one in new.arguments if not one.keyword_only]
    before = [names[name] for name in given if names.get(name) in present]
    keyword_now = [name for name in before if name not in after]
    for name in keyword_now:
        subject = f"{new.name}({name})"
        yield change("keyword-only", subject, "can only be given by name now", at, now=name)
    before = [name for name in before if name in after]
    kept = [name for name in after if name in before]
    removed = keyword_now or any(name not in names for name in given)
    # Whoever comes after one that went moves up: those that went tell that already.
    moved = after[: len(before)] != before and (kept != before or not removed)
    if moved:
        what = f"takes positional arguments in the order {', '.join(after)} now"
        yield change("order-changed", new.name, f"{what}, {', '.join(given)} before", at)
    was_keyword = {names.get(one.name) for one in old.arguments if one.keyword_only}
    for name in after:
        if name in was_keyword:
            what = "can be given by position as well"
            yield change("positional", f"{new.name}({name})", what, at)
