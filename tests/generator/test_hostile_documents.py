"""Documents whose every text is hostile: emitted code parses, behaves, and runs none of it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from generator.emit import emit
from generator.read.load import load_document

CANARY = '"""\n\'\'\'\n__import__("os").abort()\n{{ 1 / 0 }}{% set a = 1 %}{# \\'
TEXT = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40),
    st.sampled_from(
        [CANARY, "\\", '"', "'''", '"""', "\u202eabc", "\u2028x", "# noqa", "{", "}}", "%}", "\t",
         "class", "self", "__class__", "a" * 10_000, "\ue000r\ue002os\ue002abort\ue001", "\ud7ff"]
    ),
)  # fmt: skip


def written(value: Any) -> str:
    """Return data as YAML, every text in quotes: what is plain is a number to some readers."""
    return str(yaml.safe_dump(value, allow_unicode=False, default_style='"'))


def writable(text: str) -> bool:
    try:
        return bool(yaml.safe_load(written({"k": text}))["k"] == text)
    except (yaml.YAMLError, UnicodeEncodeError):
        return False


def hostile(texts: list[str]) -> dict[str, Any]:
    one, two, three, four = texts
    return {
        "openapi": "3.1.0",
        "info": {"title": one, "version": two, "description": three},
        "servers": [{"url": "https://shop.example", "description": four}],
        "tags": [{"name": "shop", "description": one}],
        "paths": {
            "/x": {
                "post": {
                    "operationId": "doIt",
                    "tags": ["shop"],
                    "summary": two,
                    "description": three,
                    "parameters": [
                        {"name": "q", "in": "query", "description": four, "schema": {
                            "type": "string", "enum": [one, two, "plain"], "default": "plain"}},
                        {"name": three, "in": "query", "schema": {
                            "type": "string", "default": four}},
                    ],
                    "requestBody": {"content": {"application/json": {"schema": {
                        "$ref": "#/components/schemas/Order"}}}},
                    "responses": {"200": {"description": one}, "404": {"description": two},
                                  "default": {"description": three}},
                }
            }
        },
        "webhooks": {four: {"post": {"description": one, "requestBody": {"content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
            "responses": {"200": {"description": two}}}}},
        "components": {"schemas": {"Order": {
            "type": "object", "title": one, "description": two, "required": [three],
            "properties": {three: {"type": "string", "description": four, "const": one},
                           four: {"type": "string", "enum": [one, two], "title": three}}}}},
    }  # fmt: skip


def names_called(module: ast.Module) -> set[str]:
    """Return what a module calls while it is imported, by name."""
    return {
        node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
    }


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@example(["0e0", "1e5", "~", "0o7"])
@given(st.lists(TEXT.filter(writable), min_size=4, max_size=4, unique=True))
def test_no_text_of_a_document_becomes_code(tmp_path: Path, texts: list[str]) -> None:
    source = tmp_path / "hostile.yaml"
    source.write_text(written(hostile(texts)), encoding="utf-8")
    tree = emit(load_document(source, name="hostile.yaml"), "hostile").tree
    for path, content in tree.items():
        if not path.endswith(".py"):
            continue
        text = content.decode("utf-8")
        module = ast.parse(text)
        assert "abort" not in names_called(module)
        assert not any("__import__" in name for name in names_called(module)), path
        # One line of the document is one line of the file: nothing hides behind a line end.
        assert not set("\u2028\u2029\x0b\x0c\x85\u202e\u202d\u2066\ue000") & set(text), path
    fields = _wires(ast.parse(tree["models/order.py"].decode("utf-8")))
    assert fields == set(texts[2:])


def _wires(module: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and isinstance(part.value, ast.Call):
                    given = {
                        word.arg: word.value.value
                        for word in part.value.keywords
                        if isinstance(word.value, ast.Constant)
                    }
                    assert isinstance(part.target, ast.Name)
                    found.add(given.get("name", part.target.id))
    return found
