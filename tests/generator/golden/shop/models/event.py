# Generated from shop.yaml by python -m generator. Do not edit.

"""Event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.containers import Map
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import String


class Event(Model):
    """Event."""

    type: str = field(String())
    data: Mapping[str, Any] = field(Map(AnyValue()))
