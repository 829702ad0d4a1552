# Generated from shop.yaml by python -m generator. Do not edit.

"""New order."""

from __future__ import annotations

from molam_overlays.schema.containers import Array, Nullable
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import String
from shop.models.line import Line


class NewOrder(Model):
    """New order."""

    note: str | None = field(Nullable(String()), default=None)
    lines: list[Line] = field(Array(Line, min_items=1))
    currency: str | None = field(String(), default="EUR", required=False)
    """Default "EUR"."""
