# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""The webhook inbox: every event once, claimed by one worker, retried, parked at last."""

from __future__ import annotations

from molam_overlays.store.deliveries import Received
from molam_overlays.store.handling import AsyncDelivery, Delivery
from molam_overlays.store.inbox import AsyncInbox, Inbox
from molam_overlays.store.retention import Retention
from molam_overlays.store.status import InboxStatus

__all__ = [
    "AsyncDelivery",
    "AsyncInbox",
    "Delivery",
    "Inbox",
    "InboxStatus",
    "Received",
    "Retention",
]
