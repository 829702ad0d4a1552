# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent created."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payment_intent import PaymentIntent


class PaymentIntentCreated(Event):
    """A payment intent was created. No money has moved."""

    type: Literal["payment_intent.created"] = field(
        Const("payment_intent.created"), default="payment_intent.created", required=True
    )
    """Always `payment_intent.created`."""
    data: PaymentIntent = field(PaymentIntent)
    """The payment intent as it stood then."""
