# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.containers import Map
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import Boolean, String


class Event(Model):
    """The envelope of every event. Types that this document does not list may arrive at any time,
    in this same envelope.
    """

    id: str = field(String(min_length=5, max_length=255, pattern="^evt_"))
    """Id of the event, the same each time the event is sent."""
    type: str = field(String(min_length=1, max_length=255))
    """What happened, such as `payment_intent.succeeded`."""
    created: int = field(Integer(minimum=0))
    """When it happened, in unix seconds."""
    livemode: bool = field(Boolean())
    """True when real money moved, false in test mode."""
    data: Mapping[str, Any] = field(Map(AnyValue()))
    """The resource itself as it stood then, so `data.id` is its id."""
