from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import psycopg
import pytest

from molam_overlays.errors import (
    AuthenticationError,
    ConflictError,
    NetworkError,
    PaymentDeclinedError,
    RateLimitError,
)
from molam_overlays.store import owner
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.journal import Entry, Journal, Outcome, Recovered, judge

from .conftest import FakeClock

BODY = b'{"amount":2500,"iban":"XY99 secret"}'
HOUR = 3600.0


def entry(key: str = "order-1", **changes: Any) -> Entry:
    payout = Entry(
        key=key,
        method="POST",
        path="/v1/treasury/payouts?x=1",
        headers={"Content-Type": "application/json", "Authorization": "Bearer sk_test_hush"},
        body=BODY,
    )
    return attrs.evolve(payout, **changes)


@pytest.fixture
def journal(store: IdempotencyStore) -> Journal:
    return store.journal()


def gone(_: str) -> bool:
    return True


class Api:
    """A server that remembers keys: it charges once for each."""

    def __init__(self, status: int = 200) -> None:
        self.charged: list[str] = []
        self.sent: list[Entry] = []
        self.status = status

    def __call__(self, entry: Entry) -> Outcome:
        self.sent.append(entry)
        if entry.key not in self.charged:
            self.charged.append(entry.key)
        return Outcome(status=self.status)


def raw(url: str, sql: str) -> list[Any]:
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
    else:
        connection = psycopg.connect(url)
    try:
        return list(connection.execute(sql).fetchall())
    finally:
        connection.close()


def test_a_call_on_disk_has_all_it_takes_to_repeat_it_but_no_credentials(
    journal: Journal, url: str
) -> None:
    journal.write_ahead(entry(account="live"))
    api = Api()
    journal.recover(api, account="live", is_gone=gone)
    assert api.sent == [entry(account="live", headers={"Content-Type": "application/json"})]
    assert "hush" not in repr(raw(url, "SELECT * FROM call_journal"))


def test_the_body_goes_when_the_call_is_settled(journal: Journal, url: str) -> None:
    ticket = journal.write_ahead(entry())
    assert bytes(raw(url, "SELECT body FROM call_journal")[0][0]) == BODY
    assert journal.settle(ticket, "200")
    assert raw(url, "SELECT body, outcome FROM call_journal") == [(None, "200")]
    assert journal.unsettled() == []
    assert not journal.settle(ticket, "200")
    assert not journal.leave(ticket, "late")


def test_open_calls_are_listed_without_bodies(journal: Journal, clock: FakeClock) -> None:
    journal.leave(journal.write_ahead(entry("a")), "read timeout")
    clock.now += 25 * HOUR
    journal.write_ahead(entry("b"))
    old, new = journal.unsettled()
    assert (old.key, old.outcome, old.too_old) == ("a", "read timeout", True)
    assert old.age == pytest.approx(25 * HOUR, abs=0.01)
    assert (new.key, new.outcome, new.too_old) == ("b", None, False)
    assert [row.key for row in journal.too_old()] == ["a"]
    assert [row.key for row in journal.unsettled(after=old.id)] == ["b"]
    assert "secret" not in repr((old, new))


def test_a_call_that_still_runs_is_left_alone(journal: Journal, clock: FakeClock) -> None:
    journal.write_ahead(entry(), lease_seconds=60)
    (row,) = journal.recover(pytest.fail)
    assert row.outcome == "in_progress"
    clock.now += 61
    (row,) = journal.recover(Api())
    assert row.outcome == "settled"


def test_a_call_of_a_process_that_is_gone_is_taken_at_once(journal: Journal) -> None:
    journal.write_ahead(entry(), lease_seconds=3600)
    asked: list[str] = []

    def is_gone(name: str) -> bool:
        asked.append(name)
        return True

    (row,) = journal.recover(Api(), is_gone=is_gone)
    assert row.outcome == "settled"
    assert asked == [owner.current_owner()]


def test_a_call_left_by_its_own_process_is_taken_at_once(journal: Journal) -> None:
    journal.leave(journal.write_ahead(entry()), "reset")
    (row,) = journal.recover(Api())
    assert (row.outcome, row.status) == ("settled", 200)
    assert journal.recover(pytest.fail) == []


def test_what_is_older_than_the_api_remembers_is_listed_and_not_sent(
    journal: Journal, clock: FakeClock
) -> None:
    journal.leave(journal.write_ahead(entry()), "reset")
    clock.now += 24 * HOUR + 1
    for _ in range(2):
        (row,) = journal.recover(pytest.fail)
        assert (row.outcome, row.status) == ("too_old", None)
    assert journal.dismiss(row.id, "seen in the dashboard: not charged")
    assert journal.recover(pytest.fail) == []
    assert not journal.dismiss(row.id, "again")


def test_another_accounts_call_is_never_sent(journal: Journal) -> None:
    journal.leave(journal.write_ahead(entry(account="live")), "reset")
    (row,) = journal.recover(pytest.fail, account="test")
    assert row.outcome == "other_account"
    assert len(journal.unsettled()) == 1


