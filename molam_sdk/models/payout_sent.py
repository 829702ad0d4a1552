# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout sent."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payout import Payout


class PayoutSent(Event):
    """The money is on its way to the beneficiary."""

    type: Literal["payout.sent"] = field(Const("payout.sent"), default="payout.sent", required=True)
    """Always `payout.sent`."""
    data: Payout = field(Payout)
    """The payout as it stood then."""
