"""A document says the same whatever number of files it is in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generator.compare.diff import compare
from generator.read.load import load_document

ROOT = Path(__file__).parents[3]


def split(folder: Path, document: dict[str, Any]) -> Path:
    """Write every schema and every path into a file of its own."""

    def elsewhere(value: Any) -> str:
        return json.dumps(value).replace('"#/components/schemas/', '"./Schema').replace(
            '"#/components/', '"./split.json#/components/'
        )  # fmt: skip

    def named(text: str) -> str:
        for name in schemas:
            text = text.replace(f'"./Schema{name}"', f'"./{name}.json"')
        return text

    schemas = list(document["components"]["schemas"])
    for name in schemas:
        text = named(elsewhere(document["components"]["schemas"][name]))
        (folder / f"{name}.json").write_text(text)
        document["components"]["schemas"][name] = {"$ref": f"./{name}.json"}
    for number, path in enumerate(document["paths"]):
        text = named(elsewhere(document["paths"][path]))
        (folder / f"path{number}.json").write_text(text)
        document["paths"][path] = {"$ref": f"./path{number}.json"}
    whole = folder / "split.json"
    whole.write_text(json.dumps(document))
    return whole


def shop() -> dict[str, Any]:
    state = {"$ref": "#/components/schemas/State"}
    order = {"$ref": "#/components/schemas/Order"}
    answer = {"200": {"description": "One.", "content": {"application/json": {"schema": order}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://shop.example"}],
        "paths": {
            "/orders": {"post": {"operationId": "createOrder", "responses": answer}},
            "/orders/{id}": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "get": {"operationId": "getOrder", "responses": answer},
            },
        },
        "components": {
            "parameters": {"Id": {"name": "id", "in": "path", "required": True,
                                  "schema": {"type": "string"}}},
            "schemas": {
                "State": {"type": "string", "enum": ["new", "paid"]},
                "Order": {"type": "object", "properties": {"state": state, "next": order}},
            },
        },
    }  # fmt: skip


def test_the_same_document_in_several_files_is_no_change(tmp_path: Path) -> None:
    one = tmp_path / "one.json"
    one.write_text(json.dumps(shop()))
    old, new = load_document(one), load_document(split(tmp_path, shop()))
    assert len(new.sources) == 5
    assert compare(old, new).changes == ()
    assert compare(new, old).changes == ()


def test_what_changed_in_another_file_is_told(tmp_path: Path) -> None:
    one = tmp_path / "one.json"
    one.write_text(json.dumps(shop()))
    whole = split(tmp_path, shop())
    part = tmp_path / "path1.json"
    part.write_text(part.read_text().replace("One.", "The order."))
    told = compare(load_document(one), load_document(whole)).changes
    assert [(each.rule, each.subject) for each in told] == [("text", "get_order")]
