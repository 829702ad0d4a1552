"""What only the server sets: refused where a caller gives it, dropped where a model is sent back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Build = Callable[..., Any]

PART = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "rank": {"type": "string", "readOnly": True},
        "inner": {"$ref": "#/components/schemas/Part"},
    },
}
WAYS = {
    "property": {"$ref": "#/components/schemas/Part"},
    "list": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
    "map": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Part"}},
    "union": {"oneOf": [{"$ref": "#/components/schemas/Part"}, {"type": "integer"}]},
    "nullable": {"anyOf": [{"$ref": "#/components/schemas/Part"}, {"type": "null"}]},
    "inline": {"type": "object", "properties": {
        "name": {"type": "string"}, "rank": {"type": "string", "readOnly": True}}},
}  # fmt: skip


def held(way: str, value: Any) -> Any:
    return {"list": [value], "map": {"k": value}}.get(way, value)


def build_with(build: Build, way: str) -> Any:
    return build(
        {
            "paths": {"/x": {"post": {
                "operationId": "createX",
                "requestBody": {"required": True, "content": {"application/json": {"schema": {
                    "type": "object", "properties": {"other": WAYS[way]}}}}},
                "responses": {"204": {"description": "d"}}}}},
            "components": {"schemas": {"Part": PART}},
        }
    )  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_read_only_key_of_a_caller_is_refused_by_its_path(
    build: Build, recorder: Any, way: str
) -> None:
    built = build_with(build, way)
    adapter = recorder(status=204, body="")
    client = built.client(adapter)
    with pytest.raises(ValueError, match="rank: is set by the server alone"):
        client.create_x(other=held(way, {"name": "n", "rank": "r"}))
    assert adapter.asked == []
    client.create_x(other=held(way, {"name": "n"}))
    assert adapter.last.json == {"other": held(way, {"name": "n"})}


@pytest.mark.parametrize("way", [way for way in WAYS if way != "inline"])
def test_a_model_that_came_from_the_api_is_handed_back_without_it(
    build: Build, recorder: Any, way: str
) -> None:
    built = build_with(build, way)
    came = built.models.Part.from_dict(
        {"name": "n", "rank": "r", "inner": {"name": "m", "rank": "s", "inner": {"name": "o",
                                                                               "rank": "t"}}}
    )  # fmt: skip
    adapter = recorder(status=204, body="")
    built.client(adapter).create_x(other=held(way, came))
    back = {"name": "n", "inner": {"name": "m", "inner": {"name": "o"}}}
    assert adapter.last.json == {"other": held(way, back)}


def test_a_models_own_constructor_refuses_it_in_what_it_is_given(build: Build) -> None:
    built = build_with(build, "property")
    built.client()
    models = built.models
    with pytest.raises(ValueError, match=r"inner\.rank: is set by the server alone"):
        models.Part(name="n", inner={"name": "m", "rank": "r"})


def test_what_came_is_still_told_apart_by_all_that_it_holds(build: Build) -> None:
    schemas = {
        "Part": PART,
        "Other": {"type": "object", "properties": {"title": {"type": "string"}}},
        "Whole": {"type": "object", "properties": {"parts": {"oneOf": [
            {"type": "array", "items": {"$ref": "#/components/schemas/Other"}},
            {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}]}}},
    }  # fmt: skip
    built = build({"components": {"schemas": schemas}})
    built.client()
    models = built.models
    whole = models.Whole.from_dict({"parts": [{"name": "n", "rank": "r"}]})
    assert type(whole.parts[0]) is models.Part
