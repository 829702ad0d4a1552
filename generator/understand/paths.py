"""Paths and webhooks as operations: parameters, bodies, responses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from generator.read import pointer as pointers
from generator.read.anatomy import METHODS
from generator.read.document import Document
from generator.understand.api import Body, Media, Operation, Parameter, Response
from generator.understand.registry import Place, Registry
from generator.understand.schema import Schema

_JSON: Final = re.compile(r"application/(?:[\w.+-]*\+)?json|[\w.-]+/[\w.-]+\+json", re.IGNORECASE)


StreamKind: TypeAlias = Literal["events", "lines", "sequence"]

_STREAMS: Final[Mapping[str, StreamKind]] = {
    "text/event-stream": "events",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
    "application/x-jsonl": "lines",
    "application/jsonlines": "lines",
    "application/x-jsonlines": "lines",
    "application/json-lines": "lines",
    "application/json-seq": "sequence",
}
EVENT_FIELDS: Final = frozenset({"data", "event", "id", "retry"})
"""What an event is made of; a schema with these alone describes events, not what they carry."""


def stream_kind_of(media: str) -> StreamKind | None:
    """Tell how an answer of a media type comes item by item; None where it comes whole."""
    name = media.partition(";")[0].strip().lower()
    return "sequence" if name.endswith("+json-seq") else _STREAMS.get(name)


def is_json(media: str) -> bool:
    """Tell whether a media type is JSON."""
    return _JSON.fullmatch(media.partition(";")[0].strip()) is not None


def resolved(value: Any, at: str, document: Document) -> tuple[Any, str]:
    """Follow references; return the object and where it stands."""
    found, found_at = document.follow(value, at)
    if found is not value:
        # A reference may override summary and description (OpenAPI 3.1, Reference Object).
        said = {name: value[name] for name in ("summary", "description") if name in value}
        found = {**found, **said}
    return found, found_at


def operations(items: Mapping[str, Any], at: str, registry: Registry) -> Iterator[Operation]:
    """Yield the operations of path items, by path or by name.

    Raises:
        DocumentError: something in them cannot be emitted.
    """
    for path, raw in items.items():
        if path.startswith("x-"):
            continue
        item, item_at = resolved(raw, pointers.join(at, path), registry.document)
        for method in item:
            if method in METHODS:
                yield _operation(item[method], method, path, (item, item_at), registry)


def _operation(
    raw: Mapping[str, Any],
    method: str,
    path: str,
    holder: tuple[Mapping[str, Any], str],
    registry: Registry,
) -> Operation:
    item, item_at = holder
    place = Place(pointers.join(item_at, method), str(raw.get("operationId") or f"{method} {path}"))
    parameters = {
        (parameter.name, parameter.location): parameter
        for owner, at in ((item, item_at), (raw, place.at))
        for index, value in enumerate(owner.get("parameters") or ())
        for parameter in [
            _parameter(value, Place(pointers.join(at, "parameters", index), place.words), registry)
        ]
    }
    body = None
    if "requestBody" in raw:
        body = _body(raw["requestBody"], place.below("requestBody", words="request"), registry)
    security = raw.get("security")
    return Operation(
        at=place.at,
        id=place.words,
        method=method,
        path=path,
        facts=raw,
        parameters=tuple(parameters.values()),
        body=body,
        responses=tuple(_responses(raw.get("responses") or {}, place, registry)),
        callbacks=tuple(_callbacks(raw.get("callbacks") or {}, place, registry)),
        security=None if security is None else tuple(security),
        servers=tuple(raw.get("servers") or item.get("servers") or ()),
    )


def _callbacks(raw: Mapping[str, Any], place: Place, registry: Registry) -> Iterator[Operation]:
    for name, value in raw.items():
        called, called_at = resolved(
            value, pointers.join(place.at, "callbacks", name), registry.document
        )
        for expression, item in called.items():
            if expression.startswith("x-"):
                continue
            one, at = resolved(item, pointers.join(called_at, expression), registry.document)
            for method in METHODS:
                if method in one:
                    named = {"operationId": f"{place.words} {name}", **one[method]}
                    yield _operation(named, method, name, (one, at), registry)


def _parameter(raw: Any, place: Place, registry: Registry, header: str = "") -> Parameter:
    """Return a parameter, or a header of a response, whose name stands outside of it."""
    value, at = resolved(raw, place.at, registry.document)
    name = header or value["name"]
    schema, below = value, [at]
    if "content" in value:
        ((media, schema),) = value["content"].items()
        below = [at, "content", media]
        if not is_json(media):
            raise registry.document.error(
                f"The parameter {name} has content of type {media}",
                pointers.join(at, "content"),
                "Use application/json, or a schema with a style",
            )
    shared = at.startswith("/components/") and not header
    words = pointers.split(at)[-1] if shared else f"{place.words} {name}"
    return Parameter(
        at=at,
        name=name,
        location="header" if header else value["in"],
        schema=registry.placed(
            schema.get("schema", True), Place(pointers.join(*below, "schema"), words)
        ),
        required=bool(value.get("required", False)),
        style=value.get("style"),
        explode=value.get("explode"),
        allow_reserved=bool(value.get("allowReserved", False)),
        json="content" in value,
        facts=value,
    )


def _body(raw: Any, place: Place, registry: Registry) -> Body:
    value, at = resolved(raw, place.at, registry.document)
    return Body(
        at=at,
        required=bool(value.get("required", False)),
        description=str(value.get("description") or ""),
        media=tuple(_media(value, Place(at, place.words), registry)),
    )


def _responses(raw: Mapping[str, Any], place: Place, registry: Registry) -> Iterator[Response]:
    successes = [status for status in raw if status.startswith("2")]
    for status, value in raw.items():
        if status.startswith("x-"):
            continue
        words = "response" if [status] == successes else f"response {status}"
        yield _response(value, status, place.below("responses", status, words=words), registry)


def _response(raw: Any, status: str, place: Place, registry: Registry) -> Response:
    value, at = resolved(raw, place.at, registry.document)
    place = Place(at, place.words)
    return Response(
        at=at,
        status=status if status == "default" else status.upper(),
        description=str(value.get("description") or ""),
        media=tuple(_media(value, place, registry)),
        headers=tuple(
            _parameter(header, place.below("headers", name), registry, name)
            for name, header in (value.get("headers") or {}).items()
            # OpenAPI has this one described by the media types instead.
            if name.lower() != "content-type"
        ),
        links=tuple(value.get("links") or ()),
    )


def _media(holder: Mapping[str, Any], place: Place, registry: Registry) -> Iterator[Media]:
    """Yield the media types of a body or response."""
    for index, (media, value) in enumerate((holder.get("content") or {}).items()):
        # The first one has the plain name.
        own = place.below("content", media, words=media.partition("/")[2] if index else "")
        schema = value.get("schema")
        item = _item(value, own, registry) if stream_kind_of(media) else None
        yield Media(
            at=own.at,
            media=media,
            schema=None if schema is None else registry.placed(schema, own.below("schema")),
            encoding=value.get("encoding") or {},
            item=item,
        )


def _item(value: Mapping[str, Any], place: Place, registry: Registry) -> Schema | None:
    """Return the schema of what a stream brings item by item, as OpenAPI 3.2 has it.

    Of an event whose data is said to be JSON of some schema, that is what it brings.
    """
    if "itemSchema" not in value:
        return None
    own = place.below("itemSchema", words="item")
    event, at = value["itemSchema"], own.at
    if isinstance(event, Mapping) and "$ref" in event:
        event, at = registry.document.follow(event, at)
    carried = carried_by(event)
    if carried is not None:
        inner = Place(pointers.join(at, "properties", "data", "contentSchema"), own.words)
        return registry.placed(carried, inner)
    return registry.placed(value["itemSchema"], own)


def carried_by(event: Any) -> Any:
    """Return the schema of the JSON that a described event carries as its data; None if none."""
    properties = event.get("properties") if isinstance(event, Mapping) else None
    if not properties or not properties.keys() <= EVENT_FIELDS:
        return None
    if not {"allOf", "anyOf", "oneOf"}.isdisjoint(event):
        return None
    data = properties.get("data")
    if not isinstance(data, Mapping) or not is_json(str(data.get("contentMediaType"))):
        return None
    return data.get("contentSchema")
