"""Events: who gets which, signed how, again when, and damaged on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from molam_overlays.errors import SignatureError
from molam_overlays.sandbox.outbox import RETRY_SECONDS, Delivery
from molam_overlays.webhook.signature import parse_signature_header, verify_signature

from .conftest import START_MS, World

URL = "http://127.0.0.1:9/hooks"
SECRET = "whsec_test"


@pytest.fixture
def subscribed(world: World) -> World:
    world.core.outbox.subscribe(URL, SECRET)
    return world


def deliver(world: World, status: int | None = 200) -> list[Delivery]:
    """Deliver everything that is due, each with the same outcome."""
    done: list[Delivery] = []
    while taken := world.core.outbox.take():
        for delivery in taken:
            world.core.outbox.report(delivery, status, None if status else "refused")
            done.append(delivery)
    return done


def types(deliveries: list[Delivery]) -> list[str]:
    return [each.event_type for each in deliveries]


def check(world: World, delivery: Delivery, secret: str = SECRET) -> bool:
    header = delivery.headers["Molam-Signature"]
    return verify_signature(header, delivery.content, secret, now_ms=world.machine_ms)


def test_an_event_is_the_resource_in_a_signed_envelope(subscribed: World) -> None:
    intent = subscribed.intent()
    (delivery,) = deliver(subscribed)
    event = json.loads(delivery.content)
    assert event == {
        "id": delivery.event_id,
        "type": "payment_intent.created",
        "created": START_MS // 1000,
        "livemode": False,
        "data": intent,
    }
    assert check(subscribed, delivery)
    assert parse_signature_header(delivery.headers["Molam-Signature"])["kid"] == "1"


def test_every_event_fits_the_document(subscribed: World) -> None:
    world = subscribed
    intent = world.paid()
    world.post(f"/v1/connect/charges/{intent['charge_id']}/refund", {"amount": 1})
    world.payout()
    world.confirm(world.intent(), None)
    world.advance(3600)
    seen = deliver(world)
    assert len(set(types(seen))) >= 8
    for delivery in seen:
        media = world.checked.document.webhook_example(delivery.event_type)
        assert world.checked.problems(f"{media}/schema", json.loads(delivery.content)) == []


def test_events_arrive_in_order_one_at_a_time(subscribed: World) -> None:
    subscribed.paid()
    (first,) = subscribed.core.outbox.take()
    assert subscribed.core.outbox.take(frozenset({first.subscription_id})) == []
    subscribed.core.outbox.report(first, 200)
    assert types([first, *deliver(subscribed)]) == [
        "payment_intent.created",
        "payment_intent.succeeded",
    ]


def test_a_subscription_may_name_its_types(world: World) -> None:
    world.core.outbox.subscribe(URL, SECRET, ("payment_intent.succeeded",))
    world.paid()
    assert types(deliver(world)) == ["payment_intent.succeeded"]


def test_a_refused_event_is_sent_again_at_growing_intervals_then_given_up(
    subscribed: World,
) -> None:
    subscribed.intent()
    signatures = set()
    for number, wait in enumerate(RETRY_SECONDS, 1):
        (delivery,) = deliver(subscribed, 500)
        assert delivery.attempt == number
        subscribed.machine_ms += 1
        subscribed.advance(wait - 1)
        assert deliver(subscribed, 500) == []
        subscribed.advance(1)
        signatures.add(delivery.headers["Molam-Signature"])
    (last,) = deliver(subscribed, None)
    assert last.event_id == delivery.event_id
    subscribed.advance(1_000_000)
    assert deliver(subscribed) == []
    (entry,) = subscribed.core.outbox.events()
    assert entry["deliveries"][0]["state"] == "failed"
    assert len(entry["deliveries"][0]["attempts"]) == len(RETRY_SECONDS) + 1
    assert len(signatures) == len(RETRY_SECONDS), "each attempt is signed afresh"
    assert sum(RETRY_SECONDS) <= 3 * 86_400


def test_a_failing_event_does_not_hold_up_later_ones(subscribed: World) -> None:
    subscribed.intent()
    deliver(subscribed, 500)
    subscribed.intent()
    assert len(deliver(subscribed, 200)) == 1


def test_rotation_signs_with_both_secrets_for_a_day(subscribed: World) -> None:
    (subscription,) = subscribed.core.outbox.subscriptions()
    rotated = subscribed.core.outbox.rotate(subscription.id, "whsec_new")
    assert rotated is not None
    subscribed.intent()
    (delivery,) = deliver(subscribed)
    assert parse_signature_header(delivery.headers["Molam-Signature"])["kid"] == "2"
    assert check(subscribed, delivery, "whsec_new")
    assert check(subscribed, delivery, SECRET)
    subscribed.advance(86_400)
    subscribed.intent()
    (delivery,) = deliver(subscribed)
    assert check(subscribed, delivery, "whsec_new")
    with pytest.raises(SignatureError, match="Signature mismatch"):
        check(subscribed, delivery, SECRET)


def test_a_rotated_secret_is_random_unless_given(subscribed: World) -> None:
    (subscription,) = subscribed.core.outbox.subscriptions()
    first = subscribed.core.outbox.rotate(subscription.id)
    second = subscribed.core.outbox.rotate(subscription.id)
    assert first is not None
    assert second is not None
    assert second.secrets[0]["secret"] != first.secrets[0]["secret"]
    assert second.secrets[0]["secret"].startswith("whsec_")
    assert subscribed.core.outbox.rotate("sub_nowhere") is None


def test_nothing_is_sent_after_unsubscribing(subscribed: World) -> None:
    subscribed.intent()
    (subscription,) = subscribed.core.outbox.subscriptions()
    assert subscribed.core.outbox.unsubscribe(subscription.id)
    assert deliver(subscribed) == []
    assert not subscribed.core.outbox.unsubscribe(subscription.id)


def test_an_event_can_be_sent_again_with_its_id(subscribed: World) -> None:
    subscribed.intent()
    (first,) = deliver(subscribed)
    assert subscribed.core.outbox.resend(first.event_id) == 1
    (again,) = deliver(subscribed)
    assert (again.event_id, again.content) == (first.event_id, first.content)


def test_a_duplicated_event_arrives_twice_with_one_id(subscribed: World) -> None:
    subscribed.core.script("webhook=duplicate", event="payment_intent.succeeded")
    subscribed.paid()
    seen = deliver(subscribed)
    assert types(seen) == ["payment_intent.created"] + ["payment_intent.succeeded"] * 2
    assert seen[1].event_id == seen[2].event_id


def test_a_reordered_event_arrives_after_the_next_one(subscribed: World) -> None:
    subscribed.core.script("webhook=reorder", event="payment_intent.created")
    subscribed.intent()
    assert deliver(subscribed) == []
    subscribed.paid()
    assert types(deliver(subscribed)) == [
        "payment_intent.created",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]
    created = [e["event"]["id"] for e in reversed(subscribed.core.outbox.events())]
    order = [d["attempts"] for e in subscribed.core.outbox.events() for d in e["deliveries"]]
    assert len(created) == 3
    assert all(order)


def test_a_reordered_event_is_overtaken_by_its_successor(subscribed: World) -> None:
    subscribed.core.script("webhook=reorder", event="payment_intent.created")
    intent = subscribed.intent(capture=True)
    subscribed.confirm(intent)
    assert types(deliver(subscribed)) == ["payment_intent.succeeded", "payment_intent.created"]


def test_a_reordered_event_that_nothing_follows_comes_after_a_minute(subscribed: World) -> None:
    subscribed.core.script("webhook=reorder")
    subscribed.intent()
    subscribed.advance(59)
    assert deliver(subscribed) == []
    subscribed.advance(1)
    assert types(deliver(subscribed)) == ["payment_intent.created"]


def test_a_delayed_event_waits(subscribed: World) -> None:
    subscribed.core.script("webhook=delay seconds=90")
    subscribed.intent()
    subscribed.advance(89)
    assert deliver(subscribed) == []
    subscribed.advance(1)
    assert len(deliver(subscribed)) == 1


def test_a_dropped_event_can_only_be_resent(subscribed: World) -> None:
    subscribed.core.script("webhook=drop")
    subscribed.intent()
    subscribed.advance(1_000_000)
    assert deliver(subscribed) == []
    (entry,) = subscribed.core.outbox.events()
    assert entry["deliveries"][0]["state"] == "dropped"
    subscribed.core.outbox.resend(entry["event"]["id"])
    assert len(deliver(subscribed)) == 1


@pytest.mark.parametrize(
    ("damage", "says"),
    [("stale", "Timestamp outside tolerance"), ("bad_signature", "Signature mismatch")],
)
def test_a_damaged_signature_is_refused_once_and_right_on_the_next_try(
    subscribed: World, damage: str, says: str
) -> None:
    subscribed.core.script(f"webhook={damage}")
    subscribed.intent()
    (first,) = deliver(subscribed, 400)
    with pytest.raises(SignatureError, match=says):
        check(subscribed, first)
    subscribed.advance(RETRY_SECONDS[0])
    (second,) = deliver(subscribed)
    assert check(subscribed, second)


def test_a_header_damages_the_events_of_its_own_request(subscribed: World) -> None:
    subscribed.post(
        "/v1/connect/payment_intents",
        {"amount": 1, "currency": "USD"},
        fault="webhook=duplicate",
    )
    subscribed.intent()
    assert len(deliver(subscribed)) == 3


def test_an_event_can_be_triggered_from_the_documents_example(subscribed: World) -> None:
    event = subscribed.core.trigger("payout.failed", {"id": "po_mine"})
    assert event["data"]["id"] == "po_mine"
    assert event["data"]["status"] == "failed"
    assert types(deliver(subscribed)) == ["payout.failed"]
    with pytest.raises(LookupError):
        subscribed.core.trigger("wish.granted")


def test_what_was_being_sent_when_the_process_ended_is_sent_again(
    subscribed: World, make_core: Callable[[World], Any]
) -> None:
    subscribed.intent()
    (taken,) = subscribed.core.outbox.take()
    again = make_core(subscribed)
    (retaken,) = again.outbox.take()
    assert retaken.event_id == taken.event_id


@pytest.fixture
def make_core() -> Callable[[World], Any]:
    from molam_overlays.sandbox.core import Core

    return lambda world: Core(world.checked, world.state, world.clock)
