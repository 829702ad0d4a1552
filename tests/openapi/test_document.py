"""The API document: complete against the product's facts, and true in each of its examples.

The tables below are promises: what they name must stay as it is. The document may hold more; the
house rules, which the generator holds it to (tests/generator/read/test_house.py), apply to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from ruamel.yaml import YAML
from ruamel.yaml.tokens import AliasToken, AnchorToken

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT_PATH = ROOT / "openapi" / "molam.yaml"
TEXT = DOCUMENT_PATH.read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = YAML(typ="safe").load(TEXT)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]

URI = "urn:molam"
REGISTRY: Registry[Any] = Registry().with_resource(URI, DRAFT202012.create_resource(DOCUMENT))
FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

# operationId: method, path, success status, positional arguments of the Python method.
OPERATIONS: dict[str, tuple[str, str, str, str]] = {
    "createPaymentIntent": (
        "post",
        "/v1/connect/payment_intents",
        "201 PaymentIntent",
        "amount currency customer_id merchant_id description metadata capture return_url "
        "cancel_url idempotency_key",
    ),
    "listPaymentIntents": (
        "get",
        "/v1/connect/payment_intents",
        "200 PaymentIntentList",
        "limit offset customer_id status",
    ),
    "retrievePaymentIntent": (
        "get",
        "/v1/connect/payment_intents/{payment_intent_id}",
        "200 PaymentIntent",
        "payment_intent_id",
    ),
    "confirmPaymentIntent": (
        "post",
        "/v1/connect/payment_intents/{payment_intent_id}/confirm",
        "200 PaymentIntent",
        "payment_intent_id payment_method idempotency_key",
    ),
    "capturePaymentIntent": (
        "post",
        "/v1/connect/payment_intents/{payment_intent_id}/capture",
        "200 PaymentIntent",
        "payment_intent_id amount_to_capture idempotency_key",
    ),
    "cancelPaymentIntent": (
        "post",
        "/v1/connect/payment_intents/{payment_intent_id}/cancel",
        "200 PaymentIntent",
        "payment_intent_id idempotency_key",
    ),
    "createRefund": (
        "post",
        "/v1/connect/charges/{charge_id}/refund",
        "201 Refund",
        "charge_id amount reason metadata idempotency_key",
    ),
    "listRefunds": (
        "get",
        "/v1/connect/refunds",
        "200 RefundList",
        "limit offset charge_id status",
    ),
    "retrieveRefund": ("get", "/v1/connect/refunds/{refund_id}", "200 Refund", "refund_id"),
    "createPayout": (
        "post",
        "/v1/treasury/payouts",
        "201 Payout",
        "origin_module origin_entity_id amount currency beneficiary metadata idempotency_key",
    ),
    "listPayouts": (
        "get",
        "/v1/treasury/payouts",
        "200 PayoutList",
        "limit offset status origin_entity_id",
    ),
    "retrievePayout": ("get", "/v1/treasury/payouts/{payout_id}", "200 Payout", "payout_id"),
    "cancelPayout": (
        "post",
        "/v1/treasury/payouts/{payout_id}/cancel",
        "200 Payout",
        "payout_id idempotency_key",
    ),
}

EVENTS = {
    "payment_intent.created": "PaymentIntent",
    "payment_intent.requires_action": "PaymentIntent",
    "payment_intent.requires_capture": "PaymentIntent",
    "payment_intent.succeeded": "PaymentIntent",
    "payment_intent.failed": "PaymentIntent",
    "payment_intent.canceled": "PaymentIntent",
    "refund.created": "Refund",
    "refund.succeeded": "Refund",
    "refund.failed": "Refund",
    "payout.created": "Payout",
    "payout.sent": "Payout",
    "payout.paid": "Payout",
    "payout.failed": "Payout",
    "payout.canceled": "Payout",
    "payout.reversed": "Payout",
}

FIELDS = {
    "PaymentIntent": "id status amount amount_captured currency capture charge_id customer_id "
    "merchant_id description metadata locale return_url cancel_url redirect_url payment_method "
    "last_error livemode created_at updated_at",
    "Refund": "id charge_id payment_intent_id amount currency status reason metadata created_at",
    "Payout": "id reference_code origin_module origin_entity_id amount currency beneficiary "
    "status fee metadata scheduled_for created_at updated_at",
    "BankAccountBeneficiary": "type bank_code account_number account_holder",
    "IbanBeneficiary": "type iban account_holder",
    "MobileMoneyBeneficiary": "type phone provider",
    "WalletBeneficiary": "type wallet_id",
    "CreatePaymentIntentRequest": "amount currency customer_id merchant_id description metadata "
    "capture return_url cancel_url locale",
    "ConfirmPaymentIntentRequest": "payment_method",
    "CapturePaymentIntentRequest": "amount_to_capture",
    "CreateRefundRequest": "amount reason metadata",
    "CreatePayoutRequest": "origin_module origin_entity_id amount currency beneficiary metadata "
    "scheduled_for",
    "PaymentIntentError": "code message",
    "ErrorDetail": "type code message param",
    "Event": "id type created livemode data",
    "PaymentIntentList": "data has_more",
    "RefundList": "data has_more",
    "PayoutList": "data has_more",
}

REQUIRED = {
    "PaymentIntent": "id status amount currency capture livemode created_at",
    "Refund": "id charge_id amount currency status created_at",
    "Payout": "id origin_module origin_entity_id amount currency status created_at",
    "CreatePaymentIntentRequest": "amount currency",
    "ConfirmPaymentIntentRequest": "",
    "CapturePaymentIntentRequest": "",
    "CreateRefundRequest": "",
    "CreatePayoutRequest": "origin_module origin_entity_id amount currency beneficiary",
    "BankAccountBeneficiary": "type account_number",
    "Event": "id type created livemode data",
}

ENUMS = {
    "PaymentIntentStatus": "requires_payment_method requires_confirmation requires_action "
    "processing requires_capture succeeded canceled failed",
    "RefundStatus": "pending succeeded failed",
    "PayoutStatus": "pending scheduled processing sent paid failed reversed canceled",
}

OPEN_SETS = {
    "RefundReason": "requested_by_customer discount_applied duplicate fraudulent",
    "PayoutOriginModule": "connect ma shop agents ops",
}


def pointer(*parts: str) -> str:
    """Join parts to a JSON pointer (RFC 6901) as a URI fragment."""
    return "".join(
        "/" + quote(part.replace("~", "~0").replace("/", "~1"), safe="~") for part in parts
    )


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a local `$ref`, as often as it takes."""
    while "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def validator(location: str) -> jsonschema.Draft202012Validator:
    """Validate against the schema at a JSON pointer of the document, formats included."""
    return jsonschema.Draft202012Validator(
        {"$ref": f"{URI}#{location}"}, registry=REGISTRY, format_checker=FORMATS
    )


