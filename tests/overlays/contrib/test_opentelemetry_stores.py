"""Gauges of inbox and journal, as the OpenTelemetry SDK collects them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from molam_overlays.contrib.opentelemetry_stores import watch_stores
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.migrate import migrate

SCRIPTS = {
    f"sqlite/{path.name}": path.read_text(encoding="utf-8")
    for path in (Path(__file__).parents[3] / "migrations" / "sqlite").iterdir()
}


def test_a_collection_tells_how_inbox_and_journal_stand(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    migrate(url, SCRIPTS)
    reader = InMemoryMetricReader()
    with Inbox(url, max_tries=1) as inbox, IdempotencyStore(url) as store:
        journal = store.journal()
        watch_stores(inbox=inbox, journal=journal, meter_provider=MeterProvider([reader]))
        for n in range(3):
            inbox.receive(f"evt_{n}", "t", b"{}")
        inbox.process(lambda delivery: 1 / 0)
        inbox.process(lambda delivery: None)
        ticket = journal.write_ahead(Entry(key="k", method="POST", path="/", body=b"b"))
        journal.leave(ticket, "reset")
        found = collected(reader)
    assert found.pop("molam.inbox.oldest")[()] >= 0
    assert found.pop("molam.journal.oldest")[()] >= 0
    assert found == {
        "molam.inbox.due": {(): 1},
        "molam.inbox.later": {(): 0},
        "molam.inbox.received": {(): 3},
        "molam.inbox.handled": {(): 1},
        "molam.inbox.late": {(): 0},
        "molam.inbox.parked": {(("error.type", "ZeroDivisionError"),): 1},
        "molam.journal.calls": {(): 1},
        "molam.journal.open": {(("molam.outcome", "reset"),): 1},
    }


def collected(reader: InMemoryMetricReader) -> dict[str, dict[Any, float]]:
    data = reader.get_metrics_data()
    assert data is not None
    return {
        metric.name: {
            tuple((point.attributes or {}).items()): point.value  # type: ignore[union-attr]
            for point in metric.data.data_points
        }
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
