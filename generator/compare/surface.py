"""What users see of an emitted package: its methods, arguments, models and events, by name.

The facts come from the plan, so that they are those of the emitted code and not a second opinion
about it; the schemas behind them come along, for what only schemas say.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property

import attrs

from generator.decide import views
from generator.read.document import Document
from generator.understand.api import Api, Media, Operation
from generator.understand.normalise import normalise
from generator.understand.schema import Schema


@attrs.frozen(eq=False)
class Argument:
    """One argument of a method."""

    name: str
    place: str
    """path, query, header, cookie or body; ``key`` for the idempotency key; empty for a body that
    is one argument.
    """
    wire: str
    required: bool
    keyword_only: bool
    annotation: str
    schema: Schema | None


@attrs.frozen(eq=False)
class Method:
    """One operation, as both clients have it."""

    name: str
    module: str
    operation: Operation
    arguments: tuple[Argument, ...]
    result: str
    """Annotation of what it returns."""
    keyed: bool

    def find(self, place: str, wire: str) -> Argument | None:
        """Return the argument that travels somewhere."""
        return next((a for a in self.arguments if (a.place, a.wire) == (place, wire)), None)

    @property
    def success(self) -> Mapping[str, Media]:
        """What it is answered with when all is well: media type to body."""
        return {
            media.media: media
            for response in self.operation.responses
            if response.status.startswith("2")
            for media in response.media
        }


@attrs.frozen(eq=False)
class Model:
    """One name of ``models``: a class, or an alias."""

    name: str
    key: str
    attributes: Mapping[str, str]
    """Wire names of its own properties to attribute names."""
    annotations: Mapping[str, str]
    """Wire names of its own properties to annotations; for an alias its own under ''."""


class Surface:
    """The emitted package, before it is emitted."""

    def __init__(self, document: Document) -> None:
        from generator.decide.plan import plan
        from generator.decide.public_api import load
        from generator.understand.types import Graph

        sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))
        self.document = document
        self.api: Api = normalise(document)
        self.package: views.Package = plan(
            self.api, Graph(document, self.api.named), load(), package="molam_sdk", version="0"
        )
        # What a union of kinds says, the base and its kinds say themselves.
        kinds = {one.kinds for one in self.api.named.values()}
        named = {key: one for key, one in self.api.named.items() if key not in kinds}
        self.api = attrs.evolve(self.api, named=named)
        self.models: dict[str, Model] = {}
        for module in self.package.models:
            for item in module.classes:
                # A page has a class for each client; the first stands for both.
                self.models.setdefault(
                    item.key,
                    Model(
                        item.name,
                        item.key,
                        {field.wire: field.attribute for field in item.fields},
                        {field.wire: field.annotation for field in item.fields},
                    ),
                )
            for alias in module.aliases:
                self.models.setdefault(
                    alias.key, Model(alias.name, alias.key, {}, {"": alias.annotation})
                )
        self.names = {entry.name for entry in self.package.model_names}

    @cached_property
    def methods(self) -> dict[str, Method]:
        """Methods by operationId."""
        operations = {operation.id: operation for operation in self.api.operations}
        planned = {
            function.name: (module.module, function)
            for module in self.package.api
            for function in module.functions
        }
        found: dict[str, Method] = {}
        for _, method in self.package.client.functions:
            module, function = planned[method.name]
            identifier = ast.literal_eval(
                next(item.value for item in function.attributes if item.wire == "id")
            )
            operation = operations[identifier]
            found[identifier] = Method(
                method.name,
                module,
                operation,
                tuple(self._arguments(method, function, operation)),
                method.result,
                method.keyed,
            )
        return {operation.id: found[operation.id] for operation in self.api.operations}

    def _arguments(
        self, method: views.Function, function: views.Function, operation: Operation
    ) -> Iterator[Argument]:
        travels: dict[str, tuple[str, str]] = {}
        own = {argument.name for argument in function.arguments} - {"config"}
        for place, items in function.groups:
            for item in items:
                used = {
                    node.id
                    for node in ast.walk(ast.parse(item.value))
                    if isinstance(node, ast.Name)
                }
                for name in used & own:
                    travels[name] = (place, str(ast.literal_eval(item.wire)))
        for argument in method.method_arguments:
            if argument.name == "idempotency_key" and method.keyed:
                place, wire = "key", "Idempotency-Key"
            else:
                place, wire = travels.get(argument.name, ("", argument.name))
            yield Argument(
                argument.name,
                place,
                wire,
                required=not argument.default,
                keyword_only=argument.keyword_only,
                annotation=argument.annotation,
                schema=self._schema_of(operation, place, wire),
            )

    def _schema_of(self, operation: Operation, place: str, wire: str) -> Schema | None:
        if place == "body":
            body = self.body(operation)
            return None if body is None else self.properties(body).get(wire)
        for parameter in operation.parameters:
            if (parameter.location, parameter.name) == (place, wire):
                return parameter.schema
        return None

    def body(self, operation: Operation) -> Schema | None:
        """Return the schema of the first body of an operation, references followed."""
        if operation.body is None:
            return None
        for media in operation.body.media:
            if media.schema is not None:
                return self.solid(media.schema)
        return None

    @cached_property
    def events(self) -> dict[str, views.Event]:
        """Events by type."""
        if self.package.events is None:
            return {}
        return {event.type: event for event in self.package.events.events}

    # Schemas

    def solid(self, schema: Schema) -> Schema:
        """Follow references."""
        for _ in range(1000):
            if schema.kind != "ref":
                break
            schema = self.api.named[schema.target].schema
        return schema

    def nullable(self, schema: Schema) -> bool:
        """Tell whether null is a value."""
        for _ in range(1000):
            if schema.nullable or schema.kind == "null":
                return True
            if schema.kind != "ref":
                break
            schema = self.api.named[schema.target].schema
        return False

    def name(self, schema: Schema) -> str | None:
        """Return the name of a schema in ``models``; None for one without a name."""
        key = schema.target if schema.kind == "ref" else schema.at
        seen: set[str] = set()
        while key not in seen:
            seen.add(key)
            inner = self.api.named.get(key)
            if inner is not None and inner.schema.kind == "ref":
                key = inner.schema.target
        model = self.models.get(key)
        return None if model is None else model.name

    def key(self, schema: Schema) -> str:
        """Return what a schema is known by: the pointer of its definition."""
        key = schema.target if schema.kind == "ref" else schema.at
        for _ in range(1000):
            inner = self.api.named.get(key)
            if inner is None or inner.schema.kind != "ref":
                break
            key = inner.schema.target
        return key

    def properties(self, schema: Schema) -> dict[str, Schema]:
        """Return all properties of an object, inherited ones first."""
        found: dict[str, Schema] = {}
        if schema.base:
            found.update(self.properties(self.solid(self.api.named[schema.base].schema)))
        found.update(schema.properties)
        return found

    def required(self, schema: Schema) -> frozenset[str]:
        """Return the names of all required properties of an object."""
        if schema.base:
            return schema.required | self.required(self.solid(self.api.named[schema.base].schema))
        return schema.required

    def attribute(self, key: str, wire: str) -> str:
        """Return the attribute that a property of a model is."""
        while key in self.models:
            if wire in self.models[key].attributes:
                return self.models[key].attributes[wire]
            named = self.api.named.get(key)
            if named is None or not named.schema.base:
                break
            key = named.schema.base
        from generator.decide.naming import attribute_name

        return attribute_name(wire)

    def annotation(self, key: str, wire: str) -> str | None:
        """Return the annotation of a property of a model."""
        while key in self.models:
            if wire in self.models[key].annotations:
                return self.models[key].annotations[wire]
            named = self.api.named.get(key)
            if named is None or not named.schema.base:
                break
            key = named.schema.base
        return None