def problems(schema: str, value: Any) -> list[str]:
    """Say what is wrong with a value of a component schema."""
    return [
        error.message for error in validator(f"/components/schemas/{schema}").iter_errors(value)
    ]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def walk(node: Any, *parts: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every mapping of the document with its place in it; examples are data, not document."""
    if isinstance(node, dict):
        yield parts, node
        for key, child in node.items():
            if key not in ("example", "examples"):
                yield from walk(child, *parts, key)
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from walk(child, *parts, str(index))


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    for parts, node in walk(SCHEMAS):
        if len(parts) >= 2 and parts[-2] == "properties":
            yield ".".join(parts), node


def media_types() -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for parts, node in walk(DOCUMENT):
        if len(parts) >= 2 and parts[-2] == "content":
            yield parts, node


MEDIA_TYPES = list(media_types())
BODY_EXAMPLES = [
    pytest.param(parts, example["value"], id="/".join((*parts, name)))
    for parts, media in MEDIA_TYPES
    for name, example in media.get("examples", {}).items()
]
PLAIN_EXAMPLES = [
    pytest.param(parts, node["example"], id="/".join(parts))
    for parts, node in walk(DOCUMENT)
    if "example" in node and "schema" in node
]
SCHEMA_EXAMPLES = [
    pytest.param(parts, example, id=f"{'/'.join(parts)}/{index}")
    for parts, node in walk(SCHEMAS, "components", "schemas")
    if isinstance(node.get("examples"), list)
    for index, example in enumerate(node["examples"])
]


def test_the_specification_s_own_validator_accepts_the_document() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_the_document_keeps_its_order_and_style() -> None:
    assert list(DOCUMENT) == [
        "openapi",
        "info",
        "servers",
        "security",
        "tags",
        "paths",
        "webhooks",
        "components",
    ]
    assert [n for n, line in enumerate(TEXT.splitlines(), 1) if len(line) > 100] == []
    assert "\t" not in TEXT
    tokens = YAML(typ="safe", pure=True).scan(TEXT)
    assert not [token for token in tokens if isinstance(token, (AnchorToken, AliasToken))]


def test_the_servers_are_live_and_staging() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == [
        "https://api.molam.com",
        "https://staging-api.molam.com",
    ]


def test_every_call_authenticates_with_a_bearer_key() -> None:
    assert DOCUMENT["security"] == [{"bearerAuth": []}]
    scheme = DOCUMENT["components"]["securitySchemes"]["bearerAuth"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert [o["operationId"] for _, _, o in operations() if "security" in o] == []


def test_the_thirteen_operations_of_the_product_are_where_they_were() -> None:
    found = {o["operationId"]: (method, path) for path, method, o in operations()}
    assert {name: found.get(name) for name in OPERATIONS} == {
        name: row[:2] for name, row in OPERATIONS.items()
    }


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_promised_operation_keeps_its_result_and_the_order_of_its_arguments(name: str) -> None:
    (operation,) = [o for _, _, o in operations() if o["operationId"] == name]
    _, _, success, arguments = OPERATIONS[name]
    status, schema = success.split()
    media = operation["responses"][status]["content"]["application/json"]
    assert media["schema"] == {"$ref": f"#/components/schemas/{schema}"}
    assert operation["x-molam-arguments"] == arguments.split()


@pytest.mark.parametrize(("event_type", "resource"), EVENTS.items())
def test_a_promised_event_carries_the_resource_itself(event_type: str, resource: str) -> None:
    post = DOCUMENT["webhooks"][event_type]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    data = resolve(schema)["allOf"][1]["properties"]["data"]
    assert data["$ref"] == f"#/components/schemas/{resource}"


@pytest.mark.parametrize(("schema", "fields"), FIELDS.items())
def test_a_schema_has_the_fields_of_the_product(schema: str, fields: str) -> None:
    assert set(fields.split()) <= set(SCHEMAS[schema]["properties"])


@pytest.mark.parametrize(("schema", "fields"), REQUIRED.items())
def test_a_schema_requires_what_the_product_requires(schema: str, fields: str) -> None:
    assert SCHEMAS[schema].get("required", []) == fields.split()


@pytest.mark.parametrize(("schema", "values"), ENUMS.items())
def test_a_status_has_the_values_of_the_product(schema: str, values: str) -> None:
    assert set(values.split()) <= set(SCHEMAS[schema]["enum"])


@pytest.mark.parametrize(("schema", "values"), OPEN_SETS.items())
def test_an_open_set_names_the_known_values_and_takes_others(schema: str, values: str) -> None:
    known, other = SCHEMAS[schema]["anyOf"]
    assert set(values.split()) <= set(known["enum"])
    assert "enum" not in other
    assert problems(schema, "something_new") == []
    assert problems(schema, 7)


def test_every_body_has_an_example() -> None:
    bare = ["/".join(parts) for parts, media in MEDIA_TYPES if not media.get("examples")]
    assert bare == []
    # request bodies, successes, errors, webhooks
    assert len(MEDIA_TYPES) >= 5 + 13 + 9 + 14


@pytest.mark.parametrize(("parts", "value"), BODY_EXAMPLES + PLAIN_EXAMPLES)
def test_an_example_fits_its_schema(parts: tuple[str, ...], value: Any) -> None:
    errors = list(validator(pointer(*parts, "schema")).iter_errors(value))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@pytest.mark.parametrize(("parts", "value"), SCHEMA_EXAMPLES)
def test_a_schema_s_own_example_fits_it(parts: tuple[str, ...], value: Any) -> None:
    assert list(validator(pointer(*parts)).iter_errors(value)) == []


def test_examples_are_checked_for_their_formats_too() -> None:
    assert "date-time" in FORMATS.checkers
    refund = {
        "id": "ref_1",
        "charge_id": "ch_1",
        "amount": 1,
        "currency": "USD",
        "status": "pending",
        "created_at": "yesterday",
    }
    assert problems("Refund", refund) == ["'yesterday' is not a 'date-time'"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("idempotency_key_reused", "UnprocessableRequest"),
        ("idempotency_in_flight", "Conflict"),
    ],
)
def test_the_idempotency_errors_have_examples(code: str, status: str) -> None:
    media = DOCUMENT["components"]["responses"][status]["content"]["application/json"]
    codes = [example["value"]["error"]["code"] for example in media["examples"].values()]
    assert code in codes


def test_sensitive_are_the_account_number_the_iban_and_the_phone() -> None:
    marked = {name for name, node in properties() if "x-molam-sensitive" in node}
    assert marked >= {
        "BankAccountBeneficiary.properties.account_number",
        "IbanBeneficiary.properties.iban",
        "MobileMoneyBeneficiary.properties.phone",
    }


def test_currency_and_locale_of_a_payment_come_from_the_configuration() -> None:
    marked = {
        name: node["x-molam-client-default"]
        for name, node in properties()
        if "x-molam-client-default" in node
    }
    request = "CreatePaymentIntentRequest.properties"
    assert marked[f"{request}.currency"] == "default_currency"
    assert marked[f"{request}.locale"] == "default_locale"


def test_capture_defaults_to_false() -> None:
    capture = SCHEMAS["CreatePaymentIntentRequest"]["properties"]["capture"]
    assert capture["default"] is False


def test_the_extensions_are_those_that_the_readme_describes() -> None:
    used = {key for _, node in walk(DOCUMENT) for key in node if str(key).startswith("x-")}
    readme = (DOCUMENT_PATH.parent / "README.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `(x-molam-[a-z-]+)` \|", readme, flags=re.MULTILINE))
    assert used == described


BANK = {"type": "bank_account", "account_number": "SN123"}
PAYOUT = {
    "origin_module": "connect",
    "origin_entity_id": "merchant_123",
    "amount": 500.00,
    "currency": "USD",
    "beneficiary": BANK,
}


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ("CreatePaymentIntentRequest", {"amount": 1, "currency": "XOF", "capture": False}),
        ("CreatePaymentIntentRequest", {"amount": 2500, "currency": "USD", "locale": "fr_SN"}),
        ("CreatePaymentIntentRequest", {"amount": 2500, "currency": "USD", "field_to_come": 1}),
        (
            "CreatePaymentIntentRequest",
            {
                "amount": 2500,
                "currency": "USD",
                "metadata": {"order": "1", "n": 1, "share": 0.5, "gift": True, "note": None},
            },
        ),
        ("ConfirmPaymentIntentRequest", {}),
        ("CreateRefundRequest", {"reason": "goodwill"}),
        ("CreatePayoutRequest", PAYOUT),
        ("CreatePayoutRequest", PAYOUT | {"amount": 500}),
        (
            "CreatePayoutRequest",
            PAYOUT | {"beneficiary": {"type": "mobile_money", "phone": "77 1"}},
        ),
        ("CreatePayoutRequest", PAYOUT | {"beneficiary": {"type": "wallet", "wallet_id": "w1"}}),
        (
            "PaymentIntent",
            {
                "id": "pi_test",
                "status": "succeeded",
                "amount": 2500,
                "currency": "USD",
                "capture": False,
                "livemode": False,
                "created_at": "2025-01-16T12:00:00Z",
                "charge_id": "ch_1",
            },
        ),
    ],
)
def test_a_valid_body_is_accepted(schema: str, body: dict[str, Any]) -> None:
    assert problems(schema, body) == []


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ("CreatePaymentIntentRequest", {"amount": 0, "currency": "USD"}),
        ("CreatePaymentIntentRequest", {"amount": 25.5, "currency": "USD"}),
        ("CreatePaymentIntentRequest", {"amount": 2500, "currency": "usd"}),
        ("CreatePaymentIntentRequest", {"amount": 2500}),
        ("CreatePaymentIntentRequest", {"amount": 2500, "currency": "USD", "customer_id": None}),
        ("CreatePaymentIntentRequest", {"amount": 2500, "currency": "USD", "metadata": {"a": []}}),
        (
            "CreatePaymentIntentRequest",
            {
                "amount": 2500,
                "currency": "USD",
                "metadata": {str(n): n for n in range(51)},
            },
        ),
        ("CapturePaymentIntentRequest", {"amount_to_capture": 0}),
        ("CreateRefundRequest", {"amount": -1}),
        ("CreatePayoutRequest", PAYOUT | {"amount": 0}),
        ("CreatePayoutRequest", PAYOUT | {"beneficiary": {"type": "bank_account"}}),
        (
            "CreatePayoutRequest",
            PAYOUT | {"beneficiary": {"type": "cheque", "account_number": "1"}},
        ),
        ("CreatePayoutRequest", PAYOUT | {"beneficiary": {"account_number": "1"}}),
    ],
)
def test_an_invalid_body_is_refused(schema: str, body: dict[str, Any]) -> None:
    assert problems(schema, body)


@pytest.mark.parametrize(
    ("key", "accepted"),
    [
        ("order-1042", True),
        ("a b~!", True),
        ("k" * 128, True),
        ("k" * 129, False),
        ("", False),
        ("clé", False),
        ("a\x00b", False),
    ],
)
def test_an_idempotency_key_is_1_to_128_printable_ascii_characters(
    key: str, accepted: bool
) -> None:
    schema = validator("/components/parameters/IdempotencyKey/schema")
    assert schema.is_valid(key) is accepted
