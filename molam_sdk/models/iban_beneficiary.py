# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Iban beneficiary."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Const, String


class IbanBeneficiary(Model):
    """A bank account under its international number."""

    type: Literal["iban"] = field(Const("iban"), default="iban", required=True)
    """Says that this is an IBAN."""
    iban: str = field(String(min_length=5, max_length=42), sensitive=True)
    """IBAN (ISO 13616), with or without spaces: a country, two digits, and 8 to 30 letters and
    digits. Others are refused with 422.
    """
    account_holder: str | None = field(String(min_length=1, max_length=255), default=None)
    """Name of the person or company who owns the account."""
