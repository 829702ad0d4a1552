# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Amounts of money: minor and major units by ISO 4217, without binary fractions."""

from __future__ import annotations

from molam_overlays.money.amount import (
    CurrencyError,
    Money,
    MoneyError,
    format_money,
    from_minor_units,
    minor_unit_exponent,
    to_minor_units,
)

__all__ = [
    "CurrencyError",
    "Money",
    "MoneyError",
    "format_money",
    "from_minor_units",
    "minor_unit_exponent",
    "to_minor_units",
]
