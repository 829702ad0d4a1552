"""Many events at a time: what one claim and one commit may not change."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from molam_overlays.errors import ClaimLostError, StoreError
from molam_overlays.store import batches, deliveries
from molam_overlays.store.blocking import Transaction
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.inbox import AsyncDelivery, AsyncInbox, Delivery, Inbox
from molam_overlays.store.journal import Entry

from .conftest import FakeClock


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit where a test says so, however slow the machine is."""
    monkeypatch.setattr(batches, "OPEN_SECONDS", 60.0)


class Stop:
    """Set once the worker rests, or when told to."""

    def __init__(self) -> None:
        self.set = False

    def is_set(self) -> bool:
        return self.set

    def rest(self, seconds: float) -> None:
        self.set = True

    async def arest(self, seconds: float) -> None:
        self.set = True


def work(inbox: Inbox, handler: Callable[[Delivery], object], **options: Any) -> int:
    """Handle what is due in batches of ten, until there is nothing."""
    stop = Stop()
    return inbox.run_worker(handler, stop, sleep=stop.rest, **{"batch": 10, **options})


async def awork(inbox: AsyncInbox, handler: Any, **options: Any) -> int:
    stop = Stop()
    return await inbox.run_worker(handler, stop, sleep=stop.arest, **{"batch": 10, **options})


def connect(url: str) -> Any:
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    return psycopg.connect(url, autocommit=True)


class Shipments:
    """A table of the merchant's own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.ask("CREATE TABLE shipments (event_id text)")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        connection = connect(self._url)
        try:
            cursor = connection.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def __call__(self) -> Counter[str]:
        return Counter(row[0] for row in self.ask("SELECT event_id FROM shipments"))


@pytest.fixture
def shipments(url: str) -> Shipments:
    return Shipments(url)


def write(connection: Any, event_id: str) -> None:
    # A literal: the drivers disagree about the parameters' style.
    connection.execute(f"INSERT INTO shipments VALUES ('{event_id}')")


def ship(delivery: Delivery) -> None:
    write(delivery.connection(), delivery.event_id)


async def aship(delivery: AsyncDelivery) -> None:
    done = write_async(await delivery.connection(), delivery.event_id)
    if done is not None:
        await done


def write_async(connection: Any, event_id: str) -> Any:
    done = connection.execute(f"INSERT INTO shipments VALUES ('{event_id}')")
    return None if isinstance(connection, sqlite3.Connection) else done


def receive(inbox: Inbox, count: int, **options: Any) -> list[str]:
    names = [f"evt_{number}" for number in range(count)]
    for name in names:
        inbox.receive(name, "payout.paid", b"{}", **options)
    return names


def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count commits from here on."""
    made: list[int] = []
    commit = Transaction.commit

    def counted(self: Transaction) -> None:
        made.append(1)
        commit(self)

    monkeypatch.setattr(Transaction, "commit", counted)
    monkeypatch.setattr(batches, "OPEN_SECONDS", 60.0)
    return made


