"""What the pages of objects and events say: read off the views that `models/` is written from."""

from __future__ import annotations

import json
from collections.abc import Iterator

import attrs

from generator.decide.views import Class, Package
from generator.pages.operations import Row
from generator.pages.samples import example_at
from generator.pages.words import cell, code, of_docstring, prose
from generator.text.literal import comment
from generator.understand.api import Api


@attrs.frozen
class Object:
    """One object, or a type that has a name and no fields."""

    name: str
    said: str
    kind: str
    """Its type, where it is no object."""
    fields: tuple[Row, ...] = ()


@attrs.frozen
class EventEntry:
    """One event."""

    type: str
    name: str
    said: str
    data: str
    """What its `data` is."""
    example: str
    """A body, JSON; empty for none."""


def objects(package: Package) -> Iterator[Object]:
    """Yield all that is in `models/`, events and bodies of requests left out, by name."""
    left = set(package.events.classes) if package.events else set()
    for module in package.models:
        for alias in module.aliases:
            yield Object(alias.name, prose(of_docstring(alias.doc)), code(alias.annotation))
        for found in module.classes:
            if found.name not in left and not found.name.endswith("Request"):
                yield Object(found.name, prose(of_docstring(found.doc)), "", _fields(found))


def _fields(found: Class) -> tuple[Row, ...]:
    return tuple(
        Row(one.attribute, code(one.annotation), cell(of_docstring(one.doc)))
        for one in found.fields
    )


def events(api: Api, package: Package) -> Iterator[EventEntry]:
    """Yield the events, in the order of the document."""
    if package.events is None:
        return
    classes = {one.name: one for module in package.models for one in module.classes}
    bodies = {comment(hook.path): hook.body for hook in api.webhooks}
    for event in package.events.events:
        type_ = event.type.strip("\"'")
        data = next((f for f in classes[event.name].fields if f.wire == "data"), None)
        body = bodies.get(type_)
        example = example_at(api, body.media[0].at) if body else None
        yield EventEntry(
            type=type_,
            name=event.name,
            said=prose(event.doc),
            data=data.annotation if data else "",
            example="" if example is None else json.dumps(example, ensure_ascii=False, indent=2),
        )
