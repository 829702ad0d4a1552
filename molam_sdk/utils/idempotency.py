# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Idempotency keys, and the store that merchants' workers share."""

from __future__ import annotations

from molam_overlays.message.idempotency import make_idempotency_key
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore

__all__ = [
    "AsyncIdempotencyStore",
    "IdempotencyStore",
    "make_idempotency_key",
]
