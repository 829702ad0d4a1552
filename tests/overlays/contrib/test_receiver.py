"""The answers, apart from any framework."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from molam_overlays.webhook.receiver import Answer, areceive, receive

from .deliveries import BROKEN, GOOD, SECRET, Handlers, construct_event, signed, unavailable


def header(body: bytes) -> str:
    return signed(body)["Molam-Signature"]


def test_a_plain_function_may_handle_events() -> None:
    seen: list[Any] = []
    assert receive(header(GOOD), GOOD, construct_event, seen.append) == Answer(200, "ok")
    assert seen[0]["id"] == "evt_1"


async def test_a_coroutine_function_may_handle_events() -> None:
    seen: list[Any] = []

    async def handle(event: Any) -> None:
        seen.append(event["id"])

    assert await areceive(header(GOOD), GOOD, construct_event, handle) == Answer(200, "ok")
    assert seen == ["evt_1"]


def test_a_coroutine_function_in_a_blocking_receiver_is_never_answered_200(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handle(event: Any) -> None:
        raise AssertionError

    assert receive(header(GOOD), GOOD, construct_event, handle).status == 500
    assert "must be awaited" in caplog.text


async def test_a_handler_that_raises_is_logged_with_its_traceback_and_answered_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handlers = Handlers()
    blocking = receive(header(BROKEN), BROKEN, construct_event, handlers.events)
    awaiting = await areceive(header(BROKEN), BROKEN, construct_event, handlers.events)
    assert blocking == awaiting == Answer(500, "not handled, send again")
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "evt_2 (payout.failed)" in caplog.text
    assert "no stock" in caplog.text


def test_secrets_that_cannot_be_had_are_500_and_not_a_forgery(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = receive(header(GOOD), GOOD, unavailable, Handlers().events)
    assert answer.status == 500
    assert "vault" not in answer.text
    assert "the vault is down" in caplog.text


def test_a_refusal_is_logged_in_full_and_answered_in_short(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = receive("t=1,v1=ab,kid=1", GOOD, construct_event, Handlers().events)
    assert answer == Answer(401, "Timestamp outside tolerance")
    assert "Check this machine's clock" in caplog.text
    assert SECRET not in caplog.text


def test_an_interrupt_is_not_answered() -> None:
    def handle(event: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        receive(header(GOOD), GOOD, construct_event, handle)
