"""A schema that several places share says the same in each of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

Build = Callable[..., Any]

DONE = {"responses": {"204": {"description": "d"}}}
SCHEMAS = [
    ({"type": "string", "enum": ["dry", "wet"], "default": "dry"}, "dry", "?p=dry"),
    ({"type": "integer", "enum": [1, 2], "default": 2}, 2, "?p=2"),
    ({"oneOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "integer"}], "default": "b"},
     "b", "?p=b"),
    ({"type": "integer", "default": 5}, 5, "?p=5"),
    ({"$ref": "#/components/schemas/Size", "default": "l"}, "l", "?p=l"),
]  # fmt: skip
SHARED = {"Size": {"type": "string", "enum": ["s", "l"]}}


@pytest.mark.parametrize("place", ["component", "path item", "component of a path item", "by path"])
@pytest.mark.parametrize(("schema", "default", "query"), SCHEMAS)
def test_a_default_of_a_shared_parameter_is_sent_by_each_operation(
    build: Build, recorder: Any, place: str, schema: Any, default: Any, query: str
) -> None:
    parameter = {"name": "p", "in": "query", "schema": schema}
    used: dict[str, Any] = {"$ref": "#/components/parameters/p"}
    components: dict[str, Any] = {"schemas": SHARED, "parameters": {"p": parameter}}
    if place == "path item":
        used = parameter
    if place == "by path":
        used = {"name": "p", "in": "query",
                "schema": {"$ref": "#/components/parameters/p/schema"}}  # fmt: skip
    first = {"operationId": "first", **DONE}
    second = {"operationId": "second", **DONE}
    item: dict[str, Any] = {"get": first, "delete": second}
    if "path item" in place:
        item["parameters"] = [used]
    else:
        first["parameters"] = [used]
        second["parameters"] = [used]
    built = build({"paths": {"/a": item}, "components": components})
    adapter = recorder(status=204, body="")
    client = built.client(adapter)
    for method in (client.first, client.second):
        method()
        assert adapter.last.url.endswith(f"/a{query}")
        assert inspect.signature(method).parameters["p"].default == default
        assert "efault" in method.__doc__


def test_null_is_a_value_wherever_a_shared_body_is_used(build: Build, recorder: Any) -> None:
    body = {"required": True, "content": {"application/json": {"schema": {
        "type": ["object", "null"], "properties": {"a": {"type": "string"}}}}}}  # fmt: skip
    used = {"requestBody": {"$ref": "#/components/requestBodies/B"}, **DONE}
    built = build(
        {
            "paths": {
                "/a": {"post": {"operationId": "first", **used}},
                "/b": {"post": {"operationId": "second", **used}},
            },
            "components": {"requestBodies": {"B": body}},
        }
    )
    signatures = {
        str(inspect.signature(getattr(built.module("client").ShopClient, name)))
        for name in ("first", "second")
    }
    assert len(signatures) == 1
