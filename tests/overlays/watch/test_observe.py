"""Log lines and hooks: what they tell, what they never tell, and that they break nothing."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import datetime, timezone
from typing import Any

import attrs
import pytest

from molam_overlays.errors import ConfigurationError, NetworkError, RateLimitError
from molam_overlays.outcome import Attempt
from molam_overlays.watch import observe
from molam_overlays.watch.events import ErrorEvent, RequestEvent, ResponseEvent, RetryEvent
from molam_overlays.watch.hooks import Hooks, observer_of
from molam_overlays.watch.observe import CallInfo, Observer, configure_logging

CANARY = "SN08-canary-account"


def call(**changes: Any) -> CallInfo:
    given = {
        "operation_id": "createPayout",
        "method": "POST",
        "path_template": "/v1/treasury/payouts",
        "idempotency_key": "key-1",
        "host": "api.molam.com",
        **changes,
    }
    return CallInfo(**given)


def attempt(number: int = 1, status: int | None = 200, **changes: Any) -> Attempt:
    given = {
        "number": number,
        "started_at": datetime(2026, 1, 1, tzinfo=timezone.utc),
        "duration": 0.25,
        "outcome": str(status) if status else "read timeout",
        "status": status,
        "request_id": "req_1" if status else None,
        **changes,
    }
    return Attempt(**given)


def failure() -> RateLimitError:
    error = RateLimitError(CANARY, 429, {"error": {"code": "slow", "message": CANARY}}, "req_9")
    error.attempts = (attempt(1, None), attempt(2, 429, request_id="req_9"))
    error.delivery = "maybe_processed"
    return error


def tell_everything(observer: Observer) -> None:
    info = call()
    observer.call_started(info)
    observer.request(info, 1)
    observer.response(info, attempt(1, None))
    observer.retry(info, attempt(1, None), 0.5)
    observer.request(info, 2)
    observer.response(info, attempt(2, 429))
    observer.error(info, failure())
    observer.call_finished(info, failure())


def test_hooks_get_each_event_in_order() -> None:
    seen: list[Any] = []
    hooks = Hooks(
        on_request=seen.append,
        on_response=[seen.append],
        on_retry=(seen.append,),
        on_error=seen.append,
    )
    tell_everything(observer_of(hooks))
    common = {
        "operation_id": "createPayout",
        "method": "POST",
        "path_template": "/v1/treasury/payouts",
        "host": "api.molam.com",
        "idempotency_key": "key-1",
    }
    assert seen == [
        RequestEvent(**common, attempt=1),
        RetryEvent(
            **common,
            attempt=1,
            outcome="read timeout",
            status=None,
            duration=0.25,
            request_id=None,
            wait=0.5,
        ),
        RequestEvent(**common, attempt=2),
        ResponseEvent(**common, attempt=2, status=429, duration=0.25, request_id="req_1"),
        ErrorEvent(
            **common,
            attempts=2,
            error="RateLimitError",
            status=429,
            code="slow",
            duration=0.5,
            request_id="req_9",
            delivery="maybe_processed",
        ),
    ]


def test_events_do_not_change_and_have_no_place_for_a_body() -> None:
    event = RequestEvent(
        operation_id="x", method="GET", path_template="/", host="h", idempotency_key=None, attempt=1
    )
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.attempt = 2  # type: ignore[misc]
    for cls in (RequestEvent, ResponseEvent, RetryEvent, ErrorEvent):
        names = {field.name for field in attrs.fields(cls)}
        assert not names & {
            "body",
            "json",
            "content",
            "headers",
            "url",
            "path",
            "payload",
            "message",
        }


def test_log_records_hold_the_structured_fields(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="molam_sdk")
    tell_everything(Observer())
    levels = [record.levelname for record in caplog.records]
    assert levels == ["DEBUG", "INFO", "INFO", "DEBUG", "INFO", "INFO"]
    for record in caplog.records:
        fields = vars(record)
        assert record.name == "molam_sdk"
        assert fields["method"] == "POST"
        assert fields["path_template"] == "/v1/treasury/payouts"
        assert fields["idempotency_key"] == "key-1"
        assert {"status", "attempt", "duration", "request_id"} <= fields.keys()
    answered = vars(caplog.records[4])
    assert (answered["status"], answered["attempt"], answered["duration"]) == (429, 2, 0.25)
    assert answered["request_id"] == "req_1"
    assert vars(caplog.records[5])["delivery"] == "maybe_processed"


def test_an_errors_words_and_payload_reach_neither_log_nor_hooks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="molam_sdk")
    seen: list[Any] = []
    tell_everything(observer_of(Hooks(on_error=seen.append, on_retry=seen.append)))
    told = repr(seen) + caplog.text + repr([vars(record) for record in caplog.records])
    assert CANARY not in told


@pytest.mark.parametrize("name", ["on_request", "on_response", "on_retry", "on_error"])
def test_a_hook_that_raises_is_logged_and_the_others_run(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Any] = []

    def broken(event: Any) -> None:
        raise RuntimeError("counter is gone")

    given: dict[str, Any] = {name: [broken, seen.append]}
    tell_everything(observer_of(Hooks(**given)))
    assert seen
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(logged) == len(seen)
    assert "broken" in logged[0].getMessage()
    assert "counter is gone" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_within_a_hook_passes_through(kind: type[BaseException]) -> None:
    def interrupted(event: Any) -> None:
        raise kind

    with pytest.raises(kind):
        observer_of(Hooks(on_request=interrupted)).request(call(), 1)


async def _coroutine_hook(event: Any) -> None: ...


class _AsyncCallable:
    async def __call__(self, event: Any) -> None: ...


@pytest.mark.parametrize("hook", [_coroutine_hook, _AsyncCallable(), 17, "name", [None], {"a": 1}])
def test_what_is_no_plain_function_is_refused_when_hooks_are_made(hook: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"[Hh]ook"):
        Hooks(on_request=hook)


def test_nobody_listens_by_default_and_warnings_do_not_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, logger="molam_sdk")
    assert not Observer().active
    assert not observer_of(Hooks()).active
    assert observer_of(Hooks(on_error=print)).active
    caplog.set_level(logging.INFO, logger="molam_sdk")
    assert Observer().active


class Recorder:
    """A tracer that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def started(self, call: CallInfo) -> None:
        self.told.append(("started",))

    def attempted(self, call: CallInfo, attempt: Attempt) -> None:
        self.told.append(("attempted", attempt.number))

    def retrying(self, call: CallInfo, attempt: Attempt, wait: float) -> None:
        self.told.append(("retrying", attempt.number, wait))

    def finished(self, call: CallInfo, error: BaseException | None) -> None:
        self.told.append(("finished", type(error)))


