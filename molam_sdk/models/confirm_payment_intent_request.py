# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Confirm payment intent request."""

from __future__ import annotations

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import String


class ConfirmPaymentIntentRequest(Model):
    """How the customer pays."""

    payment_method: str | None = field(String(min_length=1, max_length=255), default=None)
    """Id of the payment method to charge. Left out, the method the intent already has is used, or
    the customer picks one on the hosted page.
    """
