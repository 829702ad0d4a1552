# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout canceled."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payout import Payout


class PayoutCanceled(Event):
    """The payout was stopped before any money left."""

    type: Literal["payout.canceled"] = field(
        Const("payout.canceled"), default="payout.canceled", required=True
    )
    """Always `payout.canceled`."""
    data: Payout = field(Payout)
    """The payout as it stood then."""
