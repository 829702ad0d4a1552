# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Hooks that are told what calls do."""

from __future__ import annotations

from molam_overlays.hooks import (
    CallEvent,
    ErrorEvent,
    Hooks,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
    Tracer,
)
from molam_overlays.observe import CallInfo

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
