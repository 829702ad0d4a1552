# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent status."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from molam_overlays.schema.texts import Enum

PaymentIntentStatus: TypeAlias = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
    "failed",
]
"""Where the payment stands:

- `requires_payment_method`: no payment method yet, or the last one was refused.
- `requires_confirmation`: ready to be confirmed.
- `requires_action`: the customer has to approve, at `redirect_url`.
- `processing`: with the issuer or operator; the outcome follows as an event.
- `requires_capture`: authorised; the money is on hold and waits for capture.
- `succeeded`: the money was taken. Final.
- `canceled`: ended without taking money. Final.
- `failed`: could not be completed; no money was taken. Final.
"""
PAYMENT_INTENT_STATUS: Final = Enum(
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
    "failed",
)
