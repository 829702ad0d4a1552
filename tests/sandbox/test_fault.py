"""Fault scripts: deterministic, per request or ahead."""

from __future__ import annotations

import json

import pytest

from molam_overlays.sandbox.answer import Hangup, Pause, Reply
from molam_overlays.sandbox.fault_script import FaultError, parse

from .conftest import INTENTS, World

BODY = {"amount": 2500, "currency": "USD"}


def listed(world: World) -> int:
    return len(world.get(INTENTS).body["data"])


def test_a_lost_response_leaves_the_work_done(world: World) -> None:
    lost = world.post(INTENTS, BODY, key="k", fault="lost_response")
    assert lost.effects == [Hangup(reset=True)]
    assert listed(world) == 1
    again = world.post(INTENTS, BODY, key="k", fault="lost_response")
    assert again.status == 201
    assert "Idempotency-Replayed" in again.headers
    assert listed(world) == 1


@pytest.mark.parametrize(("fault", "reset"), [("reset=before", True), ("close=before", False)])
def test_a_connection_lost_before_the_work_leaves_nothing(
    world: World, fault: str, reset: bool
) -> None:
    assert world.post(INTENTS, BODY, key="k", fault=fault).effects == [Hangup(reset=reset)]
    assert listed(world) == 0
    assert world.post(INTENTS, BODY, key="k", fault=fault).status == 201


def test_a_status_stands_for_no_work(world: World) -> None:
    answer = world.post(INTENTS, BODY, key="k", fault="status=503 retry_after=2")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert answer.error["type"] == "api_error"
    assert listed(world) == 0


def test_a_status_after_the_work_keeps_the_true_answer_for_the_replay(world: World) -> None:
    answer = world.post(INTENTS, BODY, key="k", fault="status=500 after")
    assert (answer.status, listed(world)) == (500, 1)
    assert world.post(INTENTS, BODY, key="k").status == 201
    assert listed(world) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "rate_limited"), (409, "idempotency_in_flight"), (402, "insufficient_funds")],
)
def test_a_status_is_worded_by_the_document(world: World, status: int, code: str) -> None:
    answer = world.post(INTENTS, BODY, fault=f"status={status}")
    assert (answer.status, answer.error["code"]) == (status, code)


def test_a_code_can_be_named(world: World) -> None:
    answer = world.post(INTENTS, BODY, fault="status=402 code=insufficient_balance")
    assert answer.error["code"] == "insufficient_balance"


def test_latency_waits_before_the_work(world: World) -> None:
    answer = world.post(INTENTS, BODY, fault="latency=1.5")
    assert answer.effects[0] == Pause(1.5)
    assert answer.status == 201


def test_a_truncated_body_announces_more_than_it_sends(world: World) -> None:
    half = world.post(INTENTS, BODY, fault="truncate").reply
    assert half.cut_after == len(half.content) // 2
    assert json.loads(half.content)["amount"] == 2500
    assert world.post(INTENTS, BODY, fault="truncate=20").reply.cut_after == 20
    assert (
        world.post(INTENTS, BODY, fault="truncate=999999").reply.cut_after == len(half.content) - 1
    )


