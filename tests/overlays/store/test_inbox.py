from __future__ import annotations

import json
import random
import sqlite3
import threading
from collections import Counter
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.drive import drive
from molam_overlays.errors import StoreError, StoreUnavailableError
from molam_overlays.schema.model import Model
from molam_overlays.store import deliveries
from molam_overlays.store.blocking import Transaction
from molam_overlays.store.deliveries import backoff, effect_key
from molam_overlays.store.inbox import Delivery, Inbox
from molam_overlays.store.statement import Ask
from molam_overlays.webhook.events import read_event

from .conftest import FakeClock

PAID = "payment_intent.succeeded"
DAY = 24 * 3600.0


def receive(inbox: Inbox, event_id: str, **kwargs: Any) -> bool:
    return inbox.receive(event_id, PAID, b'{"id":"\xff"}', **kwargs)


def handled(inbox: Inbox) -> list[str]:
    """Handle everything that is due and return the event ids in order."""
    seen: list[str] = []
    while inbox.process(lambda delivery: seen.append(delivery.event_id)):
        pass
    return seen


def connect(url: str) -> Any:
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///"))
    return psycopg.connect(url)


@pytest.fixture
def shipments(url: str) -> Any:
    """A table of the merchant's own, and a function that counts its rows."""
    connection = connect(url)
    connection.execute("CREATE TABLE shipments (event_id text)")
    connection.commit()
    connection.close()

    def count() -> int:
        connection = connect(url)
        try:
            return int(connection.execute("SELECT count(*) FROM shipments").fetchone()[0])
        finally:
            connection.close()

    return count


def ship(delivery: Delivery) -> None:
    # A literal: the drivers disagree about the parameters' style.
    delivery.connection().execute(f"INSERT INTO shipments VALUES ('{delivery.event_id}')")


def test_an_event_is_stored_once(inbox: Inbox) -> None:
    assert receive(inbox, "evt_1")
    assert not inbox.receive("evt_1", "other", b"other")
    (event,) = inbox.events()
    assert (event.event_id, event.type, event.state) == ("evt_1", PAID, "pending")
    assert inbox.payload("evt_1") == b'{"id":"\xff"}'
    assert inbox.payload("evt_2") is None


def test_a_handler_gets_the_event_and_a_key(inbox: Inbox, clock: FakeClock) -> None:
    receive(inbox, "evt_1", created=1_799_999_990.0, resource="pi_1")
    got: list[Delivery] = []
    assert inbox.process(got.append)
    (delivery,) = got
    assert delivery.payload == b'{"id":"\xff"}'
    assert (delivery.resource, delivery.event_time, delivery.tries) == ("pi_1", 1_799_999_990.0, 1)
    assert delivery.received_at == clock.now
    assert delivery.idempotency_key == "molam-event-evt_1"
    assert not inbox.process(pytest.fail)
    assert inbox.counts() == {"processed": 1}


def test_what_is_written_in_the_inboxs_transaction_happens_once(
    inbox: Inbox, clock: FakeClock, shipments: Any
) -> None:
    receive(inbox, "evt_1")
    fails = [True]

    def handler(delivery: Delivery) -> None:
        ship(delivery)
        if fails.pop() if fails else False:
            raise RuntimeError("after writing")

    assert inbox.process(handler)
    assert shipments() == 0
    clock.now += 3600
    assert inbox.process(handler)
    assert shipments() == 1
    assert not inbox.process(handler)


def test_a_failure_is_retried_with_backoff_and_parked_after_the_last_try(
    inbox: Inbox, clock: FakeClock
) -> None:
    receive(inbox, "evt_1")

    def handler(delivery: Delivery) -> None:
        raise LookupError("a card number: 4242")

    waits: list[float] = []
    for _ in range(3):
        start = clock.now
        while not inbox.process(handler):
            clock.now += 1
        waits.append(clock.now - start)
    clock.now += DAY
    assert not inbox.process(handler)
    assert waits == [0, 5, 10]
    (event,) = inbox.events(state="parked")
    assert (event.tries, event.last_error) == (3, "LookupError")


def test_a_parked_event_can_be_replayed_and_so_can_a_processed_one(
    url: str, clock: FakeClock
) -> None:
    with Inbox(url, clock=clock, max_tries=1) as inbox:
        receive(inbox, "evt_1")
        receive(inbox, "evt_2")

        def handler(delivery: Delivery) -> None:
            raise RuntimeError

        inbox.process(handler)
        inbox.process(handler)
        assert inbox.counts() == {"parked": 2}
        assert inbox.replay("evt_1")
        assert handled(inbox) == ["evt_1"]
        assert inbox.replay_parked("other.type") == 0
        assert inbox.replay_parked(PAID) == 1
        assert inbox.replay("evt_1")
        assert sorted(handled(inbox)) == ["evt_1", "evt_2"]
        assert inbox.counts() == {"processed": 2}
        assert not inbox.replay("evt_3")


