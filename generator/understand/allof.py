"""The schema of what fits every part of an allOf."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from generator.read import pointer as pointers
from generator.read.document import DocumentError
from generator.understand.keywords import (
    ANNOTATIONS,
    UNCHECKED,
    annotations_of,
    is_annotation,
    tightest,
)
from generator.understand.registry import Place, Registry
from generator.understand.schema import Schema, Tag
from generator.understand.schemas import identity
from generator.understand.values import fits, same

DEEPEST: Final = 8
"""How many classes deep inheritance goes before an object is written out flat."""
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean", "enum"})
_HELD: Final = frozenset(
    {"properties", "required", "additionalProperties", "patternProperties", "discriminator"}
)
"""Keywords of which a joined object holds what all its parts say, not what the last one said."""


@attrs.frozen(eq=False)
class _Parts:
    """The parts of one allOf that have a type, and what those without one add."""

    listed: Sequence[Schema]
    solid: Sequence[Schema]
    """What each stands for."""
    said: Mapping[str, Any]
    rules: tuple[tuple[str, Any], ...]

    @property
    def nullable(self) -> bool:
        return all(part.nullable for part in self.solid)

    @property
    def kinds(self) -> set[str]:
        return {part.kind for part in self.solid}


def combine(listed: Sequence[Schema], place: Place, registry: Registry) -> Schema:
    """Return the schema of what fits every part.

    Raises:
        DocumentError: nothing does, or it cannot be emitted.
    """
    parts = _sorted(listed, registry)
    if not parts.listed:
        return Schema(at=place.at, kind="any", facts=parts.said, rules=parts.rules)
    if len(parts.listed) == 1 and not parts.rules:
        return _sharpened(parts.listed[0], parts.said, place, registry)
    kinds = parts.kinds
    if "null" in kinds:
        # Whatever else is said: of what is null and something else, null is left at most.
        registry.give_up(part for part in listed if part.kind != "null")
        registry.document.given_up.add(place.at)
        return Schema(at=place.at, kind="null", facts=parts.said, nullable=True)
    if "union" in kinds:
        return _distributed(parts, place, registry)
    if kinds <= {"object", "map"}:
        return _inheriting(_joined_objects(parts, place, registry), parts.listed, registry)
    if kinds <= _SCALARS:
        return _joined_scalars(parts, place, registry)
    if kinds == {"array"}:
        return _joined_arrays(parts, place, registry)
    raise registry.document.error(*_impossible(kinds, place))


def _sorted(listed: Sequence[Schema], registry: Registry) -> _Parts:
    """Tell the parts that have a type from those that only say something more."""
    untyped = [part for part in listed if part.kind == "any"]
    typed = list({identity(part): part for part in listed if part.kind != "any"}.values())
    solid = list(typed)
    if len(typed) > 1 or any(part.rules for part in untyped):
        # Names for any value have no type either.
        joined = [registry.schemas.joined(part) for part in typed]
        untyped.extend(one for one in joined if one.kind == "any")
        typed = [part for part, one in zip(typed, joined, strict=True) if one.kind != "any"]
        solid = [one for one in joined if one.kind != "any"]
    return _Parts(
        typed,
        solid,
        tightest([part.facts for part in untyped]),
        tuple(rule for part in untyped for rule in part.rules),
    )


def _impossible(kinds: Iterable[str], place: Place) -> tuple[str, str, str, str]:
    return (
        f"allOf joins {' and '.join(sorted(kinds))}, which no value can be at once",
        place.at,
        "Let all parts have one type",
        "contradiction",
    )


def _sharpened(only: Schema, said: Mapping[str, Any], place: Place, registry: Registry) -> Schema:
    if set(said) - ANNOTATIONS - set(UNCHECKED):
        # Constraints beside a reference sharpen what it stands for.
        solid = registry.schemas.joined(only)
        if solid.kind not in ("object", "union"):
            return attrs.evolve(solid, at=place.at, facts=tightest([solid.facts, said]))
    return attrs.evolve(only, facts={**only.facts, **said})


# Scalars and arrays


def _joined_scalars(parts: _Parts, place: Place, registry: Registry) -> Schema:
    kinds = {part.kind for part in parts.solid} - {"enum"}
    if enums := [part for part in parts.solid if part.kind == "enum"]:
        values = tuple(
            value
            for value in enums[0].values
            if all(any(same(value, o) for o in other.values) for other in enums[1:])
            and all(fits(value, kind) for kind in kinds)
        )
        if not values:
            raise registry.document.error(
                "No value is in every enum of this allOf",
                place.at,
                "Let the parts share values",
                "contradiction",
            )
        chosen = attrs.evolve(enums[-1], values=values)
        registry.give_up(part for part in parts.listed if part.kind == "enum")
        registry.document.given_up.add(place.at)
    else:
        if kinds == {"integer", "number"}:
            kinds = {"integer"}
        if len(kinds) > 1:
            raise registry.document.error(*_impossible(kinds, place))
        chosen = next(part for part in parts.solid if part.kind in kinds)
    facts = tightest([*(part.facts for part in parts.solid), parts.said])
    return attrs.evolve(chosen, at=place.at, facts=facts, nullable=parts.nullable)


def _joined_arrays(parts: _Parts, place: Place, registry: Registry) -> Schema:
    items = [part.item for part in parts.solid if part.item is not None]
    below = place.below("items", words="item")
    return Schema(
        at=place.at,
        kind="array",
        facts=tightest([*(part.facts for part in parts.solid), parts.said]),
        nullable=parts.nullable,
        item=registry.hoist(combine(items, below, registry), below.words),
    )


# Objects


def _joined_objects(parts: _Parts, place: Place, registry: Registry) -> Schema:
    properties: dict[str, Schema] = {}
    required: frozenset[str] = frozenset()
    extra: Schema | bool = True
    patterns: dict[str, Schema] = {}
    names = None
    rules = parts.rules
    facts: dict[str, Any] = {}
    for part in parts.solid:
        for name, prop in registry.schemas.properties(part).items():
            known = properties.get(name)
            properties[name] = (
                prop if known is None else _narrowed(known, prop, place.called(name), registry)
            )
        required |= registry.schemas.required(part)
        if part.extra_declared and part.extra is not True and extra is not False:
            extra = part.extra
        patterns.update(part.patterns)
        names = part.names or names
        rules += part.rules
        facts.update({k: v for k, v in part.facts.items() if k not in _HELD})
    for name in sorted(required - properties.keys()):
        properties[name] = Schema(at=place.at, kind="any")
    shaped = bool(properties) or any(part.kind == "object" for part in parts.solid)
    return Schema(
        at=place.at,
        kind="object" if shaped else "map",
        facts={**facts, **parts.said},
        nullable=parts.nullable,
        properties=properties,
        required=required,
        extra=extra,
        extra_declared=any(part.extra_declared for part in parts.solid),
        patterns=patterns,
        names=names,
        rules=rules,
    )


def _narrowed(known: Schema, prop: Schema, place: Place, registry: Registry) -> Schema:
    """Return the schema of a property that two parts of an allOf describe."""
    if known is prop:
        return known
    facts = {**known.facts, **prop.facts}
    if known.kind == prop.kind == "ref" and known.target == prop.target:
        return attrs.evolve(prop, facts=facts)
    if known.kind == "any":
        return prop
    if prop.kind == "any":
        return attrs.evolve(known, facts=facts) if prop.facts else known
    if known.kind == "map" and known.extra is True and prop.kind == "ref":
        target = registry.known(prop.target)
        if target is None or target.kind in ("object", "map"):
            return prop
    # What has a name there already, or in it, is the last part's alone.
    at = prop.at if prop.kind in _SCALARS else pointers.join(prop.at, "*")
    try:
        combined = combine([known, prop], Place(at, place.words), registry)
    except DocumentError as error:
        return registry.anything(error, prop.at)
    return registry.hoist(attrs.evolve(combined, at=at, facts=facts), place.words)


def _inheriting(joined: Schema, parts: Sequence[Schema], registry: Registry) -> Schema:
    """Let a joined object extend the one named object that it is made of, where it may."""
    bases = [part.target for part in parts if part.kind == "ref"]
    if len(bases) != 1 or joined.kind != "object":
        return joined
    base = registry.settled(bases[0]).schema
    if base.kind != "object" or base.nullable or registry.schemas.depth(base) >= DEEPEST:
        return joined
    if base.extra != joined.extra and base.extra is not True:
        return joined
    inherited = registry.schemas.properties(base)
    needed = registry.schemas.required(base)
    own: dict[str, Schema] = {}
    for name, prop in joined.properties.items():
        known = inherited.get(name)
        if known is prop and (name in needed) == (name in joined.required):
            continue
        if known is not None and known is not prop and not _refines(prop, known, registry):
            return joined
        own[name] = prop
    return attrs.evolve(joined, base=bases[0], properties=own)


def _refines(prop: Schema, known: Schema, registry: Registry) -> bool:
    """Tell whether a property may stand where another one is declared in a base class."""
    if known.kind == "any" or identity(prop) == identity(known):
        return prop.nullable <= known.nullable
    left, right = (
        registry.known(one.target) if one.kind == "ref" else one for one in (prop, known)
    )
    if left is not None and right is not None:
        if left.nullable and not right.nullable:
            return False
        if right.kind == "string" and not right.fact("format"):
            return left.kind == "enum" and all(isinstance(v, str) for v in left.values)
        if right.kind == "map":
            return left.kind == "object" and right.extra is True
    return prop.kind == known.kind == "ref" and prop.target == known.target


# Unions


def _distributed(parts: _Parts, place: Place, registry: Registry) -> Schema:
    """Turn an allOf with unions in it into a union of allOfs."""
    index = next(i for i, part in enumerate(parts.solid) if part.kind == "union")
    chosen = parts.solid[index]
    rest = [part for i, part in enumerate(parts.listed) if i != index]
    limits = {name: fact for name, fact in parts.said.items() if not is_annotation(name)}
    if limits:
        rest.append(Schema(at=place.at, kind="any", facts=limits))
    said = annotations_of(parts.said)
    if not rest:
        return attrs.evolve(chosen, at=place.at, facts={**chosen.facts, **said})
    with registry.expanding(parts.listed[index]):
        members = dict(_each_with(rest, chosen.members, place, registry))
    if len(members) < len(chosen.members):
        registry.give_up([chosen])
    if not members:
        raise registry.document.error(
            "No member of the union in this allOf goes with the other parts",
            place.at,
            "Let the parts share values",
            "contradiction",
        )
    return Schema(
        at=place.at,
        kind="union",
        facts=said,
        nullable=parts.nullable,
        members=tuple(members.values()),
        tag=_moved(chosen, members),
        rules=parts.rules,
    )


def _moved(union: Schema, members: Mapping[int, Schema]) -> Tag | None:
    """Return the tag of a union whose members have been joined with something."""
    if union.tag is None:
        return None
    moved = {
        union.members[number].target: now.target
        for number, now in members.items()
        if union.members[number].kind == "ref" and now.kind == "ref"
    }
    known = {value: moved.get(key) for value, key in union.tag.members.items()}
    return Tag(union.tag.name, {value: key for value, key in known.items() if key})


def _each_with(
    rest: Sequence[Schema], members: Sequence[Schema], place: Place, registry: Registry
) -> Iterator[tuple[int, Schema]]:
    """Yield members of a union joined with the other parts, by number; what nothing fits is out."""
    for number, member in enumerate(members):
        title = f"option {number + 1}"
        if member.kind == "ref":
            if registry.leads_back(member):
                continue
            named = registry.named[member.target]
            title = named.words
            if not named.component:
                # Hoisted a moment ago, and of no use alone.
                member = registry.schemas.joined(member)
        words = title if title.startswith(place.words) else f"{place.words} {title}"
        own = Place(pointers.join(place.at, "*", number + 1), words)
        try:
            with registry.trying():
                combined = combine([*rest, member], own, registry)
        except DocumentError as error:
            if error.rule.name != "contradiction":
                raise
            registry.give_up([member])
            continue
        yield number, registry.hoist(attrs.evolve(combined, at=own.at), words)
