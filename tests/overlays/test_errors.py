"""Errors by themselves; what calls make of them is in test_call.py."""

from __future__ import annotations

import asyncio
import copy as copylib
import pickle
from typing import Any

import pytest

from molam_overlays import errors
from molam_overlays.errors import (
    ApiError,
    MolamError,
    NetworkError,
    ResponseTooLargeError,
    ResumeError,
    TimeoutError,  # noqa: A004
    ValidationError,
    error_class,
    name_of_failure,
)
from molam_overlays.outcome import Attempt, ruling_of, worst_delivery


def attempt(delivery: Any) -> Attempt:
    from datetime import datetime, timezone

    return Attempt(
        number=1,
        started_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        duration=0.0,
        outcome="x",
        delivery=delivery,
    )


@pytest.mark.parametrize(
    ("deliveries", "worst"),
    [
        ([], "not_sent"),
        (["not_sent"], "not_sent"),
        (["not_sent", "rejected"], "rejected"),
        (["rejected", "not_sent"], "rejected"),
        (["maybe_processed", "not_sent", "rejected"], "maybe_processed"),
        ([None, "not_sent"], "not_sent"),
    ],
)
def test_the_worst_delivery_wins(deliveries: list[Any], worst: str) -> None:
    assert worst_delivery([attempt(each) for each in deliveries]) == worst


@pytest.mark.parametrize("status", range(100, 600))
def test_4xx_means_that_nothing_was_done_save_408_and_409_in_flight(status: int) -> None:
    rejected = 400 <= status <= 499 and status != 408
    assert (ruling_of(status, None).delivery == "rejected") is rejected
    in_flight = ruling_of(status, "idempotency_in_flight").delivery
    assert (in_flight == "rejected") is (rejected and status != 409)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TimeoutError("x"), "response timeout"),
        (TimeoutError("x", delivery="not_sent"), "connect timeout"),
        (NetworkError("x"), "connection lost"),
        (NetworkError("x", delivery="not_sent"), "no connection"),
        (NetworkError("x", delivery="not_sent", repeatable=False), "nothing could be sent"),
        (ResponseTooLargeError("x"), "response too large"),
        (ApiError("x", 500), "ApiError"),
    ],
)
def test_failures_have_short_names(error: MolamError, name: str) -> None:
    assert name_of_failure(error) == name


def test_every_public_error_names_the_module_users_import() -> None:
    for kind in errors.PUBLIC:
        assert kind.__module__ == "molam_sdk.exceptions"
        assert (kind.__doc__ or "").strip()
    assert error_class(503).__name__ == "ServerError"


def test_a_subclass_of_ones_own_pickles_as_itself() -> None:
    error = Declined("no", status_code=402)
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is Declined
    assert twin.status_code == 402


class Declined(ApiError):
    pass


def test_an_error_without_a_call_says_that_it_cannot_be_repeated() -> None:
    with pytest.raises(ResumeError, match="does not belong to a call"):
        MolamError("x").resume()
    with pytest.raises(ResumeError, match="does not belong to a call"):
        asyncio.run(MolamError("x").aresume())


@pytest.mark.parametrize(
    ("payload", "retry_after"),
    [
        ({"error": {"retry_after": 5}}, 5.0),
        ({"error": {"retry_after": True}}, None),
        ({"error": {"retry_after": -1}}, None),
        ({"error": {"retry_after": "5"}}, None),
        ({"error": []}, None),
        ({}, None),
    ],
)
def test_retry_after_may_stand_in_the_payload(payload: Any, retry_after: float | None) -> None:
    assert ApiError("x", 429, payload).retry_after == retry_after
    assert ApiError("x", 429, payload, retry_after=9).retry_after == 9


def test_validation_errors_list_their_fields() -> None:
    error = ValidationError({"a": "is required", "": "must be whole"})
    assert str(error) == "Invalid arguments, nothing was sent. a: is required; must be whole"
    assert error.errors == {"a": "is required", "": "must be whole"}


@pytest.mark.parametrize("copy", [lambda e: pickle.loads(pickle.dumps(e)), copylib.deepcopy])
def test_no_key_that_a_proxy_echoes_enters_a_pickle(copy: Any) -> None:
    echo = {"headers": {"Authorization": "Bearer sk_live_canary"}, "seen": ["whsec_canary", 7]}
    for payload in (echo, {"body": "<pre>authorization: Bearer sk_live_canary</pre>"}):
        error = errors.ServerError("x", 502, payload)
        assert error.payload == payload  # as it came, for this process alone
        assert "canary" not in repr(copy(error).payload)
        assert b"canary" not in pickle.dumps(error)
    assert copy(errors.ServerError("x", 502, echo)).payload["seen"] == ["whsec_***", 7]
