# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Adapters on pyreqwest, for calls that cost a third (extra `speed`, Python 3.11 and newer)."""

from __future__ import annotations

from molam_overlays.transport.pyreqwest import AsyncPyreqwestAdapter, PyreqwestAdapter

__all__ = [
    "AsyncPyreqwestAdapter",
    "PyreqwestAdapter",
]
