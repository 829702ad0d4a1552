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
    StoreError,
    StoreUnavailableError,
)
from molam_overlays.store import owner
from molam_overlays.store.blocking import Transaction
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.journal import Entry, Journal, Outcome, Recovered
from molam_overlays.store.settlement import judge

from .conftest import FakeClock, Server

pytestmark = pytest.mark.anyio

BODY = b'{"amount":2500,"iban":"XY99 secret"}'
HOUR = 3600.0
OWN = {"error": {"type": "card_error", "code": "card_declined", "message": "no"}}


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


def unknown(_: str) -> bool:
    """Say what can be said of a process on another machine."""
    return False


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
    (row,) = journal.recover(Api(), is_alive=unknown)
    assert row.outcome == "settled"


def test_a_process_that_lives_and_never_said_how_its_call_ended_is_for_a_person(
    journal: Journal, clock: FakeClock
) -> None:
    journal.write_ahead(entry(), lease_seconds=60)
    clock.now += 61
    (row,) = journal.recover(pytest.fail)
    assert (row.outcome, "still runs" in row.detail) == ("withheld", True)
    (row,) = journal.recover(Api(), is_gone=gone)
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
        (Outcome(status=200, own=False), "unknown"),
        (Outcome(status=404, delivery="rejected", own=False), "unknown"),
    ],
)
def test_only_a_definite_answer_about_the_call_settles_it(outcome: Outcome, fate: str) -> None:
    assert judge(outcome) == fate


