"""Workers that rest, are woken, work side by side and stop together."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest

from molam_overlays.store import deliveries, waking
from molam_overlays.store.blocking import Database
from molam_overlays.store.inbox import AsyncDelivery, AsyncInbox, Delivery, Inbox
from molam_overlays.store.waking import Look

from .test_faults import kill_connections

PATIENCE = 30.0
"""Seconds after which a test gives up; workers look for themselves after twice as long."""


@contextmanager
def working(url: str, handler: Callable[[Delivery], object], **options: Any) -> Iterator[None]:
    """Let a worker rest in a thread for as long as it is not woken."""
    stop, rests = threading.Event(), threading.Event()

    def run() -> None:
        with Inbox(url) as inbox:
            inbox.run_worker(handler, stop, **{"poll_seconds": 2 * PATIENCE, **options})

    with pytest.MonkeyPatch.context() as patch:
        for kind in (waking.Listener, waking.Look):
            name = "heed" if kind is waking.Listener else "__call__"
            original = getattr(kind, name)

            def noted(self: Any, original: Any = original) -> Any:
                rests.set()
                return original(self)

            patch.setattr(kind, name, noted)
        thread = threading.Thread(target=run)
        thread.start()
        try:
            assert rests.wait(PATIENCE)
            yield
        finally:
            stop.set()
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_resting_worker_hears_of_an_event(url: str, concurrency: int) -> None:
    handled: dict[str, threading.Event] = {f"evt_{n}": threading.Event() for n in range(3)}
    with (
        working(url, lambda delivery: handled[delivery.event_id].set(), concurrency=concurrency),
        Inbox(url) as other,
    ):
        for name, done in handled.items():
            other.receive(name, "t", b"{}")
            assert done.wait(PATIENCE), name


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_resting_async_worker_hears_of_an_event(url: str, concurrency: int) -> None:
    stop, handled = asyncio.Event(), asyncio.Event()

    async def handler(delivery: AsyncDelivery) -> None:
        handled.set()

    async with AsyncInbox(url) as inbox, AsyncInbox(url) as other:
        worker = asyncio.ensure_future(
            inbox.run_worker(handler, stop, poll_seconds=2 * PATIENCE, concurrency=concurrency)
        )
        for number in range(3):
            await other.receive(f"evt_{number}", "t", b"{}")
            await asyncio.wait_for(handled.wait(), PATIENCE)
            handled.clear()
        stop.set()
        assert await asyncio.wait_for(worker, PATIENCE) == 3


def test_an_event_in_a_callers_transaction_is_told_with_its_commit(url: str) -> None:
    handled = threading.Event()
    with working(url, lambda _: handled.set()), Inbox(url) as other, opened(url) as connection:
        other.receive("evt_1", "t", b"{}", connection=connection)
        connection.commit()
        assert handled.wait(PATIENCE)


def opened(url: str) -> Any:
    if url.startswith("sqlite"):
        return closing(sqlite3.connect(url.removeprefix("sqlite:///")))
    return closing(psycopg.connect(url))


class TestPostgresql:
    @pytest.fixture
    def url(self, request: pytest.FixtureRequest) -> str:
        server = request.getfixturevalue("postgresql")
        return str(server.create(request.getfixturevalue("template")))

    def test_a_worker_that_hears_nothing_says_so_once_and_looks(
        self, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(deliveries, "LISTEN", "SELECT 1")  # as a pooler makes of it
        monkeypatch.setattr(waking, "TRIAL_SECONDS", 0.01)
        handled = threading.Semaphore(0)
        with (
            caplog.at_level(logging.INFO, "molam_sdk"),
            working(url, lambda _: handled.release(), poll_seconds=0.01),
            Inbox(url) as other,
        ):
            while not caplog.records:
                time.sleep(0.01)  # a log tells nobody
            for number in range(3):
                other.receive(f"evt_{number}", "t", b"{}")
                assert handled.acquire(timeout=PATIENCE)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "is not told of new events" in caplog.text

    async def test_an_async_one_too(
        self, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(deliveries, "LISTEN", "SELECT 1")
        monkeypatch.setattr(waking, "TRIAL_SECONDS", 0.01)
        stop = asyncio.Event()

        async def handler(delivery: AsyncDelivery) -> None:
            stop.set()

        async with AsyncInbox(url) as inbox:
            worker = asyncio.ensure_future(inbox.run_worker(handler, stop, poll_seconds=0.01))
            while not caplog.records:  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.01)
            await inbox.receive("evt_1", "t", b"{}")
            assert await asyncio.wait_for(worker, PATIENCE) == 1
        assert "is not told of new events" in caplog.text

    def test_a_listener_that_lost_its_connection_listens_again(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waking, "_AGAIN_SECONDS", 0.0)
        handled = threading.Event()
        with working(url, lambda _: handled.set()), Inbox(url) as other:
            kill_connections(url)
            other.receive("evt_1", "t", b"{}")
            assert handled.wait(PATIENCE)


def test_a_look_sees_what_others_commit_and_nothing_else(url: str) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL says it itself")
    look = Look(Database(url))
    assert look()  # nobody knows what was before
    assert not look()
    with Inbox(url) as other:
        other.receive("evt_1", "t", b"{}")
        assert look()
        other.counts()
        assert not look()
    look.close()


def test_workers_of_a_crew_work_at_once_and_stop_together(url: str) -> None:
    with Inbox(url, max_tries=1) as inbox:
        for number in range(6):
            inbox.receive(f"evt_{number}", "t", b"{}")
        stop, together = threading.Event(), threading.Barrier(3)

        def handler(delivery: Delivery) -> None:
            together.wait(PATIENCE)
            stop.set()

        # A batch each, of which two events go back.
        assert inbox.run_worker(handler, stop, batch=2, concurrency=3) == 3
        assert inbox.counts() == {"processed": 3, "pending": 3}


async def test_tasks_of_a_crew_work_at_once_and_stop_together(url: str) -> None:
    async with AsyncInbox(url, max_tries=1) as inbox:
        for number in range(6):
            await inbox.receive(f"evt_{number}", "t", b"{}")
        stop, busy = asyncio.Event(), asyncio.Semaphore(0)

        async def handler(delivery: AsyncDelivery) -> None:
            busy.release()
            while not stop.is_set():
                if busy._value == 3:
                    stop.set()
                await asyncio.sleep(0)

        assert await inbox.run_worker(handler, stop, batch=2, concurrency=3) == 3
        assert await inbox.counts() == {"processed": 3, "pending": 3}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_one_of_a_crew_ends_all(url: str, error: type[BaseException]) -> None:
    with Inbox(url) as inbox:
        inbox.receive("evt_1", "t", b"{}")

        def handler(delivery: Delivery) -> None:
            raise error

        with pytest.raises(error):
            inbox.run_worker(handler, threading.Event(), concurrency=3, poll_seconds=2 * PATIENCE)
        assert inbox.counts() == {"pending": 1}


async def test_a_cancelled_crew_puts_its_events_back(url: str) -> None:
    async with AsyncInbox(url) as inbox:
        await inbox.receive("evt_1", "t", b"{}")
        started = asyncio.Event()

        async def handler(delivery: AsyncDelivery) -> None:
            started.set()
            await asyncio.Event().wait()

        worker = asyncio.ensure_future(inbox.run_worker(handler, asyncio.Event(), concurrency=3))
        await asyncio.wait_for(started.wait(), PATIENCE)
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker
        assert await inbox.counts() == {"pending": 1}


def test_a_crew_needs_a_url_and_a_number() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        inbox = Inbox(connection)
        for count, words in ((2, "takes an inbox with a URL"), (0, "must be 1 to 1000 workers")):
            with pytest.raises(ValueError, match=words):
                inbox.run_worker(lambda _: None, threading.Event(), concurrency=count)
