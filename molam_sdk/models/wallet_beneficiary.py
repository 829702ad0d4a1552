# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Wallet beneficiary."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Const, String


class WalletBeneficiary(Model):
    """A Molam wallet."""

    type: Literal["wallet"] = field(Const("wallet"), default="wallet", required=True)
    """Says that this is a Molam wallet."""
    wallet_id: str = field(String(min_length=1, max_length=255))
    """Id of the wallet."""
