# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Traces of calls for OpenTelemetry."""

from __future__ import annotations

from molam_overlays.contrib.opentelemetry import OpenTelemetryTracer, instrument
from molam_overlays.contrib.opentelemetry_stores import watch_stores

__all__ = [
    "OpenTelemetryTracer",
    "instrument",
    "watch_stores",
]
