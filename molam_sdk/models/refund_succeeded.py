# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Refund succeeded."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.refund import Refund


class RefundSucceeded(Event):
    """The customer has the money back."""

    type: Literal["refund.succeeded"] = field(
        Const("refund.succeeded"), default="refund.succeeded", required=True
    )
    """Always `refund.succeeded`."""
    data: Refund = field(Refund)
    """The refund as it stood then."""
