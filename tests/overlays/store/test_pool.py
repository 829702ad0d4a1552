from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator

import psycopg
import pytest

from molam_overlays.errors import StoreUnavailableError
from molam_overlays.store.blocking import Database
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.pool import Places, Pool
from molam_sdk import Config, MolamClient
from tests.postgresql import Server

pytestmark = pytest.mark.anyio


@pytest.fixture
def address(postgresql: Server, template: str) -> str:
    return postgresql.create(template)


@pytest.fixture
def watcher(address: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


def opened(watcher: psycopg.Connection) -> int:
    found = watcher.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()"
    ).fetchone()
    assert found is not None
    return int(found[0])


def test_threads_share_as_many_connections_as_the_pool_has(
    address: str, watcher: psycopg.Connection
) -> None:
    most: list[int] = []
    begin = threading.Barrier(8)
    with IdempotencyStore(Pool(address, most=2, idle=1)) as store:

        def work(number: int) -> None:
            begin.wait()
            for n in range(10):
                store.store_response(f"{number}-{n}", "r", {})

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            most.append(opened(watcher))
        assert store.get_cached_response("7-9", "r") is not None
    assert 1 <= max(most) <= 2
    rows = watcher.execute("SELECT count(*) FROM server_idempotency").fetchone()
    assert rows == (80,)


def test_who_waits_for_too_long_is_told_so(address: str) -> None:
    database = Database(Pool(address, most=1, wait_seconds=0.0))
    held = database.transaction()
    held.begin()
    other = database.transaction()
    with pytest.raises(StoreUnavailableError, match=r"All 1 connections of the store"):
        other.begin()
    other.end()
    held.end()
    other.begin()
    other.end()
    database.close()


def test_a_connection_that_cannot_be_opened_keeps_no_place(address: str) -> None:
    database = Database(Pool(address.replace("postgres@/", "postgres@/none_"), most=1))
    for _ in range(2):
        step = database.transaction()
        with pytest.raises(StoreUnavailableError, match="does not exist"):
            step.begin()
        step.end()


def test_a_child_has_all_the_places_of_its_own(address: str) -> None:
    database = Database(Pool(address, most=1, wait_seconds=0.0))
    held = database.transaction()
    held.begin()
    child = os.fork()
    if child == 0:
        step = database.transaction()
        step.begin()
        step.end()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    held.end()
    database.close()


async def test_tasks_share_as_many_connections_as_the_pool_has(
    address: str, watcher: psycopg.Connection
) -> None:
    async with AsyncIdempotencyStore(Pool(address, most=2, idle=1)) as store:
        work = [asyncio.ensure_future(store.store_response(str(n), "r", {})) for n in range(20)]
        work[19].cancel()
        most = 0
        while not all(each.done() for each in work):
            most = max(most, opened(watcher))
            await asyncio.sleep(0)
        assert 1 <= most <= 2
        assert [each.cancelled() for each in work] == [False] * 19 + [True]


async def test_a_task_that_waits_for_too_long_is_told_so(address: str) -> None:
    async with AsyncIdempotencyStore(Pool(address, most=1, wait_seconds=0.0)) as store:
        async with store._database.transaction() as held:
            await held.begin()
            with pytest.raises(StoreUnavailableError, match=r"All 1 connections of the store"):
                await store.store_response("k", "r", {})
        await store.store_response("k", "r", {})


def test_a_client_takes_a_pool_for_its_journal(address: str) -> None:
    with MolamClient(
        Config(api_key="sk_test_1"), idempotency_store=Pool(address, most=1)
    ) as client:
        assert client.recover() == []


def test_a_pool_shows_no_password_and_refuses_nonsense() -> None:
    assert "hush" not in repr(Pool("postgresql://shop:hush@db/shop"))
    with pytest.raises(ValueError, match="most >= 1"):
        Pool("postgresql://db/shop", most=0)


def test_a_place_is_one_holders_until_it_leaves() -> None:
    places = Places(1)
    place = places.take("step")
    assert place is not None
    assert places.take("other") is None
    place["holder"] = "connection"
    places.leave("step")
    assert places.take("other") is None
    places.leave("connection")
    assert places.take("other") is place


def test_a_file_bounds_nothing() -> None:
    places = Places(None)
    assert places.take("step") == {}
    assert places.take("other") == {}
