# Generated from shop.yaml by python -m generator. Do not edit.

"""Event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molam_overlays.codec import AnyValue, Map, String
from molam_overlays.model import Model, field


class Event(Model):
    """Event."""

    type: str = field(String())
    data: Mapping[str, Any] = field(Map(AnyValue()))
