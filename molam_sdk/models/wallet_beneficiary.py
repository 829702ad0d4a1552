# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Wallet beneficiary."""

from __future__ import annotations

from typing import Literal

from molam_overlays.codec import Const, String
from molam_overlays.model import Model, field


class WalletBeneficiary(Model):
    """A Molam wallet."""

    type: Literal["wallet"] = field(Const("wallet"), default="wallet", required=True)
    """Says that this is a Molam wallet."""
    wallet_id: str = field(String(min_length=1, max_length=255))
    """Id of the wallet."""
