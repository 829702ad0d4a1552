"""What is sent and what comes back, by media type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs

from generator.decide import views
from generator.decide.annotations import joined
from generator.decide.imports import use
from generator.decide.media import JSON, emitted, kind_of
from generator.decide.runtime import of_runtime
from generator.decide.scalars import Shape, binary, is_file
from generator.decide.shapes import Shapes
from generator.read import pointer as pointers
from generator.read.document import Document
from generator.text.literal import literal
from generator.understand.api import Api, Body, Media, Operation, Response
from generator.understand.schema import Schema
from generator.understand.schemas import Schemas

_WITH_PARTS = ("array", "map", "object", "union")


def successful(operation: Operation) -> list[Response]:
    """Return the responses that a method returns from; others raise."""
    good = [answer for answer in operation.responses if answer.status.startswith("2")]
    if good:
        return good
    return [answer for answer in operation.responses if answer.status == "default"]


def emitted_media(schemas: Schemas, medias: Sequence[Media]) -> list[Media]:
    """Return the media types of a body that are emitted, the preferred one first."""
    return emitted(medias, partial(_has_parts, schemas))


def _has_parts(schemas: Schemas, media: Media) -> bool:
    """Tell whether a body is made of parts, which text cannot show."""
    return media.schema is not None and schemas.in_place(media.schema).kind in _WITH_PARTS


def body_shape(api: Api, shapes: Shapes, media: Media) -> Shape:
    """Return what a body of a media type is in Python."""
    kind = kind_of(media.media)
    schema = media.schema or Schema(at=media.at, kind="any")
    if kind == "bytes":
        return binary()
    if kind == "text":
        solid = api.schemas.in_place(schema)
        if solid.kind == "any" or is_file(solid):
            schema = Schema(at=media.at, kind="string")
        elif solid.kind in _WITH_PARTS:
            # How the parts become text nobody says: it is handed over, and taken, as it is.
            schema = Schema(at=media.at, kind="string")
    shapes = shapes.for_files(kind == "multipart")
    solid = api.schemas.in_place(schema)
    return shapes.map(solid) if shapes.files and solid.kind == "map" else shapes.shape(schema)


# Requests


def body_sources(api: Api, shapes: Shapes, body: Body) -> Iterator[str]:
    """Yield the source of each body that an operation takes.

    Raises:
        DocumentError: a part needs a header whose value nobody knows.
    """
    for media in emitted_media(api.schemas, body.media):
        arguments = [body_shape(api, shapes, media).runtime]
        if media.media != JSON:
            arguments.append(f"media={literal(media.media)}")
        if not body.required:
            arguments.append("required=False")
        rules = [
            f"{literal(name)}: {rule}"
            for name, given in media.encoding.items()
            if (rule := _encoding(api.document, given, pointers.join(media.at, "encoding", name)))
        ]
        if rules and kind_of(media.media) in ("form", "multipart"):
            arguments.append(f"encoding={{{', '.join(rules)}}}")
        yield f"{of_runtime('Body')}({', '.join(arguments)})"


def _encoding(document: Document, given: Mapping[str, Any], at: str) -> str:
    """Return the source of how one property is written; empty when nothing is said."""
    arguments = []
    if "contentType" in given:
        arguments.append(f"media={literal(given['contentType'])}")
    headers = {
        name: _fixed_header(document, name, raw, pointers.join(at, "headers", name))
        for name, raw in (given.get("headers") or {}).items()
    }
    if headers:
        arguments.append(f"headers={literal(headers)}")
    for keyword, argument in (("style", "style"), ("explode", "explode"),
                              ("allowReserved", "allow_reserved")):  # fmt: skip
        if keyword in given:
            arguments.append(f"{argument}={literal(given[keyword])}")
    return f"{of_runtime('Encoding')}({', '.join(arguments)})" if arguments else ""


def _fixed_header(document: Document, name: str, raw: Any, at: str) -> str:
    header, _ = document.follow(raw, at)
    schema = header.get("schema") or {}
    fixed = schema.get("const", schema.get("default"))
    if fixed is None and len(schema.get("enum") or ()) == 1:
        (fixed,) = schema["enum"]
    if fixed is None:
        raise document.error(
            f"The header {name} of a part has no fixed value",
            at,
            "Give its schema a const or a default, or leave the header out",
        )
    return str(fixed)


# Results


@attrs.frozen
class Results:
    """What an operation gives back."""

    sources: tuple[str, ...]
    """Of each result."""
    annotation: str
    """What the blocking client's method returns."""
    async_annotation: str
    page: tuple[views.Item, ...] = ()
    """How it pages, as arguments of the `Operation`."""


def results(api: Api, shapes: Shapes, operation: Operation) -> Results:
    """Decide what an operation gives back.

    Raises:
        DocumentError: it pages by a parameter that it does not have.
    """
    sources: list[str] = []
    annotations: list[str] = []
    for answer in successful(operation):
        medias = emitted_media(api.schemas, answer.media)
        if not medias:
            sources.append(f"{of_runtime('Result')}(None, {literal(answer.status)})")
            annotations.append("None")
        for media in medias:
            shape = body_shape(api, shapes, media)
            arguments = [shape.runtime, literal(answer.status)]
            if media.media != JSON:
                arguments.append(f"media={literal(media.media)}")
            sources.append(f"{of_runtime('Result')}({', '.join(arguments)})")
            annotations.append(shape.read)
    annotation = joined(*annotations) if annotations else "None"
    if "x-molam-page" not in operation.facts:
        return Results(tuple(sources), annotation, annotation)
    rule = _page_rule(api.document, operation)
    async_annotation = _async_page(api, shapes, operation)
    page = (views.Item("page", rule), views.Item("async_page", async_annotation))
    return Results(tuple(sources), annotation, async_annotation, page)


def _page_rule(document: Document, operation: Operation) -> str:
    """Return the source of how an operation pages."""
    rule = operation.facts["x-molam-page"]
    queries = {p.name for p in operation.parameters if p.location == "query"}
    for name in ("limit", "offset"):
        if str(rule.get(name)) not in queries:
            raise document.error(
                f"x-molam-page of {operation.id} names {rule.get(name)}, which is no query "
                "parameter of it",
                pointers.join(operation.at, "x-molam-page"),
                "Name query parameters that are integers",
            )
    listed = ", ".join(f"{name}={literal(str(value))}" for name, value in rule.items())
    return f"{of_runtime('PageRule')}({listed})"


def _async_page(api: Api, shapes: Shapes, operation: Operation) -> str:
    """Return the page class of the async client."""
    (media,) = (media for answer in successful(operation) for media in answer.media)
    assert media.schema is not None
    home = shapes.homes[api.schemas.target_or_kinds(media.schema).key]
    return use(home.module, f"Async{home.name}")
