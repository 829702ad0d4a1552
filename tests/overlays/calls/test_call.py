"""The flow of a call, driven by hand: no I/O, no sleeping."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from molam_overlays.calls.answer import quotable
from molam_overlays.calls.flow import Send, Settle, Wait, WriteAhead, flow
from molam_overlays.calls.operation import Operation
from molam_overlays.calls.quota import RetryQuota
from molam_overlays.calls.retry import RetryPolicy
from molam_overlays.calls.world import World
from molam_overlays.errors import (
    ApiError,
    ConflictError,
    MolamError,
    NetworkError,
    StoreError,
    TimeoutError,  # noqa: A004
)
from molam_overlays.message.body import Result
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.watch.observe import Observer
from molam_overlays.wire import Headers, Request, Response

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Thing(Model):
    id: int = field(Integer())


def respond(status: int, body: bytes = b'{"id": 1}', **headers: str) -> Response:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Response(status, Headers(fields), body)


OK = respond(200)
DECLINED = respond(402, b'{"error": {"type": "card_error", "code": "declined", "message": "no"}}')
LOST = NetworkError("lost")
REFUSED = NetworkError("refused", delivery="not_sent")
SLOW = TimeoutError("slow")


class Run:
    """One flow and what it asked for."""

    def __init__(
        self,
        *answers: Any,
        method: str = "POST",
        keyed: bool = True,
        key: str | None = "k",
        quota: RetryQuota | None = None,
        journaled: bool = False,
        earlier: Any = (),
        takes: float = 0.0,
        **policy: Any,
    ) -> None:
        self.clock = 0.0
        self.steps: list[Any] = []
        self.quota = quota or RetryQuota()
        world = World(
            monotonic=lambda: self.clock,
            now=lambda: START + timedelta(seconds=self.clock),
            random=lambda: 0.0,
        )
        operation: Operation[Thing] = Operation(
            id="op", method=method, path="/x", results=(Result(Thing),), keyed=keyed
        )
        self.flow = flow(
            operation.call(),
            Request(method, "https://api.test/x", {}),
            key,
            RetryPolicy(**{"max_retries": 3, "timeout": 30.0, **policy}),
            self.quota,
            world,
            Observer(),
            journaled=journaled,
            earlier=earlier,
        )
        self.result: Any = None
        self.error: Any = None
        self._drive(list(answers), takes)

    def _drive(self, answers: list[Any], takes: float) -> None:
        heard: Any = None
        try:
            while True:
                step = self.flow.send(heard)
                self.steps.append(step)
                heard = None
                if isinstance(step, Send):
                    self.clock += takes
                    heard = answers.pop(0) if len(answers) > 1 else answers[0]
                    if isinstance(heard, BaseException) and not isinstance(heard, MolamError):
                        self.flow.throw(heard)
                elif isinstance(step, Wait):
                    self.clock += step.seconds
                elif isinstance(step, WriteAhead):
                    step.held.append("token")
        except StopIteration as stop:
            self.result = stop.value
        except BaseException as error:
            self.error = error

    @property
    def sent(self) -> int:
        return sum(isinstance(step, Send) for step in self.steps)

    @property
    def waits(self) -> list[float]:
        return [step.seconds for step in self.steps if isinstance(step, Wait)]


def test_a_success_at_once() -> None:
    run = Run(respond(201, X_Request_Id="req_1"))
    assert run.result == {"id": 1}
    assert (run.sent, run.waits) == (1, [])
    assert run.result.response.status == 201
    assert run.result.response.request_id == "req_1"


@pytest.mark.parametrize(
    ("answer", "safe", "keyed", "neither"),
    [
        (REFUSED, 4, 4, 4),
        (TimeoutError("x", delivery="not_sent"), 4, 4, 4),
        (LOST, 4, 4, 1),
        (SLOW, 4, 4, 1),
        (respond(503), 4, 4, 1),
        (respond(429), 4, 4, 1),
        (respond(408), 4, 4, 1),
        (respond(200, b"garbage"), 4, 4, 1),
        (respond(402), 1, 1, 1),
        (respond(501), 1, 1, 1),
        (respond(302), 1, 1, 1),
        (NetworkError("cert", delivery="not_sent", repeatable=False), 1, 1, 1),
    ],
)
def test_a_method_that_is_neither_safe_nor_keyed_is_never_repeated_once_bytes_left(
    answer: Any, safe: int, keyed: int, neither: int
) -> None:
    assert Run(answer, method="GET", keyed=False, key=None).sent == safe
    assert Run(answer, method="POST", keyed=True).sent == keyed
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert Run(answer, method=method, keyed=False, key=None).sent == neither


def test_a_409_of_another_kind_than_in_flight_ends_a_call_that_was_in_flight() -> None:
    in_flight = respond(409, b'{"error": {"code": "idempotency_in_flight"}}')
    run = Run(in_flight, respond(409, b'{"error": {"code": "wrong_state"}}'))
    assert type(run.error) is ConflictError
    assert run.error.code == "wrong_state"
    assert run.sent == 2
    assert run.error.delivery == "maybe_processed"


def test_waits_double_with_jitter() -> None:
    assert Run(respond(503), max_retries=6).waits == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [(LOST, 485), (SLOW, 470), (respond(503), 485)],
)
def test_a_call_that_fails_for_good_gets_nothing_back(answer: Any, tokens: int) -> None:
    assert Run(answer).quota.tokens == tokens


@pytest.mark.parametrize(
    ("answers", "tokens"),
    [
        ([OK], 500),
        ([LOST, OK], 500),
        ([SLOW, OK], 500),
        ([LOST, LOST, OK], 495),
        ([SLOW, LOST, OK], 495 - 5),
        ([LOST, SLOW, OK], 495),
    ],
)
def test_a_success_gives_back_what_its_last_retry_cost(answers: list[Any], tokens: int) -> None:
    assert Run(*answers).quota.tokens == tokens


def test_a_success_without_retry_gives_one_token_back() -> None:
    quota = RetryQuota()
    quota.spend(after_timeout=False)
    Run(OK, quota=quota)
    assert quota.tokens == 496


def test_without_tokens_there_is_no_retry_and_the_error_says_all() -> None:
    quota = RetryQuota()
    while quota.spend(after_timeout=False):
        pass
    run = Run(LOST, quota=quota)
    assert (run.sent, run.waits) == (1, [])
    assert run.error.delivery == "maybe_processed"


@pytest.mark.parametrize(
    ("deadline", "takes", "answer", "sent"),
    [
        (100.0, 0.0, LOST, 4),
        (0.1, 0.0, LOST, 2),  # one last one: the fate is unknown
        (0.1, 0.0, REFUSED, 1),  # nothing was sent: no last one
        (0.1, 0.0, respond(429), 1),  # rejected: no last one
        (0.1, 5.0, LOST, 2),  # even when the deadline has passed
        (0.1, 0.0, respond(503, Retry_After="5"), 1),  # not before the server says
        (6.0, 0.0, respond(503, Retry_After="5"), 3),
    ],
)
def test_the_deadline(deadline: float, takes: float, answer: Any, sent: int) -> None:
    run = Run(answer, deadline=deadline, takes=takes)
    if deadline == 6.0:
        assert run.sent == 2  # at 0 and 5; the next would start at 10
        return
    assert run.sent == sent


def test_the_last_one_waits_no_longer_than_the_deadline() -> None:
    assert Run(LOST, deadline=0.1).waits == [0.1]
    assert Run(LOST, deadline=0.1, takes=5.0).waits == [0.0]


def test_a_read_whose_fate_does_not_matter_has_no_last_one() -> None:
    assert Run(LOST, method="GET", keyed=False, key=None, deadline=0.1).sent == 1


def test_an_unreadable_success_is_an_unknown_fate_without_the_body() -> None:
    run = Run(respond(200, b'{"canary": \xff'), max_retries=0)
    assert type(run.error) is NetworkError
    assert run.error.delivery == "maybe_processed"
    assert run.error.__cause__ is None
    assert run.error.__context__ is None
    assert "canary" not in str(run.error)


def test_resuming_goes_on_from_earlier_attempts_with_all_its_retries() -> None:
    first = Run(LOST, max_retries=1)
    second = Run(REFUSED, max_retries=1, earlier=first.error.attempts)
    assert second.sent == 2
    assert [attempt.number for attempt in second.error.attempts] == [1, 2, 3, 4]
    assert second.error.delivery == "maybe_processed"


# Journal ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "delivery", "status"),
    [(OK, None, 200), (DECLINED, "rejected", 402), (LOST, "maybe_processed", None),
     (REFUSED, "not_sent", None), (respond(402), "maybe_processed", 402)],
)  # fmt: skip
def test_the_journal_hears_before_and_after(
    answer: Any, delivery: str | None, status: int | None
) -> None:
    run = Run(answer, journaled=True, max_retries=0)
    written, send, settled = run.steps
    assert isinstance(written, WriteAhead)
    assert written.idempotency_key == "k"
    assert isinstance(send, Send)
    assert isinstance(settled, Settle)
    assert (settled.token, settled.delivery, settled.status) == ("token", delivery, status)


def test_reads_are_not_journaled() -> None:
    assert Run(OK, method="GET", keyed=False, key=None, journaled=True).sent == 1


def throwing(run_error: BaseException, at: type, *answers: Any) -> tuple[list[Any], BaseException]:
    """Drive a flow and throw an error into it where it asks for something."""
    steps: list[Any] = []
    world = World(monotonic=lambda: 0.0, now=lambda: START, random=lambda: 0.0)
    operation: Operation[Thing] = Operation(
        id="op", method="POST", path="/x", results=(Result(Thing),), keyed=True
    )
    steps_flow = flow(
        operation.call(),
        Request("POST", "https://api.test/x", {}),
        "k",
        RetryPolicy(max_retries=3, timeout=1.0),
        RetryQuota(),
        world,
        Observer(),
        journaled=True,
    )
    heard: Any = None
    answered = list(answers)
    try:
        while True:
            step = steps_flow.send(heard)
            steps.append(step)
            if isinstance(step, at):
                step = steps_flow.throw(run_error)
            heard = answered.pop(0) if isinstance(step, Send) else None
    except BaseException as error:
        return steps, error


def test_a_journal_that_cannot_write_stops_the_call_before_it_leaves() -> None:
    steps, error = throwing(StoreError("disk full"), WriteAhead)
    assert [type(step) for step in steps] == [WriteAhead]
    assert isinstance(error, StoreError)
    assert error.delivery == "not_sent"
    assert error.idempotency_key == "k"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), ZeroDivisionError("bug")])
@pytest.mark.parametrize("at", [Send, Wait])
def test_what_interrupts_a_call_passes_and_names_its_key(
    error: BaseException, at: type, caplog: pytest.LogCaptureFixture
) -> None:
    _, seen = throwing(error, at, LOST)
    assert seen is error
    named = "'k'" in caplog.text
    assert named


def test_an_interruption_before_anything_was_sent_names_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    throwing(KeyboardInterrupt(), WriteAhead)
    assert caplog.text == ""


# Words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\r\nb\x1b[0m\u2028", "a  b [0m "),
        ("key sk_live_canary and whsec_canary", "key sk_live_*** and whsec_***"),
        ("Bearer canary", "Bearer ***"),
    ],
)
def test_a_servers_words_are_quoted_in_one_line_without_keys(text: str, expected: str) -> None:
    assert quotable(text) == expected


def test_a_servers_words_are_not_quoted_at_length() -> None:
    assert len(quotable("x" * 10_000)) == 501


def test_a_redirect_says_what_to_check() -> None:
    run = Run(respond(301, b"", Location="https://elsewhere"))
    assert type(run.error) is ApiError
    assert "check api_base" in str(run.error)
    assert "elsewhere" not in str(run.error)


def test_an_adapter_may_raise_the_same_error_again_and_again() -> None:
    always = NetworkError("refused", delivery="not_sent")
    assert Run(LOST, always).error.delivery == "maybe_processed"
    again = Run(always)
    assert again.error is always
    assert again.error.delivery == "not_sent"
    assert [attempt.outcome for attempt in again.error.attempts] == ["no connection"] * 4


def test_a_file_instead_of_what_is_documented_is_asked_for_once() -> None:
    run = Run(respond(200, b"%PDF", content_type="application/pdf"), OK, method="GET", keyed=False)
    assert type(run.error) is NetworkError
    assert "application/pdf" in str(run.error)
    assert "may have been processed" not in str(run.error)
    assert run.sent == 1