def test_a_worker_that_died_is_succeeded_after_its_lease(inbox: Inbox, clock: FakeClock) -> None:
    receive(inbox, "evt_1")

    def handler(delivery: Delivery) -> None:
        # Another worker looks while this one, as good as dead, holds the event.
        assert not inbox.process(pytest.fail)
        clock.now += 301
        assert handled(inbox) == ["evt_1"]

    assert inbox.process(handler)
    (event,) = inbox.events()
    assert (event.state, event.tries) == ("processed", 2)


def test_a_worker_that_comes_back_late_writes_nothing(
    inbox: Inbox, clock: FakeClock, shipments: Any
) -> None:
    receive(inbox, "evt_1")

    def handler(delivery: Delivery) -> None:
        clock.now += 301
        assert inbox.process(ship)
        ship(delivery)

    assert inbox.process(handler)
    assert shipments() == 1
    assert inbox.counts() == {"processed": 1}


def test_a_worker_that_comes_back_late_does_not_undo_its_successors_decision(
    inbox: Inbox, clock: FakeClock
) -> None:
    receive(inbox, "evt_1")

    def fail(delivery: Delivery) -> None:
        raise RuntimeError

    def handler(delivery: Delivery) -> None:
        clock.now += 301
        assert inbox.process(fail)

    assert inbox.process(handler)
    (event,) = inbox.events()
    assert (event.state, event.tries) == ("pending", 2)


def test_an_event_stays_its_workers_while_that_one_writes_even_beyond_the_lease(
    inbox: Inbox, clock: FakeClock, url: str
) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite lets nobody else write meanwhile")
    receive(inbox, "evt_1")

    def handler(delivery: Delivery) -> None:
        delivery.connection()
        clock.now += 301
        assert not inbox.process(pytest.fail)

    assert inbox.process(handler)
    assert inbox.counts() == {"processed": 1}


