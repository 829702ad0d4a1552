from __future__ import annotations

import threading

import attrs
import psycopg
import pytest

from molam_overlays.drive import drive
from molam_overlays.errors import StoreError
from molam_overlays.store.blocking import Database
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import AsyncInbox, Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.postgresql import spell
from molam_overlays.store.retention import Retention
from molam_overlays.store.statement import Ask, Decision, Statement
from molam_overlays.store.upkeep import (
    AIM_SECONDS,
    CHORES,
    EVENTS,
    PAYLOADS,
    Chore,
    Pace,
    Step,
    Upkeep,
    stepping,
    sweep,
    taking_turns,
)
from tests.postgresql import Server

from .conftest import FakeClock

DAY = 24 * 3600.0
pytestmark = pytest.mark.anyio


def finished(count: int, together: bool) -> Decision[None]:
    """Put in events that were handled, a second apart or all at one moment."""
    moment = "1700000000" if together else "1700000000 + n"
    yield Statement(
        "INSERT INTO received_webhooks (event_id, type, payload, received_at, due_at, state) "
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count) "
        f"SELECT @text(n), 't', NULL, @at({moment}), @now, 'processed' FROM numbers",
        {"count": count},
    )


@pytest.mark.parametrize("together", [False, True])
def test_a_purge_goes_in_steps_and_what_is_left_is_the_next_ones(
    database: Database, together: bool
) -> None:
    database.run(finished, 700, together)
    steps: list[int] = []

    def told(rows: int) -> None:
        steps.append(rows)
        if len(steps) == 2:
            raise KeyboardInterrupt

    rests: list[float] = []
    with pytest.raises(KeyboardInterrupt):
        sweep(database, (EVENTS,), 0.0, told, rests.append)
    assert 0 < sum(steps) < 700
    assert len(rests) == 1
    assert rests[0] >= steps[0] * database.dialect.row_seconds
    assert sum(steps) + sweep(database, (EVENTS,), 0.0, sleep=rests.append) == 700
    assert sweep(database, (EVENTS,), 0.0) == 0


@pytest.mark.parametrize(
    ("seconds", "rows"),
    [(AIM_SECONDS, 200), (AIM_SECONDS / 50, 400), (AIM_SECONDS * 2, 100), (9.0, 50), (0.0, 400)],
)
def test_a_step_takes_as_many_rows_as_fit_into_its_time(seconds: float, rows: int) -> None:
    pace = Pace(200)
    pace.took(seconds)
    assert pace.rows == rows


def test_it_is_never_nothing_and_never_without_bound() -> None:
    slow, fast = Pace(), Pace()
    for _ in range(20):
        slow.took(9.0)
        fast.took(0.0)
    assert (slow.rows, fast.rows) == (20, 5000)


def test_what_another_holds_is_passed_over(postgresql: Server, template: str) -> None:
    url = postgresql.create(template)
    database = Database(url)
    database.run(finished, 3, True)
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1 FROM received_webhooks WHERE event_id = '2' FOR UPDATE")
        assert sweep(database, (EVENTS,), 0.0) == 2
    assert sweep(database, (EVENTS,), 0.0) == 1
    database.close()


def test_one_process_at_a_time_is_at_a_chore(postgresql: Server, template: str) -> None:
    url = postgresql.create(template)
    database = Database(url)
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1 FROM molam_upkeep WHERE name = 'events' FOR UPDATE")
        assert database.run(taking_turns, EVENTS, 0.0, 10, 3600.0) is None
        assert database.run(taking_turns, PAYLOADS, 0.0, 10, 3600.0) is not None
    assert database.run(taking_turns, EVENTS, 0.0, 10, 3600.0) is not None
    database.close()


def test_a_round_goes_on_where_another_worker_left_it_and_rests_for_an_hour(
    database: Database, clock: FakeClock
) -> None:
    database.run(finished, 25, False)
    turns = (EVENTS, 0.0, 10, 3600.0)
    assert database.run(taking_turns, *turns) == Step(changed=10, reached=1_700_000_010.0)
    assert database.run(taking_turns, *turns) == Step(changed=10, reached=1_700_000_020.0)
    assert database.run(taking_turns, *turns) == Step(changed=5, reached=None)
    clock.now += 3599
    assert database.run(taking_turns, *turns) is None
    clock.now += 1
    assert database.run(taking_turns, *turns) == Step(changed=0, reached=None)
    clock.now -= 50 * DAY  # a clock that was set back must not keep it from working
    assert database.run(taking_turns, *turns) == Step(changed=0, reached=None)


def test_a_purge_by_hand_counts_as_a_round(database: Database) -> None:
    sweep(database, (EVENTS,), 0.0)
    assert database.run(taking_turns, EVENTS, 0.0, 10, 3600.0) is None


@attrs.define
class _Rest:
    """Ends a worker when it rests as long as one with nothing to do."""

    stop: threading.Event = attrs.field(factory=threading.Event)
    rests: list[float] = attrs.field(factory=list[float])

    def __call__(self, seconds: float) -> None:
        self.rests.append(seconds)
        if seconds == 1.0:
            self.stop.set()


