# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent requires capture."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payment_intent import PaymentIntent


class PaymentIntentRequiresCapture(Event):
    """The payment is authorised; the money is on hold and waits for capture."""

    type: Literal["payment_intent.requires_capture"] = field(
        Const("payment_intent.requires_capture"),
        default="payment_intent.requires_capture",
        required=True,
    )
    """Always `payment_intent.requires_capture`."""
    data: PaymentIntent = field(PaymentIntent)
    """The payment intent as it stood then."""
