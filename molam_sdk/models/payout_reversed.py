# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout reversed."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payout import Payout


class PayoutReversed(Event):
    """A payout that was paid came back; the money is in the treasury again."""

    type: Literal["payout.reversed"] = field(
        Const("payout.reversed"), default="payout.reversed", required=True
    )
    """Always `payout.reversed`."""
    data: Payout = field(Payout)
    """The payout as it stood then."""
