# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent requires action."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payment_intent import PaymentIntent


class PaymentIntentRequiresAction(Event):
    """The customer has to approve the payment, at `redirect_url`."""

    type: Literal["payment_intent.requires_action"] = field(
        Const("payment_intent.requires_action"),
        default="payment_intent.requires_action",
        required=True,
    )
    """Always `payment_intent.requires_action`."""
    data: PaymentIntent = field(PaymentIntent)
    """The payment intent as it stood then."""
