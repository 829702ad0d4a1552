"""Every promise about adapters, keys and webhooks."""

from __future__ import annotations

import inspect
import json
import sys
from decimal import Decimal
from typing import Any

import pytest

from molam_sdk import Config, MolamClient, SignatureError
from molam_sdk.exceptions import MolamError, ValidationError, WebhookPayloadError
from molam_sdk.http.adapter import AsyncHTTPAdapter, HTTPAdapter
from molam_sdk.utils.idempotency import make_idempotency_key
from molam_sdk.utils.webhook import (
    generate_signature,
    parse_signature_header,
    verify_signature,
)

support: Any = sys.modules["sdk_support"]  # conftest.py
Recorder = support.Recorder
WALLET = {"type": "wallet", "wallet_id": "w_1"}


@pytest.mark.parametrize("adapter", [HTTPAdapter, AsyncHTTPAdapter])
def test_an_adapter_is_abstract_with_one_method(adapter: Any) -> None:
    assert list(inspect.signature(adapter.send).parameters) == [
        "self", "method", "url", "headers", "json", "timeout",
    ]  # fmt: skip
    assert inspect.signature(adapter.send).parameters["timeout"].default == 10
    with pytest.raises(TypeError):
        adapter()
    assert adapter.__abstractmethods__ == {"send"}


def test_send_is_called_with_keywords(make_api: Any) -> None:
    recorder = Recorder()
    api = make_api(recorder, timeout=12)
    api.list_refunds(limit=10, offset=0)
    api.create_refund("ch_1", 5, idempotency_key="k")
    listed, created = recorder.sent
    assert set(listed) == {"method", "url", "headers", "json", "timeout"}
    assert listed["url"] == "http://localhost:9/v1/connect/refunds?limit=10&offset=0"
    assert listed["json"] is None
    assert created["url"] == "http://localhost:9/v1/connect/charges/ch_1/refund"
    assert created["json"] == {"amount": 5}
    assert created["timeout"] == 12
    assert created["headers"]["Authorization"] == "Bearer sk_test_1"
    assert created["headers"]["Idempotency-Key"] == "k"


@pytest.mark.parametrize(
    ("amount", "arrives"),
    [(Decimal("500.00"), 500.0), (Decimal("500"), 500), (Decimal("1E+2"), 100), (0.1, 0.1), (7, 7),
     (Decimal("0.1"), 0.1)],
)  # fmt: skip
def test_json_holds_plain_types_only(amount: Any, arrives: Any, make_api: Any) -> None:
    recorder = Recorder()
    make_api(recorder).create_payout(
        "connect", "m", amount, "USD", WALLET, {"d": Decimal("1.5"), "n": None}, "k"
    )
    body = recorder.sent[0]["json"]
    assert body["amount"] == arrives
    assert type(body["amount"]) in (int, float)
    assert type(body["metadata"]["d"]) is float
    assert type(body) is dict
    assert json.loads(json.dumps(body)) == body


def test_a_decimal_that_a_float_cannot_hold_is_refused(make_api: Any) -> None:
    recorder = Recorder()
    with pytest.raises(ValidationError) as caught:
        make_api(recorder).create_payout(
            "connect", "m", Decimal("0.1000000000000000055511151231257827"), "USD", WALLET
        )
    assert set(caught.value.errors) == {"amount"}
    assert recorder.sent == []


def test_a_beneficiary_may_be_a_dict_or_the_model(make_api: Any) -> None:
    from molam_sdk.models import WalletBeneficiary

    recorder = Recorder()
    api = make_api(recorder)
    for beneficiary in (WALLET, WalletBeneficiary(wallet_id="w_1")):
        api.create_payout("connect", "m", 5, "USD", beneficiary, idempotency_key="k")
    first, second = recorder.sent
    assert first["json"] == second["json"]
    assert type(second["json"]["beneficiary"]) is dict


def test_an_object_that_came_can_be_sent_back(make_api: Any) -> None:
    wire = '{"id":"po_1","amount":500.00,"beneficiary":{"type":"wallet","wallet_id":"w_1","new":1}}'
    recorder = Recorder((200, wire, {}))
    api = make_api(recorder)
    old = api.retrieve_payout("po_1")
    api.create_payout("m", "e", old.amount, "USD", old.beneficiary, idempotency_key="k")
    assert recorder.sent[1]["json"]["beneficiary"] == {
        "type": "wallet",
        "wallet_id": "w_1",
        "new": 1,
    }
    assert recorder.sent[1]["json"]["amount"] == 500


@pytest.mark.parametrize("name", ["x-request-id", "X-REQUEST-ID", "X-Request-Id"])
def test_header_names_coming_back_are_read_case_insensitively(name: str, make_api: Any) -> None:
    refund = make_api(Recorder((200, '{"id": "r"}', {name: "req_1"}))).retrieve_refund("r")
    assert refund.response.request_id == "req_1"
    assert refund.response.headers["X-request-ID"] == "req_1"


@pytest.mark.parametrize("headers", [{}, None, [("X-Request-Id", "r")]])
@pytest.mark.parametrize("body", ['{"id": "r"}', b'{"id": "r"}'])
def test_what_a_double_returns_is_taken_generously(headers: Any, body: Any, make_api: Any) -> None:
    assert make_api(Recorder((200, body, headers))).retrieve_refund("r")["id"] == "r"


