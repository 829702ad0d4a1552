"""Constructs of OpenAPI that no other test executes; `docs/generator.md` names each one's test."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from generator.decide.runtime import CALL_OPTIONS, CLIENT_METHODS
from generator.read.document import DocumentError
from molam_overlays.calls.awaiting import Awaiting
from molam_overlays.calls.blocking import Blocking
from molam_overlays.config import CallOptions

Build = Callable[..., Any]


def one(**given: Any) -> dict[str, Any]:
    """Return a document of one operation, `do_it`."""
    verb = given.pop("verb", "post")
    done = {"operationId": "doIt", "responses": {"204": {"description": "Done."}}, **given}
    return {"paths": {"/x": {verb: done}}}


def body(schema: Any, media: str = "application/json", **given: Any) -> dict[str, Any]:
    return {"content": {media: {"schema": schema, **given}}, "required": True}


def schemas(**given: Any) -> dict[str, Any]:
    return {"components": {"schemas": given}}


def sources(built: Any) -> dict[str, str]:
    """Return the emitted Python files, the package's own name taken out."""
    return {
        path: content.decode()
        .replace(built.name, "PKG")
        .replace(built.name.replace("_", "-"), "PKG")
        for path, content in built.emitted.tree.items()
        if path.endswith(".py")
    }


@pytest.mark.parametrize(
    "verb", ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
)
def test_every_method_of_http_is_a_call(build: Build, recorder: Any, verb: str) -> None:
    adapter = recorder(status=204, body="")
    build(one(verb=verb)).client(adapter).do_it()
    assert adapter.last.method == verb.upper()


def test_a_path_adds_to_the_path_item_it_refers_to(build: Build, recorder: Any) -> None:
    done = {"responses": {"204": {"description": "Done."}}}
    built = build({
        "paths": {"/x": {"$ref": "#/components/pathItems/X", "get": {"operationId": "own", **done}}},
        "components": {"pathItems": {"X": {"post": {"operationId": "shared", **done}}}},
    })  # fmt: skip
    adapter = recorder(status=204, body="")
    client = built.client(adapter)
    client.own()
    client.shared()
    assert [(one.method, one.url) for one in adapter.asked] == [
        ("GET", "https://shop.example/x"),
        ("POST", "https://shop.example/x"),
    ]


def test_a_reserved_character_travels_as_it_is_where_allowed(build: Build, recorder: Any) -> None:
    built = build(one(verb="get", parameters=[
        {"name": "to", "in": "query", "schema": {"type": "string"}, "allowReserved": True},
        {"name": "by", "in": "query", "schema": {"type": "string"}, "allowEmptyValue": True}]))  # fmt: skip
    adapter = recorder(status=204, body="")
    built.client(adapter).do_it(to="a/b?c", by="")
    assert adapter.last.url == "https://shop.example/x?to=a/b?c&by="


def test_headers_of_an_answer_are_beside_its_result(build: Build) -> None:
    class Limited:
        def send(self, **_: Any) -> tuple[int, str, dict[str, str]]:
            return 200, '{"id": "o_1"}', {"X-Rate-Left": "7"}

    built = build(one(verb="get", responses={"200": {
        "description": "Done.", "headers": {"X-Rate-Left": {"schema": {"type": "integer"}}},
        "content": {"application/json": {"schema": {
            "type": "object", "properties": {"id": {"type": "string"}}}}}}}))  # fmt: skip
    result = built.client(Limited()).do_it()
    assert (result.id, result.response.headers["x-rate-left"]) == ("o_1", "7")


def test_a_binary_answer_goes_to_a_file(build: Build, tmp_path: Any) -> None:
    class Pdf:
        def send(self, **_: Any) -> tuple[int, bytes, dict[str, str]]:
            return 200, b"%PDF", {"Content-Type": "application/pdf"}

    built = build(one(verb="get", parameters=[
        {"name": "into", "in": "query", "schema": {"type": "string"}}], responses={"200": {
        "description": "A report.", "content": {"application/pdf": {
            "schema": {"type": "string", "format": "binary"}}}}}))  # fmt: skip
    with open(tmp_path / "report.pdf", "w+b") as file:
        assert built.client(Pdf()).do_it(into_="EUR", into=file) == b""
    assert (tmp_path / "report.pdf").read_bytes() == b"%PDF"
    assert "`into`" in (inspect.getdoc(built.module("client").ShopClient.do_it) or "")


