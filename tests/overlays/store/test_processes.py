"""Many processes, and processes that are killed."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest

from molam_overlays.store.claims import Replay
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Inbox
from molam_overlays.store.journal import Entry, Outcome

from .worker import ROUTE, charge

WORKER = Path(__file__).with_name("worker.py")
OVERLAYS = Path(__file__).parents[3] / "overlays"


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKER), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(OVERLAYS)},
    )


def run(*arguments: str) -> int:
    process = start(*arguments)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode


def charges(ledger: Path) -> Counter[str]:
    if not ledger.exists():
        return Counter()
    lines = ledger.read_text(encoding="utf-8").splitlines()
    return Counter(json.loads(line)["key"] for line in lines)


def test_of_fifty_processes_that_claim_one_key_one_works_and_all_get_its_answer(
    url: str, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    processes = [start("race", url, "order-1", str(ledger)) for _ in range(50)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = []
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        answers.append(json.loads(output))
    assert sum(answer["worked"] for answer in answers) == 1
    assert len({json.dumps(answer["answer"]) for answer in answers}) == 1
    assert charges(ledger) == {"order-1": 1}


@pytest.mark.parametrize(
    "point", ["in claim", "after claim", "after charge", "in complete", "after complete", "never"]
)
def test_a_worker_killed_at_any_step_leaves_one_charge_after_its_successor(
    url: str, tmp_path: Path, point: str
) -> None:
    ledger = tmp_path / "ledger"
    code = run("die", url, "order-1", str(ledger), point)
    assert code == (0 if point == "never" else -signal.SIGKILL)
    with IdempotencyStore(url) as store:
        found = store.get_cached_response("order-1", ROUTE)
        assert (found is not None) == (point in ("after complete", "never"))
        answer = store.run("order-1", ROUTE, lambda: charge(str(ledger), "order-1"))
        assert isinstance(store.claim("order-1", ROUTE), Replay)
    assert charges(ledger) == {"order-1": 1}
    assert answer == charge(str(ledger), "order-1")


@pytest.mark.parametrize(
    ("point", "settles"),
    [
        ("in write-ahead", None),
        ("before send", "settled"),
        ("after send", "settled"),
        ("in settle", "settled"),
        ("after settle", None),
    ],
)
def test_a_client_killed_at_any_step_is_recovered_at_once_and_charged_once(
    url: str, tmp_path: Path, point: str, settles: str | None
) -> None:
    ledger = tmp_path / "ledger"
    assert run("journal", url, "order-1", str(ledger), point) == -signal.SIGKILL

    def send(entry: Entry) -> Outcome:
        charge(str(ledger), entry.key)
        return Outcome(status=200)

    with IdempotencyStore(url) as store:
        rows = store.journal().recover(send)
        assert [row.outcome for row in rows] == ([] if settles is None else [settles])
        assert store.journal().unsettled() == []
    # A call that never reached the disk never left.
    assert charges(ledger) == ({} if point == "in write-ahead" else {"order-1": 1})


def test_workers_killed_at_random_moments_charge_each_order_once(url: str, tmp_path: Path) -> None:
    chance = random.Random(20)
    ledger = tmp_path / "ledger"
    keys = [f"order-{n}" for n in range(3)]
    with IdempotencyStore(url) as store:
        for key in keys:
            for _ in range(3):
                process = start("die", url, key, str(ledger), "never")
                time.sleep(chance.uniform(0.05, 0.35))  # the kill point is what is random here
                process.kill()
                process.communicate()
        for key in keys:
            answer = store.run(key, ROUTE, lambda key=key: charge(str(ledger), key))
            assert answer == charge(str(ledger), key)
    assert charges(ledger) == dict.fromkeys(keys, 1)


def test_a_store_made_before_a_fork_works_in_the_child_and_in_the_parent(url: str) -> None:
    assert run("fork", url, "order-1") == 0


@pytest.mark.parametrize("batch", ["1", "10"])
def test_what_handlers_of_killed_workers_wrote_is_there_once(url: str, batch: str) -> None:
    connection: Any = (
        sqlite3.connect(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite")
        else psycopg.connect(url)
    )
    connection.execute("CREATE TABLE shipments (event_id text)")
    connection.commit()
    ids = [f"evt_{n}" for n in range(30)]
    with Inbox(url) as inbox:
        for event_id in ids:
            inbox.receive(event_id, "t", b"{}")
        while inbox.counts().get("processed", 0) < len(ids):
            limits = ("4", "7", "1000")
            workers = [start("inbox", url, limit, "0.1", batch) for limit in limits]
            for worker in workers:
                worker.communicate(timeout=60)
    rows = connection.execute("SELECT event_id FROM shipments").fetchall()
    connection.close()
    assert Counter(row[0] for row in rows) == Counter(ids)
