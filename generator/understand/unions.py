"""Alternatives as one union, and the tag that tells its members apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from generator.read import pointer as pointers
from generator.understand.registry import Place, Registry
from generator.understand.schema import Schema, Tag
from generator.understand.schemas import identity
from generator.understand.values import distinct

_ONLY_REQUIRED: Final = frozenset({"required", "description", "title", "type"})


@attrs.frozen(eq=False)
class Alternatives:
    """Raw schemas of which one has to fit."""

    listed: Sequence[Any]
    at: str
    """The pointer of the list."""
    keyword: str = "anyOf"
    discriminator: Any = None


def union(alternatives: Alternatives, place: Place, registry: Registry) -> Schema:
    """Return the schema of what fits one of the alternatives.

    Args:
        alternatives: the raw schemas.
        place: where the schema stands that is made of them.
        registry: takes the names that they deserve.

    Raises:
        DocumentError: something in them cannot be emitted.
    """
    needed = tuple(tuple(part["required"]) for part in alternatives.listed if _only_requires(part))
    if needed and all(map(_adds_no_shape, alternatives.listed)):
        name = "one_of_required" if alternatives.keyword == "oneOf" else "any_of_required"
        return Schema(at=place.at, kind="any", rules=((name, needed),))
    members, nullable = _members(alternatives, place, registry)
    if not members:
        return Schema(at=place.at, kind="null", nullable=True)
    members = _with_one_enum(members, place.at)
    members = list({identity(member): member for member in reversed(members)}.values())[::-1]
    if len(members) == 1:
        return attrs.evolve(members[0], nullable=nullable or members[0].nullable)
    if any(one.kind == "string" for one in members) and any(one.kind == "enum" for one in members):
        # An open set: known values, and text beside them.
        members.sort(key=lambda one: one.kind != "enum")
    else:
        words = f"{place.words} option"
        members = [registry.hoist(m, words) if m.kind == "enum" else m for m in members]
    at = pointers.join(place.at, "discriminator")
    tag = _tag(alternatives.discriminator, members, at, registry)
    return Schema(at=place.at, kind="union", nullable=nullable, members=tuple(members), tag=tag)


def _only_requires(part: Any) -> bool:
    return isinstance(part, Mapping) and set(part) <= _ONLY_REQUIRED and "required" in part


def _adds_no_shape(part: Any) -> bool:
    """Tell whether an alternative says no more than what is required, or that null will do."""
    return part is False or _only_requires(part) or part == {"type": "null"}


def _members(
    alternatives: Alternatives, place: Place, registry: Registry
) -> tuple[list[Schema], bool]:
    """Return the alternatives, null left out, and whether null is one."""
    members: list[Schema] = []
    nullable = False
    for index, part in enumerate(alternatives.listed):
        if part is False:
            continue
        title = part.get("title") if isinstance(part, Mapping) else None
        words = f"{place.words} {title if isinstance(title, str) else f'option {index + 1}'}"
        member = registry.form(part, Place(pointers.join(alternatives.at, index), words))
        nullable = nullable or member.nullable
        member = attrs.evolve(member, nullable=False)
        if member.kind == "union" and member.tag is None:
            members.extend(member.members)
        elif member.kind == "enum":
            members.append(member)
        elif member.kind != "null":
            members.append(registry.hoist(member, words))
    return members, nullable


def _with_one_enum(members: list[Schema], at: str) -> list[Schema]:
    """Return members with all known values in one enum, where the first was."""
    enums = [member for member in members if member.kind == "enum"]
    if len(enums) < 2:
        return members
    alone = len(enums) == len(members)
    merged = attrs.evolve(
        enums[0],
        at=at if alone else enums[0].at,
        values=distinct(value for part in enums for value in part.values),
        facts={} if alone else enums[0].facts,
    )
    rest = [member for member in members if member.kind != "enum"]
    rest.insert(members.index(enums[0]), merged)
    return rest


def _tag(raw: Any, members: Sequence[Schema], at: str, registry: Registry) -> Tag | None:
    keys = [member.target for member in members if member.kind == "ref"]
    if not isinstance(raw, Mapping):
        return _inferred(keys, registry) if len(keys) == len(members) else None
    name = str(raw["propertyName"])
    if len(keys) < len(members):
        registry.document.wrong(
            "A discriminator needs members that are all objects",
            at,
            "Make each member a $ref to an object, or leave the discriminator out",
            "discriminator",
        )
        return None
    found = {
        str(value): registry.mapped(str(ref), pointers.join(at, "mapping", value))
        for value, ref in (raw.get("mapping") or {}).items()
    }
    mapped = set(found.values())
    for key in keys:
        if key not in mapped:
            for value in _fixed_values(key, name, registry) or (pointers.split(key)[-1],):
                found.setdefault(value, key)
    return Tag(name, found)


def _inferred(keys: Sequence[str], registry: Registry) -> Tag | None:
    """Find the one property that tells objects apart by a fixed value, if there is one."""
    objects = [schema for key in keys if (schema := _object(key, registry)) is not None]
    if len(objects) < len(keys) or len(keys) < 2:
        return None
    for name in registry.schemas.properties(objects[0]):
        found: dict[str, str] = {}
        for key in keys:
            values = _fixed_values(key, name, registry)
            if not values or any(value in found for value in values):
                break
            found.update(dict.fromkeys(values, key))
        else:
            return Tag(name, found)
    return None


def _object(key: str, registry: Registry) -> Schema | None:
    schema = registry.known(key)
    return schema if schema is not None and schema.kind == "object" else None


def _fixed_values(key: str, name: str, registry: Registry) -> tuple[str, ...]:
    """Return the values that a property of a named object is limited to, if it is."""
    schema = _object(key, registry)
    if schema is None:
        return ()
    prop = registry.schemas.properties(schema).get(name)
    if prop is not None and prop.kind == "ref":
        prop = registry.known(prop.target)
    if prop is None or prop.kind != "enum":
        return ()
    return tuple(value for value in prop.values if isinstance(value, str))
