# Generated from shop.yaml by python -m generator. Do not edit.

"""Line."""

from __future__ import annotations

from decimal import Decimal

from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import field
from molam_overlays.schema.lazy import Lazy
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import String
from shop.models.price import PRICE


class Line(Model):
    """One line of an order."""

    sku: str = field(String(min_length=1))
    price: Decimal | None = field(PRICE, default=None)
    """A price in euros."""
    bundle: list[Line] | None = field(Array(Lazy("shop.models.line", "Line")), default=None)
    """What a bundle is made of."""
