"""Schemas with names of their own, worked out when they are asked for.

While a document is read, this alone changes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import attrs

from generator.read import pointer as pointers
from generator.read.document import Document, DocumentError
from generator.understand.keywords import annotations_of
from generator.understand.schema import Named, Schema
from generator.understand.schemas import Schemas

_OF_A_PLACE: Final = frozenset({"default", "deprecated", "readOnly", "writeOnly", "nullable"})
"""Annotations that belong to the place where a schema stands, not to the schema itself."""
_WORDLESS: Final = frozenset(
    {"components", "schemas", "properties", "schema", "content", "paths", "$defs", "definitions",
     "application/json", "requestBodies", "responses"}
)  # fmt: skip
"""Steps on the way to a schema that say nothing about it."""


@attrs.frozen
class Place:
    """Where a schema stands, and what a name for it would be made of."""

    at: str
    words: str

    def below(self, *tokens: str | int, words: str = "") -> Place:
        """Return a place below this one, with more words where these tell it apart."""
        return Place(
            pointers.join(self.at, *tokens), f"{self.words} {words}" if words else self.words
        )

    def called(self, words: str) -> Place:
        """Return this very place, for one of several schemas that stand there."""
        return Place(self.at, f"{self.words} {words}")


class Registry:
    """The named schemas of a document that is being read."""

    def __init__(self, document: Document, read: Reader) -> None:
        self.document = document
        self.named: dict[str, Named] = {}
        """By key, in the order in which they were met."""
        self.schemas = Schemas(self.settled)
        """Answers about schemas, which are worked out for them."""
        self._read = read
        self._raw: dict[str, Any] = {}
        self._hoisted: dict[str, Schema] = {}
        """What stands in the places of schemas that were given names there."""
        self._settling: list[str] = []
        self._expanding: list[str] = []
        self._tried = 0
        self._todo: list[str] = []

    # What is being worked out

    @contextmanager
    def expanding(self, union: Schema) -> Generator[None]:
        """Say that each member of a union is being joined with something."""
        self._expanding.append(self.schemas.key(union))
        try:
            yield
        finally:
            self._expanding.pop()

    @contextmanager
    def trying(self) -> Generator[None]:
        """Say that what turns out to be a contradiction is left out by whoever tries."""
        self._tried += 1
        try:
            yield
        finally:
            self._tried -= 1

    def leads_back(self, schema: Schema) -> bool:
        """Tell whether a reference leads to what is being worked out, and so adds nothing to it."""
        seen: set[str] = set()
        while schema.kind == "ref" and schema.target not in seen:
            if schema.target in self._settling or schema.target in self._expanding:
                return True
            seen.add(schema.target)
            schema = self.settled(schema.target).schema
        return False

    def anything(self, error: DocumentError, at: str) -> Schema:
        """Return what is taken where a contradiction stands: any value.

        Raises:
            DocumentError: somebody tries whether this holds together.
        """
        if self._tried:
            raise error
        return self._given_up(error, None, at)

    # Making names

    def register(self, key: str, raw: Any, words: str, *, component: bool = False) -> None:
        """Give a schema a name, to be worked out later."""
        if key not in self.named:
            self.named[key] = Named(key=key, words=words, component=component)
            self._raw[key] = raw
            self._todo.append(key)

    def reference(self, ref: str, at: str) -> str:
        """Return the key of the schema that a reference names."""
        target = self.document.resolve(ref, at)
        if target not in self.named:
            words = [token for token in pointers.split(target) if token not in _WORDLESS]
            self.register(target, self.document.at(target), " ".join(words) or "document")
        return target

    def at_place(self, key: str, at: str) -> Schema:
        """Return the reference to a named schema, with what its own place says beside its name."""
        hoisted = self._hoisted.get(key)
        if hoisted is None:
            return Schema(at=at, kind="ref", target=key)
        return attrs.evolve(hoisted, at=at)

    def mapped(self, ref: str, at: str) -> str:
        """Return the key that a mapping entry means: a reference or the bare name of a component."""
        key = pointers.make(["components", "schemas", ref])
        return key if key in self.named else self.reference(ref, at)

    def hoist(self, schema: Schema, words: str, owner: str = "") -> Schema:
        """Give a schema a name of its own where it deserves one."""
        if not _deserves_name(schema):
            return schema
        if schema.at not in self.named:
            kept = {k: v for k, v in schema.facts.items() if k not in _OF_A_PLACE}
            self.named[schema.at] = Named(
                key=schema.at,
                words=words,
                owner=owner if schema.kind == "enum" else "",
                form=attrs.evolve(schema, nullable=False, facts=kept),
            )
        here = Schema(
            at=schema.at,
            kind="ref",
            target=schema.at,
            nullable=schema.nullable,
            facts=annotations_of(schema.facts),
        )
        self._hoisted.setdefault(schema.at, here)
        return here

    # Normal forms

    def form(self, raw: Any, place: Place) -> Schema:
        """Return the normal form of a schema, without a name for itself.

        Where it has none, that is taken down, and any value is taken there.
        """
        try:
            return self._read(raw, place, self)
        except DocumentError as error:
            return self._given_up(error, raw, place.at)

    def give_up(self, schemas: Iterable[Schema]) -> None:
        """Say that schemas are not emitted as they stand, since all beside them narrows them."""
        for schema in schemas:
            if schema.kind != "ref":
                self.document.given_up.add(schema.at)
            elif not self.named[schema.target].component:
                self.document.given_up.add(schema.target)

    def _given_up(self, error: DocumentError, raw: Any, at: str) -> Schema:
        self.document.findings.add(error)
        self.document.given_up.add(at)
        said = annotations_of(raw) if isinstance(raw, Mapping) else {}
        # A default of what is no schema is nothing to be sent.
        return Schema(at=at, kind="any", facts={k: v for k, v in said.items() if k != "default"})

    def placed(self, raw: Any, place: Place, owner: str = "") -> Schema:
        """Return the normal form of a schema below another one, by name where it deserves one."""
        if place.at in self.named:
            # Something refers to this very place, or shares it: it has a name already.
            return self.at_place(place.at, place.at)
        return self.hoist(self.form(raw, place), place.words, owner)

    def settled(self, key: str) -> Named:
        """Return a named schema, its normal form known.

        Raises:
            DocumentError: it is being worked out, and so is made of itself.
        """
        named = self.named[key]
        if named.form is None:
            if key in self._settling:
                raise self._endless(key)
            self._settling.append(key)
            named.form = self.form(self._raw[key], Place(key, named.words))
            self._settling.pop()
            try:
                self._check_end(key)
            except DocumentError as error:
                named.form = self._given_up(error, self._raw[key], key)
        return named

    def _check_end(self, key: str) -> None:
        """Refuse a name for another name, and so on, where that leads back to it."""
        loop = {key}
        named = self.named[key]
        while named.schema.kind == "ref":
            named = self.named[named.schema.target]
            if named.key == key:
                raise self._endless(next(one for one in self.named if one in loop))
            if named.form is None:
                return
            loop.add(named.key)

    def known(self, key: str) -> Schema | None:
        """Return the normal form of a named schema, None while it is being worked out."""
        return None if key in self._settling else self.settled(key).schema

    def settle(self) -> Mapping[str, Named]:
        """Work out all that was registered, and all that this registers."""
        while self._todo:
            self.settled(self._todo.pop(0))
        for named in self.named.values():
            if named.schema.kind == "union" and named.schema.tag is None:
                named.form = self._without_circle(named)
        return self.named

    def _without_circle(self, named: Named) -> Schema:
        """Return a union that contains itself with all that it may be, and not itself."""
        found: dict[str, Schema] = {}
        circular = False
        todo, seen = list(reversed(named.schema.members)), {named.key}
        while todo:
            member = todo.pop()
            solid = self.schemas.solid(member)
            key = self.schemas.key(member)
            circular = circular or key == named.key
            if member.kind == "ref" and solid.kind == "union" and solid.tag is None:
                if key not in seen:
                    seen.add(key)
                    todo.extend(reversed(solid.members))
            else:
                found.setdefault(key, member)
        if not circular:
            return named.schema
        return attrs.evolve(named.schema, members=tuple(found.values()))

    def _endless(self, key: str) -> DocumentError:
        return self.document.error(
            f"The schema {self.named[key].words} is made of itself by allOf or $ref alone",
            key,
            "Refer back to it from a property or from items instead",
            "endless-reference",
        )


Reader: TypeAlias = Callable[[Any, Place, Registry], Schema]


def _deserves_name(schema: Schema) -> bool:
    match schema.kind:
        case "object":
            return True
        case "enum":
            return len(schema.values) > 1 and all(type(v) in (str, int) for v in schema.values)
        case "union":
            return any(part.kind in ("ref", "enum", "array", "map") for part in schema.members)
        case _:
            return False
