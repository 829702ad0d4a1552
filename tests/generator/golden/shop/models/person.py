# Generated from shop.yaml by python -m generator. Do not edit.

"""Person."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Const, String


class Person(Model):
    """Person."""

    kind: Literal["person"] = field(Const("person"), default="person", required=True)
    phone: str = field(String(), sensitive=True)
