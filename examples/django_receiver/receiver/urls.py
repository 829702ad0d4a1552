"""The project's one address, and what is done with each event."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.urls import path

from molam_sdk import Config, MolamClient
from molam_sdk.contrib.django import webhook_endpoint
from molam_sdk.events import EventRouter, PaymentIntentSucceeded, WebhookEvent
from receiver.models import PaidOrder, SeenEvent

events = EventRouter()


@events.on("payment_intent.succeeded")
def ship(event: PaymentIntentSucceeded) -> None:
    """Note what is to be shipped."""
    payment = event.data
    PaidOrder.objects.create(
        payment=payment.id,
        order=str((payment.metadata or {}).get("order", "")),
        amount=payment.amount,
        currency=payment.currency,
    )


@events.default
def other(event: WebhookEvent) -> None:
    """Take note of nothing else."""


def once(event: WebhookEvent) -> None:
    """Handle an event once: its id and what is done of it are stored together, or not at all."""
    try:
        with transaction.atomic():
            SeenEvent.objects.create(event_id=event.id)
            events.dispatch(event)
    except IntegrityError:
        if not SeenEvent.objects.filter(event_id=event.id).exists():
            raise


urlpatterns = [path("webhooks", webhook_endpoint(MolamClient(Config()).construct_event, once))]
