# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Create refund request."""

from __future__ import annotations

from collections.abc import Mapping

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_sdk.models.metadata import METADATA
from molam_sdk.models.refund_reason import REFUND_REASON, RefundReason


class CreateRefundRequest(Model):
    """How much of the charge to give back, and why."""

    amount: int | None = field(Integer(minimum=1, maximum=9007199254740991), default=None)
    """Amount to give back, in integer minor units of the charge's currency. Left out, the whole
    charge is refunded.
    """
    reason: RefundReason | str | None = field(REFUND_REASON, default=None)
    """Why the money is given back."""
    metadata: Mapping[str, str | int | float | bool | None] | None = field(METADATA, default=None)
    """The merchant's own keys and values for this refund."""
