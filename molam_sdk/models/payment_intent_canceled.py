# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent canceled."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payment_intent import PaymentIntent


class PaymentIntentCanceled(Event):
    """The payment intent ended without taking money."""

    type: Literal["payment_intent.canceled"] = field(
        Const("payment_intent.canceled"), default="payment_intent.canceled", required=True
    )
    """Always `payment_intent.canceled`."""
    data: PaymentIntent = field(PaymentIntent)
    """The payment intent as it stood then."""
