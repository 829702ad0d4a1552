# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent failed."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payment_intent import PaymentIntent


class PaymentIntentFailed(Event):
    """The payment could not be completed; no money was taken."""

    type: Literal["payment_intent.failed"] = field(
        Const("payment_intent.failed"), default="payment_intent.failed", required=True
    )
    """Always `payment_intent.failed`."""
    data: PaymentIntent = field(PaymentIntent)
    """The payment intent as it stood then."""
