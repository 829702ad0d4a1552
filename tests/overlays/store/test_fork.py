"""Forks at any moment: what a child writes is there, and what is the parent's stays the parent's."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import psycopg2
import pytest

from molam_overlays.errors import IdempotencyKeyExpiredError, MolamError, StoreError
from molam_overlays.store import fork as forks
from molam_overlays.store import sqlite
from molam_overlays.store.claims import Claim, Replay
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.inbox import Delivery, Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.migrate import migrate

from .conftest import SCRIPTS, FakeClock, Server
from .forking import fork, forked

ROUTE = "POST /checkout"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "overlays")}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def entry(key: str) -> Entry:
    return Entry(key=key, method="POST", path="/v1/x", body=b"{}")


def keys_in(url: str) -> set[str]:
    """Read the journal as another process does."""
    look = (
        "import sys; from molam_overlays.store.idempotency import IdempotencyStore as S\n"
        "print(*(e.key for e in S(sys.argv[1]).journal().unsettled(limit=10**6)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", look, url],
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRONMENT,
    )
    return set(found.stdout.split())


def connect(url: str) -> Any:
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///"))
    return psycopg.connect(url)


def write(store: IdempotencyStore, *keys: str) -> None:
    for key in keys:
        store.journal().write_ahead(entry(key))


def awrite(store: AsyncIdempotencyStore, *keys: str) -> None:
    async def work() -> None:
        for key in keys:
            await store.journal().write_ahead(entry(key))

    asyncio.run(work())


@pytest.fixture
def file(tmp_path: Path) -> str:
    migrate(f"sqlite:///{tmp_path}/store.db", SCRIPTS)
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def database(postgresql: Server, template: str) -> str:
    return postgresql.create(template)


class TestEntriesOfAChild:
    @pytest.mark.parametrize("asynchronous", [False, True])
    @pytest.mark.parametrize("used", [False, True])
    def test_are_in_the_journal_though_the_parent_closes_its_store(
        self, url: str, used: bool, asynchronous: bool
    ) -> None:
        store: Any = AsyncIdempotencyStore(url) if asynchronous else IdempotencyStore(url)
        put: Any = awrite if asynchronous else write
        if used:
            put(store, "parent-1")
        with forked(
            lambda: put(store, "child-1"), lambda: put(store, "child-2", "child-3")
        ) as child:
            assert not child.next().error
            put(store, "parent-2")
            asyncio.run(store.aclose()) if asynchronous else store.close()
            assert not child.next().error
            assert keys_in(url) >= {"child-1", "child-2", "child-3", "parent-2"}

    def test_are_in_the_journal_though_the_parent_is_killed(self, url: str) -> None:
        """The child of this test is the parent of the one that writes."""
        done = f"{os.getpid()}"
        go_read, go_write = os.pipe()
        end_read, end_write = os.pipe()

        def middle() -> str:
            store = IdempotencyStore(url)
            write(store, "middle")
            if fork() == 0:
                os.close(end_read)
                os.read(go_read, 1)
                with contextlib.suppress(BaseException):
                    write(store, "grandchild-1", "grandchild-2")
                os.write(end_write, done.encode())
                os._exit(0)
            return done

        with forked(middle) as child:
            assert child.next().value == done
        os.write(go_write, b"1")
        assert os.read(end_read, 100) == done.encode()
        assert keys_in(url) == {"middle", "grandchild-1", "grandchild-2"}
        for number in (go_read, go_write, end_read, end_write):
            os.close(number)

    def test_are_there_with_multiprocessing_and_over_generations(self, url: str) -> None:
        store = IdempotencyStore(url)
        context = multiprocessing.get_context("fork")

        def generation(left: int) -> None:
            write(store, f"generation-{left}")
            if left:
                process = context.Process(target=generation, args=(left - 1,))
                process.start()
                process.join()
            write(store, f"generation-{left}-again")
            store.close()

        generation(0)
        process = context.Process(target=generation, args=(2,))
        process.start()
        process.join()
        assert process.exitcode == 0
        names = {f"generation-{n}" for n in range(3)}
        assert keys_in(url) == names | {f"{name}-again" for name in names}

    def test_are_there_though_threads_of_the_parent_write_at_every_moment(self, url: str) -> None:
        store = IdempotencyStore(url)
        stop, failed = threading.Event(), list[BaseException]()

        def pay(name: str) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    write(store, f"{name}-{number}")
                except BaseException as error:
                    failed.append(error)

        threads = [threading.Thread(target=pay, args=(f"thread-{n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        try:
            for number in range(15):
                with forked(lambda number=number: write(store, f"child-{number}")) as child:
                    assert not child.next().error
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert not failed
        store.close()
        assert {f"child-{number}" for number in range(15)} <= keys_in(url)


class TestInTheMiddleOfATransaction:
    @pytest.fixture
    def held(self, url: str) -> Iterator[Callable[[], None]]:
        """Another thread's handler, in the inbox's transaction until it is told to end."""
        inside, end = threading.Event(), threading.Event()

        def handler(delivery: Delivery) -> None:
            delivery.connection()
            inside.set()
            end.wait(30)

        with Inbox(url) as inbox:
            inbox.receive("evt_1", "t", b"{}")
            thread = threading.Thread(target=lambda: inbox.process(handler))
            thread.start()
            inside.wait()

            def finish() -> None:
                end.set()
                thread.join()
                assert inbox.counts() == {"processed": 1}

            yield finish
            finish()

    def test_the_child_works_or_says_at_once_that_it_cannot(
        self, url: str, held: Callable[[], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(forks, "PATIENCE_SECONDS", 0.05)
        store = IdempotencyStore(url)
        with forked(lambda: write(store, "child")) as child:
            held()
            started = time.monotonic()
            told = child.next()
            assert time.monotonic() - started < 5
        if url.startswith("sqlite"):
            assert told.error.startswith("StoreError")
            assert "fork()" in told.error
        else:
            assert keys_in(url) == {"child"}

    def test_the_fork_waits_for_a_short_transaction(
        self, url: str, held: Callable[[], None]
    ) -> None:
        soon = threading.Timer(0.2, held)
        with IdempotencyStore(url) as store:
            soon.start()
            with forked(lambda: write(store, "child")) as child:
                assert not child.next().error
            soon.join()
            write(store, "parent")
        assert keys_in(url) == {"parent", "child"}

    @pytest.mark.parametrize("raises", [False, True])
    def test_a_child_that_leaves_a_handler_touches_nothing_of_the_parents(
        self, url: str, raises: bool, tmp_path: Path
    ) -> None:
        told = tmp_path / "told"

        class Leave(BaseException):
            pass

        with Inbox(url) as inbox:
            inbox.receive("evt_1", "t", b"{}")
            me, child = os.getpid(), 0

            def handler(delivery: Delivery) -> None:
                nonlocal child
                connection = delivery.connection()
                connection.execute("CREATE TABLE shipments (id text)")
                connection.execute("INSERT INTO shipments VALUES ('1')")
                child = fork()
                if child == 0:
                    if raises:
                        raise Leave
                    return
                os.waitpid(child, 0)
                connection.execute("INSERT INTO shipments VALUES ('2')")

            try:
                handled = inbox.process(handler)
                if os.getpid() != me:
                    told.write_text(str(handled))
            except BaseException as error:
                if os.getpid() == me:
                    raise
                told.write_text(f"{type(error).__name__} {error}")
            finally:
                if os.getpid() != me:
                    os._exit(0)
            assert inbox.counts() == {"processed": 1}
            with contextlib.closing(connect(url)) as connection:
                rows = connection.execute("SELECT id FROM shipments").fetchall()
            assert sorted(row[0] for row in rows) == ["1", "2"]
        assert told.read_text().startswith("Leave" if raises else "StoreError")


class TestConnectionsThatWereHandedIn:
    @pytest.fixture(params=["sqlite3", "psycopg", "psycopg2"])
    def connection(self, request: pytest.FixtureRequest) -> Iterator[Any]:
        if request.param == "sqlite3":
            path = request.getfixturevalue("file").removeprefix("sqlite:///")
            opened: Any = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        else:
            database = request.getfixturevalue("database")
            opened = (psycopg if request.param == "psycopg" else psycopg2).connect(database)
            opened.autocommit = True
        yield opened
        opened.close()

    @pytest.mark.parametrize("fresh", [False, True])
    def test_are_refused_in_a_child_and_serve_the_parent_on(
        self, connection: Any, fresh: bool
    ) -> None:
        store = IdempotencyStore(connection)
        assert isinstance(store.claim("before", ROUTE), Claim)

        def work() -> None:
            (IdempotencyStore(connection) if fresh else store).claim("child", ROUTE)

        with forked(work) as child:
            told = child.next()
            assert told.error.startswith("StoreError")
            assert "fork" in told.error
        assert isinstance(store.claim("child", ROUTE), Claim)

    def test_are_refused_for_a_step_in_a_transaction_of_theirs(self, connection: Any) -> None:
        store = IdempotencyStore(connection)
        claim = store.claim("order-1", ROUTE)
        assert isinstance(claim, Claim)
        with forked(lambda: store.complete(claim, {}, connection=connection)) as child:
            assert "fork" in child.next().error
        store.complete(claim, {"by": "parent"})
        assert isinstance(store.claim("order-1", ROUTE), Replay)

    def test_a_file_that_somebody_else_has_open_is_refused_in_a_child(self, file: str) -> None:
        """SQLite's table of locks is by file: a child cannot use one that was open anywhere."""
        theirs = sqlite3.connect(file.removeprefix("sqlite:///"))
        store = IdempotencyStore(file)
        write(store, "parent-1")
        with forked(lambda: write(store, "child")) as child:
            told = child.next()
        assert told.error.startswith("StoreError")
        assert "fork()" in told.error
        write(store, "parent-2")
        theirs.close()
        with forked(lambda: write(store, "child")) as child:
            assert not child.next().error
        store.close()
        assert keys_in(file) == {"parent-1", "parent-2", "child"}

    def test_a_child_of_a_process_that_was_inside_sqlite_is_told_so_and_does_not_hang(
        self, file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(forks, "_OPEN_SECONDS", 0.1)
        store = IdempotencyStore(file)

        def hang(path: object) -> None:
            threading.Event().wait()

        def work() -> None:
            monkeypatch.setattr(sqlite, "_open", hang)
            for _ in range(2):
                with pytest.raises(StoreError, match=r"fork\(\)"):
                    write(store, "child")
            with pytest.raises(StoreError, match=r"fork\(\)"):
                write(store, "child")

        with forked(work) as child:
            assert not child.next().error

    def test_one_opened_in_the_child_works(self, connection: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            file = connection.execute("PRAGMA database_list").fetchone()[2]
            connection.close()
            open_one: Callable[[], Any] = lambda: sqlite3.connect(file)  # noqa: E731
        elif isinstance(connection, psycopg.Connection):
            dsn = connection.info.dsn
            open_one = lambda: psycopg.connect(dsn)  # noqa: E731
        else:
            dsn = connection.dsn
            open_one = lambda: psycopg2.connect(dsn)  # noqa: E731

        def work() -> bool:
            return isinstance(IdempotencyStore(open_one()).claim("child", ROUTE), Claim)

        with forked(work) as child:
            assert child.next().value is True

    def test_an_async_one_is_refused_in_a_child(self, database: str) -> None:
        async def main() -> None:
            connection = await psycopg.AsyncConnection.connect(database, autocommit=True)
            store = AsyncIdempotencyStore(connection)
            assert isinstance(await store.claim("before", ROUTE), Claim)

            def again() -> None:
                asyncio._set_running_loop(None)
                asyncio.run(fresh())

            async def fresh() -> None:
                await store.claim("child", ROUTE)

            with forked(again) as child:
                told = child.next()
                assert told.error.startswith("StoreError")
                assert "fork" in told.error
            assert isinstance(await store.claim("child", ROUTE), Claim)
            await connection.close()

        asyncio.run(main())


class TestTheParentsPostgresql:
    """Nothing in a child writes to the parent's connection or ends it."""

    @staticmethod
    def backend(store: IdempotencyStore) -> int:
        (session,) = store._database._pool
        return int(session.connection.info.backend_pid)

    @pytest.mark.parametrize("way", ["use", "close", "collect"])
    def test_outlives_whatever_a_child_does(self, database: str, way: str) -> None:
        store = IdempotencyStore(database)
        write(store, "parent-1")
        before = self.backend(store)
        pid = fork()
        if pid == 0:
            code = 1
            try:
                if way == "close":
                    store.close()
                elif way == "collect":
                    store._database._pool.clear()
                    gc.collect()
                else:
                    write(store, "child")
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
        write(store, "parent-2")
        assert self.backend(store) == before
        store.close()

    def test_outlives_an_async_store_in_a_child(self, database: str) -> None:
        async def main() -> None:
            store = AsyncIdempotencyStore(database)
            await store.journal().write_ahead(entry("parent-1"))
            (session,) = store._database.pool.homes.each()[0]
            before = session.connection.info.backend_pid

            def work() -> None:
                asyncio._set_running_loop(None)
                awrite(store, "child")
                asyncio.run(store.aclose())

            with forked(work) as child:
                assert not child.next().error
            await store.journal().write_ahead(entry("parent-2"))
            (session,) = store._database.pool.homes.each()[0]
            assert session.connection.info.backend_pid == before
            await store.aclose()

        asyncio.run(main())
        assert keys_in(database) == {"parent-1", "parent-2", "child"}

    def test_a_childs_life_does_not_keep_a_dead_parents_transaction_open(
        self, database: str
    ) -> None:
        """The server sees the end of a connection when the last copy of its socket is closed."""
        read, put = os.pipe()

        def middle() -> None:
            store = IdempotencyStore(database)
            step = store._database.transaction()
            step.begin()
            assert step.session is not None
            step.session.execute("LOCK TABLE call_journal IN ACCESS EXCLUSIVE MODE", {})
            if fork() == 0:
                os.write(put, str(os.getpid()).encode())
                time.sleep(60)
                os._exit(0)

        with forked(middle) as child:
            assert not child.next().error
            grandchild = int(os.read(read, 20))
        try:
            with psycopg.connect(database) as connection:
                connection.execute("SET lock_timeout = '10s'")
                connection.execute("LOCK TABLE call_journal IN ACCESS EXCLUSIVE MODE")
        finally:
            os.kill(grandchild, signal.SIGKILL)
            os.close(read)
            os.close(put)


EXITING = """
import asyncio, os, sys
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore

url, kind = sys.argv[1:]
store = IdempotencyStore(url)
store.claim("before", "/")
step = store._database.transaction()
step.begin()
write = step.connection.execute
write("CREATE TABLE shipments (id text)")
if url.startswith("sqlite"):
    write("PRAGMA cache_spill = 1")
    write("PRAGMA cache_size = 10")  # so that the log is written to before the commit
    for _ in range(3000):
        write("INSERT INTO shipments VALUES (hex(randomblob(200)))")
pid = os.fork()
if pid == 0:
    if kind == "end":
        step.end()
    elif kind == "raise":
        raise SystemExit(0)
    sys.exit(0)  # the interpreter frees whatever is left
assert os.waitpid(pid, 0)[1] == 0
write("INSERT INTO shipments VALUES ('last')")
step.commit()
step.end()
store.close()
"""


@pytest.mark.parametrize("kind", ["exit", "end", "raise"])
def test_the_end_of_a_childs_interpreter_leaves_the_parents_transaction_alone(
    url: str, kind: str
) -> None:
    subprocess.run([sys.executable, "-c", EXITING, url, kind], check=True, env=ENVIRONMENT)
    with contextlib.closing(connect(url)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM shipments").fetchone()
        if url.startswith("sqlite"):
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert count == (3001 if url.startswith("sqlite") else 1)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("forks_inside", [True, False])
def test_a_fork_inside_of_work_counts_as_a_call_of_unknown_fate(
    store: IdempotencyStore, clock: FakeClock, forks_inside: bool
) -> None:
    def work() -> None:
        if forks_inside:
            child = os.fork()
            if child == 0:
                os._exit(0)  # or pays before that: nobody here learns of it
            os.waitpid(child, 0)
        refused = MolamError("of the parent's call")
        refused.idempotency_key, refused.delivery = "order-1", "rejected"
        raise refused

    with pytest.raises(MolamError):
        store.run("order-1", "/v1/x", work)
    clock.now += 25 * 3600
    if forks_inside:
        with pytest.raises(IdempotencyKeyExpiredError):
            store.claim("order-1", "/v1/x")
    else:
        assert isinstance(store.claim("order-1", "/v1/x"), Claim)
