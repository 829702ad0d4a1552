"""Every event that a document describes can be read, or nobody is told that it could."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from generator.read.document import DocumentError

Build = Callable[..., Any]


def thing(required: bool = True, **properties: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties}
    return {**made, "required": list(properties)} if required else made


def text(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def webhooks(**payloads: Any) -> dict[str, Any]:
    return {
        "webhooks": {
            name.replace("__", "."): {"post": {
                "requestBody": {"content": {"application/json": {"schema": schema}}},
                "responses": {"200": {"description": "d"}}}}
            for name, schema in payloads.items()
        }
    }  # fmt: skip


def read(built: Any, payload: Any, **name: str) -> Any:
    """Return an event as a receiver gets it, and as it comes out of an inbox."""
    body = json.dumps(payload).encode()
    sign = built.module("utils.webhook").generate_signature
    event = built.client().construct_event(sign(body, "whsec_1"), body, **name)
    again = built.module("events").read_event(body, **name)
    assert type(event) is type(again)
    assert event == again == payload
    return event


NUMBER = {"type": "integer"}
TAGGED = [
    ({"added": thing(hook=text("plant.added"))}, {"hook": "plant.added"}, "plant.added"),
    ({"a": thing(hook=text("a.1"), n=NUMBER), "b": thing(hook=text("b.1"), n=NUMBER)},
     {"hook": "b.1", "n": 1}, "b.1"),
    ({"a": thing(object=text("event"), topic=text("a", "b")),
      "c": thing(object=text("event"), topic=text("c"))}, {"object": "event", "topic": "b"}, "b"),
    ({"a": thing(version={"const": "v1"}, what={"const": "a"}),
      "b": thing(version={"const": "v1"}, what={"const": "b"})}, {"version": "v1", "what": "a"},
     "a"),
    ({"a": thing(type={"type": "integer"}, event_type=text("x"))}, {"type": 1, "event_type": "x"},
     "x"),
    ({"a": thing(type=text("a")), "b": thing(kind=text("b"))}, {"kind": "b"}, "b"),
    ({"paid": thing(eventType={"type": "string"}), "sent": thing(eventType={"type": "string"})},
     {"eventType": "sent"}, "sent"),
    ({"all": {"oneOf": [thing(tag=text("p"), n=NUMBER), thing(tag=text("q"), m=NUMBER)]}},
     {"tag": "q", "m": 1}, "q"),
]  # fmt: skip


@pytest.mark.parametrize(("payloads", "payload", "kind"), TAGGED)
def test_an_event_is_read_by_its_own_tag(
    build: Build, payloads: Any, payload: Any, kind: str
) -> None:
    built = build(webhooks(**payloads))
    events = built.module("events")
    event = read(built, payload)
    assert type(event) is events.EVENTS[kind]
    assert type(event) is not built.models.Model
    seen: list[Any] = []
    router = events.EventRouter()
    router.on(kind)(seen.append)
    assert router.dispatch(event)
    assert seen == [event]


UNTAGGED = webhooks(first=thing(id=NUMBER), second=thing(id=NUMBER, state=text("on", "off")),
                    third=thing(type=text("third")))  # fmt: skip


def test_an_event_without_a_tag_is_read_by_the_name_of_its_webhook(build: Build) -> None:
    built = build(UNTAGGED)
    events = built.module("events")
    for name, payload in (("first", {"id": 1}), ("second", {"id": 1, "state": "on"})):
        event = read(built, payload, name=name)
        assert type(event) is events.EVENTS[name]
        seen: list[Any] = []
        router = events.EventRouter()
        router.on(name)(seen.append)
        router.dispatch(event)
        assert seen == [event]
    assert type(read(built, {"type": "third"})) is events.EVENTS["third"]
    with pytest.raises(
        built.module("exceptions").WebhookPayloadError, match=r"pass name=… .* text `type`"
    ):
        events.read_event(b'{"id": 1}')
    assert built.types(
        "from PKG.events import EventRouter, read_event\n"
        "event = read_event(b'', name='first')\n"
        "router = EventRouter()\n"
        "@router.on('second')\n"
        "def second(event: object) -> None: ...\n"
    ) == ""  # fmt: skip


def test_objects_of_one_webhook_that_nothing_tells_apart_are_read_as_the_nearest(
    build: Build,
) -> None:
    built = build(webhooks(asked={"oneOf": [thing(id=NUMBER, user=NUMBER), thing(id=NUMBER, team=NUMBER)]},
                           other=thing(id=NUMBER)))  # fmt: skip
    events = built.module("events")
    classes = {type(read(built, {"id": 1, key: 2}, name="asked")) for key in ("user", "team")}
    assert len(classes) == 2
    assert events.EVENTS["asked"] in classes
    assert all(issubclass(one, built.models.Model) for one in classes)
    router = events.EventRouter()
    seen: list[Any] = []
    router.on("asked")(seen.append)
    router.dispatch(read(built, {"id": 1, "team": 2}, name="asked"))
    assert seen == [{"id": 1, "team": 2}]
    one, two = sorted(cls.__name__ for cls in classes)
    assert built.types(
        "from PKG.events import EventRouter\n"
        f"from PKG.models import {one}, {two}\n"
        "router = EventRouter()\n"
        "@router.on('asked')\n"
        f"def asked(event: {one} | {two}) -> None: ...\n"
    ) == ""  # fmt: skip


def test_a_tag_of_one_webhook_may_be_another_property_of_another(build: Build) -> None:
    built = build(webhooks(done=thing(hook=text("ended"), type=text("full", "part")),
                           made=thing(hook=text("made"), type=text("ended"))))  # fmt: skip
    events = built.module("events")
    for payload, kind in (
        ({"hook": "ended", "type": "part"}, "part"),
        ({"hook": "made", "type": "ended"}, "made"),
    ):
        assert type(read(built, payload)) is events.EVENTS[kind]


def test_webhooks_that_carry_the_same_keep_their_names(build: Build) -> None:
    shared = {"$ref": "#/components/schemas/Shared"}
    built = build({**webhooks(made=shared, lost=shared),
                   "components": {"schemas": {"Shared": thing(id=NUMBER)}}})  # fmt: skip
    events = built.module("events")
    seen: list[str] = []
    router = events.EventRouter()
    router.on("made")(lambda event: seen.append("made"))
    router.on("lost")(lambda event: seen.append("lost"))
    for name in ("lost", "made"):
        router.dispatch(events.read_event(b'{"id": 1}', name=name))
    assert seen == ["lost", "made"]


def test_the_only_webhook_there_is_needs_no_name(build: Build) -> None:
    built = build(webhooks(newPlant=thing(id=NUMBER)))
    event = read(built, {"id": 1})
    assert type(event) is built.module("events").EVENTS["newPlant"]


def test_texts_that_two_payloads_share_tell_nothing(build: Build) -> None:
    built = build(webhooks(a=thing(type=text("event"), x=NUMBER),
                           b=thing(type=text("event"), y=NUMBER)))  # fmt: skip
    events = built.module("events")
    assert list(events.EVENTS) == ["a", "b"]
    assert type(read(built, {"type": "event", "y": 1}, name="b")) is events.EVENTS["b"]


def test_a_webhook_that_is_called_like_the_tag_of_another_is_refused_with_its_line(
    build: Build,
) -> None:
    with pytest.raises(DocumentError, match="nothing tells apart") as raised:
        build(webhooks(all=thing(hook=text("other")), other=thing(a=NUMBER)))
    assert raised.value.position is not None


@pytest.mark.parametrize("body", [b"[]", b"{", b'"x"', b"null"])
def test_what_is_no_object_is_no_event(build: Build, body: bytes) -> None:
    built = build(UNTAGGED)
    error = built.module("exceptions").WebhookPayloadError
    with pytest.raises(error, match="not an event"):
        built.module("events").read_event(body, name="first")


def test_the_name_of_a_webhook_does_no_harm_where_its_body_tells(build: Build) -> None:
    """Whoever receives each webhook at a path of its own names all of them."""
    built = build(webhooks(added=thing(hook=text("plant.added")), moved=thing(n=NUMBER)))
    events = built.module("events")
    for name, payload, kind in (
        ("added", {"hook": "plant.added"}, "plant.added"),
        ("moved", {"n": 1}, "moved"),
        ("moved", {"n": 1, "hook": "unknown"}, "moved"),
    ):
        event = read(built, payload, name=name)
        assert type(event) is events.EVENTS[kind]
        seen: list[Any] = []
        router = events.EventRouter()
        router.on(kind)(seen.append)
        assert router.dispatch(event)
        assert seen == [event]
