"""Models of small documents, executed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

Build = Callable[..., Any]


def schemas(**given: Any) -> dict[str, Any]:
    return {"components": {"schemas": given}}


def test_a_property_reads_as_its_python_type(build: Build) -> None:
    models = build(
        schemas(
            Order={
                "type": "object",
                "required": ["total"],
                "properties": {
                    "total": {"type": "number"},
                    "count": {"type": "integer", "format": "int64"},
                    "share": {"type": "number", "format": "double"},
                    "paid": {"type": "boolean"},
                    "at": {"type": "string", "format": "date-time"},
                    "day": {"type": "string", "format": "date"},
                    "span": {"type": "string", "format": "duration"},
                    "key": {"type": "string", "format": "uuid"},
                    "price": {"type": "string", "format": "decimal"},
                    "blob": {"type": "string", "format": "byte"},
                    "site": {"type": "string", "format": "uri"},
                    "nothing": {"type": "null"},
                },
            }
        )
    ).models
    order = models.Order.from_dict(
        {
            "total": 12.5,
            "count": 3,
            "share": 1,
            "paid": True,
            "at": "2025-01-16T12:00:00Z",
            "day": "2025-01-16",
            "span": "PT1H",
            "key": "12345678-1234-5678-1234-567812345678",
            "price": "0.10",
            "blob": "aGk=",
            "site": "https://shop.example",
            "nothing": None,
        }
    )
    assert order.total == Decimal("12.5")
    assert order.count == 3
    assert order.share == 1.0
    assert order.paid is True
    assert order.at == datetime(2025, 1, 16, 12, tzinfo=timezone.utc)
    assert order.day == date(2025, 1, 16)
    assert order.span == timedelta(hours=1)
    assert order.key == UUID("12345678-1234-5678-1234-567812345678")
    assert order.price == Decimal("0.10")
    assert order.blob == b"hi"
    assert order.site == "https://shop.example"
    assert order.nothing is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, {"type": "string"}]},
    ],
)
def test_null_is_a_value_of_a_nullable_property(build: Build, schema: Any) -> None:
    built = build(schemas(Order={"type": "object", "properties": {"note": schema}}))
    assert "note: str | None = field(Nullable(String()), default=None)" in built.text(
        "models/order.py"
    )
    assert built.models.Order(note=None).to_dict() == {"note": None}
    assert built.models.Order().to_dict() == {}


def test_nullable_of_openapi_3_0_is_read_as_well(build: Build) -> None:
    built = build(
        {
            "openapi": "3.0.3",
            "paths": {},
            **schemas(
                Line={"type": "object", "properties": {"sku": {"type": "string"}}},
                Order={
                    "type": "object",
                    "properties": {
                        "note": {"type": "string", "nullable": True},
                        "line": {
                            "nullable": True,
                            "allOf": [{"$ref": "#/components/schemas/Line"}],
                        },
                        "least": {"type": "integer", "minimum": 3, "exclusiveMinimum": True},
                    },
                },
            ),
        }
    )
    text = built.text("models/order.py")
    assert "field(Nullable(String()), default=None)" in text
    assert "line: Line | None = field(Nullable(Line), default=None)" in text
    assert "Integer(exclusive_minimum=3)" in text


def test_names_that_python_or_the_model_needs_get_an_underscore(build: Build) -> None:
    wires = ["class", "items", "keys", "to_dict", "from", "response", "3ds", "Größe", "👍", "a-b"]
    built = build(
        schemas(
            Order={
                "type": "object",
                "properties": {wire: {"type": "string"} for wire in [*wires, "a_b"]},
            }
        )
    )
    order = built.models.Order.from_dict({wire: wire for wire in [*wires, "a_b"]})
    names = ["class_", "items_", "keys_", "to_dict_", "from_", "response_", "field_3ds", "größe",
             "thumbs_up_sign", "a_b_2", "a_b"]  # fmt: skip
    # Who has the very name keeps it, wherever it stands.
    assert [getattr(order, name) for name in names] == [*wires, "a_b"]
    assert built.models.Order(class_="x", a_b="y").to_dict() == {"class": "x", "a_b": "y"}


def test_properties_named_like_what_a_class_body_uses_do_no_harm(build: Build) -> None:
    properties: dict[str, Any] = {
        "field": {"type": "string"},
        "str": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "list": {"type": "array", "items": {"type": "string"}},
        "int": {"type": "integer"},
        "day": {"type": "string", "format": "date"},
        "literal": {"type": "string", "enum": ["x"]},
    }
    built = build(schemas(Order={"type": "object", "properties": properties}))
    order = built.models.Order.from_dict({"date": "2025-01-16", "list": ["a"], "str": "s"})
    assert (order.date, order.list, order.str) == (date(2025, 1, 16), ["a"], "s")
    assert (
        built.types(
            "from PKG.models import Order\nimport datetime\n"
            "def f(o: Order) -> tuple[str | None, datetime.date | None, list[str] | None]:\n"
            "    return o.str, o.date, o.list\n"
        )
        == ""
    )


def test_an_enum_keeps_values_the_document_does_not_know(build: Build) -> None:
    models = build(
        schemas(
            Status={"type": "string", "enum": ["open", "closed"]},
            Order={
                "type": "object",
                "properties": {
                    "status": {"$ref": "#/components/schemas/Status"},
                    "size": {"type": "integer", "enum": [1, 2]},
                },
            },
        )
    ).models
    order = models.Order.from_dict({"status": "lost", "size": 9})
    assert (order.status, order.size) == ("lost", 9)
    with pytest.raises(ValueError, match="must be one of open, closed"):
        models.Order(status="lost")


def test_enum_values_whose_names_would_meet_are_told_apart(build: Build) -> None:
    built = build(
        schemas(
            Sign={"type": "string", "enum": ["a-b", "a_b", "A B", "", "+", "-", 'q"uote', "class"]}
        )
    )
    sign = built.module("models.sign")
    assert sign.SIGN.values == ("a-b", "a_b", "A B", "", "+", "-", 'q"uote', "class")


def test_a_mixed_enum_is_emitted(build: Build) -> None:
    built = build(schemas(Odd={"enum": ["x", 1, 2.5, True, None, {"a": 1}]}))
    odd = built.module("models.odd").ODD
    problems: dict[str, str] = {}
    assert [odd.encode(value, "", problems) for value in ("x", 1, 2.5, True, {"a": 1})] == [
        "x", 1, 2.5, True, {"a": 1},
    ]  # fmt: skip
    assert not problems


def test_a_discriminator_picks_the_class_and_keeps_unknown_tags(build: Build) -> None:
    built = build(
        schemas(
            Card={"type": "object", "required": ["type", "number"], "properties": {
                "type": {"type": "string"}, "number": {"type": "string"}}},
            Bank={"type": "object", "required": ["type"], "properties": {
                "type": {"type": "string"}, "iban": {"type": "string"}}},
            Method={
                "oneOf": [{"$ref": "#/components/schemas/Card"}, {"$ref": "#/components/schemas/Bank"}],
                "discriminator": {"propertyName": "type", "mapping": {"card": "Card"}},
            },
            Order={"type": "object", "properties": {
                "method": {"$ref": "#/components/schemas/Method"}}},
        )
    )  # fmt: skip
    models = built.models
    read = models.Order.from_dict
    assert type(read({"method": {"type": "card"}}).method) is models.Card
    assert type(read({"method": {"type": "Bank"}}).method) is models.Bank
    unknown = read({"method": {"type": "seashells", "count": 3}}).method
    assert type(unknown) is models.Model
    assert unknown["count"] == 3
    with pytest.raises(ValueError, match=r"method\.number: is required"):
        models.Order(method={"type": "card"})


def test_members_told_apart_by_a_fixed_value_need_no_discriminator(build: Build) -> None:
    built = build(
        schemas(
            Card={"type": "object", "properties": {"kind": {"const": "card"}}},
            Bank={"type": "object", "properties": {"kind": {"enum": ["sepa", "ach"]}}},
            Method={"oneOf": [{"$ref": "#/components/schemas/Card"},
                              {"$ref": "#/components/schemas/Bank"}]},
            Order={"type": "object", "properties": {
                "method": {"$ref": "#/components/schemas/Method"}}},
        )
    )  # fmt: skip
    order = built.models.Order.from_dict({"method": {"kind": "ach"}})
    assert type(order.method) is built.models.Bank


def test_a_base_with_a_discriminator_is_read_as_its_kinds(build: Build) -> None:
    built = build(
        schemas(
            Pet={
                "type": "object",
                "required": ["kind"],
                "properties": {"kind": {"type": "string"}, "name": {"type": "string"}},
                "discriminator": {"propertyName": "kind", "mapping": {"dog": "Dog"}},
            },
            Dog={"allOf": [{"$ref": "#/components/schemas/Pet"},
                           {"type": "object", "properties": {"bark": {"type": "integer"}}}]},
            Cat={"allOf": [{"$ref": "#/components/schemas/Pet"},
                           {"type": "object", "properties": {"meow": {"type": "integer"}}}]},
            Owner={"type": "object", "properties": {"pets": {
                "type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}},
        )
    )  # fmt: skip
    models = built.models
    owner = models.Owner.from_dict({"pets": [{"kind": "dog", "bark": 3}, {"kind": "Cat"}]})
    assert [type(pet) for pet in owner.pets] == [models.Dog, models.Cat]
    assert issubclass(models.Dog, models.Pet)


def test_allof_extends_the_one_object_it_names(build: Build) -> None:
    built = build(
        schemas(
            Event={"type": "object", "required": ["type", "data"], "properties": {
                "type": {"type": "string"}, "data": {"type": "object"}, "note": {"type": "string"}}},
            Thing={"type": "object", "properties": {"id": {"type": "string"}}},
            Paid={"allOf": [{"$ref": "#/components/schemas/Event"}, {"type": "object",
                "required": ["note"],
                "properties": {"type": {"const": "paid"}, "data": {"$ref": "#/components/schemas/Thing"}}}]},
        )
    )  # fmt: skip
    models = built.models
    assert models.Paid.__bases__ == (models.Event,)
    paid = models.Paid.from_dict({"type": "paid", "data": {"id": "t_1"}, "note": "n"})
    assert paid.data.id == "t_1"
    with pytest.raises(ValueError, match="note: is required"):
        models.Paid(type="paid", data=models.Thing(id="t_1"))
    assert built.types(
        "from PKG.models import Paid\ndef f(p: Paid) -> str | None:\n    return p.data.id\n"
    ) == ""  # fmt: skip


def test_allof_of_several_objects_is_written_out(build: Build) -> None:
    models = build(
        schemas(
            A={"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
            B={"type": "object", "properties": {"b": {"type": "integer", "minimum": 1}}},
            C={
                "allOf": [
                    {"$ref": "#/components/schemas/A"},
                    {"allOf": [{"$ref": "#/components/schemas/B"},
                               {"properties": {"b": {"maximum": 5, "type": "integer"}}}]},
                ],
                "properties": {"c": {"type": "boolean"}},
            },
        )
    ).models  # fmt: skip
    assert models.C(a="x", b=5, c=True).to_dict() == {"c": True, "a": "x", "b": 5}
    for wrong in (0, 6):
        with pytest.raises(ValueError, match="must be at"):
            models.C(a="x", b=wrong)


def test_schemas_that_refer_to_each_other_in_a_circle_are_emitted(build: Build) -> None:
    built = build(
        schemas(
            Node={"type": "object", "properties": {
                "next": {"$ref": "#/components/schemas/Node"},
                "leaf": {"$ref": "#/components/schemas/Leaf"},
                "all": {"type": "array", "items": {"$ref": "#/components/schemas/Either"}}}},
            Leaf={"type": "object", "properties": {"node": {"$ref": "#/components/schemas/Node"}}},
            Either={"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "string"}]},
            Tree={"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Tree"}},
        )
    )  # fmt: skip
    node = built.models.Node.from_dict(
        {"next": {"next": {"leaf": {"node": {}}}}, "all": ["x", {"all": []}]}
    )
    assert type(node.next.next.leaf.node) is built.models.Node
    assert node.all[0] == "x"
    assert type(node.all[1]) is built.models.Node
    assert built.types("from PKG.models import Node, Leaf, Either, Tree\n") == ""


def test_a_chain_of_three_hundred_models_imports(build: Build) -> None:
    chain = {
        f"M{n}": {
            "type": "object",
            "properties": {"next": {"$ref": f"#/components/schemas/M{n + 1}"}},
        }
        for n in range(300)
    }
    chain["M300"] = {"type": "object", "properties": {"end": {"type": "boolean"}}}
    models = build(schemas(**chain)).models
    data: dict[str, Any] = {"end": True}
    for _ in range(150):
        data = {"next": data}
    model = models.M150.from_dict(data)
    for _ in range(150):
        model = model.next
    assert model.end is True


def test_what_several_parts_of_an_allof_describe_is_all_of_it(build: Build) -> None:
    def part(**own: Any) -> dict[str, Any]:
        inner = {"type": ["object", "null"], "properties": own}
        return {
            "type": "object",
            "properties": {"one": inner, "many": {"type": "array", "items": inner}},
        }

    number, word = {"type": "integer"}, {"type": "string"}
    parts = [part(a=number, b=word), part(b=word, c=number), part(d=number)]
    models = build(schemas(Order={"allOf": parts})).models
    given = {"a": 1, "b": "x", "c": 2, "d": 3}
    order = models.Order.from_dict({"one": given, "many": [given]})
    for read in (order.one, order.many[0]):
        assert [read.a, read.b, read.c, read.d] == [1, "x", 2, 3]
    assert models.Order.from_dict({"one": None}).one is None


def test_a_chain_of_allof_imports(build: Build) -> None:
    chain: dict[str, Any] = {
        f"M{n}": {"allOf": [{"$ref": f"#/components/schemas/M{n + 1}"},
                            {"type": "object", "properties": {f"p{n}": {"type": "string"}}}]}
        for n in range(100)
    }  # fmt: skip
    chain["M100"] = {"type": "object", "properties": {"end": {"type": "string"}}}
    models = build(schemas(**chain)).models
    model = models.M0.from_dict({"p0": "first", "p99": "last", "end": "end"})
    assert (model.p0, model.p99, model.end) == ("first", "last", "end")


def test_additional_properties_are_held_to_their_schema(build: Build) -> None:
    models = build(
        schemas(
            Closed={"type": "object", "additionalProperties": False,
                    "properties": {"a": {"type": "string"}}},
            Typed={"type": "object", "additionalProperties": {"type": "integer"},
                   "properties": {"a": {"type": "string"}}},
            Coded={"type": "object", "patternProperties": {"^x_": {"type": "integer"}},
                   "additionalProperties": False},
            Order={"type": "object", "properties": {
                "closed": {"$ref": "#/components/schemas/Closed"},
                "typed": {"$ref": "#/components/schemas/Typed"},
                "coded": {"$ref": "#/components/schemas/Coded"}}},
        )
    ).models  # fmt: skip
    with pytest.raises(ValueError, match=r"closed\.b: is not a property of Closed"):
        models.Order(closed={"b": 1})
    with pytest.raises(ValueError, match=r"typed\.b: must be a whole number"):
        models.Order(typed={"b": "x"})
    with pytest.raises(ValueError, match=r"coded\.y: must match"):
        models.Order(coded={"y": 1})
    assert models.Order(typed={"a": "x", "b": 1}, coded={"x_1": 2}).to_dict() == {
        "typed": {"a": "x", "b": 1},
        "coded": {"x_1": 2},
    }


def test_read_only_is_never_sent_and_write_only_is_required_when_sent(build: Build) -> None:
    models = build(
        schemas(
            User={"type": "object", "required": ["id", "password"], "properties": {
                "id": {"type": "string", "readOnly": True},
                "password": {"type": "string", "writeOnly": True}}},
        )
    ).models  # fmt: skip
    assert models.User(password="p").to_dict() == {"password": "p"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'id'"):
        models.User(id="u_1", password="p")
    assert models.User.from_dict({"id": "u_1"}).id == "u_1"
    with pytest.raises(ValueError, match="password: is required"):
        models.User()


def test_a_default_is_sent_and_an_absent_field_reads_as_none(build: Build) -> None:
    models = build(
        schemas(
            Order={"type": "object", "properties": {
                "capture": {"type": "boolean", "default": False},
                "tags": {"type": "array", "items": {"type": "string"}, "default": ["new"]}}},
        )
    ).models  # fmt: skip
    assert models.Order().to_dict() == {"capture": False, "tags": ["new"]}
    assert models.Order.from_dict({}).capture is None


def test_rules_over_the_object_as_a_whole_are_checked(build: Build) -> None:
    models = build(
        schemas(
            Order={
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("a", "b", "c")},
                "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
                "dependentRequired": {"c": ["b"]},
                "maxProperties": 2,
            },
        )
    ).models
    assert models.Order(a="x").to_dict() == {"a": "x"}
    for wrong in ({}, {"c": "x"}, {"a": "1", "c": "x"}, {"a": "1", "b": "2", "c": "3"}):
        with pytest.raises(ValueError, match="nothing was sent"):
            models.Order(**wrong)


def test_references_lead_anywhere_a_schema_may_stand(build: Build) -> None:
    built = build(
        {
            "paths": {
                "/orders": {
                    "get": {
                        "operationId": "list_orders",
                        "responses": {
                            "200": {
                                "description": "All.",
                                "content": {
                                    "application/json": {
                                        "schema": {"type": "object", "properties": {
                                            "first": {"type": "object", "properties": {
                                                "id": {"type": "string"}}}}}
                                    }
                                },
                            }
                        },
                    }
                }
            },
            **schemas(
                Order={"type": "object", "properties": {
                    "line": {"$ref": "#/components/schemas/Line/properties/sub"},
                    "first": {"$ref": "#/paths/~1orders/get/responses/200/content/application~1json/schema/properties/first"},
                    "away": {"$ref": "other.yaml#/defs/Away"}}},
                Line={"type": "object", "properties": {"sub": {
                    "type": "object", "properties": {"n": {"type": "integer"}}}}},
            ),
        },
        other="defs:\n  Away:\n    type: object\n    properties:\n      far: {type: string}\n",
    )  # fmt: skip
    order = built.models.Order.from_dict(
        {"line": {"n": 1}, "first": {"id": "o_1"}, "away": {"far": "x"}}
    )
    assert (order.line.n, order.first.id, order.away.far) == (1, "o_1", "x")


def test_text_of_the_document_stays_text(build: Build) -> None:
    hostile = 'q"""\\\n{{ 1/0 }}{% raw %}\'\'\' \u202e # """ + __import__("os").abort() + """'
    built = build(
        {
            "info": {"title": hostile, "version": "1"},
            **schemas(
                Order={
                    "type": "object",
                    "description": hostile,
                    "properties": {
                        hostile: {"type": "string", "description": hostile, "enum": [hostile, "b"]},
                        "plain": {"type": "string", "default": hostile, "pattern": "[\"']{3}"},
                    },
                }
            ),
        }
    )
    order = built.models.Order.from_dict({hostile: hostile})
    assert order[hostile] == hostile
    assert hostile in [spec.name for spec in built.models.Order.__fields__.values()]