def test_a_batch_is_claimed_at_once_and_committed_at_once(
    inbox: Inbox, url: str, shipments: Shipments, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = receive(inbox, 8)
    with Inbox(url, clock=inbox._database.clock, retention=None) as worker:
        made = commits(monkeypatch)
        assert work(worker, ship) == 8
    assert len(made) == 3  # the claim, the batch, and the look for more
    assert shipments() == Counter(names)
    assert inbox.counts() == {"processed": 8}
    assert {event.tries for event in inbox.events()} == {1}


def test_a_failing_event_fails_alone_and_no_other_is_handled_twice(
    inbox: Inbox, shipments: Shipments, clock: FakeClock
) -> None:
    names = receive(inbox, 8)
    calls: list[str] = []

    def handler(delivery: Delivery) -> None:
        calls.append(delivery.event_id)
        ship(delivery)
        if delivery.event_id in ("evt_0", "evt_3", "evt_4", "evt_7"):
            raise LookupError

    assert work(inbox, handler) == 8
    assert calls == names
    assert shipments() == Counter(["evt_1", "evt_2", "evt_5", "evt_6"])
    assert inbox.counts() == {"processed": 4, "pending": 4}
    assert {event.tries for event in inbox.events()} == {1}
    assert {event.last_error for event in inbox.events(state="pending")} == {"LookupError"}
    clock.now += 3600
    work(inbox, ship)
    assert shipments() == Counter(names)


def test_a_failure_before_it_asked_fails_alone_too(inbox: Inbox, shipments: Shipments) -> None:
    receive(inbox, 5)

    def handler(delivery: Delivery) -> None:
        if delivery.event_id in ("evt_0", "evt_2"):
            raise LookupError
        ship(delivery)

    assert work(inbox, handler) == 5
    assert shipments() == Counter(["evt_1", "evt_3", "evt_4"])
    assert inbox.counts() == {"processed": 3, "pending": 2}


def test_what_a_handler_does_elsewhere_is_finished_at_once(
    inbox: Inbox, shipments: Shipments
) -> None:
    receive(inbox, 6)
    states: list[dict[str, int]] = []

    def handler(delivery: Delivery) -> None:
        if delivery.event_id in ("evt_1", "evt_2", "evt_4"):
            ship(delivery)
        else:
            states.append(inbox.counts())

    assert work(inbox, handler) == 6
    # On leaving the handler all is committed; what was written before it, with it.
    assert states[0] == {"processing": 6}
    assert [state.get("processed", 0) for state in states[1:]] in ([1, 4], [3, 5])
    assert shipments() == Counter(["evt_1", "evt_2", "evt_4"])
    assert inbox.counts() == {"processed": 6}


def test_a_batch_that_cannot_be_committed_is_handled_one_by_one(
    inbox: Inbox, shipments: Shipments, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = receive(inbox, 4)
    failures = ["shipments"]
    commit = Transaction.commit

    def fails_once(self: Transaction) -> None:
        if self._held and failures:
            failures.pop()
            self.end()
            raise StoreError("a deferred constraint")
        commit(self)

    monkeypatch.setattr(Transaction, "commit", fails_once)
    assert work(inbox, ship) == 4
    assert not failures
    assert shipments() == Counter(names)
    assert inbox.counts() == {"processed": 4}


@pytest.mark.parametrize("verb", ["commit", "rollback"])
def test_a_handler_that_ends_the_transaction_takes_nothing_from_the_others(
    inbox: Inbox, shipments: Shipments, verb: str
) -> None:
    names = receive(inbox, 5)

    def handler(delivery: Delivery) -> None:
        ship(delivery)
        if delivery.event_id == "evt_2":
            getattr(delivery.connection(), verb)()

    assert work(inbox, handler) == 5
    left = names if verb == "commit" else [name for name in names if name != "evt_2"]
    assert shipments() == Counter(left)
    assert inbox.counts() == {"processed": 5}


def closing_once(victim: str) -> Callable[[str], bool]:
    """Tell which call is to close the connection: the first for this event."""
    left = [victim]
    return lambda event_id: event_id in left and not left.remove(event_id)  # type: ignore[func-returns-value]


def test_a_handler_that_closes_the_connection_fails_alone(
    inbox: Inbox, shipments: Shipments, clock: FakeClock
) -> None:
    names, closes = receive(inbox, 5), closing_once("evt_2")

    def handler(delivery: Delivery) -> None:
        ship(delivery)
        if closes(delivery.event_id):
            delivery.connection().close()

    work(inbox, handler)
    assert [event.event_id for event in inbox.events(state="pending")] == ["evt_2"]
    assert shipments() == Counter(names) - Counter(["evt_2"])
    clock.now += 3600
    work(inbox, handler)
    assert shipments() == Counter(names)


async def test_an_async_handler_that_closes_the_connection_fails_alone(
    inbox: Inbox, url: str, shipments: Shipments
) -> None:
    names, closes = receive(inbox, 5), closing_once("evt_2")

    async def handler(delivery: AsyncDelivery) -> None:
        await aship(delivery)
        if closes(delivery.event_id) and (waits := (await delivery.connection()).close()):
            await waits

    async with AsyncInbox(url, clock=inbox._database.clock, retention=None) as worker:
        await awork(worker, handler)
    assert [event.event_id for event in inbox.events(state="pending")] == ["evt_2"]
    assert shipments() == Counter(names) - Counter(["evt_2"])


async def test_steps_of_tasks_beside_a_handler_leave_its_transaction_alone(
    inbox: Inbox, url: str, shipments: Shipments
) -> None:
    """More of them wait for the file than the event loop has threads, before and after each handler."""
    names = receive(inbox, 12)
    beside: list[asyncio.Task[bool]] = []

    async with AsyncInbox(url, clock=inbox._database.clock, retention=None) as worker:

        async def handler(delivery: AsyncDelivery) -> None:
            beside.append(
                asyncio.create_task(
                    worker.receive(f"new {delivery.event_id}", "payout.paid", b"{}")
                )
            )
            await asyncio.sleep(0)
            await aship(delivery)
            if len(beside) == 12:
                stop.set()

        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(2))
        stop = asyncio.Event()

        await worker.run_worker(handler, stop, batch=20)
        assert all(await asyncio.gather(*beside))
    assert not Counter(names) - shipments()
    assert set(shipments().values()) == {1}
    assert not {"parked", "processing"} & set(inbox.counts())


def test_a_handler_that_swallows_a_failed_statement_fails_alone(
    inbox: Inbox, shipments: Shipments, url: str
) -> None:
    receive(inbox, 4)

    def handler(delivery: Delivery) -> None:
        ship(delivery)
        if delivery.event_id == "evt_2":
            with pytest.raises((sqlite3.Error, psycopg.Error)):
                delivery.connection().execute("SELECT nothing FROM nowhere")

    assert work(inbox, handler) == 4
    failed = {"postgresql": 1, "sqlite": 0}[url.partition(":")[0]]
    assert inbox.counts().get("pending", 0) == failed
    assert sum(shipments().values()) == 4 - failed


def test_a_worker_that_is_told_to_stop_commits_and_puts_the_rest_back(
    inbox: Inbox, shipments: Shipments
) -> None:
    receive(inbox, 6)
    stop = threading.Event()

    def handler(delivery: Delivery) -> None:
        ship(delivery)
        if delivery.event_id == "evt_2":
            stop.set()

    assert inbox.run_worker(handler, stop, batch=10) == 3
    assert shipments() == Counter(["evt_0", "evt_1", "evt_2"])
    assert inbox.counts() == {"processed": 3, "pending": 3}
    assert {event.tries for event in inbox.events(state="pending")} == {0}
    assert work(inbox, ship) == 3  # at once, by whoever comes


def test_an_interrupted_batch_is_put_back_and_nothing_of_it_is_stored(
    inbox: Inbox, shipments: Shipments
) -> None:
    names = receive(inbox, 5)

    def handler(delivery: Delivery) -> None:
        ship(delivery)
        if delivery.event_id == "evt_3":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(inbox, handler)
    assert shipments() == Counter()
    assert inbox.counts() == {"pending": 5}
    assert {event.tries for event in inbox.events()} == {0}
    assert work(inbox, ship) == 5
    assert shipments() == Counter(names)


def test_a_worker_that_died_in_a_batch_costs_none_of_its_events_a_try(
    inbox: Inbox, clock: FakeClock
) -> None:
    receive(inbox, 5)
    for deaths in range(3):
        # The worker's memory is gone: only what it committed when it took the events remains.
        taken = inbox._database.run(batches.taking, False, 60.0, 3, 10)
        assert len(taken) == (5 if deaths == 0 else 1)
        clock.now += 61
    tries: dict[str, int] = {}
    work(inbox, lambda delivery: tries.update({delivery.event_id: delivery.tries}))
    assert sorted(tries.values()) == [1, 1, 1, 2, 2]
    assert inbox.counts() == {"processed": 5}


def test_an_event_that_kills_its_workers_is_parked_alone(inbox: Inbox, clock: FakeClock) -> None:
    receive(inbox, 3)

    def kills(delivery: Delivery) -> None:
        if delivery.event_id == "evt_1":
            raise SystemExit

    def die(*_: object) -> Any:
        raise StoreError("a process that is dead puts nothing back")

    for _ in range(8):
        with pytest.MonkeyPatch.context() as dead:
            dead.setattr(batches, "returning", die)
            dead.setattr(deliveries, "returning", die)
            try:
                work(inbox, kills)
            except SystemExit:
                clock.now += 301
    assert inbox.counts() == {"processed": 2, "parked": 1}
    assert inbox.events(state="parked")[0].event_id == "evt_1"


def test_what_another_worker_took_meanwhile_is_left_to_it(
    inbox: Inbox, clock: FakeClock, shipments: Shipments
) -> None:
    names = receive(inbox, 4)

    def handler(delivery: Delivery) -> None:
        if delivery.event_id == "evt_0":  # elsewhere, and for longer than the lease
            clock.now += 301
            for _ in range(4):
                assert inbox.process(ship)
        else:
            ship(delivery)

    work(inbox, handler)
    assert shipments() == Counter(names)
    assert inbox.counts() == {"processed": 4}


def test_the_lease_of_a_slow_batch_is_renewed(inbox: Inbox, clock: FakeClock) -> None:
    receive(inbox, 4)
    seen: list[str] = []

    def handler(delivery: Delivery) -> None:
        seen.append(delivery.event_id)
        clock.now += 200  # of 300
        assert not inbox.process(lambda _: pytest.fail("it is held"))

    assert work(inbox, handler) == 4
    assert len(seen) == 4
    assert inbox.counts() == {"processed": 4}


def test_a_delivery_that_outlived_its_handler_gets_no_connection(inbox: Inbox) -> None:
    receive(inbox, 2)
    kept: list[Delivery] = []

    def handler(delivery: Delivery) -> None:
        if kept:
            with pytest.raises(ClaimLostError):
                kept[0].connection()
        kept.append(delivery)

    assert work(inbox, handler) == 2
    assert inbox.counts() == {"processed": 2}


def test_events_of_one_resource_stay_in_order(url: str, clock: FakeClock) -> None:
    with Inbox(url, clock=clock, in_order=True) as inbox:
        for number in (3, 1, 2):
            for resource in ("po_1", "po_2"):
                name = f"{resource}_{number}"
                inbox.receive(name, "t", b"{}", created=float(number), resource=resource)
        seen: list[str] = []

        def handler(delivery: Delivery) -> None:
            delivery.connection()
            seen.append(delivery.event_id)
            if delivery.event_id == "po_2_1":
                raise LookupError  # holds back those behind it

        work(inbox, handler)
        assert [name for name in seen if name.startswith("po_1")] == ["po_1_1", "po_1_2", "po_1_3"]
        assert [name for name in seen if name.startswith("po_2")] == ["po_2_1"]


def test_a_handlers_journal_in_the_same_database_does_not_wait_for_its_own_worker(
    inbox: Inbox, shipments: Shipments, url: str
) -> None:
    names = receive(inbox, 4)
    with IdempotencyStore(url) as store:
        journal = store.journal()

        def handler(delivery: Delivery) -> None:
            entry = Entry(key=delivery.idempotency_key, method="POST", path="/v1/x", body=b"{}")
            journal.settle(journal.write_ahead(entry), "200")
            ship(delivery)

        assert work(inbox, handler) == 4
        assert journal.unsettled() == []
    assert shipments() == Counter(names)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_handlers_child_leaves_the_batch_to_its_parent(
    inbox: Inbox, shipments: Shipments, url: str
) -> None:
    names = receive(inbox, 3)

    def handler(delivery: Delivery) -> None:
        if delivery.event_id == "evt_1":
            child = os.fork()
            if child == 0:
                raise LookupError
            assert os.waitpid(child, 0)[1] == 0
        ship(delivery)

    try:
        work(inbox, handler, batch=10)
    except LookupError:
        os._exit(0)  # the child: it has touched nothing
    assert shipments() == Counter(names)
    assert inbox.counts() == {"processed": 3}


@pytest.mark.parametrize("batch", [0, -1, 1001])
def test_a_batch_has_a_size(inbox: Inbox, batch: int) -> None:
    with pytest.raises(ValueError, match="batch must be"):
        work(inbox, ship, batch=batch)


class TestAsync:
    @pytest.fixture
    async def ainbox(self, url: str, clock: FakeClock) -> Any:
        async with AsyncInbox(url, clock=clock, max_tries=3, random=lambda: 1.0) as inbox:
            yield inbox

    async def test_a_batch_with_failures(
        self, inbox: Inbox, ainbox: AsyncInbox, shipments: Shipments
    ) -> None:
        receive(inbox, 8)
        calls: list[str] = []

        async def handler(delivery: AsyncDelivery) -> None:
            calls.append(delivery.event_id)
            if delivery.event_id == "evt_5":
                return
            await aship(delivery)
            if delivery.event_id in ("evt_0", "evt_3"):
                raise LookupError

        assert await awork(ainbox, handler) == 8
        assert len(calls) == 8
        assert shipments() == Counter(f"evt_{n}" for n in (1, 2, 4, 6, 7))
        assert inbox.counts() == {"processed": 6, "pending": 2}
        assert {event.tries for event in inbox.events()} == {1}

    @pytest.mark.parametrize("again", [False, True])
    async def test_a_cancelled_batch_is_put_back_and_leaves_nothing_open(
        self, inbox: Inbox, ainbox: AsyncInbox, shipments: Shipments, again: bool
    ) -> None:
        names = receive(inbox, 5)
        reached = asyncio.Event()

        async def handler(delivery: AsyncDelivery) -> None:
            await aship(delivery)
            if delivery.event_id == "evt_3":
                reached.set()
                await asyncio.Event().wait()

        task = asyncio.ensure_future(awork(ainbox, handler))
        await reached.wait()
        task.cancel()
        if again:
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert shipments() == Counter()
        if not again:
            assert inbox.counts() == {"pending": 5}
            assert await awork(ainbox, aship) == 5
            assert shipments() == Counter(names)
        inbox.receive("evt_next", "t", b"{}")  # nobody's lock is in the way

    async def test_it_stops_puts_the_rest_back_and_journals_meanwhile(
        self, inbox: Inbox, ainbox: AsyncInbox, shipments: Shipments, url: str
    ) -> None:
        receive(inbox, 5)
        stop = Stop()
        async with AsyncIdempotencyStore(url) as store:
            journal = store.journal()

            async def handler(delivery: AsyncDelivery) -> None:
                entry = Entry(key=delivery.idempotency_key, method="POST", path="/v1", body=b"{}")
                await journal.settle(await journal.write_ahead(entry), "200")
                await aship(delivery)
                stop.set = delivery.event_id == "evt_2"

            assert await ainbox.run_worker(handler, stop, batch=10, sleep=stop.arest) == 3
        assert inbox.counts() == {"processed": 3, "pending": 2}
        assert sum(shipments().values()) == 3
