"""Requests are held to the document, and errors are worded by it."""

from __future__ import annotations

from typing import Any

import pytest

from molam_overlays.sandbox.contract import Contract

from .conftest import INTENTS, PAYOUTS, World


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"currency": "USD"}, "amount", "missing_field"),
        ({"amount": 0, "currency": "USD"}, "amount", "invalid_value"),
        ({"amount": "5", "currency": "USD"}, "amount", "invalid_value"),
        ({"amount": True, "currency": "USD"}, "amount", "invalid_value"),
        ({"amount": 5.5, "currency": "USD"}, "amount", "invalid_value"),
        ({"amount": 2**53, "currency": "USD"}, "amount", "invalid_value"),
        ({"amount": 5, "currency": "usd"}, "currency", "invalid_value"),
        ({"amount": 5, "currency": "USD", "capture": None}, "capture", "invalid_value"),
        (
            {"amount": 5, "currency": "USD", "return_url": "not a url"},
            "return_url",
            "invalid_value",
        ),
        ({"amount": 5, "currency": "USD", "locale": "en\n"}, "locale", "invalid_value"),
        (
            {"amount": 5, "currency": "USD", "metadata": {"a": {"b": 1}}},
            "metadata.a",
            "invalid_value",
        ),
        (
            {"amount": 5, "currency": "USD", "metadata": {str(i): i for i in range(51)}},
            "metadata",
            "invalid_value",
        ),
        ([], None, "invalid_value"),
        (None, None, "missing_body"),
    ],
)
def test_a_body_is_held_to_its_schema(
    world: World, body: Any, param: str | None, code: str
) -> None:
    answer = world.post(INTENTS, body)
    assert answer.status == (400 if code == "missing_body" else 422)
    assert (answer.error["param"], answer.error["code"]) == (param, code)
    assert answer.error["type"] == "invalid_request_error"
    assert world.get(INTENTS).body["data"] == []


def test_an_integer_may_be_written_with_a_point(world: World) -> None:
    answer = world.post(INTENTS, content=b'{"amount": 25.0, "currency": "USD"}')
    assert (answer.status, answer.body["amount"]) == (201, 25)


@pytest.mark.parametrize(
    ("beneficiary", "param"),
    [
        ({"type": "bank_account"}, "beneficiary.account_number"),
        ({"type": "iban", "iban": "X"}, "beneficiary.iban"),
        ({"type": "cheque"}, "beneficiary.type"),
        ({}, "beneficiary.type"),
        ({"type": {}}, "beneficiary.type"),
        ("wal_1", "beneficiary"),
    ],
)
def test_a_beneficiary_is_judged_as_the_kind_it_says_it_is(
    world: World, beneficiary: Any, param: str
) -> None:
    answer = world.payout(beneficiary=beneficiary)
    assert (answer.status, answer.error["param"]) == (422, param)


def test_an_error_never_repeats_a_sensitive_value(world: World) -> None:
    answer = world.payout(beneficiary={"type": "iban", "iban": "1234567890" * 6})
    assert answer.status == 422
    assert "1234567890" not in str(answer.body)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[1,",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_malformed(world: World, content: bytes) -> None:
    answer = world.post(INTENTS, content=content)
    assert (answer.status, answer.error["code"]) == (400, "malformed_body")


def test_a_body_of_another_kind_is_refused_with_advice(world: World) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = world.post(INTENTS, content=b"amount=5", headers=form)
    assert answer.status == 400
    assert "Content-Type: application/json" in answer.error["message"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("offset=-1", "offset"),
        ("status=unheard_of", "status"),
        ("customer_id=", "customer_id"),
    ],
)
def test_query_parameters_are_held_to_the_document(world: World, query: str, param: str) -> None:
    answer = world.get(f"{INTENTS}?{query}")
    assert (answer.status, answer.error["param"]) == (422, param)


