"""Every value that an operation takes: its name, place, order, default and source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import attrs

from generator.decide import views
from generator.decide.annotations import joined
from generator.decide.bodies import body_shape, emitted_media
from generator.decide.imports import builtin, use
from generator.decide.media import kind_of
from generator.decide.prose import deprecation, described, limits, told
from generator.decide.roles import Roles
from generator.decide.runtime import IDEMPOTENCY, NEVER_SENT, of_runtime
from generator.decide.scalars import enum
from generator.decide.scope import Scope, told_apart_by_place
from generator.decide.shapes import Shapes
from generator.read import pointer as pointers
from generator.read.document import Document
from generator.text.literal import literal
from generator.text.shown import shown
from generator.understand.api import Api, Body, Media, Operation, Parameter
from generator.understand.schema import Named, Schema
from generator.understand.schemas import Schemas


@attrs.frozen(eq=False)
class Given:
    """One value that an operation takes, wherever it travels."""

    wire: str
    place: str
    """path, query, header, cookie, body, more of the body, whole body or media type."""
    argument: str
    accepts: str
    """Its annotation, that it may be left out not told."""
    required: bool
    """Whether the document requires it, which a default may make up for."""
    default: Any
    doc: str
    client_default: str = ""
    """Field of the Config that stands in when the caller leaves it out."""
    tells_null: bool = False
    """Whether null and absent are two things for it."""
    known_value: bool = False
    """Whether its default is one of the values that it lists."""
    optional_body: bool = False
    """Whether it belongs to a body that may be left out as a whole, and is: no default sends it."""

    @property
    def must_be_given(self) -> bool:
        """Whether the caller cannot leave it out."""
        return self.required and not self.client_default and self.default is None


@attrs.frozen(eq=False)
class Taken:
    """All that an operation takes."""

    given: tuple[Given, ...]
    body: str = ""
    """Source of the body where it is not made of fields."""
    media: str = ""
    """Name of the argument that chooses the media type; empty when there is no choice."""


Ordered: TypeAlias = Sequence[tuple[Given, bool]]
"""Values in the order of the arguments, and which of them go by keyword only."""


def is_key(parameter: Parameter) -> bool:
    """Tell whether a parameter is the idempotency key."""
    return parameter.location == "header" and parameter.name.lower() == IDEMPOTENCY.lower()


def sent(operation: Operation) -> list[Parameter]:
    """Return the parameters that callers give; OpenAPI has some headers described elsewhere."""
    return [
        one
        for one in operation.parameters
        if not is_key(one) and not (one.location == "header" and one.name.lower() in NEVER_SENT)
    ]


# What is given


def taken_by(api: Api, shapes: Shapes, roles: Roles, operation: Operation) -> Taken:
    """Return all that an operation takes."""
    scope = Scope()
    parameters = tuple(_parameters(shapes, operation, scope))
    if operation.body is None or not operation.body.media:
        return Taken(parameters)
    medias = emitted_media(api.schemas, operation.body.media)
    body, source = _body(api, shapes, roles, operation.body, medias, scope)
    if operation.streams:
        body = list(map(_asking_for_stream, body))
    if len(medias) < 2:
        return Taken((*parameters, *body), source)
    choice = _media_choice(scope.distinct("media_type"), medias)
    return Taken((*parameters, *body, choice), source, choice.argument)


def _parameters(shapes: Shapes, operation: Operation, scope: Scope) -> Iterator[Given]:
    parameters = sent(operation)
    arguments = told_apart_by_place([(one.name, one.location) for one in parameters], scope)
    for one in parameters:
        solid = shapes.schemas.in_place(one.schema)
        said = one.facts.get("description")
        yield Given(
            wire=one.name,
            place=one.location,
            argument=arguments[one.name, one.location],
            accepts=shapes.shape(one.schema).accept,
            required=one.required,
            default=solid.fact("default"),
            known_value=_is_listed(shapes.schemas, solid, solid.fact("default")),
            doc=_doc(
                told(said) if said else described(solid),
                solid,
                deprecation(one.facts),
            ),
        )


def _body(
    api: Api, shapes: Shapes, roles: Roles, body: Body, medias: Sequence[Media], scope: Scope
) -> tuple[list[Given], str]:
    """Return what a body is made of, and its source where no fields make it."""
    targets = {_flat_target(api.schemas, media) for media in medias}
    if len(targets) == 1 and (key := targets.pop()) is not None:
        inner = shapes.for_files(key in roles.with_files)
        fields = [*_fields(inner, api.named[key], scope), *_more(inner, api.named[key], scope)]
        if not body.required and any(map(_decides_on_body, fields)):
            fields = [attrs.evolve(one, required=False, optional_body=True) for one in fields]
        return fields, "" if fields else "{}"
    schema = medias[0].schema or Schema(at=medias[0].at, kind="any")
    solid = api.schemas.in_place(schema)
    whole = Given(
        wire="",
        place="whole body",
        argument=scope.distinct("body"),
        accepts=joined(*(body_shape(api, shapes, media).accept for media in medias)),
        required=body.required,
        default=solid.fact("default") if body.required else None,
        known_value=_is_listed(api.schemas, solid, solid.fact("default")),
        doc=told(body.description) or described(solid),
    )
    return [whole], value(whole)


def _asking_for_stream(one: Given) -> Given:
    """Return an argument as a method that streams has it: the flag that asks for that is set.

    It is a field of the body in APIs like OpenAI's, whose other method leaves it out.
    """
    if one.wire != "stream" or one.place != "body" or builtin("bool") not in one.accepts:
        return one
    said = f"{one.doc} Makes the answer a stream.".strip()
    return attrs.evolve(one, required=False, default=True, optional_body=False, doc=said)


def _decides_on_body(field: Given) -> bool:
    """Tell whether a field needs an optional body to be left out: it is required, or has a value."""
    return field.required or bool(field.client_default) or field.default is not None


def _flat_target(schemas: Schemas, media: Media) -> str | None:
    """Return the key of the object whose properties become arguments, None for other bodies."""
    if media.schema is None or kind_of(media.media) in ("text", "bytes"):
        return None
    if schemas.nullable_besides(media.schema) or media.schema.kind != "ref":
        return None
    target = schemas.target_or_kinds(media.schema)
    return target.key if target.schema.kind == "object" else None


def _fields(shapes: Shapes, target: Named, scope: Scope) -> Iterator[Given]:
    schemas = shapes.schemas
    required = schemas.required(target.schema)
    properties = {
        wire: (schema, solid)
        for wire, schema in schemas.properties(target.schema).items()
        if not (solid := schemas.in_place(schema)).fact("readOnly")
    }
    arguments = told_apart_by_place([(wire, "body") for wire in properties], scope)
    for wire, (schema, solid) in properties.items():
        default = shapes.default(solid)
        if default is None and wire in required and solid.kind == "enum" and len(solid.values) == 1:
            (default,) = solid.values
        client_default = str(solid.fact("x-molam-client-default") or "")
        yield Given(
            wire=wire,
            place="body",
            argument=arguments[wire, "body"],
            accepts=shapes.shape(schema).accept,
            required=wire in required and not client_default,
            default=default,
            known_value=_is_listed(schemas, solid, default),
            doc=_doc(described(schema, solid), solid, deprecation(solid.facts)),
            client_default=client_default,
            tells_null=schemas.nullable_besides(schema),
        )


def _more(shapes: Shapes, target: Named, scope: Scope) -> Iterator[Given]:
    """Yield the argument for properties without a name, where the document speaks of such."""
    extends = [named.schema for named in shapes.schemas.bases(target.schema)]
    told = [one for one in (target.schema, *extends) if one.patterns or one.extra_declared]
    if not told or (target.schema.extra is False and not target.schema.patterns):
        return
    described = told[0]
    value = shapes.value_of_map(described).accept
    yield Given(
        wire="",
        place="more of the body",
        argument=scope.distinct("additional_properties"),
        accepts=f"{use('collections.abc', 'Mapping')}[{builtin('str')}, {value}]",
        required=False,
        default=None,
        doc="Properties beside those that have arguments, by name.",
    )


def _is_listed(schemas: Schemas, solid: Schema, value: Any) -> bool:
    """Tell whether a value is one of an enum's, be it one of several alternatives."""
    if solid.kind == "union":
        members = map(schemas.in_place, solid.members)
        return any(_is_listed(schemas, member, value) for member in members)
    return solid.kind == "enum" and value in solid.values


