"""Schemas as Python: what readers get, what callers may pass, and the type that converts.

The parser's graph says what a leaf is; constraints and formats come from the document.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.decide.annotations import alternatives, joined
from generator.decide.homes import Home
from generator.decide.imports import builtin, use, use_for_types, use_in_annotation
from generator.decide.patterns import pattern_problem, python_pattern
from generator.decide.runtime import CODEC, MODEL
from generator.decide.scalars import (
    STRINGS,
    Shape,
    as_whole,
    bounds,
    call,
    digits,
    integral,
    is_file,
)
from generator.text.literal import literal
from generator.understand.api import Api
from generator.understand.schema import Named, Schema
from generator.understand.types import Graph


class Shapes:
    """Turns schemas into Python."""

    def __init__(self, api: Api, graph: Graph, homes: Mapping[str, Home]) -> None:
        self.api = api
        self.graph = graph
        self.homes = homes
        self.lazy: frozenset[tuple[str, str]] = frozenset()
        """Pairs of modules of which the first must not import the second."""
        self.files = False
        """Whether binary text stands for files now, as it does in multipart bodies."""
        self._inlining: list[str] = []

    def shape(self, schema: Schema, here: str) -> Shape:
        """Return a schema in Python, with null if it allows null.

        Args:
            schema: the schema.
            here: the module that the expressions will stand in.
        """
        plain = self.plain(schema, here)
        if not self.nullable(schema):
            return plain
        if "None" in alternatives(plain.read):
            return plain
        return Shape(
            read=joined(plain.read, "None"),
            accept=joined(plain.accept, "None"),
            runtime=f"{use(CODEC, 'Nullable')}({plain.runtime})",
        )

    def nullable(self, schema: Schema) -> bool:
        """Tell whether null is a value of a schema."""
        while True:
            if schema.kind in ("any", "null") or schema.nullable:
                return schema.nullable and schema.kind != "null"
            if schema.kind != "ref":
                return False
            schema = self.api.named[schema.target].schema

    def target(self, schema: Schema) -> Named:
        """Return the named schema that a reference leads to, past names for other names."""
        return self.api.schemas.target_or_kinds(schema)

    def plain(self, schema: Schema, here: str) -> Shape:
        """Return a schema in Python, null left out."""
        match schema.kind:
            case "ref":
                return self.reference(schema, here)
            case "any" if self.files and is_file(schema):
                return self.binary()
            case "any":
                anything = use_in_annotation("typing", "Any")
                return Shape(anything, anything, f"{use(CODEC, 'AnyValue')}()")
            case "null":
                return Shape("None", "None", f"{use(CODEC, 'Const')}(None)")
            case "array":
                assert schema.item is not None
                item = self.shape(schema.item, here)
                limits = self.limits(
                    schema,
                    ("minItems", "min_items"),
                    ("maxItems", "max_items"),
                    ("uniqueItems", "unique_items"),
                )
                return Shape(
                    f"{builtin('list')}[{item.read}]",
                    f"{use_in_annotation('collections.abc', 'Sequence')}[{item.accept}]",
                    call("Array", item.runtime, *limits),
                )
            case "map":
                return self.map(schema, here)
            case "object":
                raise AssertionError(f"an object without a name: {schema.at}")
            case "union":
                return self.union(schema, here)
            case "enum":
                return self.enum(schema)
            case _:
                return self.leaf(schema)

    def reference(self, schema: Schema, here: str) -> Shape:
        named = self.target(schema)
        home = self.homes[named.key]
        # Enums stand above the classes of their module.
        away = (here, home.module) in self.lazy and not (
            here == home.module and named.schema.kind == "enum"
        )
        mention = use_for_types if away else use_in_annotation
        if away:
            constant = f"{use(CODEC, 'Lazy')}({literal(home.module)}, {literal(home.constant)})"
        else:
            constant = use(home.module, home.constant)
        mapping = use_in_annotation("collections.abc", "Mapping")
        any_object = f"{mapping}[{builtin('str')}, {use_in_annotation('typing', 'Any')}]"
        inner = named.schema
        if inner.kind == "object":
            name = mention(home.module, home.name)
            return Shape(
                name if away else use(home.module, home.name),
                joined(name, any_object),
                constant,
            )
        if inner.kind in ("enum", "union"):
            name = mention(home.module, home.name)
            if inner.kind == "enum":
                return Shape(joined(name, self.value_type(inner)), name, constant)
            if is_open_set(inner):
                either = joined(name, builtin("str"))
                return Shape(either, either, constant)
            has_objects = any(self.is_object(member) for member in inner.members)
            return Shape(name, joined(name, any_object) if has_objects else name, constant)
        # Scalars, lists and maps are written out: an editor then shows what they are.
        if named.key in self._inlining:
            name = mention(home.module, home.name)
            return Shape(name, name, constant)
        self._inlining.append(named.key)
        spelled_out = self.plain(inner, here)
        self._inlining.pop()
        return Shape(spelled_out.read, spelled_out.accept, constant)

    def is_object(self, schema: Schema) -> bool:
        """Tell whether values of a schema are objects with properties of their own."""
        if schema.kind == "ref":
            inner = self.target(schema).schema
            if inner.kind == "union":
                return any(self.is_object(member) for member in inner.members)
            return inner.kind == "object"
        return False

    def value_type(self, schema: Schema) -> str:
        """Return the annotation of any value of an enum's type."""
        kinds = {type(value) for value in schema.values}
        if kinds == {str}:
            return builtin("str")
        if kinds == {int}:
            return builtin("int")
        if kinds <= {str, int, bool}:
            return joined(*(builtin(kind.__name__) for kind in sorted(kinds, key=repr)))
        return use_in_annotation("typing", "Any")

    def enum(self, schema: Schema) -> Shape:
        values = schema.values
        listed = ", ".join(literal(value) for value in values)
        runtime = call("Const" if len(values) == 1 else "Enum", listed)
        if all(isinstance(value, (str, int)) for value in values):
            name = f"{use_in_annotation('typing', 'Literal')}[{listed}]"
            if len(values) == 1:
                return Shape(name, name, runtime)
            return Shape(joined(name, self.value_type(schema)), name, runtime)
        kind = self.value_type(schema)
        return Shape(kind, kind, runtime)

    def map(self, schema: Schema, here: str) -> Shape:
        mapping = use_in_annotation("collections.abc", "Mapping")
        value = self.value_of_map(schema, here)
        limits = self.limits(
            schema, ("minProperties", "min_properties"), ("maxProperties", "max_properties")
        )
        if schema.names is not None:
            limits.append(f"names={self.plain(schema.names, here).runtime}")
        elif len(schema.patterns) == 1 and schema.extra is False:
            (pattern,) = schema.patterns
            limits.append(f"names={call('String', f'pattern={literal(pattern)}')}")
        text = builtin("str")
        return Shape(
            f"{mapping}[{text}, {value.read}]",
            f"{mapping}[{text}, {value.accept}]",
            call("Map", value.runtime, *limits),
        )

    def value_of_map(self, schema: Schema, here: str) -> Shape:
        """Return the type of undeclared properties; any value where the document is silent."""
        parts = list(schema.patterns.values())
        if isinstance(schema.extra, Schema):
            parts.append(schema.extra)
        elif schema.extra is True:
            parts = []
        if not parts:
            return self.plain(Schema(at=schema.at, kind="any"), here)
        if len(parts) == 1:
            return self.shape(parts[0], here)
        shapes = [self.shape(part, here) for part in parts]
        return Shape(
            joined(*(shape.read for shape in shapes)),
            joined(*(shape.accept for shape in shapes)),
            call("Union", *dict.fromkeys(shape.runtime for shape in shapes)),
        )

    def union(self, schema: Schema, here: str) -> Shape:
        shapes = [self.shape(member, here) for member in schema.members]
        read = joined(*(shape.read for shape in shapes))
        accept = joined(*(shape.accept for shape in shapes))
        if schema.tag is not None:
            listed = ", ".join(
                f"{literal(value)}: "
                f"{self.reference(Schema(at=schema.at, kind='ref', target=key), here).runtime}"
                for value, key in schema.tag.members.items()
            )
            runtime = call("Tagged", literal(schema.tag.name), f"{{{listed}}}")
            return Shape(joined(read, use(MODEL, "Model")), accept, runtime)
        if any(self.is_object(member) for member in schema.members):
            read = joined(read, use(MODEL, "Model"))
        return Shape(read, accept, call("Union", *(shape.runtime for shape in shapes)))

    def limits(self, schema: Schema, *pairs: tuple[str, str]) -> list[str]:
        found = []
        for keyword, argument in pairs:
            value = schema.fact(keyword)
            if value is None or value is False or (keyword.startswith("min") and value == 0):
                continue
            found.append(f"{argument}={literal(as_whole(value))}")
        return found

    def binary(self) -> Shape:
        """Return what bytes are that travel as they are."""
        raw = builtin("bytes")
        accept = joined(
            raw, use_in_annotation(CODEC, "File"), use_in_annotation("typing", "BinaryIO")
        )
        return Shape(raw, accept, call("Binary"))

    def leaf(self, schema: Schema) -> Shape:
        leaf = self.graph.leaf(schema)
        form = schema.fact("format")
        if schema.fact("contentEncoding") == "base64":
            form = "byte"
        if leaf == "boolean":
            return Shape(builtin("bool"), builtin("bool"), call("Boolean"))
        if leaf == "int":
            whole = [
                f"{argument}={literal(integral(argument, value))}"
                for argument, value in bounds(schema)
            ]
            return Shape(builtin("int"), builtin("int"), call("Integer", *whole))
        if leaf == "float":
            exact = [f"{argument}={literal(digits(value))}" for argument, value in bounds(schema)]
            decimal = use_in_annotation("decimal", "Decimal")
            accept = joined(decimal, builtin("int"), builtin("float"))
            if form in ("float", "double"):
                return Shape(builtin("float"), accept, call("Float", *exact))
            return Shape(decimal, accept, call("Number", *exact))
        if self.files and is_file(schema):
            return self.binary()
        if isinstance(form, str) and form in STRINGS:
            module, name, runtime = STRINGS[form]
            python = use_in_annotation(module, name)
            return Shape(python, joined(python, builtin("str")), call(runtime))
        limits = self.limits(schema, ("minLength", "min_length"), ("maxLength", "max_length"))
        pattern = schema.fact("pattern")
        if isinstance(pattern, str) and pattern_problem(pattern) is None:
            limits.append(f"pattern={literal(python_pattern(pattern))}")
        return Shape(builtin("str"), builtin("str"), call("String", *limits))


def is_open_set(schema: Schema) -> bool:
    """Tell whether a union is known values beside any text."""
    kinds = [member.kind for member in schema.members]
    return kinds == ["enum", "string"] and all(
        isinstance(value, str) for value in schema.members[0].values
    )