def test_what_describes_and_does_not_decide_changes_no_code(build: Build) -> None:
    plain = one(verb="get", responses={"200": {"description": "Done.", "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}})  # fmt: skip
    order = {"type": "object", "properties": {"id": {"type": "string"}}}
    plain.update(schemas(Order=order))
    rich = {
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {"title": "Shop", "version": "1", "summary": "A shop",
                 "termsOfService": "https://shop.example/terms",
                 "contact": {"name": "S", "email": "s@shop.example", "url": "https://shop.example"},
                 "license": {"name": "MIT", "identifier": "MIT"}},
        "externalDocs": {"url": "https://shop.example/docs"},
        "tags": [{"name": "unused", "externalDocs": {"url": "https://shop.example/docs"}}],
        "paths": {"/x": {"get": {
            **plain["paths"]["/x"]["get"],
            "externalDocs": {"url": "https://shop.example/docs"},
            "responses": {"200": {"description": "Done.",
                "links": {"again": {"operationId": "doIt", "parameters": {"id": "$response.body#/id"}}},
                "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Order"},
                    "examples": {"one": {"summary": "One", "value": {"id": "o_1"}},
                                 "far": {"externalValue": "https://shop.example/o"}}}}}}}}},
        **schemas(Order={**order, "$schema": "https://spec.openapis.org/oas/3.1/dialect/base",
                         "$comment": "c", "xml": {"name": "o", "wrapped": False},
                         "externalDocs": {"url": "https://shop.example/docs"},
                         "example": {"id": "o_1"}, "examples": [{"id": "o_2"}]}),
    }  # fmt: skip
    assert sources(build(rich)) == sources(build(plain))


def test_references_by_anchor_and_into_defs_are_followed(build: Build) -> None:
    models = build(
        schemas(
            Order={"type": "object", "properties": {
                "a": {"$ref": "#/components/schemas/Line/$defs/Sum"}, "b": {"$ref": "#sum"}}},
            Line={"type": "object", "$defs": {"Sum": {
                "$anchor": "sum", "type": "object", "properties": {"n": {"type": "integer"}}}}},
        )
    ).models  # fmt: skip
    order = models.Order.from_dict({"a": {"n": 1}, "b": {"n": 2}})
    assert (order.a.n, order.b.n) == (1, 2)


def test_definitions_of_another_file_that_refer_to_it_are_followed(build: Build) -> None:
    order = """
type: object
properties: {line: {$ref: '#/$defs/Line'}}
$defs: {Line: {type: object, properties: {n: {type: integer}, order: {$ref: '#'}}}}
"""
    models = build(schemas(Order={"$ref": "order.yaml"}), order=order).models
    read = models.Order.from_dict({"line": {"n": 1, "order": {"line": {"n": 2}}}})
    assert read.line.order.line.n == 2


def test_bytes_have_the_names_of_both_dialects(build: Build) -> None:
    models = build(schemas(Order={"type": "object", "properties": {
        "old": {"type": "string", "format": "byte"},
        "new": {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}}})
    ).models  # fmt: skip
    assert models.Order(old=b"hi", new=b"hi").to_dict() == {"old": "aGk=", "new": "aGk="}


def test_known_values_beside_any_text_are_an_open_set(build: Build) -> None:
    built = build(
        schemas(
            Reason={"anyOf": [{"enum": ["fraud", "other"]}, {"type": "string"}]},
            Order={"type": "object", "properties": {
                "reason": {"$ref": "#/components/schemas/Reason"}}},
        )
    )  # fmt: skip
    assert built.models.Order(reason="mine").to_dict() == {"reason": "mine"}
    assert built.types(
        "from typing import Literal\nfrom PKG.models import Order, Reason\n"
        "r: Reason = 'fraud'\nOrder(reason='mine')\nOrder(reason=r)\n"
    ) == ""  # fmt: skip


def test_a_deprecated_field_or_argument_says_so(build: Build) -> None:
    built = build({
        **one(verb="get", parameters=[{"name": "old", "in": "query", "deprecated": True,
                                       "schema": {"type": "string"}}]),
        **schemas(Order={"type": "object", "properties": {
            "old": {"type": "string", "description": "The old one.", "deprecated": True}}}),
    })  # fmt: skip
    assert "    old: Deprecated." in (inspect.getdoc(built.module("client").ShopClient.do_it) or "")
    assert '"""The old one. Deprecated."""' in built.text("models/order.py")


CHECKED_BY_THE_SERVER = {
    "not": {"required": ["x"]},
    "if": {"required": ["x"]},
    "dependentSchemas": {"a": {"required": ["b"]}},
    "dependencies": {"a": ["b"]},
}


@pytest.mark.parametrize("word", CHECKED_BY_THE_SERVER)
def test_what_the_server_alone_checks_of_an_object_is_said(build: Build, word: str) -> None:
    order = {"type": "object", "description": "An order.", "properties": {"a": {"type": "string"}}}
    built = build(schemas(Order={**order, word: CHECKED_BY_THE_SERVER[word]}))
    assert f"Checked by the server alone: `{word}`" in " ".join(built.models.Order.__doc__.split())
    assert built.models.Order(a="x").to_dict() == {"a": "x"}


