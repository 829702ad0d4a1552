"""Schemas as Python: what readers get, what callers may pass, and the type that converts.

The parser's graph says what a leaf is; constraints and formats come from the document.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from generator.decide.annotations import alternatives, joined
from generator.decide.homes import Homes
from generator.decide.imports import builtin, use, use_for_types
from generator.decide.runtime import of_runtime
from generator.decide.scalars import (
    Shape,
    binary,
    call,
    enum,
    is_file,
    limits,
    scalar,
    value_type,
)
from generator.text.literal import literal
from generator.understand.schema import Named, Schema
from generator.understand.schemas import Schemas
from generator.understand.types import Graph


@attrs.frozen(eq=False)
class Shapes:
    """Turns schemas into Python, as they stand in one module."""

    schemas: Schemas
    graph: Graph
    homes: Homes
    lazy: frozenset[tuple[str, str]]
    """Pairs of modules of which the first must not import the second."""
    here: str = ""
    """The module that the expressions will stand in."""
    files: bool = False
    """Whether binary text stands for files, as it does in the parts of multipart bodies."""
    inside: tuple[str, ...] = ()
    """The names that are being written out."""

    def at(self, module: str) -> Shapes:
        """Return the same for another module."""
        return attrs.evolve(self, here=module)

    def for_files(self, files: bool = True) -> Shapes:
        """Return the same for what binary text stands for files in, or does not."""
        return attrs.evolve(self, files=files)

    def default(self, solid: Schema) -> Any:
        """Return what a property has when nobody gives it; a file's default, a text, is no file."""
        return None if self.files and is_file(solid) else solid.fact("default")

    def shape(self, schema: Schema) -> Shape:
        """Return a schema in Python, with null if it allows null."""
        plain = self.plain(schema)
        if not self.schemas.nullable_besides(schema) or "None" in alternatives(plain.read):
            return plain
        return Shape(
            read=joined(plain.read, "None"),
            accept=joined(plain.accept, "None"),
            runtime=call("Nullable", plain.runtime),
        )

    def plain(self, schema: Schema) -> Shape:
        """Return a schema in Python, null left out."""
        if self.files and is_file(schema):
            return binary()
        match schema.kind:
            case "ref":
                return self.reference(schema)
            case "any":
                anything = use("typing", "Any")
                return Shape(anything, anything, call("AnyValue"))
            case "null":
                return Shape("None", "None", call("Const", "None"))
            case "array":
                assert schema.item is not None
                item = self.shape(schema.item)
                return Shape(
                    f"{builtin('list')}[{item.read}]",
                    f"{use('collections.abc', 'Sequence')}[{item.accept}]",
                    call("Array", item.runtime, *limits(schema)),
                )
            case "map":
                # As a part it is JSON, in which there are no files.
                return self.for_files(False).map(schema)
            case "object":
                raise AssertionError(f"an object without a name: {schema.at}")
            case "union":
                return self.union(schema)
            case "enum":
                return enum(schema)
            case _:
                return scalar(schema, self.graph.leaf(schema))

    def reference(self, schema: Schema) -> Shape:
        """Return a named schema in Python, as places that refer to it have it."""
        named = self.schemas.target_or_kinds(schema)
        name, constant = self._mention(named)
        inner = named.schema
        if inner.kind == "object":
            return Shape(name, joined(name, _any_object()), constant)
        if inner.kind == "enum":
            return Shape(joined(name, value_type(inner)), name, constant)
        if is_open_set(inner):
            either = joined(name, builtin("str"))
            return Shape(either, either, constant)
        if inner.kind == "union":
            has_objects = any(map(self.schemas.is_object, inner.members))
            return Shape(name, joined(name, _any_object()) if has_objects else name, constant)
        # Scalars, lists and maps are written out: an editor then shows what they are.
        if named.key in self.inside:
            return Shape(name, name, constant)
        spelled_out = attrs.evolve(self, inside=(*self.inside, named.key)).plain(inner)
        return Shape(spelled_out.read, spelled_out.accept, constant)

    def _mention(self, named: Named) -> tuple[str, str]:
        """Return a named schema's name in annotations, and its type."""
        home = self.homes[named.key]
        # Enums stand above the classes of their module.
        ready = self.here == home.module and named.schema.kind == "enum"
        if (self.here, home.module) in self.lazy and not ready:
            found = call("Lazy", literal(home.module), literal(home.constant))
            return use_for_types(home.module, home.name), found
        return use(home.module, home.name), use(home.module, home.constant)

    def map(self, schema: Schema) -> Shape:
        """Return an object without declared properties in Python."""
        mapping = use("collections.abc", "Mapping")
        value = self.value_of_map(schema)
        rules = limits(schema)
        if schema.names is not None:
            rules.append(f"names={self.plain(schema.names).runtime}")
        elif len(schema.patterns) == 1 and schema.extra is False:
            (pattern,) = schema.patterns
            rules.append(f"names={call('String', f'pattern={literal(pattern)}')}")
        text = builtin("str")
        return Shape(
            f"{mapping}[{text}, {value.read}]",
            f"{mapping}[{text}, {value.accept}]",
            call("Map", value.runtime, *rules),
        )

    def value_of_map(self, schema: Schema) -> Shape:
        """Return the type of undeclared properties; any value where the document is silent."""
        parts = list(schema.patterns.values())
        if isinstance(schema.extra, Schema):
            parts.append(schema.extra)
        elif schema.extra is True:
            parts = []
        if not parts:
            anything = self.for_files(False).plain(Schema(at=schema.at, kind="any"))
            if not self.files:
                return anything
            return attrs.evolve(anything, runtime=call("Union", call("Binary"), anything.runtime))
        if len(parts) == 1:
            return self.shape(parts[0])
        read, accept, runtimes = _together(map(self.shape, parts))
        return Shape(read, accept, call("Union", *dict.fromkeys(runtimes)))

    def union(self, schema: Schema) -> Shape:
        """Return alternatives in Python; an object that is none of them is an unknown one."""
        read, accept, runtimes = _together(map(self.shape, schema.members))
        if schema.tag is not None:
            listed = ", ".join(
                f"{literal(value)}: "
                f"{self.reference(Schema(at=schema.at, kind='ref', target=key)).runtime}"
                for value, key in schema.tag.members.items()
            )
            runtime = call("Tagged", literal(schema.tag.name), f"{{{listed}}}")
            return Shape(joined(read, of_runtime("UnknownModel")), accept, runtime)
        if any(map(self.schemas.is_object, schema.members)):
            read = joined(read, of_runtime("UnknownModel"))
        return Shape(read, accept, call("Union", *runtimes))


def _any_object() -> str:
    mapping = use("collections.abc", "Mapping")
    return f"{mapping}[{builtin('str')}, {use('typing', 'Any')}]"


def _together(shapes: Iterable[Shape]) -> tuple[str, str, list[str]]:
    listed = list(shapes)
    return (
        joined(*(shape.read for shape in listed)),
        joined(*(shape.accept for shape in listed)),
        [shape.runtime for shape in listed],
    )


def is_open_set(schema: Schema) -> bool:
    """Tell whether a union is known values beside any text."""
    kinds = [member.kind for member in schema.members]
    return kinds == ["enum", "string"] and all(
        isinstance(value, str) for value in schema.members[0].values
    )
