# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Refund."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from molam_overlays.schema.containers import Nullable
from molam_overlays.schema.fields import field
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import String
from molam_sdk.models.currency import CURRENCY
from molam_sdk.models.metadata import METADATA
from molam_sdk.models.refund_reason import REFUND_REASON, RefundReason
from molam_sdk.models.refund_status import REFUND_STATUS, RefundStatus


class Refund(Model):
    """Money given back from one charge."""

    id: str = field(String(min_length=5, max_length=255, pattern="^ref_"))
    """Id of the refund."""
    charge_id: str = field(String(min_length=4, max_length=255, pattern="^ch_"))
    """The charge whose money is given back."""
    payment_intent_id: str | None = field(
        String(min_length=4, max_length=255, pattern="^pi_"), default=None
    )
    """The payment intent that the charge belongs to."""
    amount: int = field(Integer(minimum=1, maximum=9007199254740991))
    """Amount given back, in integer minor units of `currency`."""
    currency: str = field(CURRENCY)
    """Currency of the refund, that of its charge."""
    status: RefundStatus | str = field(REFUND_STATUS)
    """Where the refund stands now."""
    reason: RefundReason | str | None = field(Nullable(REFUND_REASON), default=None)
    """Why the money is given back, null if no reason was given."""
    metadata: Mapping[str, str | int | float | bool | None] | None = field(METADATA, default=None)
    """The metadata given at creation."""
    created_at: datetime = field(DateTime())
    """When the refund was created, RFC 3339 with an offset."""