def leave_old_rows(store: IdempotencyStore, inbox: Inbox, clock: FakeClock) -> None:
    """One of each kind that a worker removes, and one of each that it must not."""
    store.store_response("old", "r", {})
    ticket = store.journal().write_ahead(Entry(key="old", method="POST", path="/", body=b"b"))
    store.journal().settle(ticket, "200")
    store.journal().write_ahead(Entry(key="open", method="POST", path="/", body=b"b"))
    inbox.receive("old", "t", b"{}")
    inbox.process(lambda delivery: None)
    clock.now += 100 * DAY
    store.store_response("new", "r", {})
    inbox.receive("filled", "t", b"{}")
    inbox.process(lambda delivery: None)


def rows_of(database: Database) -> dict[str, int]:
    def counting() -> Decision[dict[str, int]]:
        found: dict[str, int] = {}
        for table in ("server_idempotency", "call_journal", "received_webhooks"):
            counted = yield Statement(f"SELECT count(*) FROM {table}")
            found[table] = counted.rows[0][0]
        counted = yield Statement("SELECT count(payload) FROM received_webhooks")
        return {**found, "payloads": counted.rows[0][0]}

    return database.run(counting)


def test_a_worker_with_nothing_to_do_keeps_all_tables_small(
    store: IdempotencyStore, url: str, database: Database, clock: FakeClock
) -> None:
    rest = _Rest()
    with Inbox(url, clock=clock) as inbox:
        leave_old_rows(store, inbox, clock)
        assert inbox.run_worker(lambda delivery: None, rest.stop, sleep=rest) == 0
        left = {"server_idempotency": 1, "call_journal": 1, "received_webhooks": 2, "payloads": 1}
        assert rows_of(database) == left
        assert rest.rests[-1] == 1.0
        assert len(rest.rests) > 3, "it looks for events between two steps"
        assert all(0 < pause < 1.0 for pause in rest.rests[:-1])


async def test_an_async_worker_does_the_same(
    store: IdempotencyStore, inbox: Inbox, url: str, database: Database, clock: FakeClock
) -> None:
    rest = _Rest()
    leave_old_rows(store, inbox, clock)

    async def sleep(seconds: float) -> None:
        rest(seconds)

    async def handler(delivery: object) -> None:
        raise AssertionError

    async with AsyncInbox(url, clock=clock) as mine:
        assert await mine.run_worker(handler, rest.stop, sleep=sleep) == 0
    left = {"server_idempotency": 1, "call_journal": 1, "received_webhooks": 2, "payloads": 1}
    assert rows_of(database) == left


@pytest.mark.parametrize("retention", [None, Retention(payload_seconds=None, answer_seconds=None)])
def test_a_worker_keeps_what_it_is_told_to_keep(
    store: IdempotencyStore,
    url: str,
    database: Database,
    clock: FakeClock,
    retention: Retention | None,
) -> None:
    rest = _Rest()
    with Inbox(url, clock=clock, retention=retention) as inbox:
        leave_old_rows(store, inbox, clock)
        inbox.run_worker(lambda delivery: None, rest.stop, sleep=rest)
    found = rows_of(database)
    assert (found["payloads"], found["server_idempotency"]) == (2, 2)
    assert found["call_journal"] == (2 if retention is None else 1)


def test_a_worker_goes_on_where_it_may_not_purge(
    inbox: Inbox, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def dropping() -> Decision[None]:
        yield Statement("DROP TABLE molam_upkeep")

    database.run(dropping)
    rest = _Rest()
    inbox.receive("evt_1", "t", b"{}")
    assert inbox.run_worker(lambda delivery: None, rest.stop, sleep=rest) == 1
    assert caplog.text.count("leaves old payloads to `molam db purge`") == 1


def test_it_looks_again_after_an_hour_only() -> None:
    upkeep = Upkeep(Retention(answer_seconds=None, call_seconds=None), 1.0)
    asked: list[str] = []

    def act(step: Ask) -> None:
        asked.append(step.arguments[0].name)

    assert drive(upkeep.step(), act) is False
    assert drive(upkeep.step(), act) is False
    assert asked == ["payloads", "events", "full events"]


def test_what_a_database_refuses_is_not_asked_of_it_again() -> None:
    upkeep = Upkeep(Retention(payload_seconds=None, answer_seconds=None, call_seconds=None), 1.0)
    asked: list[str] = []

    def act(step: Ask) -> None:
        asked.append(step.arguments[0].name)
        raise StoreError("permission denied")

    assert drive(upkeep.step(), act) is False
    upkeep._again = 0.0
    assert drive(upkeep.step(), act) is False
    assert asked == ["events", "full events"]


@pytest.mark.parametrize("chore", CHORES, ids=lambda chore: chore.name)
def test_what_a_purge_looks_up_has_an_index(
    postgresql: Server, template: str, chore: Chore
) -> None:
    statement = next(stepping(chore, 1.0, 0.0, 100))
    query = f"EXPLAIN {spell(statement.sql)}".encode()
    with psycopg.connect(postgresql.create(template)) as connection:
        connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        found = connection.execute(query, {"now": None, **statement.parameters}).fetchall()
    plan = "\n".join(row[0] for row in found)
    assert f"Index Cond: (({chore.moment} >=" in plan
    assert f"AND ({chore.moment} < " in plan
    assert "Sort" not in plan
