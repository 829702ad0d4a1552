"""Questions about schemas, answered through references and bases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from generator.understand.keywords import is_annotation
from generator.understand.schema import Named, Schema


@attrs.frozen(eq=False)
class Schemas:
    """Answers that take more than one schema, while a document is read and after."""

    lookup: Callable[[str], Named]
    """Returns the named schema of a key, in normal form."""

    # References

    def names(self, schema: Schema) -> Iterator[Schema]:
        """Yield a schema and what it stands for, by way of the names in between."""
        yield schema
        while schema.kind == "ref":
            schema = self.lookup(schema.target).schema
            yield schema

    def target(self, schema: Schema) -> Named:
        """Return the named schema that a reference leads to, past names for other names."""
        named = self.lookup(schema.target)
        while named.schema.kind == "ref":
            named = self.lookup(named.schema.target)
        return named

    def target_or_kinds(self, schema: Schema) -> Named:
        """Return where a reference leads; for the base of others to the union of its kinds."""
        named = self.target(schema)
        return self.lookup(named.kinds) if named.kinds else named

    def key(self, schema: Schema) -> str:
        """Return what a schema is known by: the pointer of its definition."""
        return self.target(schema).key if schema.kind == "ref" else schema.at

    # What a reference stands for

    def solid(self, schema: Schema) -> Schema:
        """Return what a schema stands for, as it is defined, whatever is said on the way."""
        return self.target(schema).schema if schema.kind == "ref" else schema

    def in_place(self, schema: Schema) -> Schema:
        """Return what values are here: of any kind of a base, with what names and this place say."""
        if schema.kind != "ref":
            return schema
        solid = self.target_or_kinds(schema).schema
        *names, _ = self.names(schema)
        facts = dict(solid.facts)
        for name in reversed(names):
            facts.update(name.facts)
        return attrs.evolve(solid, facts=facts)

    def is_marked(self, schema: Schema, fact: str) -> bool:
        """Tell whether a place, or what lists, maps and unions there are made of, has a mark.

        Properties of objects speak for themselves.
        """
        todo, seen = [schema], set[str]()
        while todo:
            solid = self.in_place(todo.pop())
            if solid.fact(fact):
                return True
            if solid.kind != "object" and solid.at not in seen:
                seen.add(solid.at)
                todo.extend(solid.parts())
        return False

    def joined(self, schema: Schema) -> Schema:
        """Return what a schema stands for, with what each name on the way says, null included."""
        *names, solid = self.names(schema)
        for name in reversed(names):
            solid = attrs.evolve(
                solid,
                nullable=solid.nullable or name.nullable,
                facts={**solid.facts, **name.facts},
            )
        return solid

    def nullable(self, schema: Schema) -> bool:
        """Tell whether null is a value."""
        return any(part.nullable or part.kind == "null" for part in self.names(schema))

    def nullable_besides(self, schema: Schema) -> bool:
        """Tell whether null is a value beside others: what is nothing but null does not count."""
        return any(part.nullable and part.kind != "null" for part in self.names(schema))

    def is_object(self, schema: Schema) -> bool:
        """Tell whether a reference leads to objects with properties of their own."""
        todo, seen = [schema], set[str]()
        while todo:
            part = todo.pop()
            if part.kind != "ref" or part.target in seen:
                continue
            seen.add(part.target)
            solid = self.target_or_kinds(part).schema
            if solid.kind == "object":
                return True
            todo.extend(solid.members)
        return False

    # Objects

    def bases(self, schema: Schema) -> Iterator[Named]:
        """Yield the objects that an object extends, the nearest first."""
        while schema.base:
            named = self.lookup(schema.base)
            yield named
            schema = named.schema

    def properties(self, schema: Schema) -> dict[str, Schema]:
        """Return the properties of an object, inherited ones first."""
        found: dict[str, Schema] = {}
        for owner in reversed([schema, *(base.schema for base in self.bases(schema))]):
            found.update(owner.properties)
        return found

    def required(self, schema: Schema) -> frozenset[str]:
        """Return the names of the required properties of an object, inherited ones too."""
        return schema.required.union(*(base.schema.required for base in self.bases(schema)))

    def depth(self, schema: Schema) -> int:
        """Return how many objects an object extends, one through the other."""
        return sum(1 for _ in self.bases(schema))


def parts_of(schema: Schema) -> Iterator[Schema]:
    """Yield a schema and all below it, what is behind references left alone."""
    todo = [schema]
    while todo:
        part = todo.pop()
        yield part
        todo.extend(part.parts())


def references(schema: Schema) -> Iterator[Schema]:
    """Yield the references inside a schema, those behind them left alone."""
    return (part for part in parts_of(schema) if part.kind == "ref")


def identity(schema: Schema) -> Any:
    """Return what two schemas share when they are one."""
    if schema.kind == "ref":
        return schema.target
    if schema.kind in ("string", "integer", "number", "boolean"):
        facts = {k: v for k, v in schema.facts.items() if not is_annotation(k)}
        return schema.kind, repr(sorted(facts.items(), key=repr))
    return id(schema)
