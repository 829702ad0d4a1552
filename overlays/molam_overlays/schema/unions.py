"""Unions, told apart by fit or by tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.digits import Origin
from molam_overlays.schema.model import plain_model
from molam_overlays.schema.texts import listed
from molam_overlays.schema.types import Newer, Problems, Type, joined, type_of


class Union(Type):
    """One of several types: the first that takes the value as it stands, else the nearest."""

    __slots__ = ("members",)

    def __init__(self, *members: Any) -> None:
        self.members = tuple(type_of(member) for member in members)

    @property
    def plain(self) -> bool:  # type: ignore[override]
        return all(member.plain for member in self.members)

    def leaves(self, origin: Origin) -> bool:
        # A loop, since this is asked at each reading.
        for member in self.members:  # noqa: SIM110
            if not member.leaves(origin):
                return False
        return True

    def decode(self, wire: Any, origin: Origin) -> Any:
        member = self.member(wire)
        return wire if member is None else member.decode(wire, origin)

    def member(self, wire: Any) -> Type | None:
        """Return the member that fits a wire value best, None when none does in the least.

        A response may be newer than this SDK: an unknown enum value or a field that is missing
        must not cost it its type.
        """
        best, most = None, 0.0
        for member in self.members:
            fit = member.fit(wire)
            if fit > most:
                best, most = member, fit
        return best

    def resembles(self, wire: Any) -> bool:
        return any(member.resembles(wire) for member in self.members)

    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [member.json_schema() for member in self.members]}

    def fit(self, wire: Any) -> float:
        return max((member.fit(wire) for member in self.members), default=0.0)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        members = self.members
        if isinstance(value, Mapping):
            # Objects are open, so that several may take it: the nearest has it.
            members = tuple(sorted(members, key=lambda member: -_nearness(member, value)))
        refused: list[Problems] = []
        for member in members:
            found = type(problems)()
            encoded = member.encode(value, at, found)
            if not found:
                return encoded
            refused.append(found)
        # The member that is nearest to what was given knows best what is wrong with it.
        ranked = sorted(
            zip(members, refused, strict=True), key=lambda pair: -_nearness(pair[0], value)
        )
        problems.update(ranked[0][1] if ranked else {at: "fits nothing that is allowed here"})
        return None


def _nearness(member: Type, value: Any) -> float:
    return 2.0 if getattr(member, "model", None) is type(value) else member.fit(value)


class Tagged(Type):
    """One of several objects, told apart by a tag. An unknown tag is read as a plain `Model`."""

    plain = False
    __slots__ = ("_members", "tag")

    def __init__(self, tag: str, members: Mapping[str, Any]) -> None:
        self.tag = tag
        self._members = {value: type_of(member) for value, member in members.items()}

    def decode(self, wire: Any, origin: Origin) -> Any:
        if not isinstance(wire, dict):
            return wire
        member = self.member(wire)
        return plain_model(wire, origin) if member is None else member.decode(wire, origin)

    def resembles(self, wire: Any) -> bool:
        return isinstance(wire, dict)

    def json_schema(self) -> dict[str, Any]:
        # Open: an object with another tag is newer than these.
        members = [member.json_schema() for member in self._members.values()]
        return {"anyOf": [*members, {"type": "object", "required": [self.tag]}]}

    def fit(self, wire: Any) -> float:
        if not isinstance(wire, dict):
            return 0.0
        member = self.member(wire)
        return 0.2 if member is None else member.fit(wire)

    def member(self, data: Mapping[str, Any]) -> Type | None:
        """Return the type that an object's tag names, None when the tag is unknown."""
        tag = data.get(self.tag)
        return self._members.get(tag) if isinstance(tag, str) else None

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            problems[at] = f"must be an object (dict) or a model, not {type(value).__name__}"
            return None
        member = self.member(value)
        if member is None and isinstance(problems, Newer):
            return AnyValue().encode(value, at, problems)
        if member is None:
            problems[joined(at, self.tag)] = f"must be one of {listed(self._members)}"
            return None
        return member.encode(value, at, problems)
