"""Requests as people are shown them, without what is sensitive."""

from __future__ import annotations

KEPT_REQUESTS = 1000
"""How many requests the page and ``/_sandbox/requests`` can show."""