def test_constraints_beside_a_reference_sharpen_it(build: Build) -> None:
    models = build(
        schemas(
            Code={"type": "string", "minLength": 2},
            Order={"type": "object", "properties": {
                "code": {"$ref": "#/components/schemas/Code", "maxLength": 3}}},
        )
    ).models  # fmt: skip
    assert models.Order(code="abc").to_dict() == {"code": "abc"}
    for wrong in ("a", "abcd"):
        with pytest.raises(ValueError, match="characters"):
            models.Order(code=wrong)


def test_an_object_with_alternatives_is_one_class_an_alternative(build: Build) -> None:
    built = build(
        schemas(
            Method={
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "string"}},
                "oneOf": [
                    {"title": "Card", "required": ["pan"], "properties": {"pan": {"type": "string"}}},
                    {"title": "Bank", "required": ["iban"], "properties": {"iban": {"type": "string"}}},
                ],
            },
            Order={"type": "object", "properties": {
                "method": {"$ref": "#/components/schemas/Method"}}},
        )
    )  # fmt: skip
    order = built.models.Order.from_dict({"method": {"id": "m_1", "iban": "X"}})
    assert (order.method.id, order.method.iban) == ("m_1", "X")
    with pytest.raises(ValueError, match="is required"):
        built.models.Order(method={"iban": "X"})


