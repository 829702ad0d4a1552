# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Webhooks in Django; an app as well: INSTALLED_APPS."""

from __future__ import annotations

from molam_overlays.contrib.django.receiver import (
    async_webhook_endpoint,
    async_webhook_view,
    webhook_endpoint,
    webhook_view,
)

__all__ = [
    "async_webhook_endpoint",
    "async_webhook_view",
    "webhook_endpoint",
    "webhook_view",
]
