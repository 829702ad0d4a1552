"""OpenTelemetry gauges of how an inbox and a journal stand.

    watch_stores(inbox=Inbox(url), journal=IdempotencyStore(url).journal())

The database is asked whenever metrics are collected, in the collector's own thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

try:
    from opentelemetry import metrics
except ImportError:
    raise ImportError(
        'molam_sdk.contrib.opentelemetry needs OpenTelemetry: pip install "molam-sdk-python[otel]"'
    ) from None

from molam_overlays.store.inbox import Inbox
from molam_overlays.store.journal import Journal

SCOPE: Final = "molam_sdk"

_EVENTS, _CALLS = "{event}", "{call}"
_INBOX: Final = {
    "due": ("due", _EVENTS),
    "later": ("later", _EVENTS),
    "oldest": ("oldest_seconds", "s"),
    "received": ("received_per_minute", "{event}/min"),
    "handled": ("handled_per_minute", "{event}/min"),
    "late": ("late", _EVENTS),
}
_JOURNAL: Final = {
    "oldest": ("oldest_seconds", "s"),
    "calls": ("calls_per_minute", "{call}/min"),
}

_FRESH_SECONDS: Final = 1.0

Look = Callable[[metrics.CallbackOptions], Iterable[metrics.Observation]]


def watch_stores(
    *,
    inbox: Inbox | None = None,
    journal: Journal | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> None:
    """Register gauges; see `InboxStatus` and `JournalStatus` for what they tell.

    ``molam.inbox.due``, ``.later``, ``.late`` and ``.parked`` (by ``error.type``) are events,
    ``molam.journal.open`` (by ``molam.outcome``) calls; ``molam.inbox.oldest`` and
    ``molam.journal.oldest`` are seconds; ``molam.inbox.received``, ``.handled`` and
    ``molam.journal.calls`` are rates a minute.

    Args:
        inbox: a blocking `Inbox`, since collectors do not await; it may be there for this alone.
        journal: a blocking `Journal`, likewise.
        meter_provider: the global one by default.
    """
    meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
    if inbox is not None:
        look = _lately(inbox.status)
        for name, (field, unit) in _INBOX.items():
            meter.create_observable_gauge(f"molam.inbox.{name}", [_one(look, field)], unit)
        split = _split(look, "parked_by_reason", "error.type")
        meter.create_observable_gauge("molam.inbox.parked", [split], _EVENTS)
    if journal is not None:
        look = _lately(journal.status)
        for name, (field, unit) in _JOURNAL.items():
            meter.create_observable_gauge(f"molam.journal.{name}", [_one(look, field)], unit)
        split = _split(look, "open_by_outcome", "molam.outcome")
        meter.create_observable_gauge("molam.journal.open", [split], _CALLS)


def _lately(status: Callable[[], Any]) -> Callable[[], Any]:
    """Look once for all gauges of a collection."""
    seen: list[tuple[float, Any]] = []

    def look() -> Any:
        if not seen or time.monotonic() - seen[-1][0] > _FRESH_SECONDS:
            seen[:] = [(time.monotonic(), status())]
        return seen[-1][1]

    return look


def _one(look: Callable[[], Any], field: str) -> Look:
    return lambda _: [metrics.Observation(getattr(look(), field))]


def _split(look: Callable[[], Any], field: str, label: str) -> Look:
    return lambda _: [
        metrics.Observation(count, {label: reason})
        for reason, count in getattr(look(), field).items()
    ]


watch_stores.__module__ = "molam_sdk.contrib.opentelemetry"