def test_json_of_any_depth_is_a_type(build: Build) -> None:
    one = {"$ref": "#/components/schemas/Json"}
    built = build(
        schemas(
            Json={"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"},
                            {"type": "array", "items": one},
                            {"type": "object", "additionalProperties": one}]},
            Order={"type": "object", "properties": {"extra": one}},
        )
    )  # fmt: skip
    value = {"a": [1, {"b": None}, "x"]}
    assert built.models.Order(extra=value).to_dict() == {"extra": value}
    assert built.types("from PKG.models import Json, Order\n") == ""


def test_a_tuple_is_a_list_of_any_of_its_items(build: Build) -> None:
    built = build(
        schemas(Order={"type": "object", "properties": {"pair": {
            "type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}],
            "items": False}}})
    )  # fmt: skip
    assert "pair: list[str | int] | None" in built.text("models/order.py")
    assert built.models.Order(pair=["a", 1]).to_dict() == {"pair": ["a", 1]}


def test_what_only_the_server_checks_is_said(build: Build) -> None:
    built = build(
        schemas(Order={"type": "object", "properties": {
            "code": {"type": "string", "not": {"const": "x"}, "description": "The code."},
            "name": {"type": "string", "pattern": r"^\p{L}+$"}}})
    )  # fmt: skip
    text = built.text("models/order.py")
    assert '"""The code. Checked by the server alone: `not`."""' in text
    assert '"""Checked by the server alone: `pattern`."""' in text
    assert built.models.Order(code="x", name="ß").to_dict() == {"code": "x", "name": "ß"}


