# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout paid."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payout import Payout


class PayoutPaid(Event):
    """The beneficiary has the money."""

    type: Literal["payout.paid"] = field(Const("payout.paid"), default="payout.paid", required=True)
    """Always `payout.paid`."""
    data: Payout = field(Payout)
    """The payout as it stood then."""
