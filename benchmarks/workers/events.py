"""Events handled: ``python -m benchmarks.workers.events CONTENDER STORE``.

An order is a number of events; they are put in, and the result is how many were handled a second. Each
writes one row. The contender "resting" waits for an event that its order makes another process store,
and tells how many milliseconds it took until the handler began.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks.workers.loop import obey

Handle = Callable[[int], float]
"""Puts so many events in, handles them and returns the seconds that the handling took."""


class Stop:
    """Set once a worker has nothing to do."""

    def __init__(self) -> None:
        self.found = False

    def is_set(self) -> bool:
        return self.found

    def rest(self, seconds: float) -> None:
        self.found = True

    async def arest(self, seconds: float) -> None:
        self.found = True


def connect(store: str) -> Any:
    if store.startswith("sqlite"):
        opened = sqlite3.connect(store.removeprefix("sqlite:///"), isolation_level=None)
        opened.execute("PRAGMA synchronous = FULL")
        return opened
    import psycopg

    return psycopg.connect(store, autocommit=True)


def put_in(store: str, count: int) -> None:
    """Empty the tables and store so many events."""
    with contextlib.closing(connect(store)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS handled (event_id text NOT NULL)")
        connection.execute("DELETE FROM handled")
        connection.execute("DELETE FROM received_webhooks")
        zero = "0" if store.startswith("sqlite") else "now()"
        connection.execute(
            "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < "
            f"{count}) INSERT INTO received_webhooks (event_id, type, payload, state, due_at, received_at)"
            f" SELECT 'evt_' || n, 'payout.paid', {_PAYLOAD[store[0]]}, 'pending', {zero}, {zero} FROM s WHERE n <= {count}"
        )
        if not store.startswith("sqlite"):
            connection.execute("VACUUM ANALYZE received_webhooks")


_PAYLOAD = {"s": "CAST(printf('%.200c', 'x') AS BLOB)", "p": "convert_to(repeat('x', 200), 'UTF8')"}
_INSERT = "INSERT INTO handled VALUES ({})"


def check(store: str, count: int) -> None:
    with contextlib.closing(connect(store)) as connection:
        asked = "SELECT count(*), count(DISTINCT event_id) FROM handled"
        assert tuple(connection.execute(asked).fetchone()) == (count, count), "not each once"


def molam(store: str) -> Handle:
    """`Inbox.run_worker` in batches of 100, one thread."""
    from molam_sdk.inbox import Inbox

    sql = _INSERT.format("?" if store.startswith("sqlite") else "%s")

    def handler(delivery: Any) -> None:
        delivery.connection().execute(sql, (delivery.event_id,))

    def handle(count: int) -> float:
        put_in(store, count)
        stop = Stop()
        with Inbox(store, retention=None) as inbox:
            began = time.perf_counter()
            inbox.run_worker(handler, stop, batch=100, sleep=stop.rest)
            taken = time.perf_counter() - began
        check(store, count)
        return taken

    return handle


def molam_async(store: str) -> Handle:
    """`AsyncInbox.run_worker` in batches of 100, one task."""
    from molam_sdk.inbox import AsyncInbox

    sql = _INSERT.format("?" if store.startswith("sqlite") else "%s")

    async def handler(delivery: Any) -> None:
        done = (await delivery.connection()).execute(sql, (delivery.event_id,))
        if not store.startswith("sqlite"):
            await done

    async def work() -> float:
        stop = Stop()
        async with AsyncInbox(store, retention=None) as inbox:
            began = time.perf_counter()
            await inbox.run_worker(handler, stop, batch=100, sleep=stop.arest)
            return time.perf_counter() - began

    def handle(count: int) -> float:
        put_in(store, count)
        taken = asyncio.run(work())
        check(store, count)
        return taken

    return handle


def pgqueuer(store: str) -> Handle:
    """pgqueuer, dequeuing 100 at a time; its jobs write through a connection of their own."""
    import psycopg
    from pgqueuer import PgQueuer
    from pgqueuer.db import PsycopgDriver
    from pgqueuer.queries import Queries

    async def work(count: int) -> float:
        connections = [
            await psycopg.AsyncConnection.connect(store, autocommit=True) for _ in range(2)
        ]
        driver, effects = PsycopgDriver(connections[0]), connections[1]
        queries = Queries(driver)
        with contextlib.suppress(psycopg.Error):  # they are there already
            await queries.install()
        jobs = [f"evt_{number}".encode() for number in range(count)]
        await queries.enqueue(["handle"] * count, [*jobs], [0] * count)
        queue, left = PgQueuer(driver), count

        @queue.entrypoint("handle")
        async def handle(job: Any) -> None:
            nonlocal left
            await effects.execute("INSERT INTO handled VALUES (%s)", (job.payload.decode(),))
            left -= 1
            if not left:
                queue.shutdown.set()

        began = time.perf_counter()
        await queue.run(batch_size=100)
        taken = time.perf_counter() - began
        for connection in connections:
            await connection.close()
        return taken

    def handle(count: int) -> float:
        put_in(store, 0)
        taken = asyncio.run(work(count))
        check(store, count)
        return taken

    return handle


def rows(store: str) -> Handle:
    """A loop that commits one row at a time, on the same file."""
    connection = connect(store)

    def handle(count: int) -> float:
        put_in(store, 0)
        began = time.perf_counter()
        for number in range(count):
            connection.execute("INSERT INTO handled VALUES (?)", (f"evt_{number}",))
        return time.perf_counter() - began

    return handle


_RECEIVER = """
import sys, time
from molam_sdk.inbox import Inbox
with Inbox(sys.argv[1]) as inbox:
    for line in sys.stdin:
        began = time.perf_counter()
        inbox.receive(line.strip(), "payout.paid", b"{}")
        print(began, flush=True)
"""


def resting(store: str) -> Handle:
    """From `receive` in one process to the handler's beginning in another that rests."""
    from molam_sdk.inbox import Inbox

    put_in(store, 0)

    def handle(count: int) -> float:
        stop, handled, seen = threading.Event(), threading.Event(), []

        def handler(delivery: Any) -> None:
            seen.append(time.perf_counter())
            handled.set()

        def work() -> None:
            with Inbox(store, retention=None) as inbox:
                inbox.run_worker(handler, stop)

        worker = threading.Thread(target=work)
        worker.start()
        waits: list[float] = []
        with subprocess.Popen(
            [sys.executable, "-c", _RECEIVER, store],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as receiver:
            assert receiver.stdin is not None
            assert receiver.stdout is not None
            for number in range(count + 3):  # the first ones open connections
                handled.clear()
                time.sleep(0.03 + number % 7 * 0.005)
                receiver.stdin.write(f"evt_{time.time_ns()}\n")
                receiver.stdin.flush()
                began = float(receiver.stdout.readline())
                handled.wait(10)
                waits.append(seen[-1] - began)
            receiver.stdin.close()
        stop.set()
        worker.join()
        return statistics.median(waits[3:])

    return handle


CONTENDERS = {each.__name__: each for each in (molam, molam_async, pgqueuer, rows, resting)}


def main() -> None:
    name, store = sys.argv[1:]
    handle = CONTENDERS[name](store)
    obey(lambda order: {"seconds": handle(order["events"])})


if __name__ == "__main__":
    main()
