"""What stays as it is while tables grow: ``python -m benchmarks.scale [--rows N] [--url sqlite|postgresql]``.

A small and a large store lie side by side, made alike: of every ten events one is due, two are parked
and seven were handled, over a year; as many calls and answers. Steps are taken in turns, and the large
store's are set against the small one's. A purge of a day is set against the same worker without one.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.environments import ROOT
from benchmarks.figures import Figure, load_budgets
from benchmarks.report import as_text
from benchmarks.spread import Sample, ratio
from molam_overlays.store.blocking import Database
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.migrate import migrate
from molam_overlays.store.upkeep import CHORES, sweep

SMALL: Final = 10_000
LARGE: Final = 2_000_000
"""What ``make bench`` measures; ten million take some minutes and 9 GB."""

_STEPS: Final = 60
"""Steps of a kind in a round."""
_DAY: Final = 24 * 3600.0
_WINDOW: Final = 3.0
"""Seconds that a worker is watched, with a purge and without."""

SCRIPTS: Final = {
    path.relative_to(ROOT / "migrations").as_posix(): path.read_text("utf-8")
    for path in (ROOT / "migrations").rglob("*.sql")
}

_NUMBERS: Final = {
    "postgresql": "FROM generate_series(1, {rows}) AS n",
    "sqlite": "FROM (WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) "
    "SELECT n FROM s) AS s",
}
_TIME: Final = {"postgresql": "to_timestamp({0})", "sqlite": "({0})"}
_BYTES: Final = {
    "postgresql": "convert_to(repeat('x', 200), 'UTF8')",
    "sqlite": "CAST(printf('%.200c', 'x') AS BLOB)",
}


def fill(url: str, rows: int) -> None:
    """Migrate a database and put in so many events, calls and answers, a year's worth."""
    migrate(url, SCRIPTS)
    kind = url.partition(":")[0]
    now = time.time()
    moment = _TIME[kind].format(f"{now} - 31536000.0 * ({rows} - n) / {rows}")
    ended, numbers = "n % 10 > 2", _NUMBERS[kind].format(rows=rows)
    body = _BYTES[kind]
    state = "CASE n % 10 WHEN 0 THEN 'pending' WHEN 1 THEN 'parked' WHEN 2 THEN 'parked' ELSE 'processed' END"
    # Of half a year ago: the payload is gone.
    late = f"n > {rows} * 0.92"
    commands = (
        "INSERT INTO received_webhooks (event_id, type, payload, received_at, due_at, resource, state, tries) "
        f"SELECT 'old_' || n, 'payment_intent.succeeded', CASE WHEN {late} OR NOT ({ended}) THEN {body} END, "
        f"{moment}, {moment}, 'pi_' || n, {state}, 1 {numbers}",
        "INSERT INTO call_journal (idempotency_key, method, path, fingerprint, account, owner, fence, "
        "settled_at, outcome, created_at) SELECT 'old_' || n, 'POST', '/v1/treasury/payouts', 'f', 'a', 'o', 1, "
        f"{moment}, '200', {moment} {numbers}",
        "INSERT INTO server_idempotency (idempotency_key, route, response, fence, created_at, updated_at) "
        f'SELECT \'old_\' || n, \'POST /checkout\', \'{{"id": "pi_0123456789", "status": "succeeded"}}\', 1, '
        f"{moment}, {moment} {numbers}",
    )
    with contextlib.closing(_connect(url)) as connection:
        for table, command in zip(
            ("received_webhooks", "call_journal", "server_idempotency"), commands, strict=True
        ):
            # Rows come faster where no index has to be kept.
            for name, _ in _indexes(connection, kind, table):
                connection.execute(f"DROP INDEX {name}")
            connection.execute(command)
        migrate(url, SCRIPTS)
        connection.execute("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE")


def _connect(url: str) -> Any:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        return connection
    import psycopg

    return psycopg.connect(url, autocommit=True)


def _indexes(connection: Any, kind: str, table: str) -> list[Any]:
    asked = {
        "postgresql": "SELECT indexname, 1 FROM pg_indexes WHERE tablename = '{0}' AND indexname NOT LIKE "
        "'%_pkey'",
        "sqlite": "SELECT name, 1 FROM sqlite_master WHERE type = 'index' AND tbl_name = '{0}' AND sql <> ''",
    }
    return list(connection.execute(asked[kind].format(table)).fetchall())


class Steps:
    """What a fleet does all day, on one store."""

    def __init__(self, url: str) -> None:
        self.inbox = Inbox(url, retention=None)
        self.store = IdempotencyStore(url)
        self.journal = self.store.journal()

    def _name(self) -> str:
        return f"new_{uuid.uuid4().hex}"

    def receive(self) -> None:
        self.inbox.receive(self._name(), "payment_intent.succeeded", b"x" * 200, resource="pi_new")

    def handle(self) -> None:
        assert self.inbox.process(lambda delivery: None)

    def call(self) -> None:
        entry = Entry(key=self._name(), method="POST", path="/v1/treasury/payouts", body=b"x" * 200)
        self.journal.settle(self.journal.write_ahead(entry), "200")

    def answer(self) -> None:
        claim: Any = self.store.claim(self._name(), "POST /checkout", "f")
        self.store.complete(claim, {"id": "pi_0123456789", "status": "succeeded"})

    def close(self) -> None:
        self.inbox.close()
        self.store.close()


