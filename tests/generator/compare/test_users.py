"""What a change reaches: every method and event, those that send it included."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.compare.diff import compare
from generator.compare.report import Report
from generator.read.load import load_document

Compared = Callable[[Any, Any], Report]

STATE = {"type": "string", "enum": ["new", "paid", "lost"]}
FEWER = {"type": "string", "enum": ["new", "paid"]}
OPEN = {"anyOf": [STATE, {"type": "string"}]}
ORDER = {"type": "object", "properties": {"state": {"$ref": "#/components/schemas/State"}}}


def given(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def document(state: Any, order: str = "Order", media: str = "application/json") -> dict[str, Any]:
    """Return a document whose state is sent, received, listed, filtered by, and told by events."""
    done = {"200": {"description": "d", **given(ref(order))}}
    body = {"content": {media: {"schema": ref(order)}}, "required": True}
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/a": {
                "get": {"operationId": "list_all",
                        "parameters": [{"name": "state", "in": "query", "schema": ref("State")}],
                        "responses": {"200": {"description": "d", **given(
                            {"type": "array", "items": ref(order)})}}},
                "post": {"operationId": "create", "requestBody": body, "responses": done},
                "put": {"operationId": "replace", "requestBody": body,
                        "responses": {"204": {"description": "d"}}},
                "delete": {"operationId": "drop", "responses": {"204": {"description": "d"}}},
            },
            "/pets": {"get": {"operationId": "find_pet",
                              "responses": {"200": {"description": "d", **given(ref("Pet"))}}}},
        },
        "webhooks": {"order.paid": {"post": {"requestBody": given(ref("Event")),
                                             "responses": {"200": {"description": "d"}}}}},
        "components": {"schemas": {
            "State": state, order: ORDER,
            "Event": {"type": "object", "required": ["type"], "properties": {
                "type": {"const": "order.paid"}, "data": ref(order)}},
            "Pet": {"type": "object", "required": ["kind"],
                    "properties": {"kind": {"type": "string"}},
                    "discriminator": {"propertyName": "kind"}},
            "Cat": {"allOf": [ref("Pet"), {"type": "object", "properties": {
                "mood": {"type": "string", "enum": ["good", "bad", "odd"]}}}]},
        }},
    }  # fmt: skip


@pytest.fixture
def compared(tmp_path: Path) -> Compared:
    def compared(old: Any, new: Any) -> Report:
        for name, data in (("old", old), ("new", new)):
            (tmp_path / f"{name}.json").write_text(json.dumps(data))
        return compare(load_document(tmp_path / "old.json"), load_document(tmp_path / "new.json"))

    return compared


EVERYBODY = {"list_all", "create", "replace", "order.paid"}


def test_a_removed_value_reaches_whoever_sends_or_receives_it(compared: Compared) -> None:
    (change,) = compared(document(STATE), document(FEWER)).changes
    assert (change.rule, change.verdict) == ("value-removed", "breaking")
    assert set(change.used_by) == EVERYBODY


def test_a_renamed_model_reaches_all_its_operations(compared: Compared) -> None:
    (change,) = compared(document(STATE), document(STATE, "Purchase")).of("breaking")
    assert change.rule == "model-renamed"
    assert set(change.used_by) == EVERYBODY


def test_a_model_that_is_gone_reached_what_it_was_in(compared: Compared) -> None:
    new = document(STATE)
    pet = new["paths"]["/pets"]["get"]["responses"]["200"]
    pet["content"]["application/json"]["schema"] = {"type": "string"}
    del new["components"]["schemas"]["Cat"], new["components"]["schemas"]["Pet"]
    report = compared(document(STATE), new)
    removed = {
        change.subject: change for change in report.changes if change.rule == "model-removed"
    }
    assert set(removed["Cat"].used_by) == {"find_pet"}


def test_a_kind_of_a_base_reaches_what_returns_the_base(compared: Compared) -> None:
    new = document(STATE)
    mood = new["components"]["schemas"]["Cat"]["allOf"][1]["properties"]["mood"]
    mood["enum"].remove("odd")
    (change,) = compared(document(STATE), new).of("breaking")
    assert set(change.used_by) == {"find_pet"}


def only_sent(state: Any) -> dict[str, Any]:
    made = document(state)
    for path in made["paths"].values():
        for operation in path.values():
            operation["responses"] = {"204": {"description": "d"}}
    # What nothing uses may be received for all that anybody knows.
    del made["webhooks"], made["components"]["schemas"]["Event"]
    return made


@pytest.mark.parametrize("removed", ["lost", "paid"])
def test_a_value_removed_from_an_open_set_breaks_no_sender(
    compared: Compared, removed: str
) -> None:
    left = {"type": "string", "enum": [v for v in ("new", "paid", "lost") if v != removed]}
    fewer = {"anyOf": [left, {"type": "string"}]}
    (change,) = compared(only_sent(OPEN), only_sent(fewer)).changes
    assert (change.rule, change.verdict) == ("value-removed", "documentation")
    (change,) = compared(document(OPEN), document(fewer)).changes
    assert (change.rule, change.verdict) == ("value-removed", "breaking")
    assert set(change.used_by) == EVERYBODY
    (change,) = compared(only_sent(STATE), only_sent(left)).changes
    assert change.verdict == "breaking"


def test_a_media_type_that_changes_no_argument_says_so(compared: Compared) -> None:
    form = "application/x-www-form-urlencoded"
    changes = compared(document(STATE), document(STATE, media=form)).changes
    assert {change.subject: change.rule for change in changes} == {
        "create": "body-type-changed", "replace": "body-type-changed"}  # fmt: skip
    assert "its arguments stay as they are" in changes[0].what
    assert changes[0].advice.startswith("Nothing in calls")
    binary = compared(document(STATE), document(STATE, media="application/octet-stream")).changes
    assert "body-type-removed" in {change.rule for change in binary}
