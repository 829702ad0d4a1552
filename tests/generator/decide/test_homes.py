"""Names and constants of one module never meet, whatever they are made of."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Build = Callable[..., Any]

PAIRS = [
    ("ABTest", "AbTest"),
    ("x_Y", "xY"),
    ("straße", "strasse"),
    ("日本", "日_本"),
    ("border_replacement_season_calculation_and_further_adjustment_of_it_anchor",
     "border_replacement_season_calculation_and_further_adjustment_of_it_adjust"),
    ("start" + "_of_the_long_middle" * 6 + "_one", "start" + "_of_the_long_middle" * 6 + "_two"),
    ("start_a" + "_of_the_long_middle" * 6 + "_b_end", "start_a" + "_of_the_long_mid_dle" * 6
     + "_b_end"),
]  # fmt: skip


def bindings(source: str) -> Iterator[str]:
    """Yield every name that a module binds at its top, imports left out."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_enums_whose_constants_would_meet_keep_their_own_values(
    build: Build, recorder: Any, first: str, second: str
) -> None:
    built = build(
        {
            "paths": {"/x": {"post": {
                "operationId": "createX",
                "requestBody": {"required": True, "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/MatchOfAllThatThereIsInThisGarden"}}}},
                "responses": {"204": {"description": "d"}}}}},
            "components": {"schemas": {"MatchOfAllThatThereIsInThisGarden": {
                "type": "object",
                "properties": {
                    first: {"type": "string", "enum": ["a", "b"], "default": "b"},
                    second: {"type": "string", "enum": ["c", "d"], "default": "d"}}}}},
        }
    )  # fmt: skip
    adapter = recorder(status=204, body="")
    built.client(adapter).create_x()
    assert adapter.last.json == {first: "b", second: "d"}
    for path, source in built.emitted.tree.items():
        if path.startswith("models/") and path != "models/__init__.py":
            names = Counter(bindings(source.decode()))
            assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_operations_whose_names_or_constants_would_meet_are_all_called(
    build: Build, recorder: Any, first: str, second: str
) -> None:
    if first.replace("_", "").lower() == second.replace("_", "").lower() and len(first) < 80:
        second = f"{second}_other"
    done = {"responses": {"204": {"description": "d"}}}
    built = build({"paths": {
        "/first": {"get": {"operationId": first, **done}},
        "/second": {"get": {"operationId": second, **done}}}})  # fmt: skip
    adapter = recorder(status=204, body="")
    client = built.client(adapter)
    own = [
        name
        for name, value in vars(type(client)).items()
        if callable(value) and not isinstance(value, type)
    ]
    assert len(own) == 2
    for name in own:
        getattr(client, name)()
    assert {one.url for one in adapter.asked} == {
        "https://shop.example/first", "https://shop.example/second"}  # fmt: skip
    names = Counter(bindings(built.text("api/default.py")))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_page_and_an_enum_in_its_module_do_not_meet(build: Build) -> None:
    built = build({"components": {"schemas": {
        "A": {"type": "object", "properties": {"A": {"type": "string", "enum": ["a", "b"]}}},
        "AA": {"type": "string", "enum": ["x", "y"]},
        "a_a": {"type": "string", "enum": ["p", "q"]},
    }}})  # fmt: skip
    assert built.models.A.from_dict({"A": "a"})["A"] == "a"
    for path, source in built.emitted.tree.items():
        if path.startswith("models/") and path != "models/__init__.py":
            names = Counter(bindings(source.decode()))
            assert [name for name, count in names.items() if count > 1] == []
