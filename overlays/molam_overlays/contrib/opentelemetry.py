"""OpenTelemetry: one span a call, one event an attempt, duration and retry metrics.

    client = MolamClient(config, hooks=instrument())

Names are those of the semantic conventions for HTTP clients where they have one, ``molam.…``
elsewhere. A span bears the path template, none for a request that the document does not know: ids,
bodies and secrets stay out of traces, and names and values stay few.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from molam_overlays.home import home

try:
    from opentelemetry import metrics, trace
except ImportError:
    raise ImportError(
        f"{home().package}.contrib.opentelemetry needs OpenTelemetry: {home().with_extra('otel')}"
    ) from None

from molam_overlays.errors import ApiError, MolamError
from molam_overlays.outcome import Attempt
from molam_overlays.watch.hooks import Hooks
from molam_overlays.watch.observe import CallInfo

SCOPE: Final = home().package
# The boundaries that the conventions advise for http.client.request.duration, in seconds.
_DURATION_BOUNDARIES: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip


class OpenTelemetryTracer:
    """A tracer for `Hooks.tracers`.

    Metrics: the histogram ``http.client.request.duration``, in seconds, of every attempt, and the
    counter ``molam.client.retries``.
    """

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        """Take the global providers where none is given."""
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_DURATION_BOUNDARIES,
        )
        self._retries = meter.create_counter(
            "molam.client.retries",
            unit="{retry}",
            description="Attempts that repeat an earlier one.",
        )

    def started(self, call: CallInfo) -> None:
        """Start the span."""
        attributes = _of_call(call)
        if call.documented:
            attributes["molam.operation"] = call.operation_id
        if call.idempotency_key is not None:
            attributes["molam.idempotency_key"] = call.idempotency_key
        call.state[self] = self._tracer.start_span(
            f"{call.method} {call.path_template}" if call.documented else call.method,
            kind=trace.SpanKind.CLIENT,
            attributes=attributes,
        )

    def attempted(self, call: CallInfo, attempt: Attempt) -> None:
        """Add an event to the span, and the attempt's duration to the histogram."""
        outcome = _of_attempt(attempt)
        self._duration.record(attempt.duration, {**_of_call(call), **outcome})
        span = self._span(call)
        event: dict[str, Any] = {
            **outcome,
            "molam.attempt": attempt.number,
            "molam.attempt.duration": attempt.duration,
        }
        if attempt.delivery is not None:
            event["molam.delivery"] = attempt.delivery
        if attempt.request_id is not None:
            event["molam.request_id"] = attempt.request_id
            span.set_attribute("molam.request_id", attempt.request_id)
        span.add_event("molam.attempt", event)
        if attempt.status is not None:
            span.set_attribute("http.response.status_code", attempt.status)
        if attempt.number > 1:
            span.set_attribute("http.request.resend_count", attempt.number - 1)

    def retrying(self, call: CallInfo, attempt: Attempt, wait: float) -> None:
        """Count the retry."""
        self._retries.add(1, {**_of_call(call), **_of_attempt(attempt)})

    def finished(self, call: CallInfo, error: BaseException | None) -> None:
        """End the span; an error is named by its class, or by the status behind it."""
        span = call.state.pop(self, trace.INVALID_SPAN)
        if error is not None:
            status = error.status_code if isinstance(error, ApiError) else None
            span.set_attribute(
                "error.type", type(error).__name__ if status is None else str(status)
            )
            if isinstance(error, MolamError):
                span.set_attribute("molam.delivery", error.delivery)
            # Without a description: an error's words may repeat what was sent.
            span.set_status(trace.StatusCode.ERROR)
        span.end()

    def _span(self, call: CallInfo) -> trace.Span:
        span: trace.Span = call.state.get(self, trace.INVALID_SPAN)
        return span


def instrument(
    hooks: Hooks | None = None,
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> Hooks:
    """Return hooks that also feed OpenTelemetry, to build a client with.

    Args:
        hooks: your own hooks, kept; none by default.
        tracer_provider: the global one by default.
        meter_provider: the global one by default.
    """
    hooks = Hooks() if hooks is None else hooks
    tracer = OpenTelemetryTracer(tracer_provider, meter_provider)
    return attrs.evolve(hooks, tracers=(*hooks.tracers, tracer))


def _of_call(call: CallInfo) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "http.request.method": call.method,
        "server.address": call.host,
        "url.scheme": call.scheme,
    }
    if call.documented:
        attributes["url.template"] = call.path_template
    port = call.port or {"https": 443, "http": 80}.get(call.scheme)
    if port is not None:
        attributes["server.port"] = port
    return attributes


def _of_attempt(attempt: Attempt) -> dict[str, str | int]:
    if attempt.status is None:
        return {"error.type": attempt.outcome.replace(" ", "_")}
    attributes: dict[str, str | int] = {"http.response.status_code": attempt.status}
    if attempt.status >= 400:
        attributes["error.type"] = str(attempt.status)
    return attributes


for _public in (OpenTelemetryTracer, instrument):
    _public.__module__ = home().module("molam_sdk.contrib.opentelemetry")
