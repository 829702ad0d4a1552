"""What a kill -9 of PostgreSQL takes with it: ``python -m benchmarks.failover [--rounds N]``.

A receiver stores events, a client writes calls down and settles them, a worker handles events, each
effect in the inbox's own transaction, until one of the server's processes is killed; then all of
them end, and the server recovers from what is on disk. What had been acknowledged is compared with what is there, with
``synchronous_commit`` on and off.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import psycopg

from benchmarks.scale import SCRIPTS
from molam_overlays.errors import StoreError
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Delivery, Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.migrate import migrate
from tests.postgresql import Server, serving

_BUSY_SECONDS = 1.0


@attrs.define
class Fleet:
    """What was acknowledged to whom, before the crash."""

    received: set[str] = attrs.field(factory=set[str])
    written: set[str] = attrs.field(factory=set[str])
    settled: set[str] = attrs.field(factory=set[str])
    handled: set[str] = attrs.field(factory=set[str])
    stop: threading.Event = attrs.field(factory=threading.Event)

    def receiver(self, inbox: Inbox) -> None:
        while not self.stop.is_set():
            name = uuid.uuid4().hex
            inbox.receive(name, "t", b"{}")
            self.received.add(name)

    def client(self, store: IdempotencyStore) -> None:
        journal = store.journal()
        while not self.stop.is_set():
            key = uuid.uuid4().hex
            ticket = journal.write_ahead(Entry(key=key, method="POST", path="/v1/treasury/payouts"))
            self.written.add(key)
            journal.settle(ticket, "200")
            self.settled.add(key)

    def worker(self, inbox: Inbox) -> None:
        while not self.stop.is_set():
            inbox.process(_effect)


@attrs.frozen(kw_only=True)
class Lost:
    """What had been acknowledged and was gone."""

    events: int
    calls: int
    outcomes: int
    twice: int
    """Effects that are there twice after all was handled."""
    held: int
    """Events that a worker held, and that come back when their lease ends."""
    seconds: float
    """From the kill until the first step succeeds again."""


@contextlib.contextmanager
def _until_it_fails(works: list[Callable[[], None]]) -> Iterator[None]:
    def run(work: Callable[[], None]) -> None:
        with contextlib.suppress(StoreError, psycopg.Error):
            work()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def crash(server: Server, commit: str, *, calls_too: bool) -> Lost:
    """Have a fleet work, with a client that keeps a journal or without, kill the server, and see what is gone."""
    url = server.create()
    migrate(url, SCRIPTS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE effects (event_id text NOT NULL)")
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = {commit}".encode())
    fleet = Fleet()
    with Inbox(url, retention=None) as inbox, IdempotencyStore(url) as store:
        works = [
            lambda: fleet.receiver(inbox),
            lambda: fleet.worker(inbox),
            *([lambda: fleet.client(store)] if calls_too else []),
        ]
        with _until_it_fails(works):
            time.sleep(_BUSY_SECONDS)
            killed = time.monotonic()
            server.crash()
        while True:
            with contextlib.suppress(StoreError):
                inbox.counts()
                break
        seconds = time.monotonic() - killed
        held = inbox.status().later
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "UPDATE received_webhooks SET due_at = now() WHERE state = 'processing'"
            )
            while inbox.process(_effect):
                pass
            events = _column(connection, "SELECT event_id FROM received_webhooks")
            calls = _column(connection, "SELECT idempotency_key FROM call_journal")
            ended = _column(
                connection, "SELECT idempotency_key FROM call_journal WHERE settled_at IS NOT NULL"
            )
            effects = _column(connection, "SELECT event_id FROM effects")
    return Lost(
        events=len(fleet.received - set(events)),
        calls=len(fleet.written - set(calls)),
        outcomes=len(fleet.settled - set(ended)),
        twice=len(effects) - len(set(effects)),
        held=held,
        seconds=seconds,
    )


def _effect(delivery: Delivery) -> None:
    delivery.connection().execute("INSERT INTO effects VALUES (%s)", (delivery.event_id,))


def _column(connection: Any, sql: str) -> list[str]:
    return [row[0] for row in connection.execute(sql).fetchall()]


def main() -> int:
    """Read the command line; fail where the journal forgot something, or an effect is there twice."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.failover")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    good = True
    with serving("-c", "fsync=on") as server:
        # Whoever commits synchronously has all on disk that was committed before.
        for commit, calls_too in (("on", True), ("off", True), ("off", False)):
            for _ in range(rounds):
                found = crash(server, commit, calls_too=calls_too)
                beside = "" if calls_too else ", no calls beside"
                print(f"synchronous_commit = {commit}{beside}: {found}", flush=True)
                good = good and not (found.calls or found.outcomes or found.twice)
                good = good and not (commit == "on" and found.events)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
