# Generated from shop.yaml by python -m generator. Do not edit.

"""Company."""

from __future__ import annotations

from typing import Literal

from molam_overlays.codec import Const, String
from molam_overlays.model import Model, field


class Company(Model, extra=None):
    """Company."""

    kind: Literal["company"] | None = field(Const("company"), default="company", required=False)
    vat: str | None = field(String(pattern="^[A-Z]{2}\\d+\\Z"), default=None)
