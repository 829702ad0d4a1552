"""Exceptions that are not ours, at every moment: nothing stays open, taken or locked."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import signal
import sqlite3
import sys
import threading
import time
import types
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import psycopg
import psycopg2
import pytest

from molam_overlays.errors import StoreError
from molam_overlays.store import batches, blocking, fork, postgresql, session, sqlite, turn, workers
from molam_overlays.store.claims import Claim
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.inbox import AsyncDelivery, AsyncInbox, Delivery, Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.migrate import migrate

from .conftest import SCRIPTS

ROUTE = "POST /checkout"

# A connection that is struck between being opened and being noted is closed as it is freed.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Free such connections here, where the warning is not taken for another test's."""
    yield
    gc.collect()


class Soft(Exception):
    """What a task queue's soft limit raises."""


def apart(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in a thread of its own.

    An exception in the middle of the interpreter's entering of a handler would stay "the one being
    handled" of the thread, and all later ones be chained to it.
    """

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(test, *args, **kwargs).result()

    return run


PARTS = (blocking, turn, session, sqlite, postgresql, fork, batches, workers)


class Strike:
    """Raises at the n-th instruction of the driver, as a signal handler may."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.files = {module.__file__ for module in PARTS}

    def __enter__(self) -> None:
        sys.settrace(self._enter)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: FrameType, event: str, argument: object) -> Any:
        # A `with` over a lock made in C cannot be struck between body and exit, but by a tracer.
        if frame.f_code.co_filename not in self.files or frame.f_code.co_name in UNSTRUCK:
            return None
        frame.f_trace_opcodes = True
        return self._step

    def _step(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "opcode" and self.left >= 0:
            self.left -= 1
            if self.left < 0:
                raise Soft
        return self._step


UNSTRUCK = {"rollback"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    migrate(f"sqlite:///{tmp_path}/store.db", SCRIPTS)
    return tmp_path / "store.db"


@pytest.fixture(params=["sqlite3", "psycopg", "psycopg-plain", "psycopg2", "psycopg2-plain"])
def connection(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A connection to hand in, in autocommit or not."""
    driver, _, plain = request.param.partition("-")
    if driver == "sqlite3":
        opened: Any = sqlite3.connect(
            request.getfixturevalue("path"), isolation_level=None, check_same_thread=False
        )
    else:
        url = request.getfixturevalue("postgresql").create(request.getfixturevalue("template"))
        opened = {"psycopg": psycopg, "psycopg2": psycopg2}[driver].connect(url)
        opened.autocommit = not plain
    yield opened
    opened.close()


def is_idle(connection: Any) -> bool:
    if isinstance(connection, sqlite3.Connection):
        return not connection.in_transaction
    if isinstance(connection, psycopg.Connection):
        return connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    return bool(connection.get_transaction_status() == 0)


def strikes(step: Callable[[int], object], check: Callable[[int], object]) -> int:
    """Run a step once for each of its instructions, struck there; return how many there were."""
    at = 0
    while True:
        strike = Strike(at)
        with contextlib.suppress(Soft), strike:
            step(at)
        check(at)
        if strike.left >= 0:
            return at
        at += 1


class TestBlocking:
    @apart
    def test_a_connection_that_was_handed_in_is_idle_whatever_struck_a_claim(
        self, connection: Any
    ) -> None:
        store = IdempotencyStore(connection)

        def check(at: int) -> None:
            assert is_idle(connection), at
            if at % 20 == 0:
                assert isinstance(store.claim(f"next-{at}", ROUTE), Claim)
                assert is_idle(connection)

        assert strikes(lambda at: store.claim(f"order-{at}", ROUTE), check) > 200
        assert isinstance(store.claim("last", ROUTE), Claim)

    @apart
    def test_a_step_that_a_strike_ends_leaves_a_callers_transaction_as_it_was(
        self, connection: Any
    ) -> None:
        store = IdempotencyStore(connection)
        claims = iter([store.claim(f"order-{n}", ROUTE) for n in range(1000)])

        def step(at: int) -> None:
            claim = next(claims)
            assert isinstance(claim, Claim)
            store.complete(claim, {}, connection=connection)
            sys.settrace(None)
            connection.rollback()

        def check(at: int) -> None:
            if not is_idle(connection):
                # Struck on its way out: all of it is done, and the caller's to commit.
                connection.rollback()
                left.append(at)

        left: list[int] = []
        count = strikes(step, check)
        assert all(at > count - 60 for at in left), (left, count)

    @apart
    def test_a_store_with_a_url_works_on_whatever_struck_it(self, url: str) -> None:
        store = IdempotencyStore(url)
        failed: list[object] = []

        def check(at: int) -> None:
            # Another thread would wait for whatever this one left open.
            if at % 10 == 0:
                started = time.monotonic()
                assert isinstance(store.claim(f"next-{at}", ROUTE), Claim)
                if time.monotonic() - started > 1:
                    failed.append(at)
            assert not fork._steps

        assert strikes(lambda at: store.claim(f"order-{at}", ROUTE), check) > 100
        assert not failed
        store.close()

    @pytest.mark.parametrize("batch", [1, 4])
    @apart
    def test_a_handlers_transaction_is_ended_whatever_struck(self, url: str, batch: int) -> None:
        with Inbox(url, max_tries=1000) as inbox, Inbox(url) as other:

            def handler(delivery: Delivery) -> None:
                delivery.connection()

            def step(at: int) -> None:
                inbox._worker.process_batch(handler, batch, threading.Event())

            def check(at: int) -> None:
                if at % 10 == 0:
                    other.receive(f"evt_next_{at}", "t", b"{}")
                    assert not fork._steps

            inbox.receive("evt_1", "t", b"{}")
            at = 0
            while at < 600:
                inbox.receive(f"evt_{at}", "t", b"{}")
                with contextlib.suppress(Soft), Strike(at):
                    step(at)
                check(at)
                at += 7

    def test_real_signals_at_random_moments_leave_nothing_open(self, connection: Any) -> None:
        store = IdempotencyStore(connection)
        armed = [False]

        def handler(*_: object) -> None:
            if armed[0]:
                armed[0] = False
                raise Soft

        before = signal.signal(signal.SIGALRM, handler)
        struck = 0
        try:
            for number in range(300):
                try:
                    armed[0] = True
                    signal.setitimer(signal.ITIMER_REAL, 0.000_01 + (number % 50) * 0.000_02)
                    store.claim(f"order-{number}", ROUTE)
                except Soft:
                    struck += 1
                finally:
                    armed[0] = False
                assert is_idle(connection)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert struck > 10
        assert isinstance(store.claim("last", ROUTE), Claim)

    def test_a_statement_that_waits_is_cancelled_in_the_server(self, database: str) -> None:
        """Struck while PostgreSQL waits for a lock: the statement is not left running."""
        connection = psycopg.connect(database, autocommit=True)
        store = IdempotencyStore(connection)
        with psycopg.connect(database) as other:
            other.execute("LOCK TABLE server_idempotency IN ACCESS EXCLUSIVE MODE")

            def strike(*_: object) -> None:
                raise Soft

            before = signal.signal(signal.SIGALRM, strike)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            try:
                with pytest.raises(Soft):
                    store.claim("order-1", ROUTE)
            finally:
                signal.signal(signal.SIGALRM, before)
            assert is_idle(connection)
            other.rollback()
        assert isinstance(store.claim("order-1", ROUTE), Claim)
        connection.close()

    @pytest.fixture
    def database(self, request: pytest.FixtureRequest) -> str:
        server = request.getfixturevalue("postgresql")
        return str(server.create(request.getfixturevalue("template")))

    def test_threads_take_turns_on_a_connection_that_was_handed_in(self, path: Path) -> None:
        opened = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        store = IdempotencyStore(opened)
        got: list[object] = []

        def work(name: int) -> None:
            got.extend(store.claim(f"{name}-{number}", ROUTE) for number in range(50))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 300
        assert all(isinstance(claim, Claim) for claim in got)
        opened.close()

    @apart
    def test_an_entry_is_written_or_not_and_never_stays_half(self, url: str) -> None:
        with IdempotencyStore(url) as store:
            journal = store.journal()
            at = 0
            while True:
                strike = Strike(at)
                with contextlib.suppress(Soft), strike:
                    journal.write_ahead(Entry(key=f"order-{at}", method="POST", path="/"))
                if strike.left >= 0:
                    break
                at += 5
            assert journal.write_ahead(Entry(key="last", method="POST", path="/")) is not None


class Count:
    """Counts how often a task waits, and acts at one of these moments."""

    def __init__(self, at: int, act: Callable[[], object]) -> None:
        self.left = at
        self._act = act

    @types.coroutine
    def run(self, work: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        step = work.send, None
        while True:
            try:
                future = step[0](step[1])
            except StopIteration as done:
                return done.value
            self.left -= 1
            if self.left == -1:
                self._act()
            try:
                step = work.send, (yield future)
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:
                step = work.throw, error


async def cancelled_at(at: int, work: Coroutine[Any, Any, Any], times: int = 1) -> bool:
    """Cancel work at its n-th wait, again and again if asked; True if it waited so often."""

    def act() -> None:
        task.cancel()
        for number in range(1, times):
            loop.call_later(0.0005 * number, task.cancel)

    async def main() -> None:
        await count.run(work)

    loop, count = asyncio.get_running_loop(), Count(at, act)
    task = asyncio.ensure_future(main())
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()
    return count.left < 0


async def cancelled_after(turns: int, work: Coroutine[Any, Any, Any], times: int = 1) -> bool:
    """Cancel work after so many turns of the event loop; True if it took that many."""
    task = asyncio.ensure_future(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    late = task.done()
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()
    return not late


def later(turns: int) -> int:
    """Each of the first turns, and then fewer: a server that is kept waiting takes thousands."""
    return turns + 1 + max(0, turns - 20) // 4


class TestAwaiting:
    @pytest.fixture
    def database(self, request: pytest.FixtureRequest) -> str:
        server = request.getfixturevalue("postgresql")
        return str(server.create(request.getfixturevalue("template")))

    @pytest.mark.parametrize("times", [1, 3])
    @pytest.mark.parametrize("plain", [False, True])
    async def test_a_connection_that_was_handed_in_is_idle_wherever_a_claim_is_cancelled(
        self, database: str, plain: bool, times: int
    ) -> None:
        connection = await psycopg.AsyncConnection.connect(database, autocommit=not plain)
        store = AsyncIdempotencyStore(connection)
        at = 0
        while await cancelled_after(at, store.claim(f"order-{at}", ROUTE), times):
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE, at
            at = later(at)
            assert at < 100_000, "whoever was cancelled kept the turn"
        assert at > 5
        assert isinstance(await store.claim("last", ROUTE), Claim)
        await connection.close()

    async def test_a_claim_that_waits_is_cancelled_and_the_connection_idle(
        self, database: str
    ) -> None:
        connection = await psycopg.AsyncConnection.connect(database, autocommit=True)
        store = AsyncIdempotencyStore(connection)
        with psycopg.connect(database) as other:
            other.execute("LOCK TABLE server_idempotency IN ACCESS EXCLUSIVE MODE")
            for _ in range(3):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(store.claim("order-1", ROUTE), 0.1)
                assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            other.rollback()
        assert isinstance(await store.claim("order-1", ROUTE), Claim)
        await connection.close()

    async def test_a_cancellation_that_is_repeated_at_every_turn_closes_no_connection(
        self, database: str
    ) -> None:
        """A scope of anyio's, as web frameworks use them, cancels until it is left."""
        connection = await psycopg.AsyncConnection.connect(database, autocommit=True)
        store, inbox = AsyncIdempotencyStore(connection), AsyncInbox(connection)
        await inbox.receive("evt_1", "t", b"{}")
        with psycopg.connect(database) as other:
            other.execute("LOCK TABLE server_idempotency, received_webhooks")
            for step in (store.claim("order-1", ROUTE), inbox.process(pytest.fail)):
                with anyio.move_on_after(0.1) as scope:
                    await step
                assert scope.cancelled_caught
                assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            other.rollback()
        assert isinstance(await store.claim("order-1", ROUTE), Claim)
        assert await inbox.process(lambda delivery: delivery.connection())
        await connection.close()

    def test_an_async_store_says_that_it_needs_asyncio(self, url: str) -> None:
        async def main() -> None:
            with pytest.raises(StoreError, match="asyncio"):
                await AsyncIdempotencyStore(url).claim("order-1", ROUTE)

        anyio.run(main, backend="trio")

    async def test_a_step_within_a_callers_transaction_leaves_none_that_was_not_there(
        self, database: str
    ) -> None:
        connection = await psycopg.AsyncConnection.connect(database)
        store = AsyncIdempotencyStore(connection)
        claim = await store.claim("order-1", ROUTE)
        assert isinstance(claim, Claim)
        at = 0
        while await cancelled_after(at, store.complete(claim, {}, connection=connection)):
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE, at
            at = later(at)
            assert at < 100_000, "whoever was cancelled kept the turn"
        assert at > 1
        await connection.close()

    @pytest.mark.parametrize("times", [1, 3])
    async def test_a_store_with_a_url_works_on_wherever_a_claim_is_cancelled(
        self, url: str, times: int
    ) -> None:
        async with AsyncIdempotencyStore(url) as store:
            at = 0
            while await cancelled_at(at, store.claim(f"order-{at}", ROUTE), times):
                started = time.monotonic()
                assert isinstance(await store.claim(f"next-{at}", ROUTE), Claim)
                assert time.monotonic() - started < 2
                at = later(at)
            assert at < 100_000, "whoever was cancelled kept the turn"
            assert at >= 1

    @pytest.mark.parametrize("times", [1, 3])
    async def test_an_inbox_leaves_nothing_locked_wherever_it_is_cancelled(
        self, url: str, times: int
    ) -> None:
        async def handler(delivery: AsyncDelivery) -> None:
            await delivery.connection()
            await asyncio.sleep(0)

        async with AsyncInbox(url) as inbox:
            at = 0
            while True:
                await inbox.receive(f"evt_{at}", "t", b"{}")
                waited = await cancelled_at(at, inbox.process(handler), times)
                with Inbox(url) as other:
                    started = time.monotonic()
                    other.receive(f"evt_other_{at}", "t", b"{}")
                    assert time.monotonic() - started < 2
                if not waited:
                    break
                at += 1
            assert at > 5

    @pytest.mark.parametrize("times", [1, 3])
    async def test_an_inbox_cancelled_while_another_writes_takes_no_lock_afterwards(
        self, path: Path, times: int
    ) -> None:
        asked, go = asyncio.Event(), asyncio.Event()

        async def handler(delivery: AsyncDelivery) -> None:
            asked.set()
            await go.wait()
            await delivery.connection()

        other = sqlite3.connect(path, isolation_level=None, timeout=10)
        async with AsyncInbox(f"sqlite:///{path}") as inbox:
            await inbox.receive("evt_1", "t", b"{}")
            task = asyncio.ensure_future(inbox.process(handler))
            await asked.wait()
            other.execute("BEGIN IMMEDIATE")
            go.set()
            await asyncio.sleep(0.15)  # a thread waits for the file by now
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0.05)
            other.execute("ROLLBACK")
            await asyncio.wait((task,))
            assert task.cancelled()
            await asyncio.sleep(0.5)  # long enough for a thread that still waits
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
            # Cancelled again while it puts the event back, it leaves that to the lease; where in its
            # way the second one meets it is chance.
            ends = [{"pending": 1}] if times == 1 else [{"pending": 1}, {"processing": 1}]
            assert await inbox.counts() in ends
        other.close()

    async def test_a_thread_that_waits_for_the_file_gives_up_with_its_caller(
        self, path: Path
    ) -> None:
        other = sqlite3.connect(path, isolation_level=None)
        async with AsyncIdempotencyStore(f"sqlite:///{path}") as store:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(store.claim("order-1", ROUTE), 0.1)
            other.execute("ROLLBACK")
            # Nothing of it was stored, neither then nor later.
            assert await store.get_cached_response("order-1", ROUTE) is None
            assert isinstance(await store.claim("order-1", ROUTE), Claim)
        other.close()

    async def test_work_that_no_thread_has_begun_is_called_off(self, path: Path) -> None:
        loop, free = asyncio.get_running_loop(), threading.Event()
        hogs = [loop.run_in_executor(None, free.wait) for _ in range(64)]
        async with AsyncIdempotencyStore(f"sqlite:///{path}") as store:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(store.claim("order-1", ROUTE), 0.1)
            free.set()
            await asyncio.gather(*hogs)
            assert isinstance(await store.claim("order-1", ROUTE), Claim)

    @pytest.mark.parametrize("given", [False, True])
    def test_an_event_loop_that_is_thrown_away_leaves_nothing_open(
        self, url: str, given: bool
    ) -> None:
        """Its coroutines end with GeneratorExit, and nothing can be awaited any more."""
        if url.startswith("sqlite"):
            opened: Any = url
            if given:
                opened = sqlite3.connect(url.removeprefix("sqlite:///"), check_same_thread=False)
        else:
            opened = url
        for at in range(40):
            loop = asyncio.new_event_loop()
            if given and not url.startswith("sqlite"):
                opened = loop.run_until_complete(
                    psycopg.AsyncConnection.connect(url, autocommit=True)
                )
            inbox = AsyncInbox(opened)
            loop.run_until_complete(inbox.receive(f"evt_{at}", "t", b"{}"))

            async def handler(delivery: AsyncDelivery) -> None:
                await delivery.connection()

            count = Count(at, loop.stop)
            work = inbox.process(handler)

            async def main(count: Count = count, work: Any = work) -> None:
                await count.run(work)
                asyncio.get_running_loop().stop()

            task = loop.create_task(main())
            loop.run_forever()
            done = task.done()
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine = task.get_coro()
            assert coroutine is not None
            coroutine.close()
            with Inbox(url) as other:
                started = time.monotonic()
                other.receive(f"evt_other_{at}", "t", b"{}")
                assert time.monotonic() - started < 2
            if given and isinstance(opened, psycopg.AsyncConnection):
                status = opened.info.transaction_status
                assert status in (psycopg.pq.TransactionStatus.IDLE, 4), at
                loop.run_until_complete(opened.close())
            elif not given:
                loop.run_until_complete(inbox.aclose())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            del task, coroutine, work
            if done:
                break
        else:
            pytest.fail("it never ended")
        if isinstance(opened, sqlite3.Connection):
            assert not opened.in_transaction
            opened.close()
        gc.collect()