def test_written_and_processed_are_one_commit(
    inbox: Inbox, shipments: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(inbox, "evt_1")
    commit = Transaction.commit

    def look_then_commit(self: Transaction) -> None:
        found = self.connection.execute("SELECT state FROM received_webhooks").fetchall()
        assert found == [("processed",)]
        commit(self)

    def handler(delivery: Delivery) -> None:
        ship(delivery)
        monkeypatch.setattr(Transaction, "commit", look_then_commit)

    assert inbox.process(handler)
    monkeypatch.undo()
    assert inbox.counts() == {"processed": 1}
    assert shipments() == 1


def test_an_event_that_kills_its_workers_is_parked_in_the_end(
    inbox: Inbox, clock: FakeClock
) -> None:
    receive(inbox, "evt_1")
    for _ in range(3):
        # The worker's memory is gone: only what it committed when it took the event remains.
        assert inbox._database.run(deliveries.taking, False, 60.0, 3) is not None
        clock.now += 61
    assert not inbox.process(pytest.fail)
    (event,) = inbox.events(state="parked")
    assert event.last_error == "the worker died each time"


def test_an_interrupted_worker_puts_the_event_back(inbox: Inbox) -> None:
    receive(inbox, "evt_1")

    def handler(delivery: Delivery) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inbox.process(handler)
    (event,) = inbox.events(state="pending")
    assert event.tries == 0
    assert handled(inbox) == ["evt_1"]


class TestInOrder:
    @pytest.fixture
    def inbox(self, url: str, clock: FakeClock) -> Any:
        with Inbox(url, clock=clock, max_tries=1, in_order=True) as inbox:
            yield inbox

    def test_events_of_one_resource_go_by_their_own_time(self, inbox: Inbox) -> None:
        receive(inbox, "late", created=30.0, resource="pi_1")
        receive(inbox, "other", created=40.0, resource="pi_2")
        receive(inbox, "early", created=10.0, resource="pi_1")
        receive(inbox, "middle", created=20.0, resource="pi_1")
        receive(inbox, "free", created=1.0)
        order = handled(inbox)
        assert [name for name in order if name in ("early", "middle", "late")] == [
            "early",
            "middle",
            "late",
        ]
        assert sorted(order) == ["early", "free", "late", "middle", "other"]

    def test_the_next_one_waits_while_the_one_before_is_in_work(self, inbox: Inbox) -> None:
        receive(inbox, "first", created=10.0, resource="pi_1")
        receive(inbox, "second", created=10.0, resource="pi_1")

        def handler(delivery: Delivery) -> None:
            assert delivery.event_id == "first"
            assert not inbox.process(pytest.fail)

        assert inbox.process(handler)
        assert handled(inbox) == ["second"]

    @pytest.mark.parametrize("verb", ["skip", "replay"])
    def test_a_parked_event_holds_back_those_behind_it_until_a_person_decides(
        self, inbox: Inbox, verb: str
    ) -> None:
        receive(inbox, "first", created=10.0, resource="pi_1")
        receive(inbox, "second", created=20.0, resource="pi_1")

        def handler(delivery: Delivery) -> None:
            raise RuntimeError

        assert inbox.process(handler)
        assert handled(inbox) == []
        assert getattr(inbox, verb)("first")
        assert handled(inbox) == (["second"] if verb == "skip" else ["first", "second"])


class TestWorker:
    def test_it_works_until_told_to_stop(self, inbox: Inbox, clock: FakeClock) -> None:
        stop = threading.Event()
        for n in range(3):
            receive(inbox, f"evt_{n}")
        rests: list[float] = []

        def sleep(seconds: float) -> None:
            rests.append(seconds)
            if len(rests) == 2:
                stop.set()

        assert inbox.run_worker(lambda delivery: None, stop, sleep=sleep, poll_seconds=2) == 3
        assert rests == [2, 2]

    def test_it_waits_for_a_database_that_is_out_of_reach(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stop = threading.Event()
        rests: list[float] = []

        def process(handler: Any) -> bool:
            raise StoreUnavailableError("restarting")

        def sleep(seconds: float) -> None:
            rests.append(seconds)
            if len(rests) == 7:
                stop.set()

        monkeypatch.setattr(inbox, "process", process)
        assert inbox.run_worker(lambda delivery: None, stop, sleep=sleep) == 0
        assert rests == [2, 4, 8, 16, 30, 30, 30]

    def test_it_stops_at_once_while_resting(self, inbox: Inbox) -> None:
        stop = threading.Event()
        worker = threading.Thread(
            target=inbox.run_worker, args=(lambda delivery: None, stop), kwargs={"poll_seconds": 60}
        )
        worker.start()
        stop.set()
        worker.join(timeout=20)
        assert not worker.is_alive()


def test_listing_goes_page_by_page(inbox: Inbox) -> None:
    for n in range(5):
        receive(inbox, f"evt_{n}")
    first = inbox.events(limit=3)
    rest = inbox.events(after=first[-1].seq, limit=3)
    assert [event.event_id for event in first + rest] == [f"evt_{n}" for n in range(5)]
    assert inbox.events(event_type="refund.created") == []
    assert "payload" not in repr(first)


def test_payloads_go_before_events_and_unfinished_ones_stay(inbox: Inbox, clock: FakeClock) -> None:
    receive(inbox, "done")
    handled(inbox)
    receive(inbox, "open")
    clock.now += 31 * DAY
    assert inbox.purge() == (1, 0)
    assert inbox.payload("done") is None
    assert not receive(inbox, "done")
    with pytest.raises(StoreError, match="removed by retention"):
        inbox.replay("done")
    clock.now += 181 * DAY
    assert inbox.purge() == (0, 1)
    assert [event.event_id for event in inbox.events()] == ["open"]
    assert receive(inbox, "done")


def test_an_event_is_stored_as_it_was_constructed(inbox: Inbox) -> None:
    body = b'{"id":"evt_1","type":"payout.paid","created":1737028800,"data":{"id":"po","amount":500.00}}'
    event = read_event({}, Model, body)
    assert inbox.receive_event(event)
    assert not inbox.receive_event(event)
    deliveries: list[Delivery] = []
    assert inbox.process(deliveries.append)
    (delivery,) = deliveries
    assert (delivery.event_id, delivery.type, delivery.resource) == ("evt_1", "payout.paid", "po")
    assert delivery.event_time == 1737028800
    assert delivery.payload == body
    assert read_event({}, Model, delivery.payload) == event


@pytest.mark.parametrize("bad", [{}, {"id": None}, {"id": 7}, {"id": "evt_1"}])
def test_what_is_no_event_is_refused(inbox: Inbox, bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be 1 to 500 characters"):
        inbox.receive_event(bad)


AT = 1_737_028_800.0
NUMBERS = ["1e999", "-1e999", "1e-9999999999999999999", "9" * 5000, "0.1" + "0" * 5000 + "1"]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:12])
def test_an_event_with_a_number_that_no_float_holds_is_stored_to_the_digit(
    inbox: Inbox, number: str
) -> None:
    body = f'{{"id":"evt_1","type":"payout.paid","created":1,"data":{{"amount":{number}}}}}'
    assert inbox.receive_event(read_event({}, Model, body.encode()))
    assert inbox.payload("evt_1") == body.encode()


@pytest.mark.parametrize(
    ("created", "stored"),
    [
        ("1737028800", AT),
        ("1737028800.25", AT + 0.25),
        ("1737028800000", AT),
        ("1737028800000000", AT),
        ("1737028800000000000", AT),
        ("99999999999", 99_999_999_999.0),
        *[(text, None) for text in (*NUMBERS[:2], NUMBERS[3], "-1", "1e30", "true", '"x"', "null")],
    ],
    ids=lambda value: str(value)[:16],
)
def test_an_events_time_is_understood_or_left_out(
    inbox: Inbox, created: str, stored: float | None
) -> None:
    body = f'{{"id":"evt_1","type":"payout.paid","created":{created},"data":{{}}}}'
    assert inbox.receive_event(read_event({}, Model, body.encode()))
    seen: list[Delivery] = []
    assert inbox.process(seen.append)
    assert seen[0].event_time == stored


@pytest.mark.parametrize("created", [float("nan"), float("inf"), -1.0, 10**400])
def test_a_time_that_is_none_does_not_keep_an_event_out(inbox: Inbox, created: Any) -> None:
    assert inbox.receive("evt_1", "payout.paid", b"{}", created=created)


@pytest.mark.parametrize("about", ["", "\ud800", "a\0b", "x" * 501])
def test_an_event_about_what_cannot_be_kept_is_stored(inbox: Inbox, about: str) -> None:
    event = {"id": "evt_1", "type": "payout.paid", "data": {"id": about}}
    assert inbox.receive_event(event)
    assert inbox.events()[0].resource is None


@pytest.mark.parametrize("data", [[1], {}, {"id": 7}])
def test_an_event_without_time_or_resource_is_stored(inbox: Inbox, data: Any) -> None:
    assert inbox.receive_event({"id": "evt_1", "type": "new.kind", "data": data, "created": "now"})
    (event,) = inbox.events()
    assert event.resource is None


def test_receiving_can_share_the_callers_transaction(inbox: Inbox, url: str) -> None:
    connection = connect(url)
    receive(inbox, "evt_1", connection=connection)
    connection.rollback()
    assert inbox.events() == []
    receive(inbox, "evt_1", connection=connection)
    connection.commit()
    connection.close()
    assert len(inbox.events()) == 1


@pytest.mark.parametrize("bad", ["", "x" * 501, "nul\0", "half \ud800"])
def test_an_event_id_that_cannot_be_kept_is_refused(inbox: Inbox, bad: str) -> None:
    with pytest.raises(ValueError, match="event_id"):
        receive(inbox, bad)


@given(st.text(min_size=1))
def test_the_key_for_effects_is_always_a_legal_key(event_id: str) -> None:
    key = effect_key(event_id)
    assert 1 <= len(key) <= 128
    assert key.isascii()
    assert key.isprintable()
    assert key == effect_key(event_id)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_backoff_stays_within_its_bounds(tries: int, chance: float) -> None:
    assert 2.5 <= backoff(tries, chance) <= 3600


def test_thousands_of_events_in_random_order_with_duplicates_are_each_handled_once(
    url: str,
) -> None:
    # The same with 100,000 events: benchmarks/inbox.py.
    chance = random.Random(4)
    ids = [f"evt_{n}" for n in range(1_500)]
    sent = ids + chance.sample(ids, len(ids) // 5)
    chance.shuffle(sent)
    seen: Counter[str] = Counter()
    stored: list[bool] = []
    lock = threading.Lock()
    with Inbox(url) as inbox:

        def take_in(part: list[str]) -> None:
            for event_id in part:
                body = json.dumps({"id": event_id}).encode()
                stored.append(inbox.receive(event_id, PAID, body))

        def work() -> None:
            def handler(delivery: Delivery) -> None:
                with lock:
                    seen[delivery.event_id] += 1

            while sum(seen.values()) < len(ids):
                inbox.process(handler)

        threads = [threading.Thread(target=take_in, args=(sent[n::2],)) for n in range(2)]
        threads += [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert inbox.counts() == {"processed": len(ids)}
    assert seen == Counter(ids)
    assert (stored.count(True), stored.count(False)) == (len(ids), len(sent) - len(ids))


def test_many_parked_events_are_replayed_in_several_transactions(
    url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "_REPLAYED_AT_ONCE", 2)
    with Inbox(url, clock=clock, max_tries=1) as inbox:
        for n in range(5):
            receive(inbox, f"evt_{n}")
            inbox.process(lambda delivery: 1 / 0)
        steps: list[int] = []

        def act(step: Ask) -> Any:
            return inbox._database.run(step.decide, *step.arguments)

        assert drive(deliveries.replaying_all(None, steps.append), act) == 5
        assert steps == [2, 2, 1]
        assert inbox.counts() == {"pending": 5}
        assert inbox.replay_parked() == 0
