# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Webhooks in Flask."""

from __future__ import annotations

from molam_overlays.contrib.flask import webhook_endpoint, webhook_view

__all__ = [
    "webhook_endpoint",
    "webhook_view",
]
