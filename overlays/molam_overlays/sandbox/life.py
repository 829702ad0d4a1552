"""The lives of a payment intent, a refund and a payout, as tables of transitions.

A table maps (status, action) to the next status. What is not in it is a wrong state: 409.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Life = Mapping[tuple[str, str], str]

PAYMENT_INTENT: Final[Life] = {
    ("requires_payment_method", "challenge"): "requires_action",
    ("requires_payment_method", "process"): "processing",
    ("requires_payment_method", "authorise"): "requires_capture",
    ("requires_payment_method", "charge"): "succeeded",
    ("requires_payment_method", "refuse"): "requires_payment_method",
    ("requires_payment_method", "fail"): "failed",
    ("requires_payment_method", "cancel"): "canceled",
    ("requires_confirmation", "challenge"): "requires_action",
    ("requires_confirmation", "process"): "processing",
    ("requires_confirmation", "authorise"): "requires_capture",
    ("requires_confirmation", "charge"): "succeeded",
    ("requires_confirmation", "refuse"): "requires_payment_method",
    ("requires_confirmation", "fail"): "failed",
    ("requires_confirmation", "cancel"): "canceled",
    ("requires_action", "authorise"): "requires_capture",
    ("requires_action", "charge"): "succeeded",
    ("requires_action", "fail"): "failed",
    ("requires_action", "cancel"): "canceled",
    ("processing", "authorise"): "requires_capture",
    ("processing", "charge"): "succeeded",
    ("processing", "fail"): "failed",
    ("requires_capture", "capture"): "succeeded",
    ("requires_capture", "cancel"): "canceled",
}

REFUND: Final[Life] = {
    ("pending", "settle"): "succeeded",
    ("pending", "fail"): "failed",
}

PAYOUT: Final[Life] = {
    ("scheduled", "release"): "pending",
    ("scheduled", "cancel"): "canceled",
    ("pending", "start"): "processing",
    ("pending", "cancel"): "canceled",
    ("processing", "send"): "sent",
    ("processing", "fail"): "failed",
    ("sent", "pay"): "paid",
    ("sent", "fail"): "failed",
    ("paid", "reverse"): "reversed",
}

LIVES: Final[Mapping[str, Life]] = {
    "payment_intent": PAYMENT_INTENT,
    "refund": REFUND,
    "payout": PAYOUT,
}
"""By kind of object, which is also the first half of its event types."""


def allowed(kind: str, status: str, *actions: str) -> bool:
    """Tell whether any of some actions is possible in a status."""
    return any((status, action) in LIVES[kind] for action in actions)