def _media_choice(argument: str, medias: Sequence[Media]) -> Given:
    """Return the argument that says which media type the body is sent as."""
    listed = tuple(media.media for media in medias)
    return Given(
        wire="",
        place="media type",
        argument=argument,
        accepts=enum(Schema(at=medias[0].at, kind="enum", values=listed)).accept,
        required=False,
        default=None,
        doc=f"The media type to send the body as. Default {literal(listed[0])}.",
    )


def _doc(said: str, solid: Schema, deprecated: str) -> str:
    return " ".join(part for part in (said, limits(solid), deprecated) if part)


# Their order


def in_order(document: Document, operation: Operation, given: Sequence[Given]) -> Ordered:
    """Put the arguments in order; the flag says which are keyword-only.

    Raises:
        DocumentError: the order that the document asks for cannot be.
    """
    listed = operation.facts.get("x-molam-arguments")
    if listed is None:
        first = [
            one
            for place in (("path",), ("whole body", "body"), ("query", "header", "cookie"))
            for one in given
            if one.place in place and one.must_be_given
        ]
    else:
        first = _as_listed(document, operation, given, listed)
    rest = [one for one in given if one not in first]
    return [(one, False) for one in first] + [(one, True) for one in rest]


def _as_listed(
    document: Document, operation: Operation, given: Sequence[Given], listed: Sequence[Any]
) -> list[Given]:
    at = pointers.join(operation.at, "x-molam-arguments")
    by_name = {one.argument: one for one in given}
    by_wire = {one.wire: one for one in given}
    first: list[Given] = []
    optional = ""
    for name in listed:
        if name == "idempotency_key":
            continue
        one = by_name.get(name) or by_wire.get(name)
        if one is None:
            raise document.error(
                f"x-molam-arguments of {operation.id} names {shown(str(name))}, which "
                "is no argument of it",
                at,
                "Name its path, query and body fields, and idempotency_key",
            )
        if one.must_be_given and optional:
            raise document.error(
                f"x-molam-arguments of {operation.id} puts {name}, which has to be given, behind "
                f"{optional}, which may be left out",
                at,
                "Put first what has to be given",
            )
        optional = optional or ("" if one.must_be_given else str(name))
        first.append(one)
    return first


