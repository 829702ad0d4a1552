"""Payment intents, refunds and payouts from beginning to end, by their tables."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from molam_overlays.sandbox.life import LIVES
from molam_overlays.sandbox.values import VALUES

from .conftest import INTENTS, PAYOUTS, World


def test_an_order_is_held_captured_and_refunded_in_part(world: World) -> None:
    intent = world.intent(2500, metadata={"order": "1042"}, description="Order 1042")
    assert intent["status"] == "requires_payment_method"
    assert intent["charge_id"] is None
    held = world.confirm(intent).body
    assert (held["status"], held["amount_captured"]) == ("requires_capture", 0)
    captured = world.post(f"{INTENTS}/{intent['id']}/capture").body
    assert (captured["status"], captured["amount_captured"]) == ("succeeded", 2500)
    refund = world.post(f"/v1/connect/charges/{captured['charge_id']}/refund", {"amount": 500})
    assert (refund.status, refund.body["status"]) == (201, "pending")
    assert refund.body["payment_intent_id"] == intent["id"]
    world.advance(2)
    assert world.get(f"/v1/connect/refunds/{refund.body['id']}").body["status"] == "succeeded"
    assert world.event_types() == [
        "payment_intent.created",
        "payment_intent.requires_capture",
        "payment_intent.succeeded",
        "refund.created",
        "refund.succeeded",
    ]


def test_capture_true_takes_the_money_on_confirmation(world: World) -> None:
    assert world.paid(15000)["amount_captured"] == 15000


def test_capturing_part_releases_the_rest(world: World) -> None:
    intent = world.intent(2500)
    world.confirm(intent)
    captured = world.post(f"{INTENTS}/{intent['id']}/capture", {"amount_to_capture": 2000}).body
    assert captured["amount_captured"] == 2000
    too_much = world.post(f"/v1/connect/charges/{captured['charge_id']}/refund", {"amount": 2001})
    assert (too_much.status, too_much.error["param"]) == (422, "amount")


def test_capture_never_exceeds_what_is_on_hold(world: World) -> None:
    intent = world.intent(2500)
    world.confirm(intent)
    answer = world.post(f"{INTENTS}/{intent['id']}/capture", {"amount_to_capture": 2501})
    assert (answer.status, answer.error["param"]) == (422, "amount_to_capture")


def test_a_charge_is_captured_once(world: World) -> None:
    intent = world.paid()
    answer = world.post(f"{INTENTS}/{intent['id']}/capture")
    assert (answer.status, answer.error["code"]) == (409, "invalid_state")


def test_refunds_together_never_exceed_the_charge(world: World) -> None:
    charge = world.paid(1000)["charge_id"]
    path = f"/v1/connect/charges/{charge}/refund"
    assert world.post(path, {"amount": 600}).status == 201
    assert world.post(path, {"amount": 500}).status == 422
    assert world.post(path).status == 422, "left out is the whole charge, which is not there"
    assert world.post(path, {"amount": 400}).status == 201
    assert world.post(path, {"amount": 1}).status == 409
    assert world.post(path).status == 409


def test_refunds_never_exceed_the_charge_under_concurrency(world: World) -> None:
    charge = world.paid(1000)["charge_id"]
    barrier = threading.Barrier(8)
    outcomes: list[int] = []

    def refund() -> None:
        barrier.wait()
        for _ in range(10):
            answer = world.post(f"/v1/connect/charges/{charge}/refund", {"amount": 30})
            outcomes.append(answer.status)

    threads = [threading.Thread(target=refund) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(201) == 33
    assert outcomes.count(422) == 47
    listed = world.get(f"/v1/connect/refunds?charge_id={charge}&limit=100").body["data"]
    assert sum(each["amount"] for each in listed) == 990


def test_captures_happen_once_under_concurrency(world: World) -> None:
    intent = world.intent(1000)
    world.confirm(intent)
    outcomes: list[int] = []

    def capture() -> None:
        outcomes.append(world.post(f"{INTENTS}/{intent['id']}/capture").status)

    threads = [threading.Thread(target=capture) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [200] + [409] * 7


def test_a_failed_refund_frees_its_amount(world: World) -> None:
    intent = world.intent(1000, capture=True)
    charge = world.confirm(intent, "pm_refund_fails").body["charge_id"]
    path = f"/v1/connect/charges/{charge}/refund"
    refund = world.post(path).body
    assert world.post(path).status == 409
    world.advance(2)
    assert world.get(f"/v1/connect/refunds/{refund['id']}").body["status"] == "failed"
    assert world.event_types()[-1] == "refund.failed"
    assert world.post(path).status == 201


@pytest.mark.parametrize(
    "status", ["requires_payment_method", "requires_action", "requires_capture"]
)
def test_an_intent_without_money_can_be_canceled(world: World, status: str) -> None:
    intent = world.intent()
    if status == "requires_action":
        world.confirm(intent, None)
    elif status == "requires_capture":
        world.confirm(intent)
    answer = world.post(f"{INTENTS}/{intent['id']}/cancel")
    assert (answer.status, answer.body["status"]) == (200, "canceled")
    assert answer.body["redirect_url"] is None
    assert world.event_types()[-1] == "payment_intent.canceled"


@pytest.mark.parametrize("method", ["pm_success", "pm_processing"])
def test_an_intent_with_money_on_its_way_cannot_be_canceled(world: World, method: str) -> None:
    intent = world.intent(capture=True)
    world.confirm(intent, method)
    assert world.post(f"{INTENTS}/{intent['id']}/cancel").status == 409


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_declined", "card_declined"),
        ("pm_insufficient_funds", "insufficient_funds"),
        ("pm_expired", "expired_card"),
    ],
)
def test_a_refused_payment_method_leaves_the_intent_open(
    world: World, method: str, code: str
) -> None:
    intent = world.intent(capture=True)
    refused = world.confirm(intent, method)
    assert (refused.status, refused.error["code"]) == (402, code)
    assert refused.error["type"] == "payment_error"
    now = world.get(f"{INTENTS}/{intent['id']}").body
    assert (now["status"], now["last_error"]["code"]) == ("requires_payment_method", code)
    again = world.confirm(intent)
    assert (again.body["status"], again.body["last_error"]) == ("succeeded", None)


@pytest.mark.parametrize("method", [None, "pm_action"])
def test_a_payment_that_needs_its_customer_waits_on_the_hosted_page(
    world: World, method: str | None
) -> None:
    intent = world.intent(capture=True)
    waiting = world.confirm(intent, method).body
    assert waiting["status"] == "requires_action"
    assert waiting["redirect_url"] == f"http://localhost:4010/pay/{intent['id']}"
    world.core.customer(intent["id"], "pay")
    paid = world.get(f"{INTENTS}/{intent['id']}").body
    assert (paid["status"], paid["redirect_url"]) == ("succeeded", None)


def test_a_declined_hosted_payment_fails(world: World) -> None:
    intent = world.intent()
    world.confirm(intent, None)
    world.core.customer(intent["id"], "decline")
    failed = world.get(f"{INTENTS}/{intent['id']}").body
    assert (failed["status"], failed["last_error"]["code"]) == ("failed", "card_declined")
    assert world.event_types()[-1] == "payment_intent.failed"


def test_a_customer_who_never_comes_back_lets_the_intent_expire(world: World) -> None:
    intent = world.intent()
    world.confirm(intent, None)
    world.advance(24 * 3600 - 1)
    assert world.get(f"{INTENTS}/{intent['id']}").body["status"] == "requires_action"
    world.advance(1)
    assert world.get(f"{INTENTS}/{intent['id']}").body["status"] == "canceled"


def test_a_hold_expires_unless_it_is_captured(world: World) -> None:
    left, taken = world.intent(), world.intent()
    world.confirm(left)
    world.confirm(taken)
    world.post(f"{INTENTS}/{taken['id']}/capture")
    world.advance(7 * 86400)
    assert world.get(f"{INTENTS}/{left['id']}").body["status"] == "canceled"
    assert world.get(f"{INTENTS}/{taken['id']}").body["status"] == "succeeded"


@pytest.mark.parametrize(
    ("method", "then"),
    [
        ("pm_settles_late", "succeeded"),
        ("pm_fails_late", "failed"),
        ("pm_processing", "processing"),
    ],
)
def test_late_payments_follow_the_clock(world: World, method: str, then: str) -> None:
    intent = world.intent(capture=True)
    assert world.confirm(intent, method).body["status"] == "processing"
    world.advance(29)
    assert world.get(f"{INTENTS}/{intent['id']}").body["status"] == "processing"
    world.advance(1)
    settled = world.get(f"{INTENTS}/{intent['id']}").body
    assert settled["status"] == then
    if then != "processing":
        assert settled["updated_at"] == "2025-01-16T12:00:30Z"


def test_a_capture_can_be_refused(world: World) -> None:
    intent = world.intent()
    world.confirm(intent, "pm_capture_fails")
    refused = world.post(f"{INTENTS}/{intent['id']}/capture")
    assert (refused.status, refused.error["code"]) == (402, "card_declined")
    now = world.get(f"{INTENTS}/{intent['id']}").body
    assert (now["status"], now["last_error"]["code"]) == ("requires_capture", "card_declined")


def test_a_payout_is_sent_and_paid(world: World) -> None:
    payout = world.payout(amount=129.90, currency="EUR").body
    assert (payout["status"], payout["amount"], payout["fee"]) == ("pending", 129.9, None)
    assert payout["reference_code"].startswith("PAYOUT-20250116-")
    seen = []
    for _ in range(4):
        seen.append(world.get(f"{PAYOUTS}/{payout['id']}").body["status"])
        world.advance(2)
    assert seen == ["pending", "processing", "sent", "paid"]
    assert world.get(f"{PAYOUTS}/{payout['id']}").body["fee"] == 0.39
    assert world.event_types() == ["payout.created", "payout.sent", "payout.paid"]


def test_a_scheduled_payout_waits_for_its_day(world: World) -> None:
    payout = world.payout(scheduled_for="2025-01-17T12:00:00+00:00").body
    assert payout["status"] == "scheduled"
    world.advance(86_399)
    assert world.get(f"{PAYOUTS}/{payout['id']}").body["status"] == "scheduled"
    world.advance(7)
    assert world.get(f"{PAYOUTS}/{payout['id']}").body["status"] == "paid"


def test_a_payout_is_canceled_only_before_it_starts(world: World) -> None:
    payout = world.payout().body
    assert world.post(f"{PAYOUTS}/{payout['id']}/cancel").body["status"] == "canceled"
    late = world.payout().body
    world.advance(2)
    assert world.post(f"{PAYOUTS}/{late['id']}/cancel").status == 409


@pytest.mark.parametrize(
    "beneficiary",
    [
        {"type": "bank_account", "account_number": "000000000"},
        {"type": "iban", "iban": "XX0000000000"},
        {"type": "iban", "iban": "XX00 0000 0000"},
        {"type": "mobile_money", "phone": "+00000000000"},
        {"type": "wallet", "wallet_id": "wal_fails"},
    ],
)
def test_some_beneficiaries_fail(world: World, beneficiary: dict[str, Any]) -> None:
    payout = world.payout(beneficiary=beneficiary).body
    world.advance(60)
    assert world.get(f"{PAYOUTS}/{payout['id']}").body["status"] == "failed"
    assert world.event_types()[-1] == "payout.failed"


def test_a_paid_payout_can_come_back(world: World) -> None:
    payout = world.payout(beneficiary={"type": "bank_account", "account_number": "999999999"}).body
    world.advance(6)
    assert world.get(f"{PAYOUTS}/{payout['id']}").body["status"] == "paid"
    world.advance(60)
    assert world.get(f"{PAYOUTS}/{payout['id']}").body["status"] == "reversed"
    assert world.event_types()[-2:] == ["payout.paid", "payout.reversed"]


def test_an_empty_treasury_pays_nothing_out(world: World) -> None:
    answer = world.payout(origin_entity_id="empty_treasury")
    assert (answer.status, answer.error["code"]) == (402, "insufficient_balance")
    assert world.get(PAYOUTS).body["data"] == []


@pytest.mark.parametrize(("currency", "amount"), [("USD", 1.005), ("XOF", 10.5), ("BHD", 0.0001)])
def test_a_payout_has_no_more_decimals_than_its_currency(
    world: World, currency: str, amount: float
) -> None:
    answer = world.payout(currency=currency, amount=amount)
    assert (answer.status, answer.error["param"]) == (422, "amount")


def test_a_payout_is_not_scheduled_in_the_past(world: World) -> None:
    answer = world.payout(scheduled_for="2025-01-16T11:59:59Z")
    assert (answer.status, answer.error["param"]) == (422, "scheduled_for")


def test_lives_only_know_statuses_of_the_document(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    names = {
        "payment_intent": "PaymentIntentStatus",
        "refund": "RefundStatus",
        "payout": "PayoutStatus",
    }
    for kind, life in LIVES.items():
        known = set(schemas[names[kind]]["enum"])
        assert {status for status, _ in life} | set(life.values()) <= known


def test_every_test_value_is_told_apart() -> None:
    assert len({(each.field, each.value) for each in VALUES}) == len(VALUES)
