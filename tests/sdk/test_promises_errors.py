"""Every promise about errors."""

from __future__ import annotations

import asyncio
import builtins
import copy
import json
import pickle
import sys
import traceback
from datetime import timedelta
from typing import Any

import pytest

from molam_sdk import exceptions
from molam_sdk.exceptions import (
    ApiError,
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    MolamError,
    NetworkError,
    NotFoundError,
    PaymentDeclinedError,
    PermissionDeniedError,
    RateLimitError,
    ResumeError,
    ServerError,
    SignatureError,
    TimeoutError,  # noqa: A004
    ValidationError,
    WebhookPayloadError,
)

support: Any = sys.modules["sdk_support"]  # conftest.py
PAYMENT, Recorder = support.PAYMENT, support.Recorder
OK = (200, json.dumps(PAYMENT), {"X-Request-Id": "req_2"})


def test_the_tree_of_errors() -> None:
    for kind in (ApiError, SignatureError, NetworkError, TimeoutError, ValidationError):
        assert issubclass(kind, MolamError)
    assert issubclass(TimeoutError, builtins.TimeoutError)
    assert not issubclass(TimeoutError, NetworkError)
    assert not issubclass(NetworkError, builtins.TimeoutError)
    assert issubclass(ValidationError, ValueError)
    assert issubclass(WebhookPayloadError, MolamError)
    assert not issubclass(WebhookPayloadError, SignatureError)
    for kind in (
        InvalidRequestError, AuthenticationError, PaymentDeclinedError, PermissionDeniedError,
        NotFoundError, ConflictError, RateLimitError, ServerError,
    ):  # fmt: skip
        assert issubclass(kind, ApiError)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (402, PaymentDeclinedError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (418, ApiError),
        (422, InvalidRequestError),
        (429, RateLimitError),
        (500, ServerError),
        (599, ServerError),
        (301, ApiError),
        (600, ApiError),
    ],
)
def test_one_subclass_a_status_family(status: int, kind: Any, make_api: Any) -> None:
    detail = {"type": "t", "code": "c", "message": "words", "param": "amount"}
    answer = (status, json.dumps({"error": detail}), {"x-request-ID": "req_1", "retry-AFTER": "5"})
    api = make_api(Recorder(answer), max_retries=0)
    with pytest.raises(ApiError) as caught:
        api.create_refund("ch_1", idempotency_key="k")
    error = caught.value
    assert type(error) is kind
    assert error.status_code == status
    assert error.request_id == "req_1"
    assert error.payload == {"error": detail}
    assert (error.code, error.param, error.type) == ("c", "amount", "t")
    assert error.retry_after == 5
    assert "words" in str(error)
    assert "req_1" in str(error)


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ('{"error": {"code": "x"}}', {"error": {"code": "x"}}),
        ("", {}),
        ("<html>oops</html>", {"body": "<html>oops</html>"}),
        ("[1]", {"body": "[1]"}),
        ("null", {"body": "null"}),
        ('{"error": "text"}', {"error": "text"}),
        ('{"error": {"code": 5, "message": null, "param": []}}', None),
        ('{"error": null}', {"error": None}),
        ('{"a":' * 3000 + "1" + "}" * 3000, None),
    ],
)
def test_payload_is_never_none(text: str, payload: Any, make_api: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        make_api(Recorder((400, text, {}))).retrieve_refund("ref_1")
    assert isinstance(caught.value.payload, dict)
    if payload is not None:
        assert caught.value.payload == payload
    for name in ("code", "param", "type"):
        assert getattr(caught.value, name) is None or isinstance(getattr(caught.value, name), str)


def test_an_api_error_can_be_built_by_hand() -> None:
    error = ApiError("no", status_code=402, payload={"error": {"code": "c"}}, request_id="r")
    assert str(error) == "no"
    assert (error.status_code, error.code, error.request_id) == (402, "c", "r")
    assert error.delivery == "rejected"
    bare = ApiError("no")
    assert (bare.status_code, bare.payload, bare.request_id) == (None, {}, None)
    assert bare.attempts == ()
    with pytest.raises(ResumeError):
        bare.resume()


def failed(make_api: Any, *answers: Any, **options: Any) -> Any:
    api = make_api(Recorder(*answers), **options)
    with pytest.raises(MolamError) as caught:
        api.create_refund("ch_1", idempotency_key="order-1")
    return api, caught.value


@pytest.mark.parametrize(
    ("answers", "delivery"),
    [
        ([NetworkError("x", delivery="not_sent")], "not_sent"),
        ([TimeoutError("x", delivery="not_sent")], "not_sent"),
        ([(402, "", {})], "rejected"),
        ([(429, "", {})], "rejected"),
        ([(408, "", {})], "maybe_processed"),
        ([(500, "", {})], "maybe_processed"),
        ([(409, '{"error": {"code": "idempotency_in_flight"}}', {})], "maybe_processed"),
        ([(409, '{"error": {"code": "wrong_state"}}', {})], "rejected"),
        ([NetworkError("x")], "maybe_processed"),
        ([TimeoutError("x")], "maybe_processed"),
        ([(301, "", {})], "maybe_processed"),
        # The worst over all attempts.
        ([NetworkError("reset"), NetworkError("x", delivery="not_sent")], "maybe_processed"),
        ([(500, "", {}), (402, "", {})], "maybe_processed"),
        ([NetworkError("x", delivery="not_sent"), (402, "", {})], "rejected"),
        ([(429, "", {}), NetworkError("x", delivery="not_sent")], "rejected"),
    ],
)
def test_delivery_is_the_worst_over_its_attempts(
    answers: list[Any], delivery: str, make_api: Any
) -> None:
    _, error = failed(make_api, *answers, max_retries=len(answers) - 1)
    assert error.delivery == delivery
    assert len(error.attempts) == len(answers)


def test_attempts_tell_what_was_tried_when_and_with_what_outcome(make_api: Any) -> None:
    answers = (503, "", {"X-Request-Id": "req_1"}), TimeoutError("slow"), NetworkError("reset")
    api, error = failed(make_api, *answers, max_retries=2)
    first, second, third = error.attempts
    assert (first.number, first.outcome, first.status, first.request_id) == (1, "503", 503, "req_1")
    assert (second.number, second.outcome, second.status) == (2, "response timeout", None)
    assert (third.number, third.outcome, third.delivery) == (
        3,
        "connection lost",
        "maybe_processed",
    )
    assert first.started_at == api.clock.epoch
    assert second.started_at == api.clock.epoch + timedelta(seconds=api.clock.waited[0])
    assert first.duration == 0


def test_an_adapters_own_words_are_not_among_the_outcomes(make_api: Any) -> None:
    _, error = failed(make_api, NetworkError("sent Bearer sk_test_canary"), max_retries=0)
    assert "canary" not in repr(error.attempts)


# resume -------------------------------------------------------------------------------------------


def test_resume_repeats_the_very_same_call_with_the_very_same_key(make_api: Any) -> None:
    recorder = Recorder(NetworkError("reset"), OK)
    api = make_api(recorder, max_retries=0)
    with pytest.raises(NetworkError) as caught:
        api.create_refund("ch_1", amount=5, idempotency_key="order-1")
    payment = api.resume(caught.value)
    first, second = recorder.sent
    assert first == second
    assert payment["id"] == PAYMENT["id"]
    assert payment.response.idempotency_key == "order-1"
    assert [attempt.number for attempt in payment.response.attempts] == [1, 2]


def test_a_resumed_call_that_fails_again_remembers_the_worst(make_api: Any) -> None:
    api, error = failed(
        make_api, NetworkError("reset"), NetworkError("x", delivery="not_sent"), max_retries=0
    )
    with pytest.raises(NetworkError) as again:
        api.resume(error)
    assert again.value.delivery == "maybe_processed"
    assert len(again.value.attempts) == 2
    assert again.value.idempotency_key == "order-1"


def test_a_resumed_call_may_use_all_its_retries(make_api: Any) -> None:
    api, error = failed(make_api, (503, "", {}), max_retries=2)
    assert len(error.attempts) == 3
    with pytest.raises(ServerError) as again:
        api.resume(error)
    assert len(again.value.attempts) == 6


def test_resume_keeps_the_options_of_the_call(make_api: Any) -> None:
    recorder = Recorder(NetworkError("reset"), OK)
    api = make_api(recorder)
    with pytest.raises(NetworkError) as caught:
        api.create_refund(
            "ch_1", idempotency_key="k", timeout=7, max_retries=0, extra_headers={"X-Shop": "1"}
        )
    api.resume(caught.value)
    assert [sent["timeout"] for sent in recorder.sent] == [7, 7]
    assert [sent["headers"]["X-Shop"] for sent in recorder.sent] == ["1", "1"]


@pytest.mark.parametrize(("hours", "refused"), [(23.9, False), (24.1, True)])
def test_resume_refuses_once_the_server_has_forgotten_the_key(
    hours: float, refused: bool, make_api: Any
) -> None:
    recorder = Recorder(NetworkError("reset"), OK)
    api = make_api(recorder, max_retries=0)
    with pytest.raises(NetworkError) as caught:
        api.create_refund("ch_1", idempotency_key="k")
    api.clock.pass_time(hours * 3600)
    if not refused:
        assert api.resume(caught.value)["id"] == PAYMENT["id"]
        return
    with pytest.raises(ResumeError, match="24 hours") as refusal:
        api.resume(caught.value)
    assert len(recorder.sent) == 1
    assert refusal.value.delivery == "maybe_processed"
    assert refusal.value.idempotency_key == "k"


def test_the_age_of_a_key_counts_from_its_first_call_not_from_the_last_resume(
    make_api: Any,
) -> None:
    api, error = failed(make_api, NetworkError("reset"), max_retries=0)
    api.clock.pass_time(20 * 3600)
    with pytest.raises(NetworkError) as again:
        api.resume(error)
    api.clock.pass_time(5 * 3600)
    with pytest.raises(ResumeError, match="24 hours"):
        api.resume(again.value)


def test_a_read_can_be_resumed_at_any_time(make_api: Any) -> None:
    api = make_api(Recorder(NetworkError("reset"), OK), max_retries=0)
    with pytest.raises(NetworkError) as caught:
        api.retrieve_payment_intent("pi_1")
    api.clock.pass_time(100 * 3600)
    assert api.resume(caught.value)["id"] == PAYMENT["id"]


def test_a_resumed_list_is_a_page_that_goes_on(make_api: Any) -> None:
    first = {"data": [{"id": "pi_1"}], "has_more": True}
    second = {"data": [{"id": "pi_2"}], "has_more": False}
    recorder = Recorder(
        NetworkError("reset"), (200, json.dumps(first), {}), (200, json.dumps(second), {})
    )
    api = make_api(recorder, max_retries=0)
    with pytest.raises(NetworkError) as caught:
        api.list_payment_intents()
    page = api.resume(caught.value)
    assert [item["id"] for item in api.all(page)] == ["pi_1", "pi_2"]


def test_each_client_names_its_own_way_to_resume(make_api: Any, flavour: str) -> None:
    _, error = failed(make_api, NetworkError("reset"), max_retries=0)
    if flavour == "sync":
        with pytest.raises(ResumeError, match=r"error\.resume\(\)"):
            asyncio.run(error.aresume())
    else:
        with pytest.raises(ResumeError, match=r"await error\.aresume\(\)"):
            error.resume()


def test_resume_on_a_closed_client_says_so_and_loses_nothing(make_api: Any) -> None:
    api, error = failed(make_api, NetworkError("reset"), max_retries=0)
    api.close()
    with pytest.raises(MolamError, match="closed"):
        api.resume(error)


# Pickles ------------------------------------------------------------------------------------------

SAMPLES = [
    ApiError("a", status_code=500, payload={"error": {"code": "x"}}, request_id="r", retry_after=3),
    RateLimitError("r", 429, {}, None, retry_after=1.5),
    NetworkError("n", delivery="not_sent", repeatable=False),
    TimeoutError("t", delivery="not_sent"),
    ValidationError({"amount": "is required"}),
    SignatureError("Signature mismatch: x"),
    WebhookPayloadError("w"),
    *(
        getattr(exceptions, name)("words")
        for name in exceptions.__all__
        if isinstance(getattr(exceptions, name), type)
        and issubclass(getattr(exceptions, name), MolamError)
        and name != "ValidationError"
    ),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_pickles(error: MolamError, protocol: int) -> None:
    twin = pickle.loads(pickle.dumps(error, protocol))
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)
    assert twin.delivery == error.delivery
    assert vars(copy.copy(error)) == vars(error)


def test_an_error_of_a_call_pickles_whole_and_then_says_how_to_go_on(make_api: Any) -> None:
    _, error = failed(make_api, (500, '{"error": {"code": "x"}}', {}), max_retries=1)
    twin = pickle.loads(pickle.dumps(error))
    assert twin.attempts == error.attempts
    assert twin.idempotency_key == "order-1"
    assert twin.payload == error.payload
    with pytest.raises(ResumeError, match="idempotency_key='order-1'") as refusal:
        twin.resume()
    assert refusal.value.delivery == "maybe_processed"


# Messages -----------------------------------------------------------------------------------------


def test_messages_never_carry_a_body(make_api: Any) -> None:
    text = '{"id": "pi_canary", "status"'
    for status in (200, 400, 500):
        _, error = failed(make_api, (status, text, {}), max_retries=0)
        shown = "".join(traceback.format_exception(error))
        assert "canary" not in shown
        assert "canary" not in repr(error)


def test_a_message_is_one_short_line_whatever_the_server_says(make_api: Any) -> None:
    words = "first\r\nX-Evil: second\x1b[31m\u2028" + "long " * 10_000
    body = json.dumps({"error": {"message": words, "code": "c\nd", "param": "p" * 5000}})
    _, error = failed(make_api, (402, body, {"X-Request-Id": "r" * 10_000}), max_retries=0)
    assert len(str(error)) < 1200
    assert str(error).isprintable()
    assert error.payload["error"]["message"] == words


def test_a_server_that_echoes_the_request_gives_nothing_away(make_api: Any) -> None:
    iban = "FR76 3000 6000 0112 3456 7890 189"

    def echo(request: Any) -> Any:
        said = f"{request['json']} {request['headers']} {iban.replace(' ', '')} {iban.lower()}"
        return 422, json.dumps({"error": {"message": said, "param": iban, "code": iban}}), {}

    api = make_api(Recorder(echo), api_key="sk_test_canary", max_retries=0)
    with pytest.raises(InvalidRequestError) as caught:
        api.create_payout("connect", "m_1", 5, "EUR", {"type": "iban", "iban": iban})
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.attempts)
    for secret in ("canary", iban, iban.replace(" ", ""), iban.lower()):
        assert secret not in shown
    with pytest.raises(InvalidRequestError) as hatch:
        api.request("POST", "/v9/new", json={"to": [{"iban": iban}]})
    assert iban not in str(hatch.value)