def key_place(operation: Operation) -> int | None:
    """Return where among the arguments the idempotency key stands, None for keyword-only."""
    listed: list[str] = list(operation.facts.get("x-molam-arguments") or [])
    return listed.index("idempotency_key") if "idempotency_key" in listed else None


# Their source


def argument(one: Given, keyword_only: bool) -> views.Argument:
    """Return a value as an argument."""
    annotation, default = one.accepts, ""
    if not one.must_be_given:
        annotation = joined(annotation, "None")
        if one.tells_null:
            annotation = joined(annotation, of_runtime("Unset"))
        default = of_runtime("UNSET") if one.tells_null else _shown_default(one)
    whole = one.place in ("whole body", "media type", "more of the body")
    return views.Argument(
        name=one.argument,
        annotation=annotation,
        default=default,
        keyword_only=keyword_only,
        place="" if whole else one.place,
        wire=one.argument if whole else one.wire,
    )


def _shown_default(one: Given) -> str:
    """Return a default as a signature shows it; None where the function finds it."""
    simple = type(one.default) in (bool, int, str)
    if one.client_default or one.optional_body or not simple:
        return "None"
    is_text = one.known_value or builtin("str") in one.accepts or "Literal" in one.accepts
    return literal(one.default) if is_text or type(one.default) is not str else "None"


def key_argument(place: int | None) -> views.Argument:
    """Return the idempotency key as an argument of a client's method."""
    return views.Argument(
        name="idempotency_key",
        annotation=f"{builtin('str')} | None",
        default="None",
        keyword_only=place is None,
        place="key",
        wire=IDEMPOTENCY,
    )


def value(one: Given) -> str:
    """Return the source of the value that is sent."""
    default = _default_source(one)
    if not default:
        return one.argument
    unset = of_runtime("UNSET") if one.tells_null and not one.client_default else "None"
    return f"{default} if {one.argument} is {unset} else {one.argument}"


def _default_source(one: Given) -> str:
    """Return the source of what is sent when the caller leaves a value out, empty for nothing."""
    if one.client_default:
        return f"config.{one.client_default}"
    return "" if one.default is None or one.must_be_given else literal(one.default)


def body_of_fields(given: Sequence[Given]) -> str:
    """Return the source of a body that is more than a plain table of its fields; empty if not.

    One that may be left out is, where none of its fields is given.
    """
    fields = [one for one in given if one.place == "body"]
    more = next((one.argument for one in given if one.place == "more of the body"), "")
    if not any(one.optional_body for one in fields):
        listed = ", ".join(f"{literal(one.wire)}: {value(one)}" for one in fields)
        return f"{of_runtime('with_more')}({{{listed}}}, {more})" if more else ""
    listed = ", ".join(f"{literal(one.wire)}: {one.argument}" for one in fields)
    arguments = [f"{{{listed}}}", *([f"more={more}"] if more else [])]
    defaults = ", ".join(
        f"{literal(one.wire)}: {default}" for one in fields if (default := _default_source(one))
    )
    if defaults:
        arguments.append(f"defaults={{{defaults}}}")
    nullable = tuple(one.wire for one in fields if one.tells_null)
    if nullable:
        arguments.append(f"nullable={literal(nullable)}")
    return f"{of_runtime('or_nothing')}({', '.join(arguments)})"