@pytest.mark.parametrize(
    ("outcome", "fate"),
    [
        (Outcome(status=201), "settled"),
        (Outcome(status=402, delivery="rejected"), "rejected"),
        (Outcome(status=422, delivery="rejected"), "rejected"),
        (Outcome(status=401, delivery="rejected"), "unknown"),
        (Outcome(status=403, delivery="rejected"), "unknown"),
        (Outcome(status=429, delivery="rejected"), "unknown"),
        (Outcome(status=409, delivery="maybe_processed"), "unknown"),
        (Outcome(status=503), "unknown"),
        (Outcome(status=302), "unknown"),
        (Outcome(delivery="not_sent"), "unknown"),
    ],
)
def test_only_a_definite_answer_about_the_call_settles_it(outcome: Outcome, fate: str) -> None:
    assert judge(outcome) == fate


@pytest.mark.parametrize(
    ("error", "fate", "open_after"),
    [
        (PaymentDeclinedError("no", 402), "rejected", 0),
        (AuthenticationError("no", 401), "unknown", 1),
        (RateLimitError("slow", 429), "unknown", 1),
        (ConflictError("busy", 409, {"error": {"code": "idempotency_in_flight"}}), "unknown", 1),
        (NetworkError("refused", delivery="not_sent"), "unknown", 1),
    ],
)
def test_errors_of_the_client_count_as_outcomes(
    journal: Journal, error: Exception, fate: str, open_after: int
) -> None:
    journal.leave(journal.write_ahead(entry()), "reset")

    def send(_: Entry) -> Outcome:
        raise error

    (row,) = journal.recover(send)
    assert row.outcome == fate
    assert len(journal.unsettled()) == open_after


def test_another_exception_stops_the_recovery_and_leaves_the_call_open(journal: Journal) -> None:
    journal.leave(journal.write_ahead(entry()), "reset")

    def send(_: Entry) -> Outcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.recover(send)
    (row,) = journal.recover(Api())
    assert row.outcome == "settled"


def test_two_recoverers_never_settle_one_call_at_once(journal: Journal) -> None:
    for key in "abc":
        journal.leave(journal.write_ahead(entry(key)), "reset")
    inner: list[Recovered] = []
    api = Api()

    def send(taken: Entry) -> Outcome:
        if taken.key == "a":
            inner.extend(journal.recover(api))
        return api(taken)

    outer = journal.recover(send)
    assert [(row.key, row.outcome) for row in inner] == [
        ("a", "in_progress"),
        ("b", "settled"),
        ("c", "settled"),
    ]
    assert [(row.key, row.outcome) for row in outer] == [("a", "settled")]
    assert [sent.key for sent in api.sent] == ["b", "c", "a"]


def test_a_late_caller_does_not_settle_what_a_recovery_holds(
    journal: Journal, clock: FakeClock
) -> None:
    ticket = journal.write_ahead(entry(), lease_seconds=1)
    clock.now += 2

    def send(taken: Entry) -> Outcome:
        assert not journal.settle(ticket, "not_sent")
        return Outcome(status=200)

    (row,) = journal.recover(send)
    assert row.outcome == "settled"


def test_bodies_can_lie_encrypted(store: IdempotencyStore, url: str) -> None:
    def flip(data: bytes) -> bytes:
        return bytes(byte ^ 0x55 for byte in data)

    sealed = store.journal(encrypt=flip, decrypt=flip)
    sealed.leave(sealed.write_ahead(entry()), "reset")
    assert bytes(raw(url, "SELECT body FROM call_journal")[0][0]) == flip(BODY)

    (row,) = store.journal().recover(pytest.fail)
    assert (row.outcome, "decrypt" in row.detail) == ("unreadable", True)

    (row,) = store.journal(decrypt=lambda data: data).recover(pytest.fail)
    assert (row.outcome, "wrong decrypt" in row.detail) == ("unreadable", True)

    def broken(_: bytes) -> bytes:
        raise ValueError("hush")

    (row,) = store.journal(decrypt=broken).recover(pytest.fail)
    assert row.outcome == "unreadable"
    assert "hush" not in row.detail

    api = Api()
    (row,) = sealed.recover(api)
    assert row.outcome == "settled"
    assert api.sent[0].body == BODY


def test_settled_calls_go_after_their_retention_and_open_ones_never(
    journal: Journal, clock: FakeClock
) -> None:
    journal.settle(journal.write_ahead(entry("settled")), "200")
    journal.write_ahead(entry("open"))
    clock.now += 31 * 24 * HOUR
    assert journal.purge() == 1
    assert [row.key for row in journal.unsettled()] == ["open"]


def test_a_call_without_a_body_is_repeated_without_one(journal: Journal) -> None:
    journal.leave(journal.write_ahead(entry(body=None)), "reset")
    api = Api()
    journal.recover(api)
    assert api.sent[0].body is None


class TestOwner:
    def test_this_process_is_not_gone(self) -> None:
        assert not owner.is_gone(owner.current_owner())

    def test_a_process_that_ended_is_gone(self) -> None:
        found = subprocess.run(
            [
                sys.executable,
                "-c",
                "from molam_overlays.store.owner import current_owner; print(current_owner())",
            ],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "overlays")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert owner.is_gone(found.stdout.strip())

    def test_a_process_id_that_was_given_away_again_does_not_mislead(self) -> None:
        machine, pid, started = owner.current_owner().rsplit("|", 2)
        if not started:
            pytest.skip("this system does not tell when a process started")
        assert owner.is_gone(f"{machine}|{pid}|{int(started) - 1}")

    @pytest.mark.parametrize("name", ["elsewhere|1|1", "", "nonsense", "a|b|c|d"])
    def test_what_cannot_be_known_is_not_gone(self, name: str) -> None:
        assert not owner.is_gone(name)