# Validation ---------------------------------------------------------------------------------------


def refused(make_api: Any, method: str, *args: Any, **kwargs: Any) -> dict[str, str]:
    recorder = Recorder()
    with pytest.raises(ValidationError) as caught:
        getattr(make_api(recorder), method)(*args, **kwargs)
    assert recorder.sent == []
    assert caught.value.delivery == "not_sent"
    assert "canary" not in str(caught.value)
    assert "nothing was sent" in str(caught.value)
    return caught.value.errors


def test_validation_tells_all_problems_at_once(make_api: Any) -> None:
    errors = refused(
        make_api,
        "create_payout",
        "",
        "e" * 256,
        "12.5 canary",
        "canary",
        {"type": "bank_account", "account_number": "", "bank_code": "canary" * 99},
        {"k": ["canary"], "j": {"canary": 1}},
        scheduled_for="canary",
        idempotency_key="k",
    )
    assert set(errors) == {
        "origin_module",
        "origin_entity_id",
        "amount",
        "currency",
        "beneficiary.account_number",
        "beneficiary.bank_code",
        "metadata.k",
        "metadata.j",
        "scheduled_for",
    }


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 2**53}, "amount"),
        ({"amount": 25.0}, "amount"),
        ({"amount": "2500"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": None}, "amount"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "USD\n"}, "currency"),
        ({"currency": "US"}, "currency"),
        ({"currency": "\u0663\u0663\u0663"}, "currency"),
        ({"customer_id": ""}, "customer_id"),
        ({"customer_id": 5}, "customer_id"),
        ({"description": "d" * 1001}, "description"),
        ({"description": "\ud800"}, "description"),
        ({"metadata": {"k" * 9: 1, **{str(i): i for i in range(50)}}}, "metadata"),
        ({"metadata": {"k": object()}}, "metadata.k"),
        ({"metadata": {"k": float("nan")}}, "metadata.k"),
        ({"metadata": {"k": 10**400}}, "metadata.k"),
        ({"metadata": {5: "v"}}, "metadata"),
        ({"metadata": {"\ud800": "v"}}, "metadata.\ud800"),
        ({"metadata": "text"}, "metadata"),
        ({"capture": "yes"}, "capture"),
        ({"capture": 1}, "capture"),
        ({"return_url": ""}, "return_url"),
        ({"locale": "en\n"}, "locale"),
    ],
)
def test_every_constraint_of_the_document_is_checked(
    arguments: dict[str, Any], field: str, make_api: Any
) -> None:
    given = {"amount": 2500, "currency": "USD", **arguments}
    errors = refused(make_api, "create_payment_intent", **given)
    assert set(errors) == {field}


