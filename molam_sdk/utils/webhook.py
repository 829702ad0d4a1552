# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Signatures of webhooks: verify them, and make them for tests."""

from __future__ import annotations

from molam_overlays.webhook.signature import (
    generate_signature,
    parse_signature_header,
    verify_signature,
)

__all__ = [
    "generate_signature",
    "parse_signature_header",
    "verify_signature",
]
