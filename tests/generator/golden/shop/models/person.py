# Generated from shop.yaml by python -m generator. Do not edit.

"""Person."""

from __future__ import annotations

from typing import Literal

from molam_overlays.codec import Const, String
from molam_overlays.model import Model, field


class Person(Model):
    """Person."""

    kind: Literal["person"] = field(Const("person"), default="person", required=True)
    phone: str = field(String(), sensitive=True)
