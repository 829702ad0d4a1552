# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Refund created."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.refund import Refund


class RefundCreated(Event):
    """A refund was created and is on its way to the customer."""

    type: Literal["refund.created"] = field(
        Const("refund.created"), default="refund.created", required=True
    )
    """Always `refund.created`."""
    data: Refund = field(Refund)
    """The refund as it stood then."""
