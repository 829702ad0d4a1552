# Generated from shop.yaml by python -m generator. Do not edit.

"""Order state."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from molam_overlays.schema.texts import Enum

OrderState: TypeAlias = Literal["open", "paid", "sent"]
"""Where an order stands."""
ORDER_STATE: Final = Enum("open", "paid", "sent")
