"""Answers that come item by item: which operations have them, and what an item is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs

from generator.decide.annotations import joined
from generator.decide.bodies import Results, successful
from generator.decide.runtime import of_runtime
from generator.decide.shapes import Shapes
from generator.text.literal import literal
from generator.understand.api import Media, Operation, Response
from generator.understand.paths import EVENT_FIELDS, stream_kind_of
from generator.understand.schema import Schema
from generator.understand.schemas import Schemas

Data: TypeAlias = Literal["json", "text", "either"]

# Operations


def calls_of(operation: Operation) -> Iterator[Operation]:
    """Yield an operation as each of its methods has it: the ordinary one, and the one that streams."""
    good = successful(operation)
    streaming = [answer for answer in good if any(map(_streams, answer.media))]
    if not streaming:
        yield operation
        return
    if any(not _streams(media) for answer in good for media in answer.media):
        kept = [_only(answer, streams=False) for answer in good]
        whole = [one for one, was in zip(kept, good, strict=True) if one.media or not was.media]
        yield attrs.evolve(operation, responses=_replaced(operation, good, whole))
    items = [_only(answer, streams=True) for answer in good if answer in streaming]
    items += [answer for answer in good if not answer.media]
    facts = {name: fact for name, fact in operation.facts.items() if name != "x-molam-page"}
    yield attrs.evolve(
        operation, streams=True, responses=_replaced(operation, good, items), facts=facts
    )


def _streams(media: Media) -> bool:
    return stream_kind_of(media.media) is not None


def _only(answer: Response, *, streams: bool) -> Response:
    kept = tuple(media for media in answer.media if _streams(media) == streams)
    return attrs.evolve(answer, media=kept)


def _replaced(
    operation: Operation, good: list[Response], kept: list[Response]
) -> tuple[Response, ...]:
    return (*kept, *(answer for answer in operation.responses if answer not in good))


# Items


def results(shapes: Shapes, operation: Operation) -> Results:
    """Decide what an operation gives back item by item."""
    answers = successful(operation)
    some = next(media for answer in answers for media in answer.media)
    # What comes without a body is a stream without items.
    told = [
        _result(shapes, answer, media) for answer in answers for media in answer.media or (some,)
    ]
    item = joined(*(item for _, item in told))
    return Results(tuple(source for source, _ in told), item, item)


def _result(shapes: Shapes, answer: Response, media: Media) -> tuple[str, str]:
    """Return the source of a result that comes item by item, and the annotation of an item."""
    schema = _item(shapes.schemas, media)
    events = stream_kind_of(media.media) == "events"
    envelope = events and _is_envelope(shapes.schemas, schema)
    data: Data = "json"
    if envelope:
        data = _told([kind for one in _envelopes(shapes.schemas, schema)
                      for kind in _kinds(shapes.schemas, one.properties["data"])])  # fmt: skip
    elif events:
        data = _told(list(_kinds(shapes.schemas, schema)))
    shape = shapes.shape(schema)
    arguments = [shape.runtime, literal(answer.status), f"media={literal(media.media)}"]
    if data != "json":
        arguments.append(f"data={literal(data)}")
    if envelope:
        arguments.append("envelope=True")
    return f"{of_runtime('Streamed')}({', '.join(arguments)})", shape.read


def _item(schemas: Schemas, media: Media) -> Schema:
    """Return the schema of an item: a list that stands for the whole answer has it inside."""
    if media.item is not None:
        return media.item
    if media.schema is None:
        events = stream_kind_of(media.media) == "events"
        return Schema(at=media.at, kind="string" if events else "any")
    solid = schemas.in_place(media.schema)
    return solid.item if solid.kind == "array" and solid.item is not None else media.schema


def _is_envelope(schemas: Schemas, schema: Schema) -> bool:
    """Tell whether a schema describes events as a whole, not what they carry."""
    found = list(_envelopes(schemas, schema))
    return bool(found) and all(
        one.kind == "object" and "data" in one.properties and one.properties.keys() <= EVENT_FIELDS
        for one in found
    )


def _envelopes(schemas: Schemas, schema: Schema) -> Iterator[Schema]:
    solid = schemas.in_place(schema)
    if solid.kind == "union":
        for member in solid.members:
            yield from _envelopes(schemas, member)
    elif solid.kind == "object":
        yield attrs.evolve(solid, properties=schemas.properties(solid))
    else:
        yield solid


def _kinds(schemas: Schemas, schema: Schema) -> Iterator[Literal["json", "text", "any"]]:
    solid = schemas.in_place(schema)
    if solid.kind == "union":
        for member in solid.members:
            yield from _kinds(schemas, member)
    elif solid.kind == "any":
        yield "any"
    else:
        textual = solid.kind == "string" or (
            solid.kind == "enum" and all(isinstance(value, str) for value in solid.values)
        )
        yield "text" if textual else "json"


def _told(kinds: list[Literal["json", "text", "any"]]) -> Data:
    found = set(kinds)
    if found == {"text"}:
        return "text"
    return "json" if found == {"json"} else "either"
