"""Receive webhooks with FastAPI, on POST /webhooks.

    python examples/webhook_fastapi.py

The secret comes from MOLAM_WEBHOOK_SECRET. Handlers may await; plain functions run in a thread.
"""

from __future__ import annotations

import argparse

import uvicorn
from fastapi import FastAPI

from molam_sdk import Config, MolamAsyncClient
from molam_sdk.contrib.asgi import webhook_endpoint
from molam_sdk.events import EventRouter, PaymentIntentSucceeded, PayoutFailed, WebhookEvent
from molam_sdk.money import format_money

events = EventRouter()


@events.on("payment_intent.succeeded")
async def ship(event: PaymentIntentSucceeded) -> None:
    """Ship what was paid for. An event may come twice: do this in one transaction with its id."""
    paid = format_money(event.data.amount, event.data.currency)
    print("ship", event.data.id, paid, flush=True)


@events.on("payout.failed")
def chase(event: PayoutFailed) -> None:
    """Tell the person who asked for the payout."""
    print("chase", event.data.id, flush=True)


@events.default
def other(event: WebhookEvent) -> None:
    """Note what nobody else handles, types newer than this program included."""
    print("other", event.type, event.id, flush=True)


def application() -> FastAPI:
    """Build the application; a client is built once and used by every request."""
    client = MolamAsyncClient(Config())
    app = FastAPI()
    app.post("/webhooks")(webhook_endpoint(client.construct_event, events))
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Receive Molam webhooks with FastAPI.")
    parser.add_argument("--port", type=int, default=8001)
    uvicorn.run(application(), host="127.0.0.1", port=parser.parse_args().port, log_level="warning")
