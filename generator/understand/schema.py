"""The normal form of a schema: one dialect, nothing nested that deserves a name.

OpenAPI 3.0 and 3.1, `nullable` and null types, allOf and siblings all end up as one of these.
Keywords that only constrain or describe stay in `facts` as the document writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs

Kind: TypeAlias = Literal[
    "any",
    "array",
    "boolean",
    "enum",
    "integer",
    "map",
    "null",
    "number",
    "object",
    "ref",
    "string",
    "union",
]


@attrs.frozen(eq=False)
class Tag:
    """How the members of a union are told apart."""

    name: str
    """The property that holds the tag."""
    members: Mapping[str, str]
    """Tag value to the key of a named schema."""


@attrs.frozen(eq=False)
class Schema:
    """One schema in normal form."""

    at: str
    """Its JSON pointer."""
    kind: Kind
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    """Keywords as the document writes them: constraints, format, description, extensions."""
    nullable: bool = False
    target: str = ""
    """ref: the key of the named schema."""
    properties: Mapping[str, Schema] = attrs.field(factory=dict)
    required: frozenset[str] = frozenset()
    base: str = ""
    """object: the key of the named object it extends, its properties left out here."""
    extra: Schema | bool = True
    """object, map: the schema of properties that are not declared; False forbids them."""
    extra_declared: bool = False
    """Whether the document itself says what undeclared properties hold."""
    patterns: Mapping[str, Schema] = attrs.field(factory=dict)
    """object, map: schemas of undeclared properties by a pattern of their name."""
    names: Schema | None = None
    """map: the schema of the names."""
    item: Schema | None = None
    """array: the schema of an item."""
    members: tuple[Schema, ...] = ()
    """union: the alternatives, null left out."""
    tag: Tag | None = None
    """union: its discriminator."""
    values: tuple[Any, ...] = ()
    """enum: the values, null left out."""
    rules: tuple[tuple[str, Any], ...] = ()
    """object: checks over the object as a whole, as name and argument."""

    def fact(self, name: str, default: Any = None) -> Any:
        """Return a keyword's value as the document writes it."""
        return self.facts.get(name, default)

    def parts(self) -> Iterator[Schema]:
        """Yield the schemas right below this one."""
        yield from self.properties.values()
        yield from self.patterns.values()
        yield from self.members
        if isinstance(self.extra, Schema):
            yield self.extra
        if self.names is not None:
            yield self.names
        if self.item is not None:
            yield self.item


@attrs.define(eq=False)
class Named:
    """A schema with a name of its own: a component, or one that was hoisted."""

    key: str
    """The pointer of the schema, which is unique."""
    words: str
    """What its Python name is made of."""
    owner: str = ""
    """The key of the named schema in whose module it lives; empty for a module of its own."""
    component: bool = False
    kinds: str = ""
    """object: the key of the union of the objects that extend it, where a tag tells them apart."""
    form: Schema | None = None
    """The normal form, None while it is not known yet."""

    @property
    def schema(self) -> Schema:
        """Its normal form."""
        assert self.form is not None, self.key
        return self.form