_KINDS: Final[dict[str, Callable[[Steps], None]]] = {
    "receive": Steps.receive,
    "handle": Steps.handle,
    "call": Steps.call,
    "answer": Steps.answer,
}


def _typical(step: Callable[[Steps], None], steps: Steps) -> float:
    taken: list[float] = []
    for _ in range(_STEPS):
        began = time.perf_counter()
        step(steps)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def growth(kind: str, small: str, large: str, rows: int, rounds: int) -> list[Figure]:
    """Set each step among many rows against the same among few."""
    few, many = Steps(small), Steps(large)
    figures = []
    for name, step in _KINDS.items():
        times: dict[Steps, list[float]] = {few: [], many: []}
        for number in range(rounds + 1):
            for steps in (few, many) if number % 2 else (many, few):
                taken = _typical(step, steps)
                if number:
                    times[steps].append(taken)
        figures.append(
            Figure(
                name=f"scale-{kind}-{name}",
                title=f"{kind}: {name} among {rows:,} rows, to {SMALL:,}",
                sample=ratio(times[many], times[few]),
                note=f"{statistics.median(times[many]) * 1000:.2f} ms",
            )
        )
    few.close()
    many.close()
    return figures


class _Timed(Database):
    """A database that knows how long its transactions took, and ends a purge when its time is over."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.taken: list[float] = []
        self.ends = 0.0

    def run(self, decide: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() > self.ends:
            raise TimeoutError
        began = time.perf_counter()
        try:
            return super().run(decide, *args, **kwargs)
        finally:
            self.taken.append(time.perf_counter() - began)


def _purge(url: str, begin: Any, told: Any) -> None:
    """Purge while somebody is watched, from the oldest day on; tell how many rows, and of the steps."""
    database, days, removed = _Timed(url), 365, 0

    def note(rows: int) -> None:
        nonlocal removed
        removed += rows

    while begin.recv():
        database.ends = time.monotonic() + _WINDOW
        with contextlib.suppress(TimeoutError):
            while days:
                for chore in CHORES:
                    sweep(database, (chore,), days * _DAY, note)
                days -= 1
    told.send((removed, database.taken))
    database.close()


def _watched(steps: Steps) -> float:
    """Return the p99 of a step, of all kinds in turns, for a window's length."""
    taken: list[float] = []
    ended = time.monotonic() + _WINDOW
    while time.monotonic() < ended:
        for step in _KINDS.values():
            began = time.perf_counter()
            step(steps)
            taken.append(time.perf_counter() - began)
    return statistics.quantiles(taken, n=100)[-1]


def purging(kind: str, url: str, rows: int, rounds: int) -> list[Figure]:
    """Set a worker's p99 beside a purge against the same without."""
    context = multiprocessing.get_context("spawn")
    (ours, theirs), (hear, tell) = context.Pipe(), context.Pipe()
    process = context.Process(target=_purge, args=(url, theirs, tell), daemon=True)
    process.start()
    steps = Steps(url)
    alone: list[float] = []
    beside: list[float] = []
    for number in range(rounds + 1):
        quiet = _watched(steps)
        ours.send(True)
        busy = _watched(steps)
        if number:
            alone.append(quiet)
            beside.append(busy)
    ours.send(False)
    removed, taken = hear.recv()
    process.join()
    steps.close()
    return [
        Figure(
            name=f"purge-{kind}",
            title=f"{kind}: p99 of a worker's steps beside a purge, to without, {rows:,} rows",
            sample=ratio(beside, alone),
            note=f"{statistics.median(beside) * 1000:.1f} ms, {removed:,} rows purged",
        ),
        Figure(
            name=f"purge-{kind}-step",
            title=f"{kind}: p99 of a purge's steps, waiting for their turn included",
            sample=Sample.of([statistics.quantiles(taken, n=100)[-1] * 1000]),
            unit="ms",
        ),
    ]


@contextlib.contextmanager
def places(kind: str) -> Iterator[tuple[str, str]]:
    """Return the URLs of two empty databases."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/small.db", f"sqlite:///{folder}/large.db"
        return
    from tests.postgresql import serving

    with serving("-c", "max_wal_size=8GB", "-c", "checkpoint_timeout=15min") as server:
        yield server.create(), server.create()


def measure(kind: str, rows: int, rounds: int) -> list[Figure]:
    """Fill two databases of a kind, and measure."""
    with places(kind) as (small, large):
        fill(small, SMALL)
        began = time.perf_counter()
        fill(large, rows)
        print(f"{kind}: {rows:,} rows in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        figures = growth(kind, small, large, rows, rounds)
        return figures + purging(kind, large, rows, max(3, rounds // 3))


def scale(bench: Bench) -> list[Figure]:
    """Steps and purges among two million rows, on both databases."""
    return [each for kind in _NUMBERS for each in measure(kind, LARGE, bench.rounds)]


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--rows", type=int, default=LARGE)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(_NUMBERS))
    given = parser.parse_args()
    for kind in given.kinds or _NUMBERS:
        print(as_text(measure(kind, given.rows, given.rounds), load_budgets()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
