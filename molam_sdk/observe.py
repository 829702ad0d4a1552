# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Hooks that are told what calls do."""

from __future__ import annotations

from molam_overlays.watch.events import (
    CallEvent,
    ErrorEvent,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
)
from molam_overlays.watch.hooks import Hooks, Tracer
from molam_overlays.watch.observe import CallInfo

__all__ = [
    "CallEvent",
    "CallInfo",
    "ErrorEvent",
    "Hooks",
    "RequestEvent",
    "ResponseEvent",
    "RetryEvent",
    "Tracer",
]
