# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Hooks that are told what calls do."""

from __future__ import annotations

from molam_overlays.observe import (
    CallEvent,
    CallInfo,
    ErrorEvent,
    Hooks,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
    Tracer,
)

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
