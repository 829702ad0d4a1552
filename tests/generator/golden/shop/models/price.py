# Generated from shop.yaml by python -m generator. Do not edit.

"""Price."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias

from molam_overlays.schema.numbers import Number

Price: TypeAlias = Decimal
"""A price in euros."""
PRICE: Final = Number(minimum="0.01", multiple_of="0.01")
