"""What is repeated and how long to wait, each rule by itself."""

from __future__ import annotations

import math
import os
import threading
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.calls.quota import QUOTA_CAPACITY, RetryQuota
from molam_overlays.calls.retry import (
    backoff,
    failure_is_repeatable,
    parse_retry_after,
    wait_before_retry,
)
from molam_overlays.errors import (
    ApiError,
    ClientClosedError,
    MolamError,
    NetworkError,
    TimeoutError,  # noqa: A004
)
from molam_overlays.outcome import ruling_of

NOW = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
REPEATED = {408, 425, 429, 500, 502, 503, 504, *range(506, 600)}


@pytest.mark.parametrize("status", range(100, 600))
def test_statuses_are_repeated_as_the_table_says(status: int) -> None:
    assert ruling_of(status, None).repeat is (status in REPEATED)
    assert ruling_of(status, "other").repeat is (status in REPEATED)


def test_409_is_repeated_only_in_flight() -> None:
    assert ruling_of(409, "idempotency_in_flight").repeat
    assert not ruling_of(422, "idempotency_in_flight").repeat


@pytest.mark.parametrize(
    ("error", "repeatable_call", "expected"),
    [
        (NetworkError("x"), True, True),
        (NetworkError("x"), False, False),
        (NetworkError("x", delivery="not_sent"), False, True),
        (NetworkError("x", delivery="not_sent", repeatable=False), True, False),
        (TimeoutError("x"), True, True),
        (TimeoutError("x"), False, False),
        (TimeoutError("x", delivery="not_sent"), False, True),
        (ClientClosedError("x"), True, False),
        (MolamError("x"), True, False),
        (ApiError("x", 503), True, False),
    ],
)
def test_failures_are_repeated_when_it_helps_and_cannot_harm(
    error: MolamError, repeatable_call: bool, expected: bool
) -> None:
    assert failure_is_repeatable(error, repeatable_call=repeatable_call) is expected


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_backoff_is_between_half_and_all_of_a_doubling_limit(retry: int, random: float) -> None:
    longest = min(8.0, 0.5 * 2.0 ** min(retry, 60))
    assert longest / 2 <= backoff(retry, random) <= longest


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("9" * 400, math.inf),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thursday, 01-Jan-26 12:00:30 GMT", 30.0),
        ("Thu Jan  1 12:00:30 2026", 30.0),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30.0),
        ("Thu, 01 Jan 2026 11:59:59 GMT", None),
        ("Thu, 01 Jan 2026 12:00:00 GMT", None),
        ("Thu, 01 Jan 9999 12:00:00 GMT", (datetime(9999, 1, 1, 12) - datetime(2026, 1, 1, 12)).total_seconds()),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("soon", None),
        ("3, 9", None),
        ("\u0665", None),
        ("Thu, 32 Jan 2026 12:00:30 GMT", None),
        ("Wed, 21 Oct 2099 07:28:00 +9999", None),
        ("2026-01-01T12:00:30Z", None),
        ("\x00", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_as_rfc_9110_writes_it(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, NOW) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_raises_or_is_negative(text: str) -> None:
    seconds = parse_retry_after(text, NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("retry_after", "expected"), [(None, 0.25), (0.1, 0.25), (7.0, 7.0), (60.0, 60.0), (60.1, None)]
)
def test_the_wait_is_the_longer_of_backoff_and_retry_after(
    retry_after: float | None, expected: float | None
) -> None:
    assert wait_before_retry(0, retry_after, lambda: 0.0) == expected


def test_the_quota_costs_and_gives_back_what_the_table_says() -> None:
    quota = RetryQuota()
    assert quota.tokens == QUOTA_CAPACITY == 500
    quota.give_back(None)
    assert quota.tokens == 500
    assert quota.spend(after_timeout=False) == 5
    assert quota.spend(after_timeout=True) == 10
    assert quota.tokens == 485
    quota.give_back(None)
    assert quota.tokens == 486
    quota.give_back(10)
    assert quota.tokens == 496
    quota.give_back(10)
    assert quota.tokens == 500


def test_too_few_tokens_are_not_spent() -> None:
    quota = RetryQuota()
    while quota.spend(after_timeout=False):
        pass
    assert quota.tokens == 0
    for _ in range(9):
        quota.give_back(None)
    assert quota.spend(after_timeout=True) is None
    assert quota.tokens == 9
    assert quota.spend(after_timeout=False) == 5


def test_the_quota_loses_no_token_between_threads() -> None:
    quota = RetryQuota()

    def work() -> None:
        for _ in range(2000):
            cost = quota.spend(after_timeout=False)
            if cost:
                quota.give_back(cost)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quota.tokens == 500


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_quota_whose_lock_was_held_during_a_fork_works_in_the_child() -> None:
    quota = RetryQuota()
    with quota._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if quota.spend(after_timeout=False) == 5 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_date_is_a_floor_to_the_second() -> None:
    later = NOW + timedelta(seconds=59)
    assert parse_retry_after(later.strftime("%a, %d %b %Y %H:%M:%S GMT"), NOW) == 59