@pytest.mark.parametrize(
    ("error", "fate", "open_after"),
    [
        # Refused now: that says nothing of the attempt that left it open.
        (PaymentDeclinedError("no", 402, OWN), "unknown", 1),
        (PaymentDeclinedError("no", 402), "unknown", 1),
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

    (row,) = journal.recover(send, is_alive=unknown)
    assert row.outcome == "settled"


def test_bodies_can_lie_encrypted(store: IdempotencyStore, url: str) -> None:
    def flip(data: bytes) -> bytes:
        return bytes(byte ^ 0x55 for byte in data)

    sealed = store.journal(encrypt=flip, decrypt=flip)
    sealed.leave(sealed.write_ahead(entry()), "reset")
    assert flip(BODY) in bytes(raw(url, "SELECT body FROM call_journal")[0][0])
    assert raw(url, "SELECT path, fingerprint FROM call_journal") == [("/v1/treasury/payouts", "")]

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


# The age of the key ------------------------------------------------------------------------------


def kept_back(journal: Journal, **options: Any) -> list[tuple[str, str]]:
    return [(row.key, row.outcome) for row in journal.recover(pytest.fail, **options)]


def test_a_settled_entry_of_the_key_counts(journal: Journal, clock: FakeClock) -> None:
    journal.settle(journal.write_ahead(entry()), "200")
    clock.now += 23.5 * HOUR
    journal.leave(journal.write_ahead(entry()), "reset")
    clock.now += HOUR
    assert kept_back(journal) == [("order-1", "too_old")]
    (row,) = journal.too_old()
    assert row.age == pytest.approx(24.5 * HOUR)


def test_an_entry_of_a_former_api_key_counts(journal: Journal, clock: FakeClock) -> None:
    old, new = "https://api.molam.com aaaa", "https://api.molam.com bbbb"
    journal.settle(journal.write_ahead(entry(account=old)), "200")
    clock.now += 23.5 * HOUR
    journal.leave(journal.write_ahead(entry(account=new)), "reset")
    clock.now += HOUR
    assert kept_back(journal, account=new) == [("order-1", "too_old")]


@pytest.mark.parametrize(
    "other",
    [
        {"key": "order-2"},
        {"method": "PUT"},
        {"path": "/v1/connect/refunds"},
        {"account": "https://staging-api.molam.com aaaa"},
    ],
)
def test_another_key_server_method_or_path_does_not_count(
    journal: Journal, clock: FakeClock, other: dict[str, Any]
) -> None:
    account = "https://api.molam.com aaaa"
    journal.settle(journal.write_ahead(entry(**{"account": account, **other})), "200")
    clock.now += 23.5 * HOUR
    journal.leave(journal.write_ahead(entry(account=account)), "reset")
    clock.now += HOUR
    (row,) = journal.recover(Api(), account=account)
    assert row.outcome == "settled"


def test_a_call_that_never_left_does_not_age_its_key(journal: Journal, clock: FakeClock) -> None:
    journal.settle(journal.write_ahead(entry()), "not_sent")
    clock.now += 23.5 * HOUR
    journal.leave(journal.write_ahead(entry()), "reset")
    clock.now += HOUR
    (row,) = journal.recover(Api())
    assert (row.outcome, row.age) == ("settled", pytest.approx(HOUR))


def test_no_purge_makes_a_key_younger(journal: Journal, url: str, clock: FakeClock) -> None:
    journal.settle(journal.write_ahead(entry()), "200")
    clock.now += 23.5 * HOUR
    assert journal.purge(0) == 0
    journal.leave(journal.write_ahead(entry()), "reset")
    clock.now += HOUR
    assert journal.purge(0) == 0  # the open one goes by it
    assert kept_back(journal) == [("order-1", "too_old")]
    assert journal.dismiss(journal.unsettled()[0].id, "seen: not charged")
    clock.now += 24 * HOUR + 1
    assert journal.purge(0) == 2


def test_postgresqls_own_purge_goes_by_the_same_rule(postgresql: Server, template: str) -> None:
    url = postgresql.create(template)
    with IdempotencyStore(url) as store, psycopg.connect(url, autocommit=True) as connection:
        journal = store.journal()
        journal.settle(journal.write_ahead(entry("young")), "200")
        for key in ("old", "needed", "needed"):
            ticket = journal.write_ahead(entry(key))
            if connection.execute("SELECT count(*) FROM call_journal").fetchone() != (4,):
                journal.settle(ticket, "200")
        connection.execute(
            "UPDATE call_journal SET settled_at = settled_at - interval '2 days' "
            "WHERE idempotency_key <> 'young'"
        )
        found = connection.execute("SELECT molam_purge_journal(now() + interval '1 day')")
        assert found.fetchall() == [(1,)]
        assert connection.execute(
            "SELECT idempotency_key FROM call_journal ORDER BY id"
        ).fetchall() == [("young",), ("needed",), ("needed",)]
        store.store_response("k", "r", {})
        found = connection.execute("SELECT molam_purge_idempotency(now() + interval '1 day')")
        assert found.fetchall() == [(0,)]


WITNESS = """
CREATE TABLE seen (setting text);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen VALUES (current_setting('synchronous_commit'));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER witness AFTER INSERT OR UPDATE ON call_journal DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION witness();
"""


@pytest.mark.parametrize(
    ("default", "used"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")]
)
async def test_what_is_noted_is_on_disk_whatever_the_databases_default(
    postgresql: Server, template: str, default: str, used: str
) -> None:
    """The trigger runs as the last thing before each commit."""
    url = postgresql.create(template)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(WITNESS.encode())
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = {default}".encode())
        with IdempotencyStore(url) as store:
            journal = store.journal()
            for note in (journal.settle, journal.refuse, journal.leave):
                note(journal.write_ahead(entry(note.__name__)), "200")
            journal.recover(Api(), is_gone=gone)
            journal.leave(journal.write_ahead(entry("by hand")), "reset")
            journal.dismiss(journal.unsettled()[0].id, "looked up")
        async with AsyncIdempotencyStore(url) as other:
            ticket = await other.journal().write_ahead(entry("async"))
            await other.journal().settle(ticket, "200")
        seen = connection.execute("SELECT setting FROM seen").fetchall()
    assert len(seen) == 6 + 2 + 3 + 2
    assert set(seen) == {(used,)}


@pytest.mark.parametrize("hours", [5.0, 29.0, 0.001])
def test_an_entry_from_the_future_is_for_a_person(
    journal: Journal, clock: FakeClock, hours: float
) -> None:
    journal.leave(journal.write_ahead(entry()), "reset")
    clock.now -= hours * HOUR
    (row,) = journal.recover(pytest.fail)
    assert (row.outcome, row.age) == ("withheld", pytest.approx(-hours * HOUR))


@pytest.mark.parametrize("settled", [True, False])
def test_a_clock_that_was_set_back_is_seen_by_what_was_written_later(
    journal: Journal, clock: FakeClock, settled: bool
) -> None:
    journal.leave(journal.write_ahead(entry("a")), "reset")
    clock.now += 20 * HOUR
    later = journal.write_ahead(entry("b"))
    if settled:
        journal.settle(later, "200")
    clock.now -= 18 * HOUR  # by this clock the first is two hours old
    assert kept_back(journal)[0] == ("a", "withheld")
    journal.leave(journal.write_ahead(entry("c")), "reset")  # written by the right clock
    rows = {row.key: row.outcome for row in journal.recover(Api())}
    assert rows["c"] == "settled"
    clock.now += 18.1 * HOUR
    assert {row.key: row.outcome for row in journal.recover(Api())}["a"] == "settled"


def test_what_was_seen_to_be_too_old_stays_so_whatever_the_clock_says(
    journal: Journal, clock: FakeClock
) -> None:
    journal.leave(journal.write_ahead(entry()), "reset")
    clock.now += 25 * HOUR
    assert kept_back(journal) == [("order-1", "too_old")]
    clock.now -= 24 * HOUR
    journal.leave(journal.write_ahead(entry()), "reset")
    assert kept_back(journal) == [("order-1", "too_old")] * 2
    assert [row.outcome for row in journal.unsettled()] == ["reset", "reset"]


def test_one_recovery_never_says_too_old_of_a_key_that_it_sent(
    journal: Journal, clock: FakeClock
) -> None:
    for _ in range(2):
        journal.leave(journal.write_ahead(entry()), "reset")
    clock.now += 24 * HOUR - 1
    ages: list[float] = []

    def send(taken: Entry) -> Outcome:
        ages.append(taken.age)
        clock.now += 10
        return Outcome(status=503)

    rows = journal.recover(send)
    assert [row.outcome for row in rows] == ["unknown", "unknown"]
    assert ages == [pytest.approx(24 * HOUR - 1)]
    assert kept_back(journal) == [("order-1", "too_old")] * 2


# What blocks nobody ------------------------------------------------------------------------------

BOTH = [
    "headers = '{\"a\"'",
    "headers = '[[[[[[[['",
    "headers = '{\"X\": 7}'",
    "fingerprint = 'x'",
    "method = ''",
    "path = ''",
    "owner = 'x'",
    "account = 'x'",
    "created_at = NULL",
    "body = NULL",
    "fence = -5",
]
SQLITE = [
    "headers = x'ff'",
    "headers = CAST(x'7bff7d' AS TEXT)",
    "idempotency_key = CAST(x'ff' AS TEXT)",
    "idempotency_key = x'ff'",
    "idempotency_key = 7",
    "path = CAST(x'ff' AS TEXT)",
    "method = CAST(x'ff' AS TEXT)",
    "account = CAST(x'ff' AS TEXT)",
    "owner = CAST(x'ff' AS TEXT)",
    "outcome = CAST(x'ff' AS TEXT)",
    "created_at = 'soon'",
    "created_at = CAST(x'ff' AS TEXT)",
    "created_at = 9e999",
    "created_at = -9e999",
    "lease_until = 'soon'",
    "encrypted = 'maybe'",
    "encrypted = 7",
    "fence = 'x'",
    "body = 'text'",
    "body = 7",
]


@pytest.mark.parametrize("damage", [*BOTH, *SQLITE])
def test_a_damaged_entry_is_listed_and_those_behind_it_are_settled(
    store: IdempotencyStore, url: str, damage: str
) -> None:
    if not url.startswith("sqlite") and (damage in SQLITE or "NULL" in damage):
        pytest.skip("PostgreSQL would not take it")
    journal = store.journal()
    for key in ("k0", "k1", "k2"):
        journal.leave(journal.write_ahead(entry(key)), "reset")
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') "
            "WHERE name = 'call_journal'"
        )
        connection.commit()
        connection.close()
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    else:
        connection = psycopg.connect(url)
    connection.execute(f"UPDATE call_journal SET {damage} WHERE idempotency_key = 'k1'")
    connection.commit()
    connection.close()
    assert len(journal.unsettled()) == 3
    journal.too_old()
    api = Api()
    rows = journal.recover(api)
    assert len(rows) == 3
    assert [rows[0].outcome, rows[2].outcome] == ["settled", "settled"]
    assert {"k0", "k2"} <= set(api.charged)
    journal.purge()
    for row in journal.unsettled():
        assert journal.dismiss(row.id, "seen")
    assert journal.recover(pytest.fail) == []


@pytest.mark.parametrize(
    "error", [TypeError("canary"), RecursionError(), OverflowError(), OSError()]
)
def test_what_cannot_be_sent_is_listed_and_those_behind_it_are_settled(
    journal: Journal, error: Exception
) -> None:
    for key in ("k0", "k1", "k2"):
        journal.leave(journal.write_ahead(entry(key)), "reset")

    def send(taken: Entry) -> Outcome:
        if taken.key == "k1":
            raise error
        return Outcome(status=200)

    rows = journal.recover(send)
    assert [row.outcome for row in rows] == ["settled", "unknown", "settled"]
    assert rows[1].detail == type(error).__name__


def test_a_row_that_the_database_refuses_to_change_blocks_nobody(
    journal: Journal, url: str
) -> None:
    for key in ("k0", "k1", "k2"):
        journal.leave(journal.write_ahead(entry(key)), "reset")
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute(
            "CREATE TRIGGER t BEFORE UPDATE ON call_journal WHEN old.idempotency_key = 'k1' "
            "BEGIN SELECT RAISE(ABORT, 'no such day'); END"
        )
    else:
        connection = psycopg.connect(url)
        connection.execute(
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'no such day'; END $$"
        )
        connection.execute(
            "CREATE TRIGGER t BEFORE UPDATE ON call_journal FOR EACH ROW "
            "WHEN (old.idempotency_key = 'k1') EXECUTE FUNCTION f()"
        )
    connection.commit()
    connection.close()
    rows = journal.recover(Api())
    assert [row.outcome for row in rows] == ["settled", "unreadable", "settled"]


# What is known, and what is not ------------------------------------------------------------------


def test_a_refusal_does_not_close_an_entry_while_another_of_its_key_is_open(
    journal: Journal,
) -> None:
    journal.leave(journal.write_ahead(entry()), "reset")
    assert not journal.refuse(journal.write_ahead(entry()), "404")
    assert [row.outcome for row in journal.unsettled()] == ["reset", "404"]
    assert journal.refuse(journal.write_ahead(entry(path="/v1/connect/refunds")), "404")
    assert journal.refuse(journal.write_ahead(entry("order-2")), "404")
    assert len(journal.unsettled()) == 2


def test_a_note_that_could_not_be_written_is_written_with_the_next_step(
    store: IdempotencyStore, url: str, clock: FakeClock, tmp_path: Path
) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("its file can be taken away and brought back")
    journal = store.journal()
    withdrawn, settled = journal.write_ahead(entry("a")), journal.write_ahead(entry("b"))
    path = Path(url.removeprefix("sqlite:///"))
    path.rename(tmp_path / "away")
    for ticket, outcome in ((withdrawn, "not_sent"), (settled, "200")):
        with pytest.raises(StoreError):
            journal.settle(ticket, outcome)
    (tmp_path / "away").rename(path)
    # Seen from another process, nobody has said how they ended.
    clock.now += 3600
    assert kept_back(store.journal()) == [("a", "withheld"), ("b", "withheld")]
    journal.settle(journal.write_ahead(entry("c")), "200")
    assert journal.unsettled() == []
    assert raw(url, "SELECT outcome FROM call_journal ORDER BY id") == [
        ("not_sent",),
        ("200",),
        ("200",),
    ]


def test_an_entry_whose_commit_went_unacknowledged_is_withdrawn(
    store: IdempotencyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, commit = store.journal(), Transaction.commit

    def lost(self: Transaction) -> None:
        commit(self)
        monkeypatch.undo()
        raise StoreUnavailableError("gone")

    monkeypatch.setattr(Transaction, "commit", lost)
    with pytest.raises(StoreUnavailableError):
        journal.write_ahead(entry())
    assert journal.recover(pytest.fail) == []


def test_encrypted_no_words_of_a_caller_lie_in_clear(store: IdempotencyStore, url: str) -> None:
    def flip(data: bytes) -> bytes:
        return bytes(byte ^ 0x55 for byte in data)

    journal = store.journal(encrypt=flip, decrypt=flip)
    sealed = entry(extra_headers={"X-Gateway": "canary"}, headers={"X-Shop": "canary"})
    journal.leave(journal.write_ahead(sealed), "canary reset")
    assert [row.outcome for row in journal.unsettled()] == ["canary reset"]

    def send(taken: Entry) -> Outcome:
        assert taken == sealed
        return Outcome(detail="canary of a server")

    journal.recover(send)
    journal.dismiss(journal.unsettled()[0].id, "canary of a person")
    for row in raw(url, "SELECT * FROM call_journal"):
        for value in row:
            assert b"canary" not in (
                bytes(value) if isinstance(value, (bytes, memoryview)) else repr(value).encode()
            )
    assert "x=1" not in repr(raw(url, "SELECT path, headers FROM call_journal"))


@pytest.mark.parametrize("number", [0, -7])
def test_a_row_with_an_id_that_was_never_given_is_for_a_person(
    journal: Journal, url: str, number: int
) -> None:
    journal.leave(journal.write_ahead(entry("a")), "read timeout")
    journal.leave(journal.write_ahead(entry("b")), "read timeout")
    raw_write(url, f"UPDATE call_journal SET id = {number} WHERE idempotency_key = 'a'")
    assert [each.id for each in journal.unsettled()] == [number, 2]
    api = Api()
    bad, good = journal.recover(api)
    assert (bad.id, bad.outcome, good.outcome) == (number, "unreadable", "settled")
    assert [each.key for each in api.sent] == ["b"]
    assert journal.dismiss(number, "looked it up")
    assert journal.unsettled() == []


def raw_write(url: str, sql: str) -> None:
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
    else:
        connection = psycopg.connect(url)
    try:
        connection.execute(sql)
        connection.commit()
    finally:
        connection.close()
