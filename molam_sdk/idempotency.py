# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Idempotency stores and the journal of calls, on SQLite and PostgreSQL."""

from __future__ import annotations

from molam_overlays.idempotency import make_idempotency_key
from molam_overlays.store.awaiting import AsyncDatabase
from molam_overlays.store.blocking import Database
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore

__all__ = [
    "AsyncDatabase",
    "AsyncIdempotencyStore",
    "Database",
    "IdempotencyStore",
    "make_idempotency_key",
]
