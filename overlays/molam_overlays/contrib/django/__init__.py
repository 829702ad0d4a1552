"""Django: webhook receivers, and an app with migrations, checks, admin pages and a worker.

The stores themselves take ``django.db.connection``; see `molam_overlays.store.django`.
"""

from __future__ import annotations

from molam_overlays.contrib.django.receiver import (
    async_webhook_endpoint,
    async_webhook_view,
    webhook_endpoint,
    webhook_view,
)

__all__ = ["async_webhook_endpoint", "async_webhook_view", "webhook_endpoint", "webhook_view"]
