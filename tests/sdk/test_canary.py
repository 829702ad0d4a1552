"""Canaries through every path: what is sensitive or secret, and everything that comes out."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from molam_sdk import Config, MolamClient, MolamError
from molam_sdk.contrib.opentelemetry import instrument
from molam_sdk.exceptions import NetworkError, SignatureError
from molam_sdk.observe import Hooks
from molam_sdk.utils.webhook import generate_signature

KEY = "sk_test_canaryapikey"
SECRET = "whsec_canarysecret"
IBAN = "GB33BUKB20201555555555"
SECRETS = ("canaryapikey", "canarysecret")
PAYOUT = {
    "id": "po_1",
    "origin_module": "connect",
    "origin_entity_id": "m_1",
    "amount": 500,
    "currency": "XOF",
    "status": "pending",
    "beneficiary": {"type": "iban", "iban": IBAN, "account_holder": "A"},
    "created_at": "2026-01-01T00:00:00Z",
}


class Adapter:
    """Answers what it was given, and hides nothing itself."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    def send(self, **request: Any) -> Any:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Watched:
    """A client with every ear open."""

    def __init__(self, caplog: pytest.LogCaptureFixture, *answers: Any) -> None:
        caplog.set_level(logging.DEBUG, logger="molam_sdk")
        self.caplog = caplog
        self.spans, self.metrics = InMemorySpanExporter(), InMemoryMetricReader()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        self.events: list[Any] = []
        hear = self.events.append
        hooks = instrument(
            Hooks(on_request=hear, on_response=hear, on_retry=hear, on_error=hear),
            tracer_provider=tracers,
            meter_provider=MeterProvider([self.metrics]),
        )
        self.adapter = Adapter(*answers)
        config = Config(api_key=KEY, webhook_secret=SECRET)
        self.client = MolamClient(config, self.adapter, hooks=hooks)

    def pay(self) -> Any:
        return self.client.create_payout(
            "connect", "m_1", 500, "XOF", dict(PAYOUT["beneficiary"]), max_retries=0
        )

    def told(self) -> str:
        data = self.metrics.get_metrics_data()
        return "\n".join(
            [
                self.caplog.text,
                *(repr(vars(record)) for record in self.caplog.records),
                repr(self.events),
                *(span.to_json() for span in self.spans.get_finished_spans()),
                "" if data is None else data.to_json(),
                repr(self.client),
                repr(self.client.config),
                repr(copy.copy(self.client.config)),
            ]
        )


def assert_silent(text: str, *, sensitive: bool = True) -> None:
    for secret in (*SECRETS, IBAN) if sensitive else SECRETS:
        assert secret not in text


def test_the_canaries_really_travel(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(caplog, (200, json.dumps(PAYOUT), {}))
    watched.pay()
    assert IBAN in repr(watched.adapter.sent)
    assert KEY in repr(watched.adapter.sent)
    assert len(watched.events) == 2
    assert len(watched.spans.get_finished_spans()) == 1


def test_a_success_shows_neither_account_nor_key(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(caplog, (200, json.dumps(PAYOUT), {"X-Request-Id": "req_1"}))
    payout = watched.pay()
    assert payout["beneficiary"]["iban"] == IBAN
    assert_silent(watched.told())
    for shown in (payout, payout.beneficiary, payout.response):
        assert_silent(f"{shown!r} {shown} {shown:}")


def test_a_refusal_that_repeats_what_was_sent_shows_it_to_the_caller_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = {
        "error": {"type": "x", "code": "y", "message": f"no such {IBAN} {KEY}", "param": "iban"}
    }
    watched = Watched(caplog, (422, json.dumps(body), {"X-Request-Id": "req_1"}))
    with pytest.raises(MolamError) as caught:
        watched.pay()
    assert_silent(watched.told())
    assert_silent(repr(caught.value.attempts))


def test_a_failing_network_shows_neither_account_nor_key(caplog: pytest.LogCaptureFixture) -> None:
    answers = [NetworkError(f"sent {KEY} {IBAN}"), (200, '{"id": "po_1", "cut', {})]
    watched = Watched(caplog, *answers)
    with pytest.raises(MolamError) as caught:
        watched.client.with_options(max_retries=1).create_payout(
            "connect", "m_1", 500, "XOF", dict(PAYOUT["beneficiary"])
        )
    assert_silent(watched.told())
    assert_silent(repr(caught.value.attempts))


def test_refused_arguments_are_not_quoted_where_they_are_sensitive(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = Watched(caplog)
    beneficiary: Any = {"type": "iban", "iban": [IBAN], "account_holder": "A"}
    with pytest.raises(MolamError) as caught:
        watched.client.create_payout("connect", "m_1", 500, "XOF", beneficiary)
    beneficiary["iban"] = IBAN * 100
    with pytest.raises(MolamError) as longer:
        watched.client.create_payout("connect", "m_1", 500, "XOF", beneficiary)
    for error in (caught.value, longer.value):
        assert_silent("".join(traceback.format_exception(error)))
        assert_silent(repr(error))
    assert_silent(watched.told())


def test_pickles_hold_neither_key_nor_secret(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(caplog, (200, json.dumps(PAYOUT), {}), (500, "{}", {}))
    payout = pickle.dumps(watched.pay())
    assert IBAN.encode() in payout
    with pytest.raises(MolamError) as caught:
        watched.pay()
    for pickled in (payout, pickle.dumps(caught.value)):
        assert_silent(pickled.decode("latin-1"), sensitive=False)
    for kept in (watched.client, watched.client.config):
        with pytest.raises(TypeError) as refused:
            pickle.dumps(kept)
        assert_silent(str(refused.value))


def test_a_forged_webhook_shows_neither_secret_nor_body(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(caplog)
    body = json.dumps({"type": "payout.paid", "data": PAYOUT}).encode()
    for header in (generate_signature(body, "whsec_other"), f"t=1,v1={SECRET},kid=1", f"{SECRET}"):
        with pytest.raises(SignatureError) as caught:
            watched.client.construct_event(header, body)
        assert IBAN not in str(caught.value)
        assert "canarysecret" not in str(caught.value)
    event = watched.client.construct_event(generate_signature(body, SECRET), body)
    assert_silent(repr(event))
