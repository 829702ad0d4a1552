"""kill -9 at every step of a payment, on SQLite and PostgreSQL: every order is charged once.

A real sandbox on a port, workers in processes of their own, tables made as the documentation says.
MOLAM_CRASH_SEED chooses other random moments, MOLAM_CRASH_ROUNDS more of them.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from molam_sdk import MolamClient
from molam_sdk.idempotency import IdempotencyStore, Recovered
from molam_sdk.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
MIGRATION = "001_idempotency_and_webhooks.sql"
CALLS = ("create", "confirm", "capture")
LEFT_OPEN = ("written", "sent", "answering", "answered", "before settle")
POINTS = ("before write-ahead", *LEFT_OPEN, "settled")
ROUTE = "POST /checkout"

# Read while this module is imported: the tests themselves see none of the developer's variables.
SEED = int(os.environ.get("MOLAM_CRASH_SEED", "20250116"))
ROUNDS = int(os.environ.get("MOLAM_CRASH_ROUNDS", "1"))


@pytest.fixture(scope="module")
def databases(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[str], str]:
    """Give a store's URL by the kind of database; each is made when it is first asked for."""

    def sqlite() -> str:
        path = tmp_path_factory.mktemp("crash") / "store.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((ROOT / "migrations/sqlite" / MIGRATION).read_text("utf-8"))
        path.chmod(0o600)
        return f"sqlite:///{path}"

    def postgresql() -> str:
        server = request.getfixturevalue("postgresql_server")
        url: str = server.create()
        script = str(ROOT / "migrations" / MIGRATION)
        psql = [server.psql, "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", script]
        subprocess.run(psql, check=True)
        return url

    return cache(lambda kind: sqlite() if kind == "sqlite" else postgresql())


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0) as running:
        yield running


@pytest.fixture(scope="module")
def workers() -> Iterator[Callable[..., list[int]]]:
    """Run workers at once, return their exit codes."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("crashing.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'overlays'}"},
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def run(*jobs: dict[str, Any]) -> list[int]:
        process.stdin.write(json.dumps({"workers": jobs}) + "\n")
        process.stdin.flush()
        codes: list[int] = json.loads(process.stdout.readline())
        return codes

    yield run
    process.stdin.close()
    process.stdout.close()
    assert process.wait(timeout=20) == 0


class Shop:
    """A merchant with an account of its own at the sandbox, and a shared store."""

    numbers = itertools.count(1)

    def __init__(
        self,
        sandbox: Sandbox,
        url: str,
        store: IdempotencyStore,
        workers: Callable[..., list[int]],
    ) -> None:
        self.sandbox, self.url, self.store, self.workers = sandbox, url, store, workers
        number = next(Shop.numbers)
        self.api_key = f"sk_test_crash_{os.getpid()}_{number}"
        self.order = f"order-{os.getpid()}-{number}"
        config = sandbox.config(self.api_key, timeout=10)
        self.client = MolamClient(config, idempotency_store=store)

    def job(self, mode: str, keys: str = "own", **more: Any) -> dict[str, Any]:
        return {
            "mode": mode,
            "keys": keys,
            "store": self.url,
            "api_base": self.sandbox.url,
            "api_key": self.api_key,
            "order": self.order,
            "call": None,
            "point": None,
            "after": None,
            **more,
        }

    def work(self, mode: str, keys: str = "own", **more: Any) -> int:
        (code,) = self.workers(self.job(mode, keys, **more))
        return code

    def recover(self) -> list[Recovered]:
        return self.client.recover()

    def charges(self) -> Counter[str]:
        """Count the payments that went through, by order, as the account's books have them."""
        payments = list(self.client.list_payment_intents(limit=100))
        happened = Counter(
            event["data"]["id"]
            for event in self.sandbox.events
            if event["type"] == "payment_intent.succeeded"
        )
        for payment in payments:
            succeeded = payment.status == "succeeded"
            assert happened[payment.id] == (1 if succeeded else 0), payment
        # An intent that was made twice would be here twice, paid or not.
        return Counter(payment["metadata"]["order"] for payment in payments)


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(
    request: pytest.FixtureRequest,
    sandbox: Sandbox,
    databases: Callable[[str], str],
    workers: Callable[..., list[int]],
) -> Iterator[Shop]:
    with IdempotencyStore(databases(request.param)) as store:
        shop = Shop(sandbox, databases(request.param), store, workers)
        with shop.client:
            yield shop


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("call", CALLS)
def test_an_order_whose_worker_was_killed_is_charged_once(
    shop: Shop, call: str, point: str
) -> None:
    # Each kind of key meets each point on one of the two databases; another seed swaps them.
    swapped = CALLS.index(call) + POINTS.index(point) + SEED + shop.url.startswith("sqlite")
    keys = ("own", "minted")[swapped % 2]
    assert shop.work("pay", keys, call=call, point=point) == -signal.SIGKILL
    rows = shop.recover()
    # What is on disk says what is open: nothing before the write-ahead, nothing after the end.
    assert [row.outcome for row in rows] == (["settled"] if point in LEFT_OPEN else [])
    for row in rows:
        assert row.path.endswith("payment_intents" if call == "create" else f"/{call}")
        assert row.status == (201 if call == "create" else 200)
        assert keys == "minted" or row.key == f"{shop.order}-{call}"
    began = not (call == "create" and point == "before write-ahead")
    assert shop.charges() == ({shop.order: 1} if began else {})
    if call == "capture" and point != "before write-ahead":
        (payment,) = shop.client.list_payment_intents()
        assert payment.status == "succeeded"
    assert shop.recover() == []
    assert shop.work("pay", keys) == 0
    assert shop.charges() == {shop.order: 1}
    assert shop.recover() == []


