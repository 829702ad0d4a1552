# Generated from shop.yaml by python -m generator. Do not edit.

"""Order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias

from molam_overlays.schema.containers import Array, Nullable
from molam_overlays.schema.fields import field
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Enum, String
from shop.models.labels import LABELS
from shop.models.line import Line
from shop.models.order_recipient import ORDER_RECIPIENT, OrderRecipient
from shop.models.order_state import ORDER_STATE, OrderState

OrderClass: TypeAlias = Literal["economy", "express"]
"""Order class."""
ORDER_CLASS: Final = Enum("economy", "express")


class Order(Model):
    """What a customer ordered."""

    id: str = field(String(), init=False)
    """Set by the server."""
    state: OrderState | str = field(ORDER_STATE)
    """Where an order stands."""
    lines: list[Line] = field(Array(Line))
    paid_at: datetime | None = field(Nullable(DateTime()), default=None)
    """When it was paid, null until then."""
    class_: OrderClass | str | None = field(
        ORDER_CLASS, name="class", default="economy", required=False
    )
    """Default "economy"."""
    labels: Mapping[str, str] | None = field(LABELS, default=None)
    """Free words."""
    recipient: OrderRecipient | None = field(ORDER_RECIPIENT, default=None)
