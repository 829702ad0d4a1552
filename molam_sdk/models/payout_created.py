# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout created."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from molam_sdk.models.event import Event
from molam_sdk.models.payout import Payout


class PayoutCreated(Event):
    """A payout was accepted. No money has left."""

    type: Literal["payout.created"] = field(
        Const("payout.created"), default="payout.created", required=True
    )
    """Always `payout.created`."""
    data: Payout = field(Payout)
    """The payout as it stood then."""
