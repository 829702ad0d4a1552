# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Refund failed."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.refund import Refund


class RefundFailed(Event):
    """The money could not be given back and stays with the merchant."""

    type: Literal["refund.failed"] = field(
        Const("refund.failed"), default="refund.failed", required=True
    )
    """Always `refund.failed`."""
    data: Refund = field(Refund)
    """The refund as it stood then."""
