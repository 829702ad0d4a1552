"""What the stores cost and what they carry: journal, answers, inbox; on SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

from benchmarks.bench import Bench, Worker, in_turns
from benchmarks.environments import ROOT, Environment
from benchmarks.figures import Figure
from benchmarks.spread import Sample, ratio

KINDS: Final = ("sqlite", "postgresql")
_HERE: Final = Environment("here", Path(sys.prefix))
"""Drivers, peers and PostgreSQL come with the development's own environment."""
_SCRIPTS: Final = {
    path.relative_to(ROOT / "migrations").as_posix(): path.read_text("utf-8")
    for path in (ROOT / "migrations").rglob("*.sql")
}
_EVENTS: Final = {"molam": 2000, "molam_async": 2000, "pgqueuer": 400, "rows": 400}
"""How many of them in a round, as many as take part of a second."""


def journal(bench: Bench) -> list[Figure]:
    """What journaling adds to a call, and what a claim and its completion cost."""
    figures: list[Figure] = []
    for kind in KINDS:
        with _store(kind) as store:
            names = ("anchor", "plain", "journaled", "answer", "bare")
            workers = {
                name: Worker(_HERE, "stores", name, bench.server.url, store) for name in names
            }
            results = in_turns(workers, bench.rounds, {name: {"calls": 40} for name in names})
            for worker in workers.values():
                worker.close()
        figures += _costs(kind, results)
    return figures


def _costs(kind: str, results: dict[str, list[dict[str, Any]]]) -> list[Figure]:
    def of(name: str, what: str) -> list[float]:
        return [answer[what] for answer in results[name]]

    added = [
        max(mine - plain, 0.0)
        for mine, plain in zip(of("journaled", "wall"), of("plain", "wall"), strict=True)
    ]
    rows = (
        ("cpu", "CPU of a journaled call, to httpx.Client.post", of("journaled", "cpu"), "anchor"),
        ("wall", "wall time that journaling adds, to two bare commits", added, "bare"),
        ("answer", "claim and complete, to two bare commits", of("answer", "wall"), "bare"),
    )
    return [
        Figure(
            name=f"store-{kind}-{name}",
            title=f"{kind}: {title}",
            sample=ratio(values, of(against, "cpu" if name == "cpu" else "wall")),
            note=f"{Sample.of(values).median:,.0f} us",
        )
        for name, title, values, against in rows
    ]


def events(bench: Bench) -> list[Figure]:
    """Events handled a second, exactly once, to the peer or to plain transactions."""
    figures: list[Figure] = []
    for kind, peer, words in (
        ("sqlite", "rows", "plain one-row transactions"),
        ("postgresql", "pgqueuer", "pgqueuer at batch 100"),
    ):
        with _store(kind) as store:
            names = ("molam", "molam_async", peer)
            workers = {name: Worker(_HERE, "events", name, store) for name in names}
            orders = {name: {"events": _EVENTS[name]} for name in names}
            results = in_turns(workers, max(bench.rounds // 3, 3), orders)
            for worker in workers.values():
                worker.close()
        rates = {
            name: [_EVENTS[name] / answer["seconds"] for answer in answers]
            for name, answers in results.items()
        }
        for name, face in (("molam", "Inbox"), ("molam_async", "AsyncInbox")):
            figures.append(
                Figure(
                    name=f"events-{kind}" + ("-async" if face == "AsyncInbox" else ""),
                    title=f"{kind}: events a second in batches of 100, {face}, to {words}",
                    sample=ratio(rates[name], rates[peer]),
                    note=f"{Sample.of(rates[name]).median:,.0f}/s, "
                    f"{Sample.of(rates[peer]).median:,.0f}/s",
                )
            )
    return figures


def wakes(bench: Bench) -> list[Figure]:
    """From `receive` in one process to the handler in another that rests."""
    figures: list[Figure] = []
    for kind in KINDS:
        with _store(kind) as store:
            worker = Worker(_HERE, "events", "resting", store)
            taken = [worker.ask(events=20)["seconds"] * 1000 for _ in range(3)]
            worker.close()
        figures.append(
            Figure(
                name=f"wake-{kind}",
                title=f"{kind}: from receive to the handler of a resting worker",
                sample=Sample.of(taken),
                unit="ms",
            )
        )
    return figures


@contextlib.contextmanager
def _store(kind: str) -> Generator[str]:
    """A migrated database of its own, durable as it comes."""
    from molam_overlays.store.migrate import migrate

    with contextlib.ExitStack() as stack:
        if kind == "postgresql":
            from tests.postgresql import serving

            url = stack.enter_context(serving("-c", "fsync=on")).url()
        else:
            url = f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/store.db"
        migrate(url, _SCRIPTS)
        yield url
