# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout failed."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payout import Payout


class PayoutFailed(Event):
    """The payout could not be made; the money is back in the treasury."""

    type: Literal["payout.failed"] = field(
        Const("payout.failed"), default="payout.failed", required=True
    )
    """Always `payout.failed`."""
    data: Payout = field(Payout)
    """The payout as it stood then."""
