"""Journaled calls and answers: ``python -m benchmarks.workers.stores CONTENDER URL STORE``.

An order is the number of calls; the result is the CPU time and the wall time that one took, in
microseconds. STORE is a migrated database; the bare contenders have a table of their own in it.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.payload import ORDER, compact
from benchmarks.workers.calls import KEY, httpx_client, molam
from benchmarks.workers.loop import obey

Call = Callable[[], object]
_BODY = compact(ORDER)


def plain(url: str, store: str) -> Call:
    """A call without a journal."""
    return molam(url)


def anchor(url: str, store: str) -> Call:
    """httpx.Client.post."""
    return httpx_client(url)


def journaled(url: str, store: str) -> Call:
    """A call of a client that keeps a journal."""
    from molam_sdk import Config, MolamClient
    from molam_sdk.idempotency import IdempotencyStore
    from molam_sdk.utils.idempotency import make_idempotency_key

    settings = Config(api_key=KEY, api_base=url)
    client = MolamClient(settings, idempotency_store=IdempotencyStore(store))
    return lambda: client.create_payment_intent(**ORDER, idempotency_key=make_idempotency_key()).id


def answer(url: str, store: str) -> Call:
    """`claim` and `complete`."""
    from molam_sdk.idempotency import IdempotencyStore
    from molam_sdk.utils.idempotency import make_idempotency_key

    kept = IdempotencyStore(store)

    def call() -> None:
        claim: Any = kept.claim(make_idempotency_key(), "POST /checkout", "f" * 64)
        kept.complete(claim, {"id": "pi_7d2c9e40f1a84b6e", "status": "succeeded"})

    return call


_TABLE = "CREATE TABLE IF NOT EXISTS bare (id {} PRIMARY KEY, key text, body {}, at float8)"


def bare(url: str, store: str) -> Call:
    """Two commits of the driver alone: a row, and its end."""
    return _bare_sqlite(store) if store.startswith("sqlite") else _bare_postgresql(store)


def _bare_sqlite(store: str) -> Call:
    connection = sqlite3.connect(store.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_TABLE.format("INTEGER", "BLOB"))

    def call() -> None:
        row = connection.execute(
            "INSERT INTO bare (key, body, at) VALUES (?, ?, ?)", (KEY, _BODY, time.time())
        ).lastrowid
        connection.execute("UPDATE bare SET body = NULL WHERE id = ?", (row,))

    return call


def _bare_postgresql(store: str) -> Call:
    import psycopg

    connection = psycopg.connect(store, autocommit=True)
    connection.execute(_TABLE.format("bigserial", "bytea").encode())

    def call() -> None:
        row: Any = connection.execute(
            "INSERT INTO bare (key, body, at) VALUES (%s, %s, %s) RETURNING id",
            (KEY, _BODY, time.time()),
            prepare=True,
        ).fetchone()
        connection.execute("UPDATE bare SET body = NULL WHERE id = %s", (row[0],), prepare=True)

    return call


CONTENDERS = {each.__name__: each for each in (anchor, plain, journaled, answer, bare)}


def main() -> None:
    name, url, store = sys.argv[1:]
    call = CONTENDERS[name](url, store)

    def measure(order: dict[str, Any]) -> dict[str, float]:
        count = order["calls"]
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            call()
        return {
            "cpu": (time.process_time() - cpu) / count * 1e6,
            "wall": (time.perf_counter() - wall) / count * 1e6,
        }

    obey(measure)


if __name__ == "__main__":
    main()
