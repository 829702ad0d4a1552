# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Bank account beneficiary."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Const, String


class BankAccountBeneficiary(Model):
    """A bank account under its national number."""

    type: Literal["bank_account"] = field(
        Const("bank_account"), default="bank_account", required=True
    )
    """Says that this is a bank account."""
    bank_code: str | None = field(String(min_length=1, max_length=64), default=None)
    """National code of the bank or branch, where the country uses one."""
    account_number: str = field(String(min_length=1, max_length=64), sensitive=True)
    """Number of the account, as the bank writes it."""
    account_holder: str | None = field(String(min_length=1, max_length=255), default=None)
    """Name of the person or company who owns the account."""
