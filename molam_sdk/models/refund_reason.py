# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Refund reason."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from molam_overlays.schema.texts import Enum, String
from molam_overlays.schema.unions import Union

RefundReason: TypeAlias = Literal[
    "requested_by_customer", "discount_applied", "duplicate", "fraudulent"
]
"""Why the money is given back. An open set: the known reasons are listed, others are accepted and
returned as they are.
"""
REFUND_REASON: Final = Union(
    Enum("requested_by_customer", "discount_applied", "duplicate", "fraudulent"),
    String(min_length=1, max_length=255),
)