def test_a_tracer_follows_a_call_from_start_to_end() -> None:
    recorder = Recorder()
    tell_everything(observer_of(Hooks(tracers=[recorder])))
    assert recorder.told == [
        ("started",),
        ("attempted", 1),
        ("retrying", 1, 0.5),
        ("attempted", 2),
        ("finished", RateLimitError),
    ]


def test_a_call_ends_once_and_only_if_it_began() -> None:
    recorder = Recorder()
    observer = observer_of(Hooks(tracers=[recorder]))
    info = call()
    observer.call_finished(info, KeyboardInterrupt())
    assert recorder.told == []
    observer.call_started(info)
    observer.call_finished(info, KeyboardInterrupt())
    observer.call_finished(info)
    assert recorder.told == [("started",), ("finished", KeyboardInterrupt)]


def test_a_minted_key_and_an_interrupted_call_are_warned_of_with_the_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Observer().key_minted(call())
    Observer().interrupted(call(), 2)
    Observer().interrupted(call(method="GET", idempotency_key=None), 1)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3
    minted, interrupted, read = (record.getMessage() for record in caplog.records)
    assert "without an idempotency key" in minted
    assert "key-1" in minted
    assert "attempt 2" in interrupted
    assert "'key-1'" in interrupted
    assert "None" not in read


def test_a_key_that_slips_into_a_log_line_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    observe.logger.warning("using %s", "sk_live_abcdef")
    assert "abcdef" not in caplog.text
    assert "sk_live_***" in caplog.text


def test_an_error_that_is_not_of_the_sdk_is_told_by_its_class() -> None:
    seen: list[ErrorEvent] = []
    observer_of(Hooks(on_error=seen.append)).error(call(), ZeroDivisionError(CANARY))
    assert (seen[0].error, seen[0].delivery, seen[0].attempts) == ("ZeroDivisionError", None, 0)
    observer_of(Hooks(on_error=seen.append)).error(call(), NetworkError(CANARY))
    assert (seen[1].error, seen[1].status, seen[1].delivery) == (
        "NetworkError",
        None,
        "maybe_processed",
    )


# --- MOLAM_LOG ------------------------------------------------------------------------------

SCRIPT = """
import logging, sys
from molam_overlays.watch.observe import *
from molam_overlays.watch import observe
assert not observe.logger.handlers
if "configured" in sys.argv:
    logging.basicConfig(stream=sys.stdout, format="app %(message)s")
observe.configure_logging()
observe.configure_logging()
info = observe.CallInfo(operation_id="x", method="GET", path_template="/v1/x", host="h")
observe.Observer().request(info, 1)
observe.Observer().retry(info, __import__("molam_overlays.outcome").outcome.Attempt(
    number=1, started_at=None, duration=0, outcome="503", status=503), 1.0)
"""


def run(value: str | None, *arguments: str) -> tuple[str, str]:
    environ = {"PYTHONPATH": ":".join(sys.path)}
    if value is not None:
        environ["MOLAM_LOG"] = value
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("value", "lines"), [(None, 0), ("", 0), ("info", 1), ("debug", 2), ("DEBUG", 2)]
)
def test_molam_log_shows_the_log_on_standard_error_once(value: str | None, lines: int) -> None:
    out, err = run(value)
    assert out == ""
    assert len(err.splitlines()) == lines
    assert ("retrying in 1.000 s" in err) == (lines > 0)


def test_molam_log_uses_the_applications_own_handlers() -> None:
    out, err = run("debug", "configured")
    assert err == ""
    assert [line.split()[0] for line in out.splitlines()] == ["app", "app"]


def test_another_value_of_molam_log_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="MOLAM_LOG must be debug or info, got 'loud'"):
        configure_logging({"MOLAM_LOG": "loud"})
