# Generated from shop.yaml by python -m generator. Do not edit.

"""Order paid."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Const
from shop.models.event import Event
from shop.models.order import Order


class OrderPaid(Event):
    """An order was paid."""

    type: Literal["order.paid"] = field(Const("order.paid"), default="order.paid", required=True)
    data: Order = field(Order)
    """What a customer ordered."""