@pytest.mark.parametrize(
    ("call", "point"),
    [
        ("run", "claimed"),
        ("create", "answering"),
        ("confirm", "written"),
        ("capture", "sent"),
        ("capture", "answering"),
        ("capture", "before settle"),
        ("run", "worked"),
        ("run", "completed"),
    ],
)
def test_a_claim_whose_worker_was_killed_goes_to_a_successor_that_charges_no_second_time(
    shop: Shop, call: str, point: str
) -> None:
    assert shop.work("run", call=call, point=point) == -signal.SIGKILL
    found = shop.store.get_cached_response(shop.order, ROUTE)
    assert (found is not None) == (point == "completed")
    shop.recover()
    # Forty workers would: these three find the order at once, before the dead one's lease ends.
    assert shop.workers(*[shop.job("run")] * 3) == [0, 0, 0]
    found = shop.store.get_cached_response(shop.order, ROUTE)
    assert found is not None
    assert found["response"]["status"] == "succeeded"
    assert shop.charges() == {shop.order: 1}
    assert shop.recover() == []


@pytest.mark.parametrize("point", ["sent", "answering", "answered"])
def test_a_recovery_that_is_killed_is_recovered_from(shop: Shop, point: str) -> None:
    assert shop.work("pay", "minted", call="capture", point="sent") == -signal.SIGKILL
    assert shop.work("recover", call="capture", point=point) == -signal.SIGKILL
    assert [row.outcome for row in shop.recover()] == ["settled"]
    assert shop.work("pay", "minted") == 0
    assert shop.charges() == {shop.order: 1}


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
@pytest.mark.parametrize("mode", ["pay", "run", "await"])
def test_workers_killed_at_random_moments_charge_each_order_once(
    shop: Shop, mode: str, seed: int
) -> None:
    chance = random.Random(seed)
    orders = [f"{shop.order}-{n}" for n in range(4)]
    # How long an order takes here and now, so that the moments fall into the middle of one.
    began = time.monotonic()
    assert shop.work(mode) == 0
    took = time.monotonic() - began
    for _ in range(2):
        jobs = [
            shop.job(mode, order=order, after=chance.uniform(0.2, 2.5) * took) for order in orders
        ]
        codes = shop.workers(*jobs)
        assert set(codes) <= {0, -signal.SIGKILL}, codes
        if chance.random() < 0.5:
            # Sometimes while the orders' next workers are on it, sometimes killed itself.
            shop.workers(shop.job("recover", after=chance.uniform(0.2, 1.5) * took))
    assert {row.outcome for row in shop.recover()} <= {"settled"}
    assert shop.workers(*[shop.job(mode, order=order) for order in orders]) == [0] * 4
    assert shop.recover() == []
    assert shop.charges() == dict.fromkeys([shop.order, *orders], 1)


def test_molam_recover_settles_and_shows_what_it_did(shop: Shop) -> None:
    assert shop.work("pay", call="confirm", point="written") == -signal.SIGKILL
    shown = molam("recover", shop)
    assert shown.returncode == 0, shown.stderr
    head, row = shown.stdout.splitlines()
    assert head.split() == ["id", "key", "call", "age", "outcome", "detail"]
    assert row.split()[1] == f"{shop.order}-confirm"
    assert "POST /v1/connect/payment_intents/" in row
    assert "settled 200" in row
    assert molam("recover", shop).stdout == "Nothing was left open.\n"

    assert shop.work("pay", call="capture", point="answering") == -signal.SIGKILL
    shown = molam("recover", shop, "--json")
    assert shown.returncode == 0, shown.stderr
    (found,) = json.loads(shown.stdout)["data"]
    assert (found["key"], found["outcome"]) == (f"{shop.order}-capture", "settled")
    assert shop.charges() == {shop.order: 1}


def molam(command: str, shop: Shop, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "molam_sdk", command, shop.url, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **os.environ,
            "MOLAM_API_KEY": shop.api_key,
            "MOLAM_API_BASE": shop.sandbox.url,
            "COLUMNS": "300",
        },
    )