@pytest.mark.parametrize(
    "amount",
    ["0", "-1", "0.0", "1e13", "NaN", "Infinity", "-Infinity", "sNaN", "0.1000000000000000055"],
)
def test_a_payout_amount_must_be_positive_and_survive_the_wire(amount: str, make_api: Any) -> None:
    from decimal import Decimal

    wallet = {"type": "wallet", "wallet_id": "w"}
    errors = refused(make_api, "create_payout", "m", "e", Decimal(amount), "USD", wallet)
    assert set(errors) == {"amount"}


@pytest.mark.parametrize(
    ("beneficiary", "field"),
    [
        ({}, "beneficiary.type"),
        ({"type": "pigeon"}, "beneficiary.type"),
        ({"type": "iban"}, "beneficiary.iban"),
        ({"type": "iban", "iban": None}, "beneficiary.iban"),
        ({"type": "iban", "iban": 5}, "beneficiary.iban"),
        ("iban", "beneficiary"),
        (None, "beneficiary"),
        ([], "beneficiary"),
    ],
)
def test_nested_fields_are_named_by_their_path(beneficiary: Any, field: str, make_api: Any) -> None:
    errors = refused(make_api, "create_payout", "m", "e", 5, "USD", beneficiary)
    assert set(errors) == {field}


@pytest.mark.parametrize(
    "key", ["", " ", "x" * 129, "a\nb", "a\r\nX-Evil: 1", "\u00e9", "a\x00", 5, b"key", " a", "a "]
)
def test_a_malformed_key_is_refused_before_anything_is_sent(key: Any, make_api: Any) -> None:
    assert set(refused(make_api, "create_refund", "ch_1", idempotency_key=key)) == {
        "idempotency_key"
    }


def test_limits_of_queries_are_checked(make_api: Any) -> None:
    errors = refused(
        make_api, "list_payment_intents", limit=101, offset=-1, customer_id="", status="nope"
    )
    assert set(errors) == {"limit", "offset", "customer_id", "status"}


def test_a_problem_says_what_was_expected(make_api: Any) -> None:
    errors = refused(make_api, "list_payouts", limit=101, status="nope")
    assert errors["limit"] == "must be at most 100"
    assert errors["status"].startswith("must be one of pending, scheduled")
