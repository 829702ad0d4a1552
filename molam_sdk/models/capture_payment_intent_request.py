# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Capture payment intent request."""

from __future__ import annotations

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer


class CapturePaymentIntentRequest(Model):
    """How much of the authorised amount to take."""

    amount_to_capture: int | None = field(
        Integer(minimum=1, maximum=9007199254740991), default=None
    )
    """Amount to take, in integer minor units of the intent's currency, at most its amount. Left
    out, the whole amount is taken; less releases the rest to the customer.
    """
