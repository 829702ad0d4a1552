from __future__ import annotations

import pytest

from molam_overlays.store.blocking import Database
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.inbox import AsyncInbox, Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.retention import RETENTION
from molam_overlays.store.status import InboxStatus, JournalStatus, of_upkeep
from molam_overlays.store.upkeep import CHORES, EVENTS, PAYLOADS, ages, sweep

from .conftest import FakeClock

pytestmark = pytest.mark.anyio


def test_an_empty_inbox_and_journal_stand_at_nothing(inbox: Inbox, store: IdempotencyStore) -> None:
    status = inbox.status()
    assert status == InboxStatus(
        due=0, later=0, oldest_seconds=0.0, received_per_minute=0.0, handled_per_minute=0.0, parked=0,
        parked_by_reason={}, late=0,
    )  # fmt: skip
    assert not status.grows
    assert store.journal().status() == JournalStatus(
        open=0, oldest_seconds=0.0, calls_per_minute=0.0, open_by_outcome={}
    )


async def test_an_inbox_says_what_waits_comes_goes_and_is_parked(
    url: str, clock: FakeClock
) -> None:
    with Inbox(url, clock=clock, max_tries=1) as inbox:
        for n in range(5):
            inbox.receive(f"evt_{n}", "t", b"{}")
        assert inbox.process(lambda delivery: None)
        assert inbox.process(lambda delivery: 1 / 0)
        assert inbox.process(lambda delivery: [].pop())
        clock.now += 59
        with Inbox(url, clock=clock) as patient:
            assert patient.process(lambda delivery: 1 / 0)
        status = inbox.status()
        assert status == InboxStatus(
            due=1, later=1, oldest_seconds=59.0, received_per_minute=5.0, handled_per_minute=1.0,
            parked=2, parked_by_reason={"ZeroDivisionError": 1, "IndexError": 1}, late=0,
        )  # fmt: skip
        async with AsyncInbox(url, clock=clock) as other:
            assert await other.status() == status
        clock.now += 3
        inbox.receive("evt_6", "t", b"{}")
        status = inbox.status()
        assert (status.oldest_seconds, status.received_per_minute, status.handled_per_minute) == (
            62,
            1,
            0,
        )
        assert status.grows


def test_a_rate_beyond_the_sample_is_taken_from_its_time(inbox: Inbox, clock: FakeClock) -> None:
    for n in range(1010):
        clock.now += 0.01
        inbox.receive(f"evt_{n}", "t", b"{}")
    assert inbox.status().received_per_minute == pytest.approx(6000, rel=0.01)


def test_handlers_that_outlast_their_lease_are_counted(url: str, clock: FakeClock) -> None:
    def slow(delivery: object) -> None:
        clock.now += 61

    with Inbox(url, clock=clock, lease_seconds=60) as inbox:
        inbox.receive("evt_1", "t", b"{}")
        assert inbox.process(slow)
        assert inbox.status().late == 1


async def test_a_journal_says_what_is_open_and_since_when(
    store: IdempotencyStore, url: str, clock: FakeClock
) -> None:
    journal = store.journal()
    for n, note in enumerate(("settle", "leave", "leave", None)):
        ticket = journal.write_ahead(Entry(key=f"k{n}", method="POST", path="/", body=b"b"))
        if note is not None:
            getattr(journal, note)(ticket, "reset")
        clock.now += 10
    status = journal.status()
    assert status == JournalStatus(
        open=3,
        oldest_seconds=30.0,
        calls_per_minute=4.0,
        open_by_outcome={"reset": 2, "under way": 1},
    )
    async with AsyncIdempotencyStore(url, clock=clock) as other:
        assert await other.journal().status() == status


def test_rows_that_should_be_gone_since_yesterday_are_overdue(
    inbox: Inbox, database: Database, clock: FakeClock
) -> None:
    chores = dict(ages(RETENTION))
    inbox.receive("evt_1", "t", b"{}")
    inbox.process(lambda delivery: None)
    clock.now += 30.5 * 24 * 3600
    assert not any(each.overdue for each in database.run(of_upkeep, chores))
    clock.now += 24 * 3600
    found = {each.name: each for each in database.run(of_upkeep, chores)}
    assert set(found) == {chore.name for chore in CHORES}
    assert [name for name, each in found.items() if each.overdue] == ["payloads"]
    assert found["payloads"].done_seconds is None
    sweep(database, (PAYLOADS,), 30 * 24 * 3600)
    clock.now += 5
    found = {each.name: each for each in database.run(of_upkeep, {PAYLOADS: 0.0, EVENTS: 1e9})}
    assert (found["payloads"].overdue, found["payloads"].done_seconds) == (False, 5.0)
    assert found["events"].done_seconds is None
