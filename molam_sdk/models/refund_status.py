# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Refund status."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from molam_overlays.schema.texts import Enum

RefundStatus: TypeAlias = Literal["pending", "succeeded", "failed"]
"""Where the refund stands:

- `pending`: on its way to the customer.
- `succeeded`: the customer has the money back. Final.
- `failed`: the money could not be given back and stays with the merchant. Final.
"""
REFUND_STATUS: Final = Enum("pending", "succeeded", "failed")
