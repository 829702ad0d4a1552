# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""How requests travel; see `adapter`."""

from __future__ import annotations

from molam_overlays.transport.adapter import AsyncHTTPAdapter, HTTPAdapter

__all__ = [
    "AsyncHTTPAdapter",
    "HTTPAdapter",
]
