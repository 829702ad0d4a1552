"""A generator that goes wrong in one of these ways refuses to emit: the account finds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from generator.decide import (
    arguments,
    bodies,
    event_tags,
    events,
    homes,
    models,
    naming,
    operations,
    plan,
    scope,
)
from generator.decide.security import Credentials
from generator.read.document import DocumentError
from generator.understand.registry import Registry
from generator.understand.schema import Schema

Build = Callable[..., Any]

DONE = {"responses": {"204": {"description": "d"}}}
SEASON = {"name": "season", "in": "query",
          "schema": {"type": "string", "enum": ["dry", "wet"], "default": "dry"}}  # fmt: skip


def webhook(**properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": [*properties], "properties": properties}
    return {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}},
                     "responses": {"200": {"description": "d"}}}}  # fmt: skip


DOCUMENT: dict[str, Any] = {
    "security": [{"key": []}],
    "paths": {
        "/a": {
            "parameters": [SEASON],
            "get": {"operationId": "first", **DONE},
            "delete": {"operationId": "second", **DONE},
        },
        "/b": {"get": {"operationId": "third", "security": [],
                       "parameters": [{"name": "size", "in": "query",
                                       "schema": {"type": "integer", "default": 5}}],
                       "responses": {"200": {"description": "d", "content": {
                           "application/json": {"schema": {"type": "object"}},
                           "text/csv": {"schema": {"type": "string"}},
                           "application/pdf": {}}}}}},
        "/c": {"post": {"operationId": "fourth", "security": [{"other": []}],
                        "requestBody": {"content": {
                            "application/json": {"schema": {"type": "object"}},
                            "application/x-www-form-urlencoded": {"schema": {"type": "object"}}}},
                        **DONE}},
        "/d": {"post": {"operationId": "fifth",
                        "requestBody": {"content": {"application/json": {"schema": {
                            "type": "object", "properties": {"a": {"type": "string"}},
                            "additionalProperties": {"type": "string"}}}}}, **DONE}},
        "/e": {"post": {"operationId": "sixth",
                        "requestBody": {"content": {"application/json": {"schema": {
                            "type": "object", "properties": {
                                "words": {"type": "string", "default": "*"},
                                "part": {"$ref": "#/components/schemas/Part"}}}}}}, **DONE}},
        "/f": {"post": {"operationId": "seventh", "requestBody": {"required": True, "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Part"}}}}, **DONE}},
    },
    "webhooks": {"planted": webhook(hook={"type": "string", "enum": ["plant.added"]}),
                 "silent": webhook(id={"type": "integer"})},
    "components": {
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"},
                            "other": {"type": "apiKey", "in": "query", "name": "k"}},
        "schemas": {"Part": {"type": "object", "properties": {
            "name": {"type": "string"}, "rank": {"type": "string", "readOnly": True}}},
            "Match": {"type": "object", "properties": {
            "ABTest": {"type": "string", "enum": ["a", "b"]},
            "AbTest": {"type": "string", "enum": ["c", "d"]}}}},
    },
}  # fmt: skip


def _constants_meet(patch: Any) -> None:
    def add(contents: Any, places: Any) -> None:
        for named in contents:
            home = places[named.key]
            if named.schema.kind != "object":
                constant = naming.constant_name(home.name)
                places[named.key] = attrs.evolve(home, constant=constant)

    patch.setattr(homes, "_add_constants", add)


def _names_meet(patch: Any) -> None:
    patch.setattr(scope.Scope, "distinct", lambda self, name, wire="": name)


def _second_place_forgets(patch: Any) -> None:
    def at_place(self: Any, key: str, at: str) -> Schema:
        return Schema(at=at, kind="ref", target=key)

    patch.setattr(Registry, "at_place", at_place)


def _no_default_sent(patch: Any) -> None:
    patch.setattr(operations, "value", lambda one: one.argument)


def _first_default_everywhere(patch: Any) -> None:
    patch.setattr(arguments, "_default_source", lambda one: "" if one.default is None else "7")


def _only_json(patch: Any) -> None:
    patch.setattr(bodies, "emitted", lambda medias, has_parts: list(medias[:1]))


def _no_pdf(patch: Any) -> None:
    patch.setattr(bodies, "emitted", lambda medias, has_parts: list(medias[:2]))


def _fields_alone(patch: Any) -> None:
    patch.setattr(arguments, "_more", lambda *given: iter(()))


def _defaults_send_a_body(patch: Any) -> None:
    patch.setattr(arguments, "_decides_on_body", lambda field: False)


def _read_only_is_an_argument(patch: Any) -> None:
    real = arguments._fields

    def fields(shapes: Any, target: Any, scope: Any) -> Any:
        for one in real(shapes, target, scope):
            yield one
            if target.key.endswith("/Part"):
                yield attrs.evolve(one, wire="rank", argument="rank")

    patch.setattr(arguments, "_fields", fields)


def _read_only_is_a_member(patch: Any) -> None:
    real = models._left_out
    patch.setattr(models, "_left_out", lambda *given: (
        one for one in real(*given) if one != "init=False"))  # fmt: skip


def _all_by_type(patch: Any) -> None:
    patch.setattr(events, "_with_kinds", lambda view, found, homes: view)


def _names_tell_nothing(patch: Any) -> None:
    real = events._with_kinds
    patch.setattr(events, "_with_kinds", lambda *given: attrs.evolve(real(*given), by_name=""))


def _only_by_names(patch: Any) -> None:
    real = event_tags.tell_apart
    patch.setattr(events, "tell_apart", lambda api: [
        attrs.evolve(one, kind="else" if not one.tag else one.kind) for one in real(api)])  # fmt: skip


def _key_everywhere(patch: Any) -> None:
    real = plan.choose
    patch.setattr(plan, "choose", lambda api: attrs.evolve(real(api), own={}))


def _key_nowhere(patch: Any) -> None:
    real = plan.choose

    def choose(api: Any) -> Credentials:
        found = real(api)
        public = found.own["/paths/~1b/get"]
        return attrs.evolve(found, expression=public, own={})

    patch.setattr(plan, "choose", choose)


def _key_in_another_place(patch: Any) -> None:
    real = plan.choose

    def choose(api: Any) -> Credentials:
        found = real(api)
        return attrs.evolve(found, own={**found.own, "/paths/~1c/post": found.expression})

    patch.setattr(plan, "choose", choose)


MUTATIONS = [
    (_constants_meet, "AB_TEST"),
    (_names_meet, "twice|One of the two"),
    (_second_place_forgets, "default of the parameter season"),
    (_no_default_sent, "default of the parameter"),
    (_first_default_everywhere, "default of the parameter"),
    (_only_json, "text/csv|application/x-www-form-urlencoded"),
    (_no_pdf, "application/pdf"),
    (_fields_alone, "What the body may hold besides its properties"),
    (_defaults_send_a_body, "the body may be left out"),
    (_read_only_is_an_argument, "rank is never sent"),
    (_read_only_is_a_member, "rank is never sent"),
    (_all_by_type, "event planted"),
    (_names_tell_nothing, "event silent"),
    (_only_by_names, "event silent"),
    (_key_everywhere, "GET /b sends no credential"),
    (_key_nowhere, "sends the credentials of its security"),
    (_key_in_another_place, "POST /c sends the credentials of its security"),
]


def test_the_document_is_emitted_as_long_as_nothing_is_broken(build: Build) -> None:
    build(DOCUMENT)


@pytest.mark.parametrize(("mutate", "told"), MUTATIONS, ids=[m.__name__ for m, _ in MUTATIONS])
def test_what_a_broken_generator_loses_is_named(
    build: Build, monkeypatch: pytest.MonkeyPatch, mutate: Callable[[Any], None], told: str
) -> None:
    mutate(monkeypatch)
    with pytest.raises(DocumentError, match="did not arrive in the emitted package") as raised:
        build(DOCUMENT)
    assert any(part in str(raised.value) for part in told.split("|")), str(raised.value)
