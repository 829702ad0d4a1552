"""Receivers in real servers, real deliveries from the sandbox, an inbox, and a worker."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from molam_sdk.events import EventRouter, PaymentIntentSucceeded, WebhookEvent, read_event
from molam_sdk.inbox import Delivery, Inbox
from molam_sdk.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "migrations/sqlite/001_idempotency_and_webhooks.sql"
SECRET = "whsec_receivers"
FRAMEWORKS = ("flask", "django", "django-async", "fastapi", "starlette")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "inbox.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCRIPT.read_text("utf-8"))
        connection.execute("CREATE TABLE shipped (payment TEXT, amount INTEGER)")
        connection.commit()
    path.chmod(0o600)
    return path


@pytest.fixture(params=FRAMEWORKS)
def url(request: pytest.FixtureRequest, store: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).with_name("receiving.py")),
            request.param,
            f"sqlite:///{store}",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'overlays'}",
            "MOLAM_API_KEY": "sk_test_receiver",
            "MOLAM_WEBHOOK_SECRET": SECRET,
        },
    )
    assert process.stdout is not None
    with process.stdout:
        port = process.stdout.readline().strip()
        assert port, f"{request.param} did not start"
        yield f"http://127.0.0.1:{port}/webhooks"
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, webhook_secret=SECRET) as running:
        yield running


def answers(sandbox: Sandbox) -> Counter[tuple[str, int]]:
    """Wait until all that is due was delivered; count answers by the event's type and status."""
    deadline = time.monotonic() + 30
    while due(sandbox):
        assert time.monotonic() < deadline, due(sandbox)
        time.sleep(0.005)  # another process answers: its time cannot be moved
    return Counter(
        (entry["event"]["type"], attempt["status"])
        for entry in sandbox.core.outbox.events(1000)
        for delivery in entry["deliveries"]
        for attempt in delivery["attempts"]
    )


def due(sandbox: Sandbox, at_ms: float | None = None) -> list[Any]:
    now = sandbox.core.clock.now_ms() if at_ms is None else at_ms
    return [
        delivery
        for entry in sandbox.core.outbox.events(1000)
        for delivery in entry["deliveries"]
        if delivery["state"] == "sending"
        or (delivery["state"] == "waiting" and delivery["due_ms"] <= now)
    ]


def pay(sandbox: Sandbox) -> str:
    payment = sandbox.client().create_payment_intent(
        2500, "USD", capture=True, idempotency_key=f"order-{len(sandbox.requests)}"
    )
    return sandbox.client().confirm_payment_intent(payment.id, "pm_success", "c-" + payment.id).id


def test_every_delivery_is_answered_right_and_every_event_handled_once(
    url: str, store: Path, sandbox: Sandbox
) -> None:
    # What may go wrong on the way, each with an event of its own kind.
    sandbox.fault("webhook=duplicate", event="payment_intent.created")
    sandbox.fault("webhook=bad_signature", event="payment_intent.succeeded")
    sandbox.fault("webhook=stale", event="refund.created")
    sandbox.subscribe(url)
    paid = pay(sandbox)
    charge = sandbox.client().retrieve_payment_intent(paid).charge_id
    sandbox.client().create_refund(charge, idempotency_key="refund-1")
    first = answers(sandbox)
    assert first["payment_intent.created", 200] == 2
    assert first["payment_intent.succeeded", 401] == 1
    assert first["refund.created", 401] == 1

    # The inbox is away: 500, and Molam sends again.
    store.rename(store.with_suffix(".away"))
    stranger = pay(sandbox)
    assert answers(sandbox)["payment_intent.succeeded", 500] == 1
    store.with_suffix(".away").rename(store)
    while due(sandbox, float("inf")):
        sandbox.advance(minutes=1)
        last = answers(sandbox)
    assert last["payment_intent.succeeded", 200] == 2
    assert last["refund.created", 200] == 1
    assert {status for _, status in last} == {200, 401, 500}

    events = EventRouter()

    @events.on("payment_intent.succeeded")
    def ship(event: PaymentIntentSucceeded) -> None:
        shipped.execute("INSERT INTO shipped VALUES (?, ?)", (event.data.id, event.data.amount))

    @events.default
    def note(event: WebhookEvent) -> None:
        noted.append(event.id)

    shipped: Any = None
    noted: list[str] = []

    def handle(delivery: Delivery) -> None:
        nonlocal shipped
        shipped = delivery.connection()
        event = read_event(delivery.payload)
        assert event.id == delivery.event_id
        events.dispatch(event)

    with Inbox(f"sqlite:///{store}", in_order=True) as inbox:
        stop = threading.Event()
        inbox.run_worker(handle, stop, sleep=lambda _: stop.set())
        assert inbox.counts() == {"processed": len(sandbox.events)}
    assert Counter(noted) == Counter(
        event["id"] for event in sandbox.events if event["type"] != "payment_intent.succeeded"
    )
    with closing(sqlite3.connect(store)) as connection:
        rows = connection.execute("SELECT payment, amount FROM shipped").fetchall()
    assert sorted(rows) == sorted([(paid, 2500), (stranger, 2500)])
