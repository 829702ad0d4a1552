"""Stores on Django's connections: the ORM's rows and ours commit together."""

from __future__ import annotations

import subprocess
import sys
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from molam_overlays.errors import (
    ConfigurationError,
    StoreError,
    StoreNotMigratedError,
    StoreUnavailableError,
)
from molam_overlays.store.claims import Claim
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import AsyncInbox, Delivery, Inbox
from molam_overlays.store.journal import Entry
from tests import django_project


@pytest.fixture
def shop(url: str) -> Iterator[None]:
    with django_project.database(url):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE shipped (event varchar(50) PRIMARY KEY)")
        yield


@pytest.fixture
def inbox(shop: None) -> Inbox:
    return Inbox(connection, max_tries=1)


@pytest.fixture
def store(shop: None) -> IdempotencyStore:
    return IdempotencyStore(connection)


def ship(event: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO shipped VALUES (%s)", [event])


def shipped() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT event FROM shipped ORDER BY event")
        return [row[0] for row in cursor.fetchall()]


def receive(inbox: Inbox, event: str, **options: Any) -> bool:
    return inbox.receive(event, "t", b"{}", **options)


def handle(delivery: Delivery) -> None:
    with transaction.atomic():  # a savepoint: the inbox's transaction is around it
        ship(delivery.event_id)
    if delivery.event_id == "evt_bad":
        raise RuntimeError


def test_an_event_is_part_of_the_atomic_block_that_it_comes_in(inbox: Inbox) -> None:
    assert receive(inbox, "evt_1")  # outside of any it is stored at once
    with transaction.atomic():
        ship("undone")
        assert receive(inbox, "evt_2")
        transaction.set_rollback(True)
    assert not connection.in_atomic_block
    with transaction.atomic():
        ship("kept")
        assert receive(inbox, "evt_3")
    assert [each.event_id for each in inbox.events()] == ["evt_1", "evt_3"]
    assert shipped() == ["kept"]


def test_the_orms_writes_and_processed_commit_together(inbox: Inbox) -> None:
    for event in ("evt_bad", "evt_good"):
        receive(inbox, event)
    assert inbox.process(handle)
    assert inbox.process(handle)
    assert not inbox.process(handle)
    assert inbox.counts() == {"parked": 1, "processed": 1}
    assert shipped() == ["evt_good"]


def test_what_is_to_run_on_commit_runs_when_the_event_is_done(inbox: Inbox) -> None:
    receive(inbox, "evt_1")
    seen: list[dict[str, int]] = []

    def on_commit(delivery: Delivery) -> None:
        assert delivery.connection().alias == "default"
        transaction.on_commit(lambda: seen.append(inbox.counts()))

    assert inbox.process(on_commit)
    assert seen == [{"processed": 1}]


def test_a_transaction_that_an_inner_block_broke_is_a_failure(inbox: Inbox) -> None:
    receive(inbox, "evt_1")

    def swallow(delivery: Delivery) -> None:
        ship("undone")
        try:
            with transaction.atomic(savepoint=False):
                raise DatabaseError
        except DatabaseError:
            pass

    assert inbox.process(swallow)
    assert inbox.counts() == {"parked": 1}
    assert shipped() == []


def test_an_answer_is_stored_with_what_the_orm_writes(url: str, store: IdempotencyStore) -> None:
    claim = store.claim("key", "POST /pay")
    assert isinstance(claim, Claim)
    with transaction.atomic():
        store.complete(claim, {"paid": True})
        transaction.set_rollback(True)
    assert store.get_cached_response("key", "POST /pay") is None
    with IdempotencyStore(url) as of_url, transaction.atomic():
        of_url.complete(claim, {"paid": True}, connection=connection)
        ship("kept")
    assert store.get_cached_response("key", "POST /pay") is not None
    assert shipped() == ["kept"]


def test_what_others_must_see_is_refused_within_atomic(store: IdempotencyStore) -> None:
    with transaction.atomic():
        ship("kept")
        with pytest.raises(StoreError, match="outside of atomic"):
            store.run("key", "POST /pay", dict)
        with pytest.raises(StoreError, match="outside of atomic"):
            store.journal().write_ahead(Entry(key="key", method="POST", path="/v1/x"))
    assert shipped() == ["kept"]
    assert store.run("key", "POST /pay", lambda: {"paid": True}) == {"paid": True}


def test_a_journal_is_kept(store: IdempotencyStore) -> None:
    journal = store.journal()
    ticket = journal.write_ahead(Entry(key="key", method="POST", path="/v1/x", body=b"{}"))
    assert [each.key for each in journal.unsettled()] == ["key"]
    assert journal.settle(ticket, "200")
    assert journal.unsettled() == []


def test_each_thread_uses_its_own_connection(inbox: Inbox, store: IdempotencyStore) -> None:
    done: list[int] = []

    def work() -> int:
        done.append(1)
        return len(done)

    def run() -> Any:
        try:
            return store.run("key", "POST /pay", work)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert {each.result() for each in [pool.submit(run) for _ in range(3)]} == {1}


def test_a_testcases_transaction_is_as_good_as_none(inbox: Inbox, store: IdempotencyStore) -> None:
    seen: list[Any] = []

    class Case(TestCase):
        def test_it(self) -> None:
            receive(inbox, "evt_1")
            inbox.process(handle)
            seen.append(inbox.counts())
            seen.append(store.run("key", "POST /pay", lambda: 7))
            with pytest.raises(StoreError), transaction.atomic():
                store.run("key", "POST /pay", lambda: 8)

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])
    assert seen == [{"processed": 1}, 7]
    assert inbox.counts() == {}
    assert shipped() == []


