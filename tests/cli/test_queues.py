"""`molam inbox status`, `molam journal status`, and what `molam doctor` says of a store."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from molam_overlays.cli.commands import application
from molam_overlays.cli.queues import examine_queues
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Inbox
from molam_overlays.store.journal import Entry
from molam_sdk._product import PRODUCT


def molam(*words: str) -> Result:
    return CliRunner().invoke(application(PRODUCT), words)


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/shop.db"
    assert molam("db", "migrate", url).exit_code == 0
    return url


def test_the_status_of_inbox_and_journal_is_shown(store: str) -> None:
    with Inbox(store, max_tries=1) as inbox, IdempotencyStore(store) as kept:
        for n in range(2):
            inbox.receive(f"evt_{n}", "t", b"{}")
        inbox.process(lambda delivery: 1 / 0)
        kept.journal().write_ahead(Entry(key="k", method="POST", path="/", body=b"b"))
    told = molam("inbox", "status", store).stdout
    assert told.startswith("1 due, the oldest for 0 s; 0 later\n")
    assert told.endswith("2 received and 0 handled a minute\n1 parked: 1 ZeroDivisionError\n")
    assert json.loads(molam("inbox", "status", store, "--json").stdout)["due"] == 1
    told = molam("journal", "status", store).stdout
    assert told == "1 calls a minute; the oldest open for 0 s\n1 open: 1 under way\n"
    assert json.loads(molam("journal", "status", store, "--json").stdout)["open"] == 1


def test_doctor_warns_of_a_queue_that_grows_a_short_lease_and_no_purge(store: str) -> None:
    assert [each.state for each in examine_queues(store)] == ["ok", "ok", "ok"]
    now = time.time()
    with Inbox(store, clock=lambda: now - 40 * 24 * 3600) as inbox:
        inbox.receive("old", "t", b"{}")
        inbox.process(lambda delivery: None)
    with Inbox(store, clock=lambda: now - elapsed[-1], lease_seconds=1) as inbox:
        elapsed = [400]
        inbox.receive("slow", "t", b"{}")
        inbox.process(lambda delivery: elapsed.append(390))
    with Inbox(store, clock=lambda: now - 70) as inbox:
        inbox.receive("waits", "t", b"{}")
    with Inbox(store) as inbox:
        inbox.receive("another", "t", b"{}")
    found = list(examine_queues(store))
    assert [(each.what, each.state) for each in found] == [
        ("queue", "warn"), ("lease", "warn"), ("purge", "warn"),
    ]  # fmt: skip
    assert found[0].detail.startswith("It grows: 2 due, the oldest for 7")
    assert found[1].detail.startswith("1 of the last 1000 events")
    assert found[2].detail.startswith("No purge ever ran: payloads are kept")
    assert [each.state for each in examine_queues("sqlite:///none.db")] == ["fail"]
