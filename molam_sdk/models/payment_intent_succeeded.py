# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent succeeded."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payment_intent import PaymentIntent


class PaymentIntentSucceeded(Event):
    """The money was taken. This is the moment to deliver."""

    type: Literal["payment_intent.succeeded"] = field(
        Const("payment_intent.succeeded"), default="payment_intent.succeeded", required=True
    )
    """Always `payment_intent.succeeded`."""
    data: PaymentIntent = field(PaymentIntent)
    """The payment intent as it stood then."""
