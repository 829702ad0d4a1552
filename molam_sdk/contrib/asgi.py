# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Webhooks in Starlette and FastAPI."""

from __future__ import annotations

from molam_overlays.contrib.asgi import webhook_endpoint

__all__ = [
    "webhook_endpoint",
]
