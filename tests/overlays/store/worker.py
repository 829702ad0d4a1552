"""A merchant's worker as a process of its own, for the tests that kill it.

    worker.py race URL KEY LEDGER           claim, charge, print the answer
    worker.py die URL KEY LEDGER POINT      the same, killed with SIGKILL at a named point
    worker.py journal URL KEY LEDGER POINT  write ahead, send, settle, killed at a named point
    worker.py fork URL KEY                  claim in a parent and in its child
    worker.py inbox URL COUNT SECONDS BATCH handle events, writing in the inbox's transaction

The ledger is a file that stands for the API: it charges once for each key.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
from typing import Any

from molam_overlays.store.claims import Claim, Replay
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Delivery, Inbox
from molam_overlays.store.journal import Entry

ROUTE = "POST /checkout"


def charge(ledger: str, key: str) -> dict[str, Any]:
    """What the API does: the same key gives the same charge."""
    with open(ledger, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = [json.loads(line) for line in file]
        for line in lines:
            if line["key"] == key and line["charge"]:
                return {"id": line["charge"]}
        number = f"ch_{len(lines)}_{os.getpid()}"
        file.write(json.dumps({"key": key, "charge": number}) + "\n")
    return {"id": number}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def race(url: str, key: str, ledger: str) -> None:
    worked: list[int] = []

    def work() -> dict[str, Any]:
        worked.append(1)
        return charge(ledger, key)

    with IdempotencyStore(url) as store:
        store.get_cached_response(key, ROUTE)  # connected
        print("ready", flush=True)
        sys.stdin.readline()  # all are let go at once
        answer = store.run(key, ROUTE, work, wait_seconds=60)
    print(json.dumps({"answer": answer, "worked": len(worked)}))


def die_at(url: str, key: str, ledger: str, point: str) -> None:
    with IdempotencyStore(url) as store:
        if point == "in claim":
            _die_before_commit()
        claim = store.claim(key, ROUTE, lease_seconds=0.2)
        assert isinstance(claim, Claim | Replay), claim
        if point == "after claim":
            die()
        answer = charge(ledger, key)
        if point == "after charge":
            die()
        if point == "in complete":
            _die_before_commit()
        assert isinstance(claim, Claim)
        store.complete(claim, answer)
        if point == "after complete":
            die()


def _die_before_commit() -> None:
    from molam_overlays.store.blocking import Transaction

    Transaction.commit = lambda self: die()  # type: ignore[method-assign]


def journal_at(url: str, key: str, ledger: str, point: str) -> None:
    with IdempotencyStore(url) as store:
        journal = store.journal()
        if point == "in write-ahead":
            _die_before_commit()
        ticket = journal.write_ahead(
            Entry(key=key, method="POST", path="/v1/x", body=b"{}"), lease_seconds=3600
        )
        if point == "before send":
            die()
        charge(ledger, key)
        if point == "after send":
            die()
        if point == "in settle":
            _die_before_commit()
        journal.settle(ticket, "200")
        if point == "after settle":
            die()


def fork(url: str, key: str) -> None:
    with IdempotencyStore(url) as store:
        mine = store.claim(key, ROUTE)
        assert isinstance(mine, Claim)
        child = os.fork()
        if child == 0:
            assert not isinstance(store.claim(key, ROUTE), Claim)
            theirs = store.claim(f"{key}-child", ROUTE)
            assert isinstance(theirs, Claim)
            store.complete(theirs, {"by": "child"})
            store.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        store.complete(mine, {"by": "parent"})
        assert isinstance(store.claim(f"{key}-child", ROUTE), Replay)


def inbox_worker(url: str, limit: str, lease: str, batch: str) -> None:
    stop = threading.Event()
    handled: list[str] = []

    def handler(delivery: Delivery) -> None:
        delivery.connection().execute(f"INSERT INTO shipments VALUES ('{delivery.event_id}')")
        handled.append(delivery.event_id)
        if len(handled) == int(limit):
            die()

    with Inbox(url, lease_seconds=float(lease), max_tries=1000) as inbox:
        inbox.run_worker(handler, stop, batch=int(batch), sleep=lambda _: stop.set())


if __name__ == "__main__":
    modes = {
        "race": race,
        "die": die_at,
        "journal": journal_at,
        "fork": fork,
        "inbox": inbox_worker,
    }
    modes[sys.argv[1]](*sys.argv[2:])
