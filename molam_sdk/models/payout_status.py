# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout status."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from molam_overlays.schema.texts import Enum

PayoutStatus: TypeAlias = Literal[
    "pending", "scheduled", "processing", "sent", "paid", "failed", "reversed", "canceled"
]
"""Where the payout stands:

- `pending`: accepted, not yet handed to a bank or operator.
- `scheduled`: waits for `scheduled_for`.
- `processing`: being handed to the bank or operator.
- `sent`: on its way to the beneficiary.
- `paid`: the beneficiary has the money.
- `failed`: could not be paid; the money is back in the treasury. Final.
- `reversed`: was paid, and came back to the treasury. Final.
- `canceled`: stopped before any money left. Final.
"""
PAYOUT_STATUS: Final = Enum(
    "pending", "scheduled", "processing", "sent", "paid", "failed", "reversed", "canceled"
)
