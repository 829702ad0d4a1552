"""Names in one scope, told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import attrs

from generator.decide import naming
from generator.read.position import DocumentError, Position
from generator.text.shown import shown

Where: TypeAlias = Position | Callable[[], Position]
"""Where something stands; a function where finding that takes time, as only messages want it."""


@attrs.frozen(slots=True)
class _Taken:
    wire: str
    where: Where | None = None


class Scope:
    """The names of one scope: each is given out once."""

    def __init__(self, taken: Iterable[str] = (), *, fold_case: bool = False) -> None:
        self._fold_case = fold_case
        self._taken: dict[str, _Taken] = {self._key(name): _Taken("") for name in taken}

    def _key(self, name: str) -> str:
        # Files: macOS and Windows take Foo.py and foo.py for one.
        return name.casefold() if self._fold_case else name

    def __contains__(self, name: str) -> bool:
        return self._key(name) in self._taken

    def distinct(self, name: str, wire: str = "") -> str:
        """Return `name`, or with ``_2``, ``_3`` … behind it where it is taken.

        For what a user reads beside its wire name: properties, enum values, arguments. The order
        of the document decides, so names stay when something is added at the end.
        """
        given, count = name, 1
        while given in self:
            count += 1
            given = f"{name.rstrip('_')}_{count}"
        self._taken[self._key(given)] = _Taken(wire or name)
        return given

    def unique(self, name: str, wire: str, where: Where, what: str) -> str:
        """Return `name`, which nobody else may have.

        For what callers know by this name only: operations.

        Args:
            name: the Python name.
            wire: what it was made of.
            where: where that stands.
            what: what it names, such as "operation".

        Raises:
            DocumentError: another wire name became the same name.
        """
        other = self._taken.get(self._key(name))
        if other is None:
            self._taken[self._key(name)] = _Taken(wire, where)
            return name
        clash = f"The {what} {shown(wire)} becomes {name} in Python, "
        if other.where is None:
            clash += "which is taken"
        else:
            clash += f"and so does {shown(other.wire)} ({_position(other.where)})"
        raise DocumentError(clash, _position(where), f"Rename this {what}")


def _position(where: Where) -> Position:
    return where() if callable(where) else where


def told_apart(wires: Sequence[str], scope: Scope, name_of: Callable[[str], str]) -> dict[str, str]:
    """Return a name for each wire name; who has that very name in the document keeps it."""
    wanted = {wire: name_of(wire) for wire in wires}
    ordered = sorted(wanted, key=lambda wire: wanted[wire] != wire)
    return {wire: scope.distinct(wanted[wire], wire) for wire in ordered}


def told_apart_by_place(
    wires: Sequence[tuple[str, str]], scope: Scope
) -> dict[tuple[str, str], str]:
    """Return an argument for each wire name and place; the same name elsewhere tells its place."""
    found: dict[tuple[str, str], str] = {}
    for wire, place in sorted(wires, key=lambda one: naming.argument_name(one[0]) != one[0]):
        wanted = naming.argument_name(wire)
        if wanted in scope:
            wanted = f"{wanted.rstrip('_')}_{place}"
        found[wire, place] = scope.distinct(wanted, wire)
    return found