def test_mutual_tls_sends_no_key(build: Build, recorder: Any) -> None:
    document = one(security=[{"card": []}])
    document["components"] = {"securitySchemes": {"card": {"type": "mutualTLS"}}}
    adapter = recorder(status=204, body="")
    build(document).client(adapter).do_it()
    assert "sk_test_1" not in str(adapter.last)


def test_text_described_as_an_object_is_text(build: Build, recorder: Any) -> None:
    described = {"type": "object", "properties": {"a": {"type": "string"}}}
    plain = {"content": {"text/plain": {"schema": described}}}
    document = one(requestBody=plain, responses={"200": {"description": "Plain.", **plain}})
    built = build(document)
    assert built.client(recorder(body="a,b")).do_it() == "a,b"
    assert "def do_it(self, *, body: str | None = None" in built.text("client.py")


def having(name: str) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: {"type": "string"}}}


def test_several_unions_in_one_all_of_have_a_class_for_each_pair(build: Build) -> None:
    unions = [{"oneOf": [having("a"), having("b")]}, {"oneOf": [having("c"), having("d")]}]
    built = build(schemas(Both={"allOf": unions}, Holder={"type": "object", "properties": {
        "both": {"$ref": "#/components/schemas/Both"}}}))  # fmt: skip
    for pair in (
        {"a": "1", "c": "2"},
        {"a": "1", "d": "2"},
        {"b": "1", "c": "2"},
        {"b": "1", "d": "2"},
    ):
        read = built.models.Holder.from_dict({"both": pair}).both
        assert [getattr(read, name) for name in pair] == [*pair.values()]


def test_an_id_moves_what_references_below_it_are_relative_to(build: Build) -> None:
    built = build(schemas(
        Outer={"$id": "https://shop.example/outer", "type": "object",
               "properties": {"own": {"$ref": "#/$defs/part"},
                              "far": {"$ref": "inner#/properties/size"}},
               "$defs": {"part": {"type": "boolean"}}},
        Inner={"$id": "https://shop.example/inner", "type": "object",
               "properties": {"size": {"type": "integer"},
                              "outer": {"$ref": "https://shop.example/outer"}}},
    ))  # fmt: skip
    inner = built.models.Inner(outer={"own": True, "far": 3})
    assert type(inner.outer) is built.models.Outer
    assert (
        built.types(
            "from PKG.models import Outer\nx: bool | None = Outer().own\ny: int | None = Outer().far\n"
        )
        == ""
    )


def pictures(**encoding: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
    return one(requestBody=body(schema, "multipart/form-data", encoding={"file": encoding}))


REFUSED = {
    "a part's header without a fixed value": (
        pictures(headers={"X-Kind": {"schema": {"type": "string"}}}),
        "The header X-Kind of a part has no fixed value",
    ),
    "an event that is no object": (
        {"webhooks": {"ping": {"post": {"requestBody": body({"type": "string"}),
                                        "responses": {"200": {"description": "Thanks."}}}}}},
        "The webhook 'ping' has no object as its body",
    ),
    "a parameter of another content than JSON": (
        one(parameters=[{"name": "q", "in": "query", "content": {
            "application/xml": {"schema": {"type": "string"}}}}]),
        "The parameter q has content of type application/xml",
    ),
    "a schema made of itself": (
        schemas(A={"allOf": [{"$ref": "#/components/schemas/A"}]}),
        "is made of itself by allOf",
    ),
    "two schemas made of each other": (
        schemas(A={"allOf": [{"$ref": "#/components/schemas/B"}]},
                B={"allOf": [{"$ref": "#/components/schemas/A"}]}),
        "is made of itself by allOf",
    ),
    "a schema made of two that are made of each other": (
        schemas(C={"allOf": [{"$ref": "#/components/schemas/A"}, {"type": "object"}]},
                A={"allOf": [{"$ref": "#/components/schemas/B"}]},
                B={"allOf": [{"$ref": "#/components/schemas/A"}]}),
        "The schema A is made of itself by allOf",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_emitted_is_refused_with_its_place(build: Build, name: str) -> None:
    document, words = REFUSED[name]
    with pytest.raises(DocumentError, match=words.replace("$", r"\$")) as raised:
        build(document)
    assert raised.value.position is not None
    assert raised.value.position.line > 5
    assert raised.value.advice


def test_names_that_operations_give_way_to_are_those_of_the_runtime() -> None:
    assert set(CallOptions.__annotations__) == CALL_OPTIONS
    for client in (Blocking, Awaiting):
        public = {name for name in dir(client) if not name.startswith("_")}
        assert public <= CLIENT_METHODS
