# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Idempotency stores and the journal of calls, on SQLite and PostgreSQL."""

from __future__ import annotations

from molam_overlays.message.idempotency import make_idempotency_key
from molam_overlays.store.claims import Claim, ClaimResult, InFlight, Replay
from molam_overlays.store.content import Entry
from molam_overlays.store.entries import Recovered, Unsettled
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.journal import AsyncJournal, Journal
from molam_overlays.store.payload import fingerprint
from molam_overlays.store.pool import Pool
from molam_overlays.store.settlement import Outcome
from molam_overlays.store.status import JournalStatus

__all__ = [
    "AsyncIdempotencyStore",
    "AsyncJournal",
    "Claim",
    "ClaimResult",
    "Entry",
    "IdempotencyStore",
    "InFlight",
    "Journal",
    "JournalStatus",
    "Outcome",
    "Pool",
    "Recovered",
    "Replay",
    "Unsettled",
    "fingerprint",
    "make_idempotency_key",
]
