# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Idempotency keys and webhook signatures."""

from __future__ import annotations

from molam_overlays.idempotency import make_idempotency_key
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.webhooks import generate_signature, parse_signature_header, verify_signature

__all__ = [
    "IdempotencyStore",
    "generate_signature",
    "make_idempotency_key",
    "parse_signature_header",
    "verify_signature",
]
