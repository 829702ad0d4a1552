# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Beneficiary."""

from __future__ import annotations

from typing import Final, TypeAlias

from molam_overlays.schema.model import UnknownModel
from molam_overlays.schema.unions import Tagged
from molam_sdk.models.bank_account_beneficiary import BankAccountBeneficiary
from molam_sdk.models.iban_beneficiary import IbanBeneficiary
from molam_sdk.models.mobile_money_beneficiary import MobileMoneyBeneficiary
from molam_sdk.models.wallet_beneficiary import WalletBeneficiary

Beneficiary: TypeAlias = (
    BankAccountBeneficiary
    | IbanBeneficiary
    | MobileMoneyBeneficiary
    | WalletBeneficiary
    | UnknownModel
)
"""Who receives a payout. The field `type` tells the kinds apart."""
BENEFICIARY: Final = Tagged(
    "type",
    {
        "bank_account": BankAccountBeneficiary,
        "iban": IbanBeneficiary,
        "mobile_money": MobileMoneyBeneficiary,
        "wallet": WalletBeneficiary,
    },
)