def test_garbage_is_html_or_no_http_at_all(world: World) -> None:
    html = world.post(INTENTS, BODY, fault="garbage")
    assert (html.status, html.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<h1>" in html.reply.content
    assert world.post(INTENTS, BODY, fault="garbage=http").reply.raw
    assert listed(world) == 2


def test_a_body_can_drip(world: World) -> None:
    assert world.get(INTENTS, fault="drip=3").reply.drip_seconds == 3.0


def test_a_script_goes_step_by_step_for_one_key(world: World) -> None:
    script = "status=503, reset=after, ok, status=500"
    outcomes = [world.post(INTENTS, BODY, key="k", fault=script) for _ in range(5)]
    assert [type(each.effects[-1]) for each in outcomes] == [Reply, Hangup, Reply, Reply, Reply]
    assert [each.status for each in outcomes if not each.hung_up] == [503, 201, 500, 201]
    other = world.post(INTENTS, BODY, key="k2", fault=script)
    assert other.status == 503


def test_a_script_without_a_key_goes_by_method_and_path(world: World) -> None:
    seen = [world.get(INTENTS, fault="status=503, status=502").status for _ in range(3)]
    assert seen == [503, 502, 200]


def test_faults_scripted_ahead_meet_the_next_requests(world: World) -> None:
    world.core.script("status=503, ok, lost_response")
    assert world.post(INTENTS, BODY).status == 503
    assert world.post(INTENTS, BODY).status == 201
    assert world.post(INTENTS, BODY).hung_up
    assert world.post(INTENTS, BODY).status == 201
    assert listed(world) == 3


def test_a_fault_ahead_can_wait_for_one_operation(world: World) -> None:
    world.core.script("status=503", operation="createPayout")
    assert world.post(INTENTS, BODY).status == 201
    assert world.payout().status == 503
    assert world.payout().status == 201


def test_forgetting_drops_what_was_scripted(world: World) -> None:
    world.core.script("status=503")
    world.core.forget_faults()
    assert world.post(INTENTS, BODY).status == 201


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("explode", "explode"),
        ("status=99", "status=99"),
        ("status", "status"),
        ("latency=-1", "latency=-1"),
        ("latency=1e9", "latency=1e9"),
        ("latency=601", "latency=601"),
        ("reset=sometimes", "reset=sometimes"),
        ("webhook=lose", "webhook=lose"),
        ("ok=1", "ok=1"),
        ("retry_after=\u00e9", "retry_after"),
    ],
)
def test_a_script_that_is_not_understood_names_its_word(
    world: World, script: str, word: str
) -> None:
    with pytest.raises(FaultError, match=word):
        parse(script)
    answer = world.get(INTENTS, fault=script)
    assert (answer.status, answer.error["param"]) == (400, "Molam-Sandbox-Fault")


@pytest.mark.parametrize(
    "script",
    [
        "Ok=1",
        "Status=x",
        "STATUS=",
        "Status",
        "Code=No",
        "retry-after=",
        "Retry-After=\u00e9",
        "After=1",
        "Latency=soon",
        "RESET=",
        "lost-response=1",
        "Close=now",
        "Truncate=half",
        "Garbage=pdf",
        "Drip=",
        "Webhook=lose",
        "Seconds=-1",
    ],
)
def test_a_word_in_another_spelling_is_told_what_was_expected(world: World, script: str) -> None:
    expected = f"{script!r} is not understood: .*(was expected|takes no value)"
    with pytest.raises(FaultError, match=expected):
        parse(script)
    with pytest.raises(FaultError, match=expected):
        world.core.script(script)
    answer = world.get(INTENTS, fault=script)
    assert (answer.status, answer.error["code"]) == (400, "fault_not_understood")


def test_words_may_be_spelled_with_hyphens_and_capitals() -> None:
    (step,) = parse("Status=503 Retry-After=2")
    assert (step.status, step.retry_after) == (503, "2")


def test_scripts_for_what_the_document_does_not_have_are_refused(world: World) -> None:
    with pytest.raises(FaultError, match="no operation"):
        world.core.script("ok", operation="createWish")
    with pytest.raises(FaultError, match="no event"):
        world.core.script("webhook=drop", event="wish.granted")


def test_the_log_shows_what_was_asked_answered_and_broken(world: World) -> None:
    world.post(INTENTS, BODY, key="k", fault="lost_response")
    world.payout(beneficiary={"type": "iban", "iban": "FR7630006000011234567890189"})
    payout, lost = world.core.requests()
    assert (lost["idempotency_key"], lost["fault"]) == ("k", "lost_response")
    assert lost["body"] == BODY
    assert lost["answer"]["status"] == "requires_payment_method"
    assert payout["body"]["beneficiary"]["iban"] == "***"
    assert payout["answer"]["beneficiary"]["iban"] == "***"
    assert "sk_test" not in str(world.core.requests())
