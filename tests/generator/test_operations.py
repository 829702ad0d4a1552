"""Operations of small documents, called: what leaves on the wire, what comes back."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.read.document import DocumentError

Build = Callable[..., Any]


def operation(**given: Any) -> dict[str, Any]:
    return {"responses": {"204": {"description": "Done."}}, **given}


def parameter(name: str, place: str, schema: Any = None, **given: Any) -> dict[str, Any]:
    made = {"name": name, "in": place, "schema": schema or {"type": "string"}, **given}
    return {**made, "required": True} if place == "path" else made


def body(schema: Any, media: str = "application/json", **given: Any) -> dict[str, Any]:
    return {"content": {media: {"schema": schema, **given}}, "required": True}


def answer(schema: Any, media: str = "application/json") -> dict[str, Any]:
    return {"200": {"description": "Done.", "content": {media: {"schema": schema}}}}


def one(path: str, **given: Any) -> dict[str, Any]:
    verb = given.pop("verb", "post")
    return {"paths": {path: {verb: operation(operationId="doIt", **given)}}}


STYLES = [
    ("path", "simple", False, ["a", "b"], "/x/a,b"),
    ("path", "simple", True, {"k": "v"}, "/x/k=v"),
    ("path", "label", False, ["a", "b"], "/x/.a,b"),
    ("path", "label", True, ["a", "b"], "/x/.a.b"),
    ("path", "matrix", False, ["a", "b"], "/x/;p=a,b"),
    ("path", "matrix", True, {"k": "v"}, "/x/;k=v"),
    ("query", "form", True, ["a", "b"], "/x?p=a&p=b"),
    ("query", "form", False, ["a", "b"], "/x?p=a,b"),
    ("query", "spaceDelimited", False, ["a", "b"], "/x?p=a%20b"),
    ("query", "pipeDelimited", False, ["a", "b"], "/x?p=a%7Cb"),
    ("query", "deepObject", True, {"k": "v"}, "/x?p%5Bk%5D=v"),
    ("query", "form", True, {"k": "v"}, "/x?k=v"),
]


@pytest.mark.parametrize(("place", "style", "explode", "value", "target"), STYLES)
def test_parameters_travel_in_the_style_of_the_document(
    build: Build, recorder: Any, place: str, style: str, explode: bool, value: Any, target: str
) -> None:
    schema = (
        {"type": "array", "items": {"type": "string"}}
        if isinstance(value, list)
        else {"type": "object", "additionalProperties": {"type": "string"}}
    )
    path = "/x/{p}" if place == "path" else "/x"
    built = build(
        one(path, verb="get", parameters=[
            parameter("p", place, schema, style=style, explode=explode)])
    )  # fmt: skip
    adapter = recorder(status=204, body="")
    built.client(adapter).do_it(p=value)
    assert adapter.last.url == f"https://shop.example{target}"


def test_headers_cookies_and_json_parameters_travel(build: Build, recorder: Any) -> None:
    built = build(
        one(
            "/x",
            verb="get",
            parameters=[
                parameter("X-Trace", "header"),
                parameter("session", "cookie"),
                {"name": "filter", "in": "query", "content": {
                    "application/json": {"schema": {"type": "object"}}}},
                parameter("Accept", "header"),
            ],
        )
    )  # fmt: skip
    adapter = recorder(status=204, body="")
    built.client(adapter).do_it(x_trace="t1", session="s1", filter={"a": 1})
    assert adapter.last.headers["X-Trace"] == "t1"
    assert adapter.last.headers["Cookie"] == "session=s1"
    assert adapter.last.url.endswith("?filter=%7B%22a%22%3A1%7D")


def test_parameters_of_the_path_item_hold_for_each_operation(build: Build, recorder: Any) -> None:
    document = one("/x/{id}", verb="get")
    document["paths"]["/x/{id}"]["parameters"] = [
        {"$ref": "#/components/parameters/Id"}, parameter("q", "query")]  # fmt: skip
    document["paths"]["/x/{id}"]["get"]["parameters"] = [
        parameter("q", "query", {"type": "integer"})
    ]
    document["components"] = {"parameters": {"Id": parameter("id", "path")}}
    adapter = recorder(status=204, body="")
    built = build(document)
    built.client(adapter).do_it("o/1", q=3)
    assert adapter.last.url == "https://shop.example/x/o%2F1?q=3"


def test_properties_of_an_object_become_arguments(build: Build, recorder: Any) -> None:
    schema = {
        "type": "object",
        "required": ["amount"],
        "properties": {
            "note": {"type": "string"},
            "amount": {"type": "integer", "minimum": 1},
            "capture": {"type": "boolean", "default": False},
            "memo": {"type": ["string", "null"]},
            "id": {"type": "string", "readOnly": True},
            "timeout": {"type": "integer"},
        },
    }
    built = build(
        one("/x/{note}", parameters=[parameter("note", "path")], requestBody=body(schema))
    )
    signature = inspect.signature(built.module("client").ShopClient.do_it)
    assert [name for name in signature.parameters if name not in ("self", "options")] == [
        "note", "amount", "note_body", "capture", "memo", "timeout_",
    ]  # fmt: skip
    adapter = recorder(status=204, body="")
    client = built.client(adapter)
    client.do_it("p", 5)
    assert adapter.last.json == {"amount": 5, "capture": False}
    client.do_it("p", 5, note_body="n", memo=None, capture=True, timeout_=9)
    assert adapter.last.json == {
        "note": "n", "amount": 5, "capture": True, "memo": None, "timeout": 9,
    }  # fmt: skip
    with pytest.raises(ValueError, match="amount: must be at least 1"):
        client.do_it("p", 0)


@pytest.mark.parametrize("needed", [[], ["a"]])
@pytest.mark.parametrize("extends", [False, True])
@pytest.mark.parametrize(
    ("extra", "value"),
    [
        ({"additionalProperties": {"type": "integer"}}, 1),
        ({"additionalProperties": {"type": ["integer", "null"]}}, None),
        ({"additionalProperties": True}, [1]),
        ({"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": False}, "t"),
        ({"unevaluatedProperties": {"type": "boolean"}}, True),
    ],
)
def test_properties_without_arguments_travel_as_well(
    build: Build, recorder: Any, extra: dict[str, Any], value: Any, needed: list[str], extends: bool
) -> None:
    body: dict[str, Any] = {"type": "object", "required": needed, **extra,
                            "properties": {"a": {"type": "string"}}}  # fmt: skip
    if extends:
        body = {"allOf": [{"type": "object", "properties": {"b": {"type": "string"}}}, body]}
    built = build({
        "paths": {"/x": {"post": operation(operationId="send", requestBody={
            "content": {"application/json": {"schema": body}}})}},
    })  # fmt: skip
    adapter = recorder()
    client = built.client(adapter)
    client.send(a="1", additional_properties={"x-more": value})
    assert adapter.last.json == {"a": "1", "x-more": value}
    client.send(a="1")
    assert adapter.last.json == {"a": "1"}
    errors = built.module("exceptions")
    with pytest.raises(errors.ValidationError, match="has an argument of its own"):
        client.send(a="1", additional_properties={"a": "2"})


def test_what_the_document_says_nothing_of_is_no_argument(build: Build) -> None:
    for extra in ({}, {"additionalProperties": False}):
        built = build({
            "paths": {"/x": {"post": operation(operationId="send", requestBody={
                "content": {"application/json": {"schema": {
                    "type": "object", "properties": {"a": {"type": "string"}}, **extra}}}})}},
        })  # fmt: skip
        assert "additional_properties" not in built.text("client.py")


def test_an_optional_body_with_required_fields_may_be_left_out(build: Build, recorder: Any) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {
        "a": {"type": "string"}, "b": {"type": "string"}}}  # fmt: skip
    built = build(one("/x", requestBody={**body(schema), "required": False}))
    adapter = recorder(status=204, body="")
    client = built.client(adapter)
    client.do_it()
    assert adapter.last.json is None
    with pytest.raises(ValueError, match="a: is required"):
        client.do_it(b="x")


def test_an_optional_body_is_sent_once_any_of_it_is_given(build: Build, recorder: Any) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {
        "a": {"type": ["string", "null"]}, "capture": {"type": "boolean", "default": False}}}  # fmt: skip
    built = build(one("/x", requestBody={**body(schema), "required": False}))
    adapter = recorder(status=204, body="")
    client = built.client(adapter)
    client.do_it()
    assert adapter.last.json is None
    client.do_it(a=None)
    assert adapter.last.json == {"a": None, "capture": False}
    with pytest.raises(ValueError, match="a: is required"):
        client.do_it(capture=False)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ({"type": "string"}, "text"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1}),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, 7),
        ({}, {"any": ["thing"]}),
    ],
)
def test_other_bodies_are_one_argument(
    build: Build, recorder: Any, schema: Any, value: Any
) -> None:
    adapter = recorder(status=204, body="")
    build(one("/x", requestBody=body(schema))).client(adapter).do_it(value)
    assert adapter.last.json == value


def call_of(built: Any, **given: Any) -> Any:
    """Return the call that the emitted function builds."""
    return built.module("api.default").do_it(**given)


def test_a_form_is_written_as_forms_are(build: Build) -> None:
    schema = {
        "type": "object",
        "properties": {
            "card": {"type": "object", "properties": {"number": {"type": "string"}}},
            "tags": {"type": "array", "items": {"type": "string"}},
            "ids": {"type": "array", "items": {"type": "integer"}},
        },
    }
    built = build(
        one("/x", requestBody=body(schema, "application/x-www-form-urlencoded",
            encoding={"ids": {"style": "form", "explode": False}}))
    )  # fmt: skip
    call = call_of(built, card={"number": "4 2"}, tags=["a", "b"], ids=[1, 2])
    assert call.content == b"card%5Bnumber%5D=4%202&tags=a&tags=b&ids=1,2"
    assert call.media == "application/x-www-form-urlencoded"


def test_a_part_that_is_an_object_is_json_without_files(build: Build) -> None:
    part = {"type": "object", "properties": {"any": {}, "free": {"type": "object"}}}
    schema = {"type": "object", "properties": {
        "file": {"type": "string", "format": "binary", "default": ""}, "free": {"type": "object"}, "part": part}}  # fmt: skip
    built = build(one("/x", requestBody=body(schema, "multipart/form-data")))
    given = {"free": {"a": [1]}, "part": {"any": "b", "free": {"c": "d"}}}
    content = call_of(built, file=b"\x00", **given).content
    for shown in (b"\x00", b'{"a":[1]}', b'{"any":"b","free":{"c":"d"}}'):
        assert shown in content
    assert b"file" not in call_of(built, **given).content
    with pytest.raises(built.module("exceptions").ValidationError, match=r"free\.a"):
        call_of(built, free={"a": b"no JSON"})


def test_a_multipart_body_of_any_parts_takes_files_and_values(build: Build) -> None:
    built = build(one("/x", requestBody=body({"type": "object"}, "multipart/form-data")))
    content = call_of(built, body={"file": b"\x00", "name": "a", "more": {"b": 1}}).content
    for shown in (b"\x00", b"\r\n\r\na\r\n", b'{"b":1}'):
        assert shown in content


def test_a_multipart_body_carries_files(build: Build) -> None:
    schema = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "meta": {"type": "object", "additionalProperties": {"type": "string"}},
            "note": {"type": "string"},
        },
    }
    built = build(
        one("/x", requestBody=body(schema, "multipart/form-data",
            encoding={"file": {"contentType": "image/png"}}))
    )  # fmt: skip
    call = call_of(built, file=b"\x89PNG", meta={"a": "b"}, note="n")
    assert b'name="file"; filename="file"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in call.content
    assert b'name="meta"\r\nContent-Type: application/json\r\n\r\n{"a":"b"}' in call.content
    assert b'name="note"\r\n\r\nn' in call.content
    assert built.types(
        "from PKG.api.default import do_it\nfrom PKG.http import File\n"
        "do_it(file=b'x')\ndo_it(file=File(b'x', 'a.png'))\ndo_it(file=open('x', 'rb'))\n"
    ) == ""  # fmt: skip


@pytest.mark.parametrize(
    ("media", "schema", "value", "content"),
    [
        ("text/plain", {"type": "string"}, "grüß", "grüß".encode()),
        ("application/octet-stream", {"type": "string", "format": "binary"}, b"\x00", b"\x00"),
        ("image/png", {}, b"\x00", b"\x00"),
    ],
)
def test_text_and_bytes_travel_as_they_are(
    build: Build, media: str, schema: Any, value: Any, content: bytes
) -> None:
    call = call_of(build(one("/x", requestBody=body(schema, media))), body=value)
    assert (call.content, call.media) == (content, media)


def test_a_body_of_several_media_types_can_be_chosen(build: Build) -> None:
    schema = {"$ref": "#/components/schemas/Order"}
    document = one("/x", requestBody={"required": True, "content": {
        "application/x-www-form-urlencoded": {"schema": schema},
        "application/json": {"schema": schema},
        "application/xml": {"schema": schema}}})  # fmt: skip
    document["components"] = {
        "schemas": {"Order": {"type": "object", "properties": {"a": {"type": "string"}}}}
    }
    built = build(document)
    assert call_of(built, a="x").content == b'{"a":"x"}'
    form = call_of(built, a="x", media_type="application/x-www-form-urlencoded")
    assert form.content == b"a=x"


def test_the_content_type_of_the_answer_decides_how_it_is_read(build: Build) -> None:
    built = build(
        one(
            "/x",
            verb="get",
            responses={
                "200": {
                    "description": "A report.",
                    "content": {
                        "application/json": {"schema": {"type": "object", "properties": {
                            "rows": {"type": "integer"}}}},
                        "text/csv": {"schema": {"type": "string"}},
                        "application/pdf": {"schema": {"type": "string", "format": "binary"}},
                    },
                },
                "202": {"description": "Later."},
                "2XX": {"description": "Else.", "content": {
                    "application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}},
                "default": {"description": "An error."},
            },
        )
    )  # fmt: skip
    adapter = Typed()
    client = built.client(adapter)
    adapter.answer = (200, b'{"rows": 3}', "application/json; charset=utf-8")
    assert client.do_it().rows == 3
    adapter.answer = (200, "a;ü".encode(), "text/csv")
    assert client.do_it() == "a;ü"
    adapter.answer = (200, b"%PDF\xff", "application/pdf")
    assert client.do_it() == b"%PDF\xff"
    adapter.answer = (202, b"", "")
    assert client.do_it() is None
    adapter.answer = (207, b'["x"]', "application/json")
    assert client.do_it() == ["x"]


class Typed:
    """An adapter that answers with a content type."""

    answer: tuple[int, bytes, str] = (200, b"", "")

    def send(self, **_: Any) -> tuple[int, bytes, dict[str, str]]:
        status, content, media = self.answer
        return status, content, {"Content-Type": media}


def test_a_deprecated_operation_warns_when_it_is_called(build: Build, recorder: Any) -> None:
    built = build(one("/x", deprecated=True))
    client = built.client(recorder(status=204, body=""))
    with pytest.warns(DeprecationWarning, match="do_it is deprecated"):
        client.do_it()
    assert "Deprecated." in client.do_it.__doc__


def test_the_docstring_tells_units_defaults_and_errors(build: Build) -> None:
    built = build(
        one(
            "/x",
            summary="Do it",
            description="At length.",
            parameters=[
                parameter("n", "query", {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
                          description="How many, in dozens")],
            responses={
                "204": {"description": "Done."},
                "402": {"description": "No money."},
                "404": {"description": "Not there."},
                "5XX": {"description": "Ours."},
                "default": {"description": "Else."},
            },
        )
    )  # fmt: skip
    doc = inspect.getdoc(built.module("client").ShopClient.do_it)
    assert doc is not None
    for line in (
        "Do it.",
        "At length.",
        "    n: How many, in dozens. 1 to 9. Default 3.",
        "    PaymentDeclinedError: 402: No money.",
        "    NotFoundError: 404: Not there.",
        "    ServerError: 5XX: Ours.",
        "    ApiError: any other status: Else.",
        "Source: shop.yaml, POST /x",
    ):
        assert line in doc.splitlines()
    assert doc == inspect.getdoc(built.module("async_client").ShopAsyncClient.do_it)


async def test_both_clients_have_the_same_methods(build: Build, async_recorder: Any) -> None:
    built = build(one("/x", requestBody=body({"type": "object", "properties": {
        "a": {"type": "string"}}}), responses=answer({"type": "object", "properties": {
            "b": {"type": "string"}}})))  # fmt: skip
    blocking = inspect.signature(built.module("client").ShopClient.do_it)
    awaiting = inspect.signature(built.module("async_client").ShopAsyncClient.do_it)
    assert blocking.parameters == awaiting.parameters
    adapter = async_recorder({"b": "y"})
    async with built.async_client(adapter) as client:
        assert (await client.do_it(a="x")).b == "y"
    assert adapter.last.json == {"a": "x"}


def test_operations_without_a_name_or_a_tag_get_one(build: Build) -> None:
    built = build(
        {"paths": {"/v1/orders/{id}/lines": {"get": operation(parameters=[parameter("id", "path")]),
                                             "post": operation(parameters=[parameter("id", "path")],
                                                               tags=["Payment links"])}}}
    )  # fmt: skip
    client = built.client()
    assert callable(client.get_orders_by_id_lines)
    assert callable(client.post_orders_by_id_lines)
    assert built.module("api.payment_links").POST_ORDERS_BY_ID_LINES.method == "POST"


def test_methods_named_like_what_the_client_needs_do_no_harm(build: Build, recorder: Any) -> None:
    paths = {
        f"/{name}": {"get": {"operationId": name, "tags": ["list"], "parameters": [
            parameter("list", "query", {"type": "array", "items": {"type": "string"}}),
            parameter("self", "query"), parameter("config", "query")],
            "responses": answer({"type": "array", "items": {"type": "string"}})}}
        for name in ("list", "str", "close", "request", "class", "default", "print")
    }  # fmt: skip
    built = build({"paths": paths})
    adapter = recorder(["x"])
    client = built.client(adapter)
    for name in ("list", "str", "close_", "request_", "class_", "default", "print"):
        assert getattr(client, name)(list=["a"], self_="s", config_="c") == ["x"]
        assert adapter.last.url.endswith("?list=a&self=s&config=c")
    client.close()
    assert built.types("from PKG.client import ShopClient\n") == ""


def test_a_page_is_iterated_by_both_clients(build: Build, recorder: Any) -> None:
    document = one(
        "/x",
        verb="get",
        parameters=[parameter("limit", "query", {"type": "integer", "default": 2}),
                    parameter("offset", "query", {"type": "integer", "default": 0})],
        responses=answer({"$ref": "#/components/schemas/OrderList"}),
    )  # fmt: skip
    document["paths"]["/x"]["get"]["x-molam-page"] = {
        "items": "data", "more": "has_more", "limit": "limit", "offset": "offset"}  # fmt: skip
    document["components"] = {
        "schemas": {
            "Order": {"type": "object", "properties": {"id": {"type": "string"}}},
            "OrderList": {"type": "object", "required": ["data", "has_more"], "properties": {
                "data": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}},
                "has_more": {"type": "boolean"}}},
        }
    }  # fmt: skip
    built = build(document)
    adapter = recorder({"data": [{"id": "o_1"}], "has_more": False})
    page = built.client(adapter).do_it()
    assert adapter.last.url.endswith("?limit=2&offset=0")
    assert [order.id for order in page] == ["o_1"]
    assert built.types(
        "from PKG.client import ShopClient\nfrom PKG.async_client import ShopAsyncClient\n"
        "from PKG.models import Order\n"
        "def f(c: ShopClient) -> list[Order]:\n    return [o for o in c.do_it()]\n"
        "async def g(c: ShopAsyncClient) -> list[Order]:\n"
        "    return [o async for o in await c.do_it()]\n"
    ) == ""  # fmt: skip


def test_events_are_read_by_their_type(build: Build) -> None:
    def webhook(schema: str) -> dict[str, Any]:
        return {"post": operation(requestBody=body({"$ref": f"#/components/schemas/{schema}"}))}

    built = build(
        {
            "webhooks": {"order.paid": webhook("OrderPaid"), "order.sent": webhook("OrderSent")},
            "components": {"schemas": {
                "Event": {"type": "object", "required": ["type"], "properties": {
                    "type": {"type": "string"}}},
                "OrderPaid": {"allOf": [{"$ref": "#/components/schemas/Event"}, {
                    "type": "object", "properties": {"type": {"const": "order.paid"},
                                                     "sum": {"type": "integer"}}}]},
                "OrderSent": {"allOf": [{"$ref": "#/components/schemas/Event"}, {
                    "type": "object", "properties": {"type": {"const": "order.sent"}}}]}}},
        }
    )  # fmt: skip
    events = built.module("events")
    assert list(events.EVENTS) == ["order.paid", "order.sent"]
    sign = built.module("utils.webhook").generate_signature
    client = built.client()
    for raw, expected in (
        (b'{"type":"order.paid","sum":3}', events.OrderPaid),
        (b'{"type":"order.lost"}', built.models.Event),
    ):
        event = client.construct_event(sign(raw, "whsec_1"), raw)
        assert type(event) is expected
    router = events.EventRouter()
    seen: list[int] = []

    @router.on("order.paid")
    def paid(event: Any) -> None:
        seen.append(event.sum)

    raw = b'{"type":"order.paid","sum":3}'
    router.dispatch(client.construct_event(sign(raw, "whsec_1"), raw))
    assert seen == [3]


def test_a_document_of_webhooks_alone_is_a_package_too(build: Build) -> None:
    built = build(
        {"webhooks": {"ping": {"post": operation(requestBody=body(
            {"type": "object", "properties": {"n": {"type": "integer"}}}))}}}
    )  # fmt: skip
    assert list(built.module("events").EVENTS) == ["ping"]
    assert built.types("from PKG.client import ShopClient\n") == ""


def test_the_document_is_part_of_the_package(build: Build) -> None:
    import json

    built = build(one("/x"))
    product = built.module("_product").PRODUCT
    assert product.document()["paths"]["/x"]["post"]["operationId"] == "doIt"
    assert json.loads(Path(built.path, "openapi.json").read_text()) == product.document()


@pytest.mark.parametrize(
    ("servers", "base"),
    [
        ([{"url": "https://a.example/v1/"}, {"url": "https://b.example"}], "https://a.example/v1"),
        ([{"url": "https://{region}.a.example/{v}", "variables": {
            "region": {"default": "eu"}, "v": {"default": "v2", "enum": ["v1", "v2"]}}}],
         "https://eu.a.example/v2"),
    ],
)  # fmt: skip
def test_the_first_server_is_where_calls_go(build: Build, servers: Any, base: str) -> None:
    built = build({**one("/x"), "servers": servers})
    assert built.module("config").Config(api_key="sk_test_1").api_base == base


KEYED = [
    ({"type": "http", "scheme": "bearer"}, {"Authorization": "Bearer user:pass"}, ""),
    ({"type": "http", "scheme": "basic"}, {"Authorization": "Basic dXNlcjpwYXNz"}, ""),
    ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"X-Key": "user:pass"}, ""),
    ({"type": "apiKey", "in": "query", "name": "key"}, {}, "?key=user%3Apass"),
    ({"type": "apiKey", "in": "cookie", "name": "sid"}, {"Cookie": "sid=user%3Apass"}, ""),
    ({"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://t.example",
      "scopes": {}}}}, {"Authorization": "Bearer user:pass"}, ""),
    ({"type": "openIdConnect", "openIdConnectUrl": "https://t.example"},
     {"Authorization": "Bearer user:pass"}, ""),
    ({"type": "mutualTLS"}, {}, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("scheme", "headers", "query"), KEYED, ids=[str(row[0].get("in") or row[0]["type"]) + str(n)
                                               for n, row in enumerate(KEYED)]
)  # fmt: skip
def test_the_key_travels_as_the_security_scheme_says(
    build: Build, recorder: Any, scheme: Any, headers: Any, query: str
) -> None:
    built = build({**one("/x"), "security": [{"main": []}],
                   "components": {"securitySchemes": {"main": scheme}}})  # fmt: skip
    config = built.module("config").Config(api_key="user:pass")
    adapter = recorder(status=204, body="")
    built.module("client").ShopClient(config, adapter).do_it()
    sent = {name: value for name, value in adapter.last.headers.items()
            if name in ("Authorization", "X-Key", "Cookie")}  # fmt: skip
    assert sent == headers
    assert adapter.last.url == f"https://shop.example/x{query}"


def secured(*schemes: list[dict[str, list[str]]]) -> dict[str, Any]:
    return {
        "paths": {f"/{n}": {"get": {**operation(operationId=f"get{n}"), "security": scheme}}
                  for n, scheme in enumerate(schemes)},
        "components": {"securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "key_, tok_"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "digest": {"type": "http", "scheme": "digest"}}},
    }  # fmt: skip


def test_the_scheme_that_serves_every_operation_is_taken(build: Build) -> None:
    built = build(secured([{"bearer": []}, {"key": []}], [{"key": []}], []))
    assert 'Credentials("header", "X-Key", "")' in built.text("config.py")


def test_prefixes_of_keys_come_from_the_bearer_format(build: Build) -> None:
    config = build(secured([{"bearer": []}])).module("config").Config
    assert config.key_prefixes == ("key_", "tok_")
    with pytest.raises(ValueError, match="a key starts with key_ or tok_"):
        config(api_key="sk_test_1")


def test_an_operation_that_takes_another_scheme_has_the_key_there(
    build: Build, recorder: Any
) -> None:
    built = build(secured([{"bearer": []}], [{"bearer": []}], [{"key": []}]))
    config = built.module("config").Config(api_key="one")
    adapter = recorder(status=204, body="")
    client = built.module("client").ShopClient(config, adapter)
    client.get0()
    assert adapter.last.headers["Authorization"] == "Bearer one"
    client.get2()
    assert adapter.last.headers["X-Key"] == "one"
    assert "Authorization" not in adapter.last.headers


def test_schemes_that_are_wanted_at_once_have_a_key_each(build: Build, recorder: Any) -> None:
    built = build(secured([{"key": [], "bearer": []}]))
    config = built.module("config").Config(api_key="key_1", further_keys={"key": "two"})
    assert "two" not in repr(config)
    adapter = recorder(status=204, body="")
    built.module("client").ShopClient(config, adapter).get0()
    assert adapter.last.headers["Authorization"] == "Bearer key_1"
    assert adapter.last.headers["X-Key"] == "two"


def test_a_scheme_that_answers_a_challenge_is_refused_where_it_stands_alone(build: Build) -> None:
    build(secured([{"digest": []}, {"bearer": []}]))
    with pytest.raises(DocumentError, match="digest") as raised:
        build(secured([{"digest": []}]))
    assert raised.value.position is not None


def test_an_operation_goes_to_the_server_of_its_own_unless_the_client_is_elsewhere(
    build: Build, recorder: Any
) -> None:
    built = build(one("/x", servers=[{"url": "https://{at}.example/v1", "variables": {
        "at": {"default": "files"}}}]))  # fmt: skip
    adapter = recorder(status=204, body="")
    config = built.module("config").Config
    client = built.module("client").ShopClient
    client(config(api_key="sk_test_1"), adapter).do_it()
    assert adapter.last.url == "https://files.example/v1/x"
    client(config(api_key="sk_test_1", api_base="https://sandbox.example"), adapter).do_it()
    assert adapter.last.url == "https://sandbox.example/x"


@pytest.mark.parametrize("other", ["GetOrder", "get_order", "get-order", "getOrder"])
def test_operation_ids_that_become_one_name_are_refused(build: Build, other: str) -> None:
    with pytest.raises(DocumentError) as raised:
        build({"paths": {f"/{n}": {"get": operation(operationId=name)}
                         for n, name in enumerate(("getOrder", other))}})  # fmt: skip
    said = str(raised.value)
    # Both places: the one to change, and the one that was first.
    assert re.match(r"shop\.yaml:19: .*shop\.yaml:13\)?\. Rename ", said), said
    assert other in said


def test_a_name_made_of_method_and_path_gives_way_to_a_written_one(
    build: Build, recorder: Any
) -> None:
    built = build({"paths": {"/order": {"get": operation()}, "/v1/order": {"get": operation()},
                             "/x": {"get": operation(operationId="getOrder")}}})  # fmt: skip
    adapter = recorder(status=204, body="")
    client = built.client(adapter)
    for method, path in (("get_order", "/x"), ("get_order_2", "/order"),
                         ("get_order_3", "/v1/order")):  # fmt: skip
        getattr(client, method)()
        assert adapter.last.url == f"https://shop.example{path}"


def test_callbacks_are_described_and_their_payloads_are_models(build: Build) -> None:
    called = {"post": {"summary": "It is done", **operation(requestBody=body(
        {"type": "object", "properties": {"id": {"type": "string"}}}))}}  # fmt: skip
    built = build(one("/x", callbacks={"done": {"{$request.body#/url}": called}}))
    doc = inspect.getdoc(built.module("client").ShopClient.do_it)
    assert f"done: It is done. `POST` with `{built.name}.models.DoItDoneRequest`." in doc
    assert built.models.DoItDoneRequest.from_dict({"id": "i"}).id == "i"


DEFAULTS = [
    ({"words": {"type": "string", "default": "*"}, "first": {"type": "integer", "default": 0}},
     ["words"], {"first": 3}, {"words": "*", "first": 3}),
    ({"a": {"type": "string"}, "b": {"type": "array", "items": {"type": "string"},
                                     "default": ["x"]}}, [], {"a": "1"}, {"a": "1", "b": ["x"]}),
    ({"k": {"const": "fixed"}, "b": {"type": "string"}}, ["k"], {"b": "1"},
     {"k": "fixed", "b": "1"}),
    ({"a": {"type": ["string", "null"], "default": "y"}, "b": {"type": "integer"}}, [],
     {"a": None}, {"a": None}),
    ({"a": {"type": "string", "enum": ["p", "q"], "default": "q"}}, [], {"a": "q"}, {"a": "q"}),
]  # fmt: skip


@pytest.mark.parametrize("media", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(("properties", "required", "given", "sent"), DEFAULTS)
def test_an_optional_body_does_not_leave_because_a_field_has_a_default(
    build: Build, properties: Any, required: Any, given: Any, sent: Any, media: str
) -> None:
    schema = {"type": "object", "properties": properties, "required": required}
    built = build(one("/x", requestBody={"content": {media: {"schema": schema}}}))
    assert call_of(built).content is None
    assert call_of(built, **given).data == sent


@pytest.mark.parametrize("schema", [
    {"type": "string", "default": "x"}, {"type": "array", "items": {}, "default": [1]}])  # fmt: skip
def test_a_default_of_a_whole_body_leaves_only_where_a_body_has_to(
    build: Build, schema: Any
) -> None:
    needed = build(one("/x", requestBody=body(schema)))
    assert call_of(needed).json == schema["default"]
    optional = build(one("/x", requestBody={**body(schema), "required": False}))
    assert call_of(optional).content is None


def test_a_field_named_options_is_given_by_its_name(build: Build, recorder: Any) -> None:
    schema = {"type": "object", "properties": {
        "options": {"type": "object", "properties": {"a": {"type": "string"}}},
        "call_options": {"type": "string"}, "timeout": {"type": "integer"}}}  # fmt: skip
    built = build(one("/x", requestBody=body(schema)))
    adapter = recorder(status=204, body="")
    built.client(adapter).do_it(
        options={"a": "1"}, call_options="c", timeout_=3, timeout=9.0, extra_headers={"X-A": "b"}
    )
    assert adapter.last.json == {"options": {"a": "1"}, "call_options": "c", "timeout": 3}
    assert adapter.last.headers["X-A"] == "b"
    with pytest.raises(TypeError, match="other"):
        built.client().do_it(other=1)


@pytest.mark.parametrize("place", ["query", "path", "header", "cookie"])
def test_a_parameter_named_options_is_given_by_its_name(
    build: Build, recorder: Any, place: str
) -> None:
    built = build(one("/x/{options}" if place == "path" else "/x", verb="get",
                      parameters=[parameter("options", place)]))  # fmt: skip
    adapter = recorder(status=204, body="")
    built.client(adapter).do_it(options="o1", timeout=3)
    assert "o1" in f"{adapter.last.url} {adapter.last.headers}"
