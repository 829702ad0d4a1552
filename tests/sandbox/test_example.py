"""Examples are valid for whatever schema they are made from."""

from __future__ import annotations

from typing import Any

import pytest

from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.example import Examples

SCHEMAS: list[Any] = [
    {"type": "string"},
    {"type": "string", "minLength": 40},
    {"type": "string", "maxLength": 2},
    {"type": "string", "pattern": "^[A-Z]{3}$"},
    {"type": "string", "pattern": r"^(ab|cd)+-\d{4}[^a]x?$"},
    {"type": "string", "pattern": r"^PAYOUT-[0-9]{8}-[2-9A-Z]{4}$"},
    {"type": "string", "pattern": "^pi_", "minLength": 12},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "uri"},
    {"type": "string", "format": "uuid"},
    {"type": "integer"},
    {"type": "integer", "minimum": 7, "maximum": 7},
    {"type": "integer", "exclusiveMinimum": 7},
    {"type": "integer", "maximum": -3},
    {"type": "integer", "exclusiveMaximum": 1},
    {"type": "integer", "minimum": 1, "multipleOf": 25},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["string", "null"], "maxLength": 3},
    {"enum": ["a", "b"]},
    {"const": 5},
    {"default": "x", "type": "string"},
    {"examples": ["not a number", 5], "type": "integer"},
    {"anyOf": [{"type": "null"}, {"type": "integer"}]},
    {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3},
    {"type": "array"},
    {"type": "object"},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {
        "allOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
            {"type": "object", "required": ["b"], "properties": {"b": {"const": "x"}}},
        ]
    },
    {
        "type": "object",
        "required": ["next"],
        "properties": {"next": {"type": "array", "items": {"$ref": "#/components/schemas/It"}}},
    },
    True,
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_an_example_is_valid(schema: Any) -> None:
    contract = Contract({"paths": {}, "components": {"schemas": {"It": schema}}})
    example = Examples(contract).of_schema("/components/schemas/It")
    assert contract.problems("/components/schemas/It", example) == []


def test_the_documents_own_example_comes_first() -> None:
    media = {
        "schema": {"type": "object", "required": ["n"]},
        "examples": {"wrong": {"value": {}}, "right": {"value": {"n": 42}}},
    }
    examples = Examples(Contract({"paths": {}, "components": {"media": media}}))
    first, second = (examples.of_media("/components/media") for _ in range(2))
    assert first == {"n": 42}
    first["n"] = 0
    assert second == {"n": 42}, "a copy, not the document"


def test_every_schema_of_the_document_has_a_valid_example(contract: Contract) -> None:
    examples = Examples(contract)
    for name in contract.document.root["components"]["schemas"]:
        pointer = f"/components/schemas/{name}"
        assert contract.problems(pointer, examples.of_schema(pointer)) == [], name
