"""Questions about schemas: what a reference stands for is asked in three ways, and null in two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from generator.read.load import load_document
from generator.understand.api import Api
from generator.understand.normalise import normalise
from generator.understand.schema import Schema

HOME: Final = "#/components/schemas/"
SCHEMAS: Final[dict[str, Any]] = {
    "Text": {"type": "string", "description": "Text.", "maxLength": 9},
    "Note": {"$ref": HOME + "Text", "description": "Note.", "x-between": 1},
    "Maybe": {"anyOf": [{"$ref": HOME + "Note"}, {"type": "null"}]},
    "Nothing": {"type": "null"},
    "Pet": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}, "name": {"type": "string"}},
        "discriminator": {"propertyName": "kind"},
    },
    "Cat": {
        "allOf": [
            {"$ref": HOME + "Pet"},
            {"type": "object", "required": ["claws"], "properties": {"claws": {"type": "integer"}}},
        ]
    },
    "Kitten": {
        "allOf": [
            {"$ref": HOME + "Cat"},
            {"type": "object", "properties": {"age": {"type": "integer"}}},
        ]
    },
    "Beast": {"$ref": HOME + "Pet"},
}


@pytest.fixture
def api(tmp_path: Path) -> Api:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "components": {"schemas": SCHEMAS},
    }
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document))
    return normalise(load_document(path))


def refer(name: str, **facts: Any) -> Schema:
    return Schema(at="/here", kind="ref", target=f"/components/schemas/{name}", facts=facts)


def test_a_reference_stands_for_what_is_defined_whatever_is_said_on_the_way(api: Api) -> None:
    solid = api.schemas.solid(refer("Note", title="Here"))
    assert solid is api.named["/components/schemas/Text"].schema
    assert api.schemas.key(refer("Note")) == "/components/schemas/Text"


def test_what_a_place_says_wins_over_what_is_defined(api: Api) -> None:
    here = api.schemas.in_place(refer("Note", title="Here"))
    assert (here.fact("title"), here.fact("description")) == ("Here", "Note.")
    assert here.fact("x-between") == 1


def test_joined_are_all_names_on_the_way_and_their_null(api: Api) -> None:
    joined = api.schemas.joined(refer("Maybe", title="Here"))
    assert joined.nullable
    assert joined.fact("maxLength") == 9
    assert (joined.fact("title"), joined.fact("description")) == ("Here", "Note.")
    assert joined.fact("x-between") == 1


@pytest.mark.parametrize(
    ("name", "nullable", "besides"),
    [("Text", False, False), ("Note", False, False), ("Maybe", True, True),
     ("Nothing", True, False)],
)  # fmt: skip
def test_nothing_but_null_is_not_null_beside_other_values(
    name: str, nullable: bool, besides: bool, api: Api
) -> None:
    assert api.schemas.nullable(refer(name)) is nullable
    assert api.schemas.nullable_besides(refer(name)) is besides


def test_inherited_properties_come_first(api: Api) -> None:
    kitten = api.named["/components/schemas/Kitten"].schema
    assert list(api.schemas.properties(kitten)) == ["kind", "name", "claws", "age"]
    assert api.schemas.required(kitten) == {"kind", "claws"}
    assert [base.words for base in api.schemas.bases(kitten)] == ["Cat", "Pet"]
    assert api.schemas.depth(kitten) == 2


def test_a_base_stands_for_any_of_its_kinds_where_that_is_asked(api: Api) -> None:
    assert api.schemas.target(refer("Beast")).words == "Pet"
    kinds = api.schemas.target_or_kinds(refer("Beast"))
    assert kinds.words == "Pet kind"
    assert kinds.schema.tag is not None
    assert kinds.schema.tag.members == {
        "Cat": "/components/schemas/Cat",
        "Kitten": "/components/schemas/Kitten",
    }
    assert api.schemas.in_place(refer("Beast")).kind == "union"


@pytest.mark.parametrize(("name", "expected"), [("Beast", True), ("Kitten", True), ("Note", False)])
def test_an_object_is_told_from_other_values(name: str, expected: bool, api: Api) -> None:
    assert api.schemas.is_object(refer(name)) is expected
