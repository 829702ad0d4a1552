"""What users see of an emitted package: its methods, arguments, models and events, by name.

The facts come from the plan, so that they are those of the emitted code and not a second opinion
about it; the schemas behind them come along, for what only schemas say.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from generator.decide import views
from generator.decide.naming import attribute_name
from generator.decide.plan import plan
from generator.decide.public_api import load
from generator.decide.streams import calls_of
from generator.read.document import Document
from generator.read.position import Position
from generator.recursion import deep
from generator.understand.api import Api, Media, Operation
from generator.understand.normalise import normalise
from generator.understand.schema import Schema
from generator.understand.types import Graph


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
    """Its module, below the package."""
    operation: Operation
    arguments: tuple[Argument, ...]
    result: str
    """Annotation of what it returns."""
    keyed: bool

    @property
    def id(self) -> str:
        """What tells it from every other method of the document."""
        return f"{self.operation.id} as a stream" if self.operation.streams else self.operation.id

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

    @deep()
    def __init__(self, document: Document) -> None:
        self.document = document
        api = normalise(document)
        graph = Graph(document, api.named)
        self.package = plan(api, graph, load())
        self.brand = self.package.brand
        document.findings.settle()
        # What a union of kinds says, the base and its kinds say themselves.
        kinds = {one.kinds for one in api.named.values()}
        named = {key: one for key, one in api.named.items() if key not in kinds}
        self.api: Api = attrs.evolve(api, named=named)
        self.schemas = self.api.schemas
        self.names = {entry.name for entry in self.package.model_names}
        """All that `models` hands out."""
        self.models: dict[str, Model] = {}
        """Models by the keys of their schemas."""
        for module in self.package.models:
            # A page has a class for each client; the first stands for both.
            for model in (*map(_class, module.classes), *map(_alias, module.aliases)):
                self.models.setdefault(model.key, model)
        functions = {
            (function.id, function.streamed): function
            for _, function in self.package.client.all_functions
        }
        methods = [
            self._method(call, functions[call.id, call.streams])
            for operation in self.api.operations
            for call in calls_of(operation)
        ]
        self.methods = {method.id: method for method in methods}
        """Methods by operationId; what streams has a method of its own."""

    def _method(self, operation: Operation, function: views.Function) -> Method:
        return Method(
            function.called.path,
            function.module.removeprefix(f"{self.brand.package}."),
            operation,
            tuple(
                Argument(
                    argument.name,
                    argument.place,
                    argument.wire,
                    required=not argument.default,
                    keyword_only=argument.keyword_only,
                    annotation=argument.annotation,
                    schema=self._schema_of(operation, argument),
                )
                for argument in function.method_arguments
            ),
            function.result,
            function.keyed,
        )

    def _schema_of(self, operation: Operation, argument: views.Argument) -> Schema | None:
        if argument.place == "body":
            media = operation.body.media if operation.body else ()
            schema = next((one.schema for one in media if one.schema is not None), None)
            solid = schema and self.schemas.solid(schema)
            return self.schemas.properties(solid).get(argument.wire) if solid else None
        for parameter in operation.parameters:
            if (parameter.location, parameter.name) == (argument.place, argument.wire):
                return parameter.schema
        return None

    def key(self, schema: Schema) -> str:
        """Return what a schema is known by: the pointer of its definition."""
        return self.schemas.key(schema)

    def name(self, schema: Schema) -> str | None:
        """Return the name of a schema in ``models``; None for one without a name."""
        model = self.models.get(self.key(schema))
        return None if model is None else model.name

    def attribute(self, key: str, wire: str) -> str:
        """Return the attribute that a property of a model is."""
        while key in self.models:
            if wire in self.models[key].attributes:
                return self.models[key].attributes[wire]
            named = self.api.named.get(key)
            if named is None or not named.schema.base:
                break
            key = named.schema.base
        return attribute_name(wire)


def _class(view: views.Class) -> Model:
    return Model(
        view.name,
        view.key,
        {field.wire: field.attribute for field in view.fields},
        {field.wire: field.annotation for field in view.fields},
    )


def _alias(view: views.Alias) -> Model:
    return Model(view.name, view.key, {}, {"": view.annotation})


@attrs.frozen(eq=False)
class Step:
    """The packages of two documents."""

    old: Surface
    new: Surface

    def was(self, pointer: str) -> Position:
        """Return where a place of the old document is."""
        return self.old.document.position(pointer)

    def is_(self, pointer: str) -> Position:
        """Return where a place of the new document is."""
        return self.new.document.position(pointer)