SECRET = {"$ref": "#/components/schemas/Secret"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (SECRET, "4242"),
        ({"$ref": "#/components/schemas/Alias"}, "4242"),
        ({"$ref": "#/components/schemas/Marked"}, "4242"),
        ({"$ref": "#/components/schemas/AliasOfMarked"}, "4242"),
        ({"allOf": [SECRET], "description": "d"}, "4242"),
        ({"oneOf": [SECRET, {"type": "null"}]}, "4242"),
        ({"anyOf": [SECRET, {"type": "integer"}]}, "4242"),
        ({"type": "array", "items": SECRET}, ["4242"]),
        ({"type": "array", "items": {"type": "array", "items": SECRET}}, [["4242"]]),
        ({"type": "array", "items": {"type": "string", "x-molam-sensitive": True}}, ["4242"]),
        ({"type": "object", "additionalProperties": SECRET}, {"a": "4242"}),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Object"}}, [{"a": "4242"}]),
    ],
)
def test_what_is_sensitive_is_masked_by_whatever_name_it_comes(
    build: Build, schema: dict[str, Any], value: Any
) -> None:
    built = build({
        "paths": {"/x": {"post": {
            "operationId": "send",
            "requestBody": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Holder"}}}},
            "responses": {"204": {"description": "d"}}}}},
        "components": {"schemas": {
            "Secret": {"type": "string", "x-molam-sensitive": True},
            "Alias": SECRET,
            "Plain": {"type": "string"},
            "Marked": {"$ref": "#/components/schemas/Plain", "x-molam-sensitive": True},
            "AliasOfMarked": {"$ref": "#/components/schemas/Marked"},
            "Object": {"type": "object", "x-molam-sensitive": True,
                       "properties": {"a": {"type": "string"}}},
            "Holder": {"type": "object", "properties": {"it": schema,
                                                        "shown": {"type": "string"}}}}},
    })  # fmt: skip
    holder = built.models.Holder.from_dict({"it": value, "shown": "9999"})
    assert "9999" in repr(holder)
    assert "4242" not in repr(holder)

    class Refusing:
        def send(self, **_: Any) -> tuple[int, str, dict[str, str]]:
            return 400, '{"error": {"message": "no 4242 and no 9999"}}', {}

    errors = built.module("exceptions")
    with pytest.raises(errors.ApiError, match="no 9999") as raised:
        built.client(Refusing()).send(it=value, shown="9999")
    assert "4242" not in str(raised.value)
