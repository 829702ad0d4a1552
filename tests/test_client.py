"""The client as merchants have used it since 0.1: dicts, positions, doubles of four lines.

``pytest tests/test_client.py -v`` is a promised command. Nothing here uses a name that is new.
"""

from __future__ import annotations

import asyncio
import json
import logging
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx

from molam_sdk import ApiError, Config, MolamAsyncClient, MolamClient, MolamError, SignatureError
from molam_sdk.exceptions import NetworkError, TimeoutError, ValidationError  # noqa: A004
from molam_sdk.http.adapter import AsyncHTTPAdapter, HTTPAdapter
from molam_sdk.utils.idempotency import make_idempotency_key
from molam_sdk.utils.webhook import generate_signature

CONFIG = Config(api_key="sk_test_123", api_base="https://api.test", webhook_secret="whsec_1")


class FourLines:
    def send(self, method, url, headers, json=None, timeout=10):  # type: ignore[no-untyped-def]
        self.seen = (method, url, headers, json, timeout)
        return 200, '{"id": "pi_test", "status": "succeeded"}', {}


class Canned(HTTPAdapter):
    """Answers in turn."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def send(self, method, url, headers, json=None, timeout=10):  # type: ignore[no-untyped-def]
        self.calls.append({"method": method, "url": url, "headers": headers, "json": json})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class AsyncCanned(AsyncHTTPAdapter):
    def __init__(self, *answers: Any) -> None:
        self.canned = Canned(*answers)

    async def send(self, method, url, headers, json=None, timeout=10):  # type: ignore[no-untyped-def]
        return self.canned.send(method, url, headers, json, timeout)


def ok(**fields: Any) -> tuple[int, str, dict[str, str]]:
    return 200, json.dumps({"id": "pi_1", "status": "succeeded", **fields}), {}


def test_a_double_of_four_lines_is_an_adapter() -> None:
    adapter = FourLines()
    payment = MolamClient(CONFIG, adapter).create_payment_intent(2500, "USD")
    assert payment["id"] == "pi_test"
    assert payment["status"] == "succeeded"
    method, url, headers, body, timeout = adapter.seen
    assert (method, url) == ("POST", "https://api.test/v1/connect/payment_intents")
    assert headers["Authorization"] == "Bearer sk_test_123"
    assert headers["Idempotency-Key"].startswith("molam-")
    assert body["amount"] == 2500
    assert timeout == 30


def test_arguments_may_be_positional_in_the_order_of_0_1() -> None:
    adapter = Canned(ok())
    MolamClient(CONFIG, adapter).create_payment_intent(
        2500, "XOF", "cus_1", "mer_1", "Order", {"order": "1"}, True,
        "https://shop.example/ok", "https://shop.example/no", "key-1",
    )  # fmt: skip
    assert adapter.calls[0]["json"] == {
        "amount": 2500,
        "currency": "XOF",
        "customer_id": "cus_1",
        "merchant_id": "mer_1",
        "description": "Order",
        "metadata": {"order": "1"},
        "capture": True,
        "return_url": "https://shop.example/ok",
        "cancel_url": "https://shop.example/no",
        "locale": "en",
    }
    assert adapter.calls[0]["headers"]["Idempotency-Key"] == "key-1"


def test_results_are_read_like_the_dicts_they_were() -> None:
    adapter = Canned(ok(metadata={"order": "1042"}, amount=2500))
    payment = MolamClient(CONFIG, adapter).retrieve_payment_intent("pi_1")
    assert payment["metadata"]["order"] == "1042"
    assert payment.get("amount") == 2500
    assert payment.get("nothing") is None
    assert payment.get("nothing", 7) == 7
    assert "status" in payment
    assert "nothing" not in payment
    assert len(payment) == 4
    assert list(payment) == ["id", "status", "metadata", "amount"]
    assert dict(payment) == {**payment} == payment
    assert sorted(payment.keys()) == ["amount", "id", "metadata", "status"]
    assert dict(payment.items())["amount"] == 2500
    assert json.loads(json.dumps(payment)) == payment
    assert f"{payment['status']}" == "succeeded"
    assert isinstance(payment, dict)
    with pytest.raises(KeyError):
        payment["nothing"]


def test_a_payout_takes_a_float_a_decimal_and_a_dict(caplog: pytest.LogCaptureFixture) -> None:
    for amount in (500.00, Decimal("500.00"), 500):
        adapter = Canned(ok())
        MolamClient(CONFIG, adapter).create_payout(
            "connect", "mer_1", amount, "USD", {"type": "wallet", "wallet_id": "w_1"}
        )
        assert adapter.calls[0]["json"]["amount"] == 500
        assert adapter.calls[0]["json"]["beneficiary"] == {"type": "wallet", "wallet_id": "w_1"}


def test_a_list_is_a_page_that_reads_like_a_dict_and_iterates_over_its_items() -> None:
    page = {"data": [{"id": "pi_1"}, {"id": "pi_2"}], "has_more": False}
    adapter = Canned((200, json.dumps(page), {}))
    found = MolamClient(CONFIG, adapter).list_payment_intents(limit=10, offset=0)
    assert adapter.calls[0]["url"].endswith("/v1/connect/payment_intents?limit=10&offset=0")
    assert found["data"] == page["data"]
    assert [item["id"] for item in found["data"]] == ["pi_1", "pi_2"]
    assert [item["id"] for item in found] == ["pi_1", "pi_2"]
    assert found.has_more is False


@pytest.mark.parametrize(
    "text", ['{"error": {"code": "card_declined", "message": "no"}}', "<html>", ""]
)
def test_api_errors_carry_status_payload_and_request_id(text: str) -> None:
    adapter = Canned((402, text, {"X-Request-Id": "req_9"}))
    with pytest.raises(ApiError) as caught:
        MolamClient(CONFIG, adapter).confirm_payment_intent("pi_1", "pm_1")
    assert caught.value.status_code == 402
    assert caught.value.request_id == "req_9"
    assert isinstance(caught.value.payload, dict)
    assert isinstance(caught.value, MolamError)


def test_network_errors_are_caught_first_and_timeouts_are_not_among_them() -> None:
    def outcome(error: Exception) -> str:
        client = MolamClient(Config(api_key="sk_test_1", max_retries=0), Canned(error))
        try:
            client.retrieve_refund("ref_1")
        except NetworkError:
            return "network"
        except TimeoutError:
            return "timeout"
        return "none"

    assert outcome(NetworkError("down")) == "network"
    assert outcome(TimeoutError("slow")) == "timeout"
    assert outcome(OSError("down")) == "network"


def test_bad_arguments_are_refused_before_anything_is_sent() -> None:
    adapter = Canned()
    with pytest.raises(ValidationError) as caught:
        MolamClient(CONFIG, adapter).create_payment_intent(0, "usd")
    assert set(caught.value.errors) == {"amount", "currency"}
    assert isinstance(caught.value, ValueError)
    assert adapter.calls == []


def test_an_idempotency_key_of_ones_own_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    adapter = Canned(ok(), ok())
    client = MolamClient(CONFIG, adapter)
    key = make_idempotency_key()
    with caplog.at_level(logging.WARNING, logger="molam_sdk"):
        client.create_refund("ch_1", 500, "duplicate", {"ticket": "T-1"}, key)
    assert adapter.calls[0]["headers"]["Idempotency-Key"] == key
    assert caplog.records == []
    with caplog.at_level(logging.WARNING, logger="molam_sdk"):
        client.create_refund("ch_1")
    assert len(caplog.records) == 1


def test_the_client_is_a_context_manager() -> None:
    with MolamClient(CONFIG, Canned(ok())) as client:
        assert client.retrieve_payment_intent("pi_1")["id"] == "pi_1"
    with pytest.raises(MolamError, match="closed"):
        client.retrieve_payment_intent("pi_1")


def test_webhooks_verify() -> None:
    client = MolamClient(CONFIG, Canned())
    body = b'{"id": "evt_1", "type": "payment_intent.succeeded", "data": {"id": "pi_1"}}'
    header = generate_signature(body, "whsec_1")
    assert client.verify_webhook_signature(header, body) is True
    event = client.construct_event(header, body)
    assert event["data"]["id"] == "pi_1"
    with pytest.raises(SignatureError):
        client.verify_webhook_signature(header, body + b" ")


def test_the_async_client_has_the_same_methods() -> None:
    async def shop() -> Any:
        adapter = AsyncCanned(ok(), ok())
        async with MolamAsyncClient(CONFIG, adapter) as client:
            payment = await client.create_payment_intent(2500, "USD", idempotency_key="k")
            again = await client.retrieve_payment_intent(payment["id"])
        return payment, again, adapter.canned.calls

    payment, again, calls = asyncio.run(shop())
    assert payment["id"] == again["id"] == "pi_1"
    assert [call["method"] for call in calls] == ["POST", "GET"]


def test_an_async_client_takes_an_adapter_whose_send_is_a_plain_function() -> None:
    payment = asyncio.run(MolamAsyncClient(CONFIG, FourLines()).retrieve_payment_intent("pi_1"))
    assert payment["id"] == "pi_test"


@respx.mock
def test_respx_mocks_a_client_that_is_handed_in() -> None:
    from molam_sdk.http.adapter import HttpxAdapter

    route = respx.post("https://api.test/v1/connect/payment_intents").mock(
        return_value=httpx.Response(201, json={"id": "pi_1", "status": "requires_confirmation"})
    )
    with httpx.Client() as http:
        payment = MolamClient(CONFIG, HttpxAdapter(http)).create_payment_intent(1, "USD")
    assert payment["id"] == "pi_1"
    assert json.loads(route.calls[0].request.content)["capture"] is False


@respx.mock
def test_respx_mocks_an_adapter_of_ones_own_over_httpx() -> None:
    class Mine:
        def send(self, method, url, headers, json=None, timeout=10):  # type: ignore[no-untyped-def]
            answer = httpx.request(method, url, headers=headers, json=json, timeout=timeout)
            return answer.status_code, answer.text, answer.headers

    respx.get("https://api.test/v1/connect/refunds/ref_1").mock(
        side_effect=[httpx.ConnectError("refused"), httpx.Response(200, json={"id": "ref_1"})]
    )
    client = MolamClient(CONFIG, Mine(), sleep=lambda _: None)
    assert client.retrieve_refund("ref_1")["id"] == "ref_1"


def test_retries_are_made_for_server_errors() -> None:
    adapter = Canned((503, "", {}), (500, "", {}), ok())
    client = MolamClient(CONFIG, adapter, sleep=lambda _: None)
    assert client.cancel_payment_intent("pi_1", idempotency_key="k")["id"] == "pi_1"
    assert {call["headers"]["Idempotency-Key"] for call in adapter.calls} == {"k"}
