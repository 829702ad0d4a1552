"""What a type checker knows of webhook events. `make types` checks it; nothing here is ever run.

Each `assert_type` is a promise. An ignore marks a mistake that must be an error: mypy and pyright
both complain about one that is not needed.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import Literal

from flask import Flask
from starlette.applications import Starlette
from typing_extensions import assert_type

from molam_sdk import MolamAsyncClient, MolamClient
from molam_sdk.contrib import asgi, django, flask
from molam_sdk.events import (
    Event,
    EventRouter,
    PaymentIntentFailed,
    PaymentIntentSucceeded,
    PayoutPaid,
    RefundSucceeded,
    WebhookEvent,
    read_event,
)
from molam_sdk.idempotency import AsyncIdempotencyStore, IdempotencyStore, Recovered
from molam_sdk.inbox import AsyncInbox, Delivery, Inbox
from molam_sdk.models import PaymentIntent, Payout, Refund


def matched(client: MolamClient, header: str, body: bytes) -> str:
    event = client.construct_event(header, body)
    assert_type(event, WebhookEvent)
    match event:
        case PaymentIntentSucceeded():
            assert_type(event.data, PaymentIntent)
            assert_type(event.type, Literal["payment_intent.succeeded"])
        case PaymentIntentFailed(data=payment):
            assert_type(payment, PaymentIntent)
        case PayoutPaid(data=payout):
            assert_type(payout, Payout)
            return payout.id
        case _:
            assert_type(event.id, str)
            print(event.data.amount)  # type: ignore[attr-defined]
    return event.type


def isinstances(client: MolamAsyncClient, header: str, body: bytes) -> None:
    event = client.construct_event(header, body)
    if isinstance(event, RefundSucceeded):
        assert_type(event.data, Refund)
        print(event.data.payout_method)  # type: ignore[attr-defined]
    elif isinstance(event, (PaymentIntentSucceeded, PaymentIntentFailed)):
        assert_type(event.data, PaymentIntent)


events = EventRouter()


@events.on("payment_intent.succeeded")
def ship(event: PaymentIntentSucceeded) -> None: ...


@events.on("refund.succeeded")
async def book(event: RefundSucceeded) -> None:
    assert_type(event.data, Refund)


@events.on("payout.paid")
def takes_any(event: Event) -> None: ...


@events.on("payment_intent.succeeded", "payment_intent.failed")
def two(event: PaymentIntentSucceeded | PaymentIntentFailed) -> None:
    assert_type(event.data, PaymentIntent)


@events.on_unknown("dispute.created")
def newer(event: WebhookEvent) -> None: ...


@events.default
def other(event: WebhookEvent) -> None: ...


# A decorated function is still what it was.
assert_type(ship(PaymentIntentSucceeded.from_dict({})), None)


@events.on("payment_intent.sucseeded")  # type: ignore[call-overload, untyped-decorator]
def wrong_name(event: Event) -> None: ...


@events.on("payment_intent.failed")  # type: ignore[arg-type]
def wrong_event(event: PaymentIntentSucceeded) -> None: ...


@events.on("payout.paid")  # type: ignore[arg-type]
def wrong_kind(event: str) -> None: ...


@events.on("payout.paid")  # type: ignore[arg-type]
def takes_nothing() -> None: ...


events.on()  # type: ignore[call-overload]


def worker(inbox: Inbox) -> None:
    def handle(delivery: Delivery) -> None:
        event = read_event(delivery.payload)
        assert_type(event, WebhookEvent)
        events.dispatch(event)

    inbox.process(handle)
    inbox.process(events)  # type: ignore[arg-type]


def receivers(client: MolamClient, inbox: Inbox, later: AsyncInbox) -> None:
    Flask(__name__).post("/webhooks")(flask.webhook_endpoint(client.construct_event, events))
    flask.webhook_endpoint(client.construct_event, inbox.receive_event)
    django.webhook_endpoint(client.construct_event, inbox.receive_event)
    django.async_webhook_endpoint(client.construct_event, later.receive_event)
    endpoint = asgi.webhook_endpoint(client.construct_event, later.receive_event)
    Starlette().add_route("/webhooks", endpoint, methods=["POST"])
    flask.webhook_endpoint(client.construct_event, print)
    flask.webhook_endpoint(client.construct_event, takes_nothing)  # type: ignore[misc]


def stores(client: MolamClient, store: IdempotencyStore) -> None:
    paid = store.run("k", "r", lambda: 1, decode=PaymentIntent.from_dict)
    assert_type(paid, PaymentIntent)
    assert_type(client.recover(), list[Recovered])

    @store.idempotent(route="r", key=lambda order: order)
    def charge(order: str) -> int:
        return len(order)

    charge("order-1")
    charge(1)  # type: ignore[arg-type]


async def async_stores(client: MolamAsyncClient, store: AsyncIdempotencyStore) -> None:
    async def work() -> PaymentIntent:
        return await client.create_payment_intent(1)

    assert_type(await store.run("k", "r", work, decode=PaymentIntent.from_dict), PaymentIntent)
    assert_type(await client.recover(), list[Recovered])
    await store.run("k", "r", lambda: 1)  # type: ignore[arg-type,return-value]
