"""What changes nothing for users is told, and stops nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generator.read.load import load_document, read_document
from generator.read.rules import RULES

DONE = {"responses": {"204": {"description": "d"}}}
QUERY = {"name": "a", "in": "query", "schema": {}}


def schema(**given: Any) -> dict[str, Any]:
    return {"paths": {}, "components": {"schemas": {"A": given}}}


def parameters(*given: Any, path: str = "/a") -> dict[str, Any]:
    shared = {"parameters": {"P": QUERY}}
    return {"paths": {path: {"get": {"parameters": [*given], **DONE}}}, "components": shared}


DOCUMENTS = {
    "empty-enum": schema(enum=[]),
    "pattern-in-slashes": schema(type="string", pattern="/^a$/"),
    "path-parameter-optional": parameters({**QUERY, "in": "path"}, path="/{a}"),
    "reference-sibling": {"openapi": "3.1.0",
                          **parameters({"$ref": "#/components/parameters/P", "in": "query"})},
    "duplicate-required": schema(required=["a", "a"]),
    "empty-list": schema(required=[]),
    "duplicate-item": parameters(QUERY, QUERY),
    "duplicate-tag": {"paths": {}, "tags": [{"name": "a"}, {"name": "a"}]},
    "later-annotation": schema(type="string", examples=["a"]),
    "two-examples": parameters({**QUERY, "example": "b", "examples": {"c": {"value": "d"}}}),
    "missing-description": {"paths": {"/a": {"get": {"responses": {"204": {}}}}}},
    "null-value": {"paths": {"/a": {"get": {"tags": None, "parameters": None, **DONE}}}},
    "null-description": {"paths": {}, "tags": [{"name": "a", "description": None}]},
}  # fmt: skip


@pytest.mark.parametrize(("rule", "given"), DOCUMENTS.items(), ids=DOCUMENTS)
def test_a_document_is_read_in_spite_of_it(
    tmp_path: Path, rule: str, given: dict[str, Any]
) -> None:
    path = tmp_path / "shop.json"
    head = {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}}
    path.write_text(json.dumps({**head, **given}), encoding="utf-8")
    findings = load_document(path, name="shop.json").findings
    assert {error.rule.name for error in findings.warnings} == {rule}
    assert findings.mistakes == []


@pytest.mark.parametrize("name", ["description", "tags"])
def test_a_property_that_is_null_is_no_empty_keyword(tmp_path: Path, name: str) -> None:
    path = tmp_path / "shop.json"
    head = {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}}
    path.write_text(json.dumps({**head, **schema(properties={name: None})}), encoding="utf-8")
    findings = read_document(path, name="shop.json").findings
    assert [error.rule.name for error in findings.mistakes] == ["wrong-type"]


def test_every_warning_that_reading_gives_is_shown() -> None:
    elsewhere = {"overlay-idle", "relative-server"}
    assert {rule.name for rule in RULES.values() if rule.warns} == {*DOCUMENTS, *elsewhere}
