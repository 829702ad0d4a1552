"""The async twins: same decisions, another way to the database."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from molam_overlays.errors import (
    ClaimInFlightError,
    ClaimLostError,
    ConfigurationError,
    IdempotencyKeyReusedError,
    NetworkError,
    StoreError,
    StoreNotMigratedError,
    StoreUnavailableError,
)
from molam_overlays.store.claims import Claim, InFlight, Replay
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.inbox import AsyncDelivery, AsyncInbox, Inbox
from molam_overlays.store.journal import Entry, Outcome

from .conftest import FakeClock, Server
from .test_faults import kill_connections

ROUTE = "POST /checkout"


@pytest.fixture
async def store(url: str, clock: FakeClock) -> AsyncIterator[AsyncIdempotencyStore]:
    async with AsyncIdempotencyStore(url, clock=clock) as store:
        yield store


@pytest.fixture
async def inbox(url: str, clock: FakeClock) -> AsyncIterator[AsyncInbox]:
    async with AsyncInbox(url, clock=clock, max_tries=2, random=lambda: 1.0) as inbox:
        yield inbox


async def granted(store: AsyncIdempotencyStore, **kwargs: Any) -> Claim:
    claim = await store.claim("order-1", ROUTE, **kwargs)
    assert isinstance(claim, Claim)
    return claim


async def test_claim_complete_and_replay(store: AsyncIdempotencyStore) -> None:
    claim = await granted(store, fingerprint="a")
    assert isinstance(await store.claim("order-1", ROUTE, "a"), InFlight)
    with pytest.raises(IdempotencyKeyReusedError):
        await store.claim("order-1", ROUTE, "b")
    await store.complete(claim, {"id": "pi_1"})
    assert await store.claim("order-1", ROUTE) == Replay(
        "order-1", ROUTE, {"id": "pi_1"}, "completed"
    )
    with pytest.raises(ClaimLostError):
        await store.release(claim)


async def test_stored_responses_fail_release_forget_and_purge(
    store: AsyncIdempotencyStore, clock: FakeClock
) -> None:
    assert await store.get_cached_response("order-1", ROUTE) is None
    await store.fail(await granted(store), RuntimeError())
    assert (await granted(store)).takeover
    assert await store.forget("order-1", ROUTE)
    await store.release(await granted(store))
    await store.store_response("order-1", ROUTE, [1], "odd")
    assert await store.get_cached_response("order-1", ROUTE) == {"response": [1], "status": "odd"}
    clock.now += 24 * 3600
    assert await store.purge(0) == 0  # the API remembers the key for so long
    clock.now += 1
    assert await store.purge(0) == 1


async def test_tasks_that_race_do_the_work_once(url: str) -> None:
    done: list[int] = []

    async def work() -> dict[str, int]:
        done.append(1)
        await asyncio.sleep(0)
        return {"n": len(done)}

    async with AsyncIdempotencyStore(url) as store:
        answers = await asyncio.gather(*(store.run("order-1", ROUTE, work) for _ in range(10)))
    assert answers == [{"n": 1}] * 10
    assert done == [1]


async def test_a_failure_or_cancellation_gives_the_claim_back(
    store: AsyncIdempotencyStore,
) -> None:
    async def fail() -> None:
        raise NetworkError("reset")

    with pytest.raises(NetworkError):
        await store.run("order-1", ROUTE, fail)

    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.run("order-1", ROUTE, hang))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await granted(store)).takeover


async def test_waiting_is_bounded(store: AsyncIdempotencyStore, clock: FakeClock) -> None:
    await granted(store)

    async def sleep(seconds: float) -> None:
        clock.sleep(seconds)

    async def work() -> None:
        pytest.fail("not this one's to do")

    with pytest.raises(ClaimInFlightError):
        await store.run("order-1", ROUTE, work, wait_seconds=5, sleep=sleep)


async def test_a_decorated_coroutine_function_runs_once(store: AsyncIdempotencyStore) -> None:
    calls: list[str] = []

    @store.idempotent(route=ROUTE, key=lambda order: f"order-{order}")
    async def charge(order: str) -> dict[str, str]:
        calls.append(order)
        return {"order": order}

    assert await charge("a") == await charge("a") == {"order": "a"}
    assert calls == ["a"]


async def test_the_journal_writes_settles_and_recovers(store: AsyncIdempotencyStore) -> None:
    journal = store.journal()
    settled = await journal.write_ahead(Entry(key="a", method="POST", path="/", body=b"{}"))
    assert await journal.settle(settled, "200")
    left = await journal.write_ahead(Entry(key="b", method="POST", path="/", body=b"{}"))
    assert await journal.leave(left, "reset")
    sent: list[Entry] = []

    async def send(entry: Entry) -> Outcome:
        sent.append(entry)
        return Outcome(status=200)

    (row,) = await journal.recover(send)
    assert (row.key, row.outcome) == ("b", "settled")
    assert [entry.body for entry in sent] == [b"{}"]
    assert await journal.unsettled() == await journal.too_old() == []


async def test_the_inbox_stores_handles_retries_and_parks(
    inbox: AsyncInbox, clock: FakeClock
) -> None:
    assert await inbox.receive("evt_1", "t", b"{}")
    assert not await inbox.receive("evt_1", "t", b"{}")

    async def fail(delivery: AsyncDelivery) -> None:
        raise RuntimeError

    assert await inbox.process(fail)
    assert not await inbox.process(fail)
    clock.now += 10
    assert await inbox.process(fail)
    assert await inbox.counts() == {"parked": 1}
    assert await inbox.replay_parked() == 1
    got: list[AsyncDelivery] = []

    async def keep(delivery: AsyncDelivery) -> None:
        got.append(delivery)

    assert await inbox.process(keep)
    assert got[0].payload == await inbox.payload("evt_1") == b"{}"
    assert got[0].idempotency_key == "molam-event-evt_1"
    (event,) = await inbox.events()
    assert event.state == "processed"
    assert await inbox.replay("evt_1")
    assert await inbox.skip("evt_1")
    assert await inbox.purge(0, 0) == (1, 1)


async def test_what_a_handler_writes_in_the_inboxs_transaction_happens_once(
    inbox: AsyncInbox, clock: FakeClock
) -> None:
    await inbox.receive("evt_1", "t", b"{}")
    fails = [True]

    async def execute(connection: Any, sql: str) -> Any:
        cursor = connection.execute(sql)
        return cursor if isinstance(connection, sqlite3.Connection) else await cursor

    async def handler(delivery: AsyncDelivery) -> None:
        connection = await delivery.connection()
        await execute(connection, "CREATE TABLE shipments (event_id text)")
        if fails:
            fails.clear()
            raise RuntimeError

    assert await inbox.process(handler)
    clock.now += 10
    assert await inbox.process(handler)
    assert await inbox.counts() == {"processed": 1}


async def test_a_cancelled_worker_puts_its_event_back(inbox: AsyncInbox) -> None:
    await inbox.receive("evt_1", "t", b"{}")
    started = asyncio.Event()

    async def hang(delivery: AsyncDelivery) -> None:
        await delivery.connection()
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(inbox.process(hang))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (event,) = await inbox.events()
    assert (event.state, event.tries) == ("pending", 0)


async def test_a_worker_stops_at_once_when_told(inbox: AsyncInbox) -> None:
    await inbox.receive("evt_1", "t", b"{}")
    stop = asyncio.Event()

    async def handler(delivery: AsyncDelivery) -> None:
        asyncio.get_running_loop().call_soon(stop.set)

    async with asyncio.timeout(20) if hasattr(asyncio, "timeout") else asyncio.Lock():
        assert await inbox.run_worker(handler, stop, poll_seconds=60) == 1


async def test_missing_tables_and_wrong_connections_are_named(postgresql: Server) -> None:
    async with AsyncIdempotencyStore(postgresql.create()) as store:
        with pytest.raises(StoreNotMigratedError, match="psql -d DB"):
            await store.claim("order-1", ROUTE)
    with (
        psycopg.connect(postgresql.url()) as connection,
        pytest.raises(ConfigurationError, match="AsyncConnection"),
    ):
        AsyncIdempotencyStore(connection)


@pytest.mark.parametrize("autocommit", [False, True])
async def test_a_connection_that_was_handed_in(
    postgresql: Server, template: str, autocommit: bool
) -> None:
    connection = await psycopg.AsyncConnection.connect(
        postgresql.create(template), autocommit=autocommit
    )
    async with connection:
        store = AsyncIdempotencyStore(connection)
        claim = await granted(store)
        async with connection.transaction():
            with pytest.raises(StoreError, match="in a transaction"):
                await store.claim("order-2", ROUTE)
            await store.complete(claim, {"id": "pi_1"}, connection=connection)
            assert await store.get_cached_response("order-1", ROUTE) is not None
            raise psycopg.Rollback
        assert await store.get_cached_response("order-1", ROUTE) is None
        async with connection.transaction():
            await store.complete(claim, {"id": "pi_1"}, connection=connection)
        assert isinstance(await store.claim("order-1", ROUTE), Replay)
        results = await asyncio.gather(*(store.claim("order-3", ROUTE) for _ in range(5)))
        assert sum(isinstance(result, Claim) for result in results) == 1


async def test_a_sqlite_connection_that_was_handed_in(tmp_path: Any) -> None:
    from molam_overlays.store.migrate import migrate

    from .conftest import SCRIPTS

    migrate(f"sqlite:///{tmp_path}/store.db", SCRIPTS)
    connection = sqlite3.connect(tmp_path / "store.db", check_same_thread=False)
    store = AsyncIdempotencyStore(connection)
    results = await asyncio.gather(*(store.claim("order-1", ROUTE) for _ in range(5)))
    assert sum(isinstance(result, Claim) for result in results) == 1
    connection.close()
    strict = sqlite3.connect(tmp_path / "store.db")
    with pytest.raises(StoreError, match="check_same_thread=False"):
        await AsyncIdempotencyStore(strict).claim("order-2", ROUTE)
    strict.close()


async def test_dropped_connections_are_replaced_or_named(postgresql: Server, template: str) -> None:
    url = postgresql.create(template)
    async with AsyncIdempotencyStore(url) as store:
        claim = await granted(store)
        kill_connections(url)
        await store.complete(claim, {})
    async with AsyncIdempotencyStore("postgresql://127.0.0.1:1/none") as store:
        with pytest.raises(StoreUnavailableError, match="could not be reached"):
            await store.claim("order-1", ROUTE)


def test_a_store_serves_one_event_loop_after_another(url: str) -> None:
    store = AsyncIdempotencyStore(url)
    claim = asyncio.run(granted(store))
    asyncio.run(store.complete(claim, {}))
    found = asyncio.run(store.claim("order-1", ROUTE))
    assert isinstance(found, Replay)
    asyncio.run(store.aclose())


def test_an_event_loop_that_ends_takes_its_connections_along(
    postgresql: Server, template: str
) -> None:
    url = postgresql.create(template)
    store = AsyncIdempotencyStore(url)
    meeting = threading.Barrier(3)

    async def use(number: int) -> None:
        await store.claim(f"order-{number}", ROUTE)
        meeting.wait()  # each loop has a connection of its own by now
        await store.claim(f"again-{number}", ROUTE)

    threads = [threading.Thread(target=lambda n=n: asyncio.run(use(n))) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(store.claim("later", ROUTE))
    assert store._database.pool.homes.each()[-1] == deque()
    until = time.monotonic() + 10
    while others_on(url):  # the server notices by itself that a client hung up
        assert time.monotonic() < until
        time.sleep(0.01)


def others_on(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize("autocommit", [False, True])
async def test_a_connection_in_a_pipeline_is_refused_before_anything_is_written(
    postgresql: Any, template: str, autocommit: bool
) -> None:
    address = postgresql.create(template)
    async with await psycopg.AsyncConnection.connect(address, autocommit=autocommit) as connection:
        async with connection.pipeline():
            store = AsyncIdempotencyStore(connection)
            with pytest.raises(StoreError, match=r"inside pipeline\(\).*Nothing was written"):
                await store.claim("order-1", "/v1/x")
        assert connection.info.transaction_status.value == 0
        assert (
            await AsyncIdempotencyStore(connection).get_cached_response("order-1", "/v1/x") is None
        )
    with psycopg.connect(address, autocommit=autocommit) as blocking:
        with blocking.pipeline():
            for face in (IdempotencyStore(blocking).claim, Inbox(blocking).receive):
                given: Any = ("order-1", "/v1/x") if face.__name__ == "claim" else ("e", "t", b"{}")
                with pytest.raises(StoreError, match=r"inside pipeline\(\).*Nothing was written"):
                    face(*given)
        assert blocking.info.transaction_status.value == 0


@pytest.mark.parametrize("cyclic", [False, True])
def test_nobody_is_warned_of_a_store_that_he_forgot_to_close(
    url: str, cyclic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)

    async def claim() -> None:
        store: Any = AsyncIdempotencyStore(url)
        if cyclic:
            store.itself = store
        await granted(store)
        del store
        gc.collect()

    asyncio.run(claim())
    gc.collect()
    assert told == []
