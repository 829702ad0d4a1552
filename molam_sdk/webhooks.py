# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""A webhook endpoint for any framework: headers and body in, status and body out."""

from __future__ import annotations

from molam_overlays.webhook.receiver import Answer, areceive_webhook, receive_webhook

__all__ = [
    "Answer",
    "areceive_webhook",
    "receive_webhook",
]
