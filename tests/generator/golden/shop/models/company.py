# Generated from shop.yaml by python -m generator. Do not edit.

"""Company."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Const, String


class Company(Model, extra=None):
    """Company."""

    kind: Literal["company"] | None = field(Const("company"), default="company", required=False)
    vat: str | None = field(String(pattern="^[A-Z]{2}\\d+\\Z"), default=None)
