# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Adapters: what a client sends requests with, and how to bring one's own."""

from __future__ import annotations

from molam_overlays.errors import NetworkError, TimeoutError
from molam_overlays.transport.adapter import AsyncHTTPAdapter, HTTPAdapter
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Headers, Request, Response

__all__ = [
    "AsyncHTTPAdapter",
    "AsyncHttpxAdapter",
    "HTTPAdapter",
    "Headers",
    "HttpxAdapter",
    "NetworkError",
    "Request",
    "Response",
    "TimeoutError",
]