def test_sqlite_is_locked_at_the_start(inbox: Inbox) -> None:
    receive(inbox, "evt_1")
    with CaptureQueriesContext(connection):
        assert inbox.process(handle)
    if connection.vendor == "sqlite":
        with transaction.atomic(), Inbox(f"sqlite:///{connection.settings_dict['NAME']}") as other:
            inbox.counts()  # reads, and locks nothing
            assert receive(other, "evt_2")


def test_a_database_that_was_restarted_is_connected_to_anew(
    migrated: Any, request: pytest.FixtureRequest
) -> None:
    url = migrated("postgresql")
    with django_project.database(url):
        inbox = Inbox(connection)
        receive(inbox, "evt_1")
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid]
            )
        with pytest.raises(StoreUnavailableError):
            inbox.counts()
        assert inbox.counts() == {"pending": 1}


def test_missing_tables_are_named(tmp_path: Any) -> None:
    with django_project.database(f"sqlite:///{tmp_path}/empty.db"):
        with pytest.raises(StoreNotMigratedError, match=r"manage\.py migrate"):
            Inbox(connection).counts()
        assert not connection.in_atomic_block


def test_an_autocommit_that_its_owner_turned_off_is_a_transaction(inbox: Inbox) -> None:
    transaction.set_autocommit(False)
    try:
        receive(inbox, "evt_1")
        transaction.rollback()
        connection.ensure_connection()
        with pytest.raises(StoreError, match="in a transaction"):
            inbox.process(handle)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert inbox.counts() == {}


async def test_async_code_calls_the_blocking_store_in_djangos_thread(shop: None) -> None:
    with pytest.raises(ConfigurationError, match="sync_to_async"):
        AsyncInbox(connection)
    inbox = Inbox(connection)
    with pytest.raises(Exception, match="async context"):
        inbox.counts()

    def in_thread() -> dict[str, int]:
        receive(inbox, "evt_1")
        try:
            return inbox.counts()
        finally:
            connection.close()
            del connections["default"]  # the thread stays, the database does not

    assert await sync_to_async(in_thread)() == {"pending": 1}


def test_other_databases_are_refused() -> None:
    django_project.configure()

    class DatabaseWrapper(type(connections["default"])):  # type: ignore[misc]
        vendor = "oracle"
        display_name = "Oracle"

    with pytest.raises(ConfigurationError, match="cannot be kept in Oracle"):
        Inbox(DatabaseWrapper(connections.settings["default"], "default"))


PSYCOPG2 = """
import sys
sys.modules["psycopg"] = None
from django.conf import settings
from tests.django_project import entry
settings.configure(DATABASES={"default": entry(sys.argv[1])}, USE_TZ=True)
import django
django.setup()
from django.db import connection
from molam_overlays.store.inbox import Inbox
inbox = Inbox(connection)
inbox.receive("evt_1", "t", b"{}")
inbox.process(lambda delivery: connection.cursor().execute("CREATE TABLE done ()"))
print(type(connection.connection).__module__, inbox.counts(), connection.introspection.table_names().count("done"))
"""


def test_psycopg2_serves_as_well(migrated: Any) -> None:
    words = [sys.executable, "-c", PSYCOPG2, migrated("postgresql")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "psycopg2.extensions {'processed': 1} 1\n"
