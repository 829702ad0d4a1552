"""Receive webhooks with Django, on POST /webhooks; a whole project in one file.

    python examples/webhook_django.py

The secret comes from MOLAM_WEBHOOK_SECRET. In your own project only the path in `urlpatterns` and
the handlers are needed; CSRF protection stays on for everything else.
"""

from __future__ import annotations

import argparse
from wsgiref.simple_server import make_server

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

from molam_sdk import Config, MolamClient
from molam_sdk.contrib.django import webhook_endpoint
from molam_sdk.events import EventRouter, PaymentIntentSucceeded, PayoutFailed, WebhookEvent
from molam_sdk.money import format_money

events = EventRouter()


@events.on("payment_intent.succeeded")
def ship(event: PaymentIntentSucceeded) -> None:
    """Ship what was paid for. An event may come twice: do this in one transaction with its id."""
    print("ship", event.data.id, format_money(event.data.amount, event.data.currency), flush=True)


@events.on("payout.failed")
def chase(event: PayoutFailed) -> None:
    """Tell the person who asked for the payout."""
    print("chase", event.data.id, flush=True)


@events.default
def other(event: WebhookEvent) -> None:
    """Note what nobody else handles, types newer than this program included."""
    print("other", event.type, event.id, flush=True)


settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    USE_TZ=True,
)
urlpatterns = [path("webhooks", webhook_endpoint(MolamClient(Config()).construct_event, events))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Receive Molam webhooks with Django.")
    parser.add_argument("--port", type=int, default=8001)
    with make_server("127.0.0.1", parser.parse_args().port, get_wsgi_application()) as server:
        server.serve_forever()
