"""Spans and metrics, as the OpenTelemetry SDK receives them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv.attributes import (
    error_attributes,
    http_attributes,
    server_attributes,
    url_attributes,
)
from opentelemetry.semconv.metrics.http_metrics import HTTP_CLIENT_REQUEST_DURATION
from opentelemetry.trace import SpanKind, StatusCode

from molam_overlays.contrib.opentelemetry import OpenTelemetryTracer, instrument
from molam_overlays.errors import NetworkError, ServerError
from molam_overlays.outcome import Attempt
from molam_overlays.watch.hooks import Hooks, observer_of
from molam_overlays.watch.observe import CallInfo

CANARY = "SN08-canary-account"


class Telemetry:
    def __init__(self, hooks: Hooks | None = None) -> None:
        self.spans = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        meters = MeterProvider([self.reader])
        self.hooks = instrument(hooks, tracer_provider=tracers, meter_provider=meters)
        self.observer = observer_of(self.hooks)
        self.tracers, self.meters = tracers, meters

    def span(self) -> ReadableSpan:
        (span,) = self.spans.get_finished_spans()
        return span

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


def call(**changes: Any) -> CallInfo:
    given = {
        "operation_id": "retrieveRefund",
        "method": "GET",
        "path_template": "/v1/connect/refunds/{refund_id}",
        "host": "api.molam.com",
        **changes,
    }
    return CallInfo(**given)


def attempt(number: int, status: int | None) -> Attempt:
    return Attempt(
        number=number,
        started_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        duration=0.25,
        outcome=str(status) if status else "read timeout",
        status=status,
        request_id=f"req_{number}" if status else None,
        delivery=None if status == 200 else "maybe_processed",
    )


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    assert span.attributes is not None
    return span.attributes


def test_a_call_is_one_span_and_each_attempt_one_event() -> None:
    told = Telemetry()
    info = call(idempotency_key="key-1", method="POST")
    told.observer.call_started(info)
    for one in (attempt(1, None), attempt(2, 503), attempt(3, 200)):
        told.observer.request(info, one.number)
        told.observer.response(info, one)
        if one.status != 200:
            told.observer.retry(info, one, 0.5)
    assert told.spans.get_finished_spans() == ()
    told.observer.call_finished(info)

    span = told.span()
    assert span.name == "POST /v1/connect/refunds/{refund_id}"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span) == {
        http_attributes.HTTP_REQUEST_METHOD: "POST",
        http_attributes.HTTP_RESPONSE_STATUS_CODE: 200,
        http_attributes.HTTP_REQUEST_RESEND_COUNT: 2,
        server_attributes.SERVER_ADDRESS: "api.molam.com",
        server_attributes.SERVER_PORT: 443,
        url_attributes.URL_SCHEME: "https",
        "url.template": "/v1/connect/refunds/{refund_id}",
        "molam.operation": "retrieveRefund",
        "molam.idempotency_key": "key-1",
        "molam.request_id": "req_3",
    }
    events = [(event.name, dict(event.attributes or {})) for event in span.events]
    assert [name for name, _ in events] == ["molam.attempt"] * 3
    assert events[0][1]["error.type"] == "read_timeout"
    assert events[0][1]["molam.delivery"] == "maybe_processed"
    assert "molam.delivery" not in events[2][1]
    assert events[1][1]["error.type"] == "503"
    assert events[2][1]["http.response.status_code"] == 200
    assert [fields["molam.attempt"] for _, fields in events] == [1, 2, 3]


def test_a_failed_call_ends_its_span_with_the_error_type_and_no_words() -> None:
    for error, kind in (
        (ServerError(CANARY, 503, {"error": {"message": CANARY}}), "503"),
        (NetworkError(CANARY), "NetworkError"),
        (KeyboardInterrupt(CANARY), "KeyboardInterrupt"),
    ):
        told = Telemetry()
        info = call()
        told.observer.call_started(info)
        told.observer.error(info, error)
        told.observer.call_finished(info, error)
        span = told.span()
        assert span.status.status_code is StatusCode.ERROR
        assert attributes(span)[error_attributes.ERROR_TYPE] == kind
        assert CANARY not in span.to_json()


def test_durations_and_retries_are_metrics() -> None:
    told = Telemetry()
    info = call(host="localhost", port=8080, scheme="http")
    told.observer.call_started(info)
    told.observer.response(info, attempt(1, 503))
    told.observer.retry(info, attempt(1, 503), 0.5)
    told.observer.response(info, attempt(2, 200))
    told.observer.call_finished(info)

    durations = told.points(HTTP_CLIENT_REQUEST_DURATION)
    by_status = {point.attributes["http.response.status_code"]: point for point in durations}
    assert sorted(by_status) == [200, 503]
    assert by_status[200].sum == 0.25
    assert by_status[200].attributes["server.port"] == 8080
    assert by_status[503].attributes["error.type"] == "503"
    assert "error.type" not in by_status[200].attributes
    assert tuple(by_status[200].explicit_bounds)[:3] == (0.005, 0.01, 0.025)
    (retries,) = told.points("molam.client.retries")
    assert retries.value == 1


def test_calls_at_the_same_time_have_spans_of_their_own() -> None:
    told = Telemetry()
    first, second = call(operation_id="a"), call(operation_id="b")
    told.observer.call_started(first)
    told.observer.call_started(second)
    told.observer.response(first, attempt(1, 200))
    told.observer.call_finished(first)
    told.observer.call_finished(second)
    spans = {attributes(span)["molam.operation"]: span for span in told.spans.get_finished_spans()}
    assert len(spans["a"].events) == 1
    assert len(spans["b"].events) == 0


def test_the_span_is_a_child_of_the_callers() -> None:
    told = Telemetry()
    with told.tracers.get_tracer("shop").start_as_current_span("checkout") as parent:
        info = call()
        told.observer.call_started(info)
        told.observer.call_finished(info)
    child = told.spans.get_finished_spans()[0]
    assert child.parent is not None
    assert child.parent.span_id == parent.get_span_context().span_id


def test_the_path_of_a_request_that_the_document_does_not_know_stays_out() -> None:
    told = Telemetry()
    info = call(operation_id="GET /v1/new/cus_17", path_template="/v1/new/cus_17")
    told.observer.call_started(info)
    told.observer.response(info, attempt(1, 200))
    told.observer.call_finished(info)
    assert told.span().name == "GET"
    (point,) = told.points(HTTP_CLIENT_REQUEST_DURATION)
    assert "cus_17" not in told.span().to_json() + repr(point.attributes)


def test_own_hooks_are_kept() -> None:
    seen: list[Any] = []
    told = Telemetry(Hooks(on_request=seen.append))
    told.observer.request(call(), 1)
    assert len(seen) == 1
    assert isinstance(told.hooks.tracers[0], OpenTelemetryTracer)


def test_without_opentelemetry_one_line_names_the_extra() -> None:
    script = "import sys; sys.modules['opentelemetry'] = None; import molam_overlays.contrib.opentelemetry"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'pip install "molam-sdk-python[otel]"' in done.stderr.splitlines()[-1]