@pytest.mark.parametrize("key", ["k" * 129, "caf\u00e9", ""])
def test_an_idempotency_key_is_held_to_the_document(world: World, key: str) -> None:
    answer = world.post(INTENTS, {"amount": 5, "currency": "USD"}, key=key)
    assert (answer.status, answer.error["param"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Authorization": ""}, "missing_api_key"),
        ({"Authorization": "Basic c2s6"}, "invalid_api_key"),
        ({"Authorization": "Bearer pk_test_1"}, "invalid_api_key"),
        ({"Authorization": "Bearer sk_test_"}, "invalid_api_key"),
        ({"Authorization": "Bearer sk_test_a b"}, "invalid_api_key"),
        ({"Authorization": "Bearer sk_live_1"}, "live_key_refused"),
    ],
)
def test_a_key_is_checked(world: World, headers: dict[str, str], code: str) -> None:
    answer = world.get(INTENTS, headers=headers)
    assert (answer.status, answer.error["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_live_key_is_refused_loudly(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.get(INTENTS, api_key="sk_live_secret")
    assert "LIVE API KEY" in caplog.text
    assert "sk_live_secret" not in caplog.text


@pytest.mark.parametrize("key", ["sk_test_1", "jwt_eyJh.e30.c2ln"])
def test_test_keys_and_tokens_are_accepted(world: World, key: str) -> None:
    assert world.get(INTENTS, api_key=key).status == 200


def test_each_key_is_its_own_account(world: World) -> None:
    intent = world.intent()
    answer = world.get(f"{INTENTS}/{intent['id']}", api_key="sk_test_other")
    assert (answer.status, answer.error["param"]) == (404, "payment_intent_id")
    assert "another API key" in answer.error["message"]
    assert world.get(INTENTS, api_key="sk_test_other").body["data"] == []


def test_every_answer_carries_a_request_id(world: World) -> None:
    answers = [
        world.get(INTENTS),
        world.get("/nowhere"),
        world.get(INTENTS, headers={"Authorization": ""}),
    ]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(ids)) == 3


def test_an_unknown_path_and_an_unknown_method_are_told_apart(world: World) -> None:
    assert world.get("/v1/nowhere").status == 404
    wrong = world.ask("DELETE", INTENTS)
    assert wrong.status == 405
    assert sorted(wrong.headers["Allow"].split(", ")) == ["GET", "POST"]


def test_an_unknown_id_names_its_parameter(world: World) -> None:
    answer = world.get("/v1/connect/refunds/ref_nowhere")
    assert (answer.status, answer.error["code"]) == (404, "resource_missing")
    assert (answer.error["type"], answer.error["param"]) == ("not_found_error", "refund_id")


def test_an_id_of_another_kind_is_unknown(world: World) -> None:
    intent = world.intent()
    assert world.get(f"{PAYOUTS}/{intent['id']}").status == 404


def test_lists_filter_and_page_newest_first(world: World) -> None:
    made = [world.intent(100 + n, customer_id=f"cus_{n % 2}")["id"] for n in range(7)]
    newest = made[::-1]
    first = world.get(f"{INTENTS}?limit=3").body
    assert [each["id"] for each in first["data"]] == newest[:3]
    assert first["has_more"] is True
    last = world.get(f"{INTENTS}?limit=3&offset=6").body
    assert ([each["id"] for each in last["data"]], last["has_more"]) == (newest[6:], False)
    exact = world.get(f"{INTENTS}?limit=7").body
    assert (len(exact["data"]), exact["has_more"]) == (7, False)
    mine = world.get(f"{INTENTS}?customer_id=cus_1").body["data"]
    assert [each["amount"] for each in mine] == [105, 103, 101]
    world.confirm({"id": made[1]})
    both = world.get(f"{INTENTS}?customer_id=cus_1&status=requires_capture").body["data"]
    assert [each["id"] for each in both] == [made[1]]
    assert world.get(f"{INTENTS}?offset=99").body == {"data": [], "has_more": False}


def test_a_list_has_ten_unless_told_otherwise(world: World) -> None:
    for _ in range(11):
        world.intent()
    assert len(world.get(INTENTS).body["data"]) == 10


def test_every_answer_is_what_the_document_says(world: World, contract: Contract) -> None:
    """Walk through an order and check each answer against its own schema."""
    intent = world.intent(metadata={"n": 1.5}, description="x", customer_id="c", locale="fr-SN")
    checked = 0
    for operation, answer in [
        ("createPaymentIntent", intent),
        ("confirmPaymentIntent", world.confirm(intent, None).body),
        ("retrievePaymentIntent", world.get(f"{INTENTS}/{intent['id']}").body),
        ("listPaymentIntents", world.get(INTENTS).body),
        ("createPayout", world.payout().body),
        ("listPayouts", world.get(PAYOUTS).body),
        (
            "createRefund",
            world.post(f"/v1/connect/charges/{world.paid()['charge_id']}/refund").body,
        ),
    ]:
        found = next(each for each in contract.document.operations if each.id == operation)
        assert contract.problems(f"{found.result}/schema", answer) == []
        checked += 1
    assert checked == 7


# A document that grew


@pytest.fixture
def grown(document: dict[str, Any]) -> dict[str, Any]:
    import copy

    root = copy.deepcopy(document)
    root["paths"]["/v1/connect/disputes/{dispute_id}"] = {
        "get": {
            "operationId": "retrieveDispute",
            "parameters": [
                {"name": "dispute_id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "responses": {
                "200": {
                    "description": "The dispute.",
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Dispute"}}
                    },
                }
            },
        },
        "delete": {
            "operationId": "deleteDispute",
            "parameters": [
                {"name": "dispute_id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "responses": {"204": {"description": "Gone."}},
        },
    }
    root["components"]["schemas"]["Dispute"] = {
        "type": "object",
        "required": ["id", "code", "amount", "at", "kind", "items", "who", "odd"],
        "properties": {
            "id": {"type": "string", "pattern": "^dp_[a-z]{3}-[0-9]{2}(x|y)$"},
            "code": {"type": "string", "minLength": 9, "maxLength": 9},
            "amount": {"type": "integer", "exclusiveMinimum": 4, "multipleOf": 5},
            "at": {"type": "string", "format": "date-time"},
            "kind": {"enum": ["a", "b"]},
            "items": {
                "type": "array",
                "minItems": 2,
                "items": {"$ref": "#/components/schemas/Currency"},
            },
            "who": {"oneOf": [{"type": "null"}, {"type": "string"}]},
            "odd": {"type": "number", "minimum": 0.2, "maximum": 0.3},
            "child": {"$ref": "#/components/schemas/Dispute"},
        },
    }
    schemas = root["components"]["schemas"]
    for name in ("PaymentIntent", "CreatePaymentIntentRequest"):
        schemas[name]["properties"]["statement"] = {"type": "string", "maxLength": 22}
    schemas["PaymentIntent"]["properties"]["risk"] = {"type": "integer", "minimum": 7}
    schemas["PaymentIntent"]["required"] = [*schemas["PaymentIntent"]["required"], "risk"]
    return root


def test_an_operation_without_behaviour_answers_with_a_valid_example(grown: dict[str, Any]) -> None:
    contract = Contract(grown)
    world = World(contract)
    answer = world.get("/v1/connect/disputes/dp_1")
    assert answer.status == 200
    assert contract.problems("/components/schemas/Dispute", answer.body) == []
    gone = world.ask("DELETE", "/v1/connect/disputes/dp_1")
    assert (gone.status, gone.reply.content) == (204, b"")
    assert world.get("/v1/connect/disputes/dp_1", headers={"Authorization": ""}).status == 401
    world.state.close()


def test_a_new_field_is_kept_and_shown_without_code(grown: dict[str, Any]) -> None:
    world = World(Contract(grown))
    intent = world.intent(statement="SHOP 1042")
    assert (intent["statement"], intent["risk"]) == ("SHOP 1042", 7)
    assert world.get(f"{INTENTS}/{intent['id']}").body["statement"] == "SHOP 1042"
    assert "statement" not in world.intent()
    answer = world.post(INTENTS, {"amount": 1, "currency": "USD", "statement": "x" * 23})
    assert (answer.status, answer.error["param"]) == (422, "statement")
    world.state.close()


@pytest.mark.parametrize(
    ("fields", "param", "wanted"),
    [
        ({"currency": "XXZ"}, "currency", "a currency of ISO 4217"),
        ({"currency": "XTS"}, "currency", "a currency of ISO 4217"),
        (
            {"beneficiary": {"type": "mobile_money", "phone": "77"}},
            "beneficiary.phone",
            "7 to 15 digits",
        ),
        (
            {"beneficiary": {"type": "mobile_money", "phone": "call me 770000000"}},
            "beneficiary.phone",
            "7 to 15 digits",
        ),
        ({"beneficiary": {"type": "iban", "iban": "76 30006"}}, "beneficiary.iban", "an IBAN"),
    ],
)
def test_what_only_looks_right_is_refused_by_name(
    world: World, fields: dict[str, Any], param: str, wanted: str
) -> None:
    answer = world.payout(**fields)
    assert (answer.status, answer.error["code"]) == (422, "invalid_value")
    assert answer.error["param"] == param
    assert wanted in answer.error["message"]


@pytest.mark.parametrize(
    "beneficiary",
    [
        {"type": "mobile_money", "phone": "+221 77 000 00 00"},
        {"type": "mobile_money", "phone": "(0033) 6.12-34-56-78"},
        {"type": "iban", "iban": "FR76 3000 6000 0112 3456 7890 189"},
        {"type": "iban", "iban": "XX00 0000 0000"},
    ],
)
def test_what_people_write_is_accepted(world: World, beneficiary: dict[str, Any]) -> None:
    assert world.payout(beneficiary=beneficiary).status == 201


def test_unknown_fields_are_accepted_and_told(world: World) -> None:
    answer = world.payout(
        currancy="EUR",
        metadata={"free": "to say"},
        beneficiary={"type": "wallet", "wallet_id": "wal_1", "wallet": "x", "iban": "FR76"},
    )
    assert answer.status == 201
    assert "currancy" not in answer.body
    assert world.core.requests(1)[0]["unknown"] == [
        {"field": "beneficiary.wallet", "meant": "wallet_id"},
        {"field": "beneficiary.iban", "meant": None},
        {"field": "currancy", "meant": "currency"},
    ]
    world.post(INTENTS, {"amount": 1, "currency": "USD", "descripton": "Order", "Locale": "fr"})
    assert world.core.requests(1)[0]["unknown"] == [
        {"field": "descripton", "meant": "description"},
        {"field": "Locale", "meant": "locale"},
    ]
