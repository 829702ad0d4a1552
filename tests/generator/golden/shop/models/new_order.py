# Generated from shop.yaml by python -m generator. Do not edit.

"""New order."""

from __future__ import annotations

from molam_overlays.codec import Array, Nullable, String
from molam_overlays.model import Model, field
from shop.models.line import Line


class NewOrder(Model):
    """New order."""

    note: str | None = field(Nullable(String()), default=None)
    lines: list[Line] = field(Array(Line, min_items=1))
    currency: str | None = field(String(), default="EUR", required=False)
    """Default "EUR"."""