def test_close_is_called_if_it_exists(make_api: Any) -> None:
    recorder = Recorder()
    make_api(recorder).close()
    assert recorder.closed == 1

    class Bare:
        def send(self, **request: Any) -> Any:
            return 200, "{}", {}

    make_api(Bare()).close()


# Keys ---------------------------------------------------------------------------------------------


def test_make_idempotency_key() -> None:
    assert make_idempotency_key("mine") == "mine"
    head, moment, digits = make_idempotency_key().split("-")
    assert head == "molam"
    assert moment.isdigit()
    assert len(digits) == 24
    assert make_idempotency_key() != make_idempotency_key()
    for bad in ("", "x" * 129, "\u00e9", "a\n"):
        with pytest.raises(ValueError, match="characters"):
            make_idempotency_key(bad)


# Webhooks -----------------------------------------------------------------------------------------

EVENT = {"id": "evt_1", "type": "payment_intent.succeeded", "created": 1, "livemode": False,
         "data": {"id": "pi_1", "amount": 5}}  # fmt: skip


def signed(body: bytes, secret: str = "whsec_1") -> str:
    return generate_signature(body, secret)


@pytest.fixture
def client() -> MolamClient:
    return MolamClient(Config(api_key="sk_test_1", webhook_secret="whsec_1"), Recorder())


def test_construct_event_gives_the_typed_event(client: MolamClient) -> None:
    from molam_sdk.events import PaymentIntentSucceeded
    from molam_sdk.models import PaymentIntent

    body = json.dumps(EVENT).encode()
    event = client.construct_event(signed(body), body)
    assert isinstance(event, PaymentIntentSucceeded)
    assert isinstance(event.data, PaymentIntent)
    assert event.data.amount == 5
    assert event["data"]["id"] == "pi_1"


def test_an_unknown_type_arrives_as_a_plain_event(client: MolamClient) -> None:
    from molam_sdk.events import Event

    body = json.dumps({**EVENT, "type": "moon.landed"}).encode()
    event = client.construct_event(signed(body), body)
    assert type(event) is Event
    assert event["type"] == "moon.landed"
    assert event["data"]["id"] == "pi_1"


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b"null", b'"text"', b"{}", b'{"type": 5}', b'{"type": null}',
     b"\xff\xfe", b'{"type": ["payment_intent.succeeded"]}', b"[" * 100_000],
)  # fmt: skip
def test_a_verified_body_that_is_no_event_is_one_clear_error(
    body: bytes, client: MolamClient
) -> None:
    with pytest.raises(WebhookPayloadError) as caught:
        client.construct_event(signed(body), body)
    assert isinstance(caught.value, MolamError)
    assert not isinstance(caught.value, SignatureError)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (None, "Missing signature header"),
        ("", "Missing signature header"),
        ("nonsense", "Invalid signature header format"),
        ("t=1,kid=1", "Missing required fields"),
        ("t=x,v1=00,kid=1", "Invalid timestamp"),
        ("t=1,v1=00,kid=1", "Timestamp outside tolerance"),
    ],
)
def test_signature_errors_start_as_promised(header: Any, says: str, client: MolamClient) -> None:
    for check in (client.verify_webhook_signature, client.construct_event):
        with pytest.raises(SignatureError) as caught:
            check(header, b"{}")
        assert str(caught.value).startswith(says)


def test_nothing_of_an_unverified_body_is_read(client: MolamClient) -> None:
    with pytest.raises(SignatureError, match=r"^Signature mismatch"):
        client.construct_event(signed(b"{}", "whsec_other"), b"not json")


def test_one_secret_serves_every_key_id_and_a_mapping_only_its_own() -> None:
    header = generate_signature(b"{}", "whsec_1", kid="7")
    for secret, fine in (("whsec_1", True), ({"7": "whsec_1"}, True), ({"8": "whsec_1"}, False)):
        client = MolamClient(Config(api_key="sk_test_1", webhook_secret=secret), Recorder())
        if fine:
            assert client.verify_webhook_signature(header, b"{}") is True
        else:
            with pytest.raises(SignatureError, match=r"^Secret not found"):
                client.verify_webhook_signature(header, b"{}")
    with pytest.raises(SignatureError, match=r"^Secret not found"):
        MolamClient(Config(api_key="sk_test_1"), Recorder()).verify_webhook_signature(header, b"{}")


def test_the_functions_of_utils_webhook() -> None:
    header = generate_signature(b"{}", "s", timestamp_ms=1705420800000, kid="9")
    parsed = parse_signature_header(header)
    assert (parsed["t"], parsed["kid"]) == ("1705420800000", "9")
    assert len(parsed["v1"]) == 64
    fresh = generate_signature(b"{}", "s")
    assert verify_signature(fresh, b"{}", lambda kid: "s") is True
    assert verify_signature(fresh, b"{}", lambda kid: ["other", "s"], tolerance_ms=1000) is True
    for tolerance in (0, -1, 86_400_001, 1.5, None):
        with pytest.raises(ValueError, match="tolerance_ms"):
            verify_signature(fresh, b"{}", lambda kid: "s", tolerance_ms=tolerance)  # type: ignore[arg-type]
