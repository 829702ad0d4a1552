"""Waiting on whichever event loop is running."""

from __future__ import annotations

from anyio import sleep

__all__ = ["sleep"]
