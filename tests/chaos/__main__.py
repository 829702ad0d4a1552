"""``make chaos``: 10,000 orders with real processes, sockets and PostgreSQL behind fault proxies.

Workers are killed, forked and restarted, the database is crashed, connections are reset at any
byte. In the end nothing may be paid twice, nothing lost, and every unknown order is named and
settled. Drawn from a seed; how the processes fall in with one another is the machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from molam_overlays.store.migrate import migrate
from molam_sdk import MolamClient
from molam_sdk.idempotency import IdempotencyStore
from molam_sdk.sandbox import Sandbox
from tests.chaos.proxy import HTTP_FAULTS, SQL_FAULTS, Proxy
from tests.chaos.worker import config
from tests.postgresql import serving

ROOT = Path(__file__).resolve().parents[2]
MODES = ("pay", "async", "fork", "pay")


class Crew:
    """The workers, what is left for them to do, and what they said."""

    def __init__(self, orders: list[str], url: str, base: str, seed: int) -> None:
        self.left = {mode: orders[number :: len(MODES)] for number, mode in enumerate(MODES)}
        self.left = {
            f"{mode}-{number}": orders[number :: len(MODES)] for number, mode in enumerate(MODES)
        }
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.url, self.base = url, base
        self.dice = random.Random(seed)
        self.killed = 0
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.lock = threading.Lock()

    def start(self, name: str) -> None:
        mode = name.partition("-")[0]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.worker", mode, self.url, self.base],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'overlays'}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.running[name] = process
        threading.Thread(target=self._feed, args=(name, process), daemon=True).start()

    def _feed(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if name.startswith("recover"):
                for line in process.stdout:
                    self._hear(line)
                return
            while self.left[name]:
                order = self.left[name][0]
                process.stdin.write(f"{order}\n")
                process.stdin.flush()
                line = process.stdout.readline()
                if not line:
                    return
                self._hear(line)
                self.left[name].pop(0)
            process.stdin.close()
        except (OSError, ValueError):
            return

    def _hear(self, line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:  # it was killed in the middle of a word
            return
        with self.lock:
            self.told.setdefault(said["order"], []).append(said)

    def kill_one(self) -> None:
        name = self.dice.choice(list(self.running))
        self.running[name].kill()
        self.running[name].wait()
        self.killed += 1
        self.start(name)

    def mend(self) -> None:
        """Start again what ended by itself although there is work."""
        for name, process in list(self.running.items()):
            if process.poll() is not None and (self.left.get(name) or name == "recover"):
                self.start(name)

    @property
    def busy(self) -> bool:
        return any(self.left.values())

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.15, help="of connections with a fault")
    parser.add_argument("--kill-every", type=float, default=1.5, help="seconds")
    parser.add_argument("--crash-every", type=float, default=20.0, help="seconds")
    chosen = parser.parse_args()
    with serving() as server, Sandbox(port=0) as sandbox:
        return _chaos(chosen, server, sandbox)


def _chaos(chosen: argparse.Namespace, server: Any, sandbox: Any) -> int:
    direct = server.create()
    folder = ROOT / "migrations"
    scripts = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.sql")
    }
    migrate(direct, scripts)
    database = urlsplit(direct).path
    api = urlsplit(sandbox.url)
    http = Proxy(
        lambda: asyncio.open_connection(api.hostname, api.port),
        HTTP_FAULTS,
        chosen.share,
        chosen.seed,
    )
    sql = Proxy(
        lambda: asyncio.open_unix_connection(f"{server.folder}/.s.PGSQL.5432"),
        SQL_FAULTS,
        chosen.share / 3,
        chosen.seed + 1,
    )
    url = f"postgresql://postgres@127.0.0.1:{sql.port}{database}?sslmode=disable"
    base = f"http://127.0.0.1:{http.port}"
    orders = [f"order-{chosen.seed}-{number}" for number in range(chosen.orders)]
    crew = Crew(orders, url, base, chosen.seed)
    for name in (*crew.left, "recover"):
        crew.start(name)
    began = time.monotonic()
    crashes, next_kill, next_crash = 0, began + 2, began + chosen.crash_every
    while crew.busy:
        time.sleep(0.05)
        now = time.monotonic()
        if now > next_kill:
            crew.kill_one()
            next_kill = now + chosen.kill_every
        if now > next_crash:
            server.crash()
            crashes += 1
            next_crash = now + chosen.crash_every
        crew.mend()
    crew.end()
    print(f"{chosen.orders:,} orders in {time.monotonic() - began:.0f} s; calm from now on")
    unsettled = _settle(direct, sandbox)
    return _report(crew, orders, sandbox, unsettled, http, sql, crashes)


def _settle(url: str, sandbox: Any) -> list[Any]:
    """Recover without faults until nothing is left that a recovery may send."""
    with IdempotencyStore(url) as store:
        client = MolamClient(config(sandbox.url), idempotency_store=store)
        for _ in range(200):
            client.recover()
            left = store.journal().unsettled()
            if not left:
                return []
            time.sleep(1.0)
        return list(left)


def _report(
    crew: Crew,
    orders: list[str],
    sandbox: Any,
    unsettled: list[Any],
    http: Proxy,
    sql: Proxy,
    crashes: int,
) -> int:
    made = Counter(row["body"]["metadata"]["order"] for row in _payouts(sandbox))
    last = {order: crew.told.get(order, [{"told": "nothing"}])[-1]["told"] for order in orders}
    paid = [
        order for order in orders if any(each["told"] == "ok" for each in crew.told.get(order, ()))
    ]
    denied = [order for order in orders if last[order] in ("not_sent", "rejected")]
    rows = {
        "orders": len(orders),
        "told paid": len(paid),
        "told that nothing was done": len(denied),
        "told unknown": sum(1 for order in orders if last[order] == "maybe_processed"),
        "workers killed": crew.killed,
        "database crashed": crashes,
        **{f"http: {name}": count for name, count in sorted(http.met.items())},
        **{f"sql: {name}": count for name, count in sorted(sql.met.items())},
        "in the ledger": sum(made.values()),
        "TWICE": sum(1 for count in made.values() if count > 1),
        "LOST (told paid, not in the ledger)": sum(1 for order in paid if not made[order]),
        "DENIED (told nothing was done, and in the ledger)": sum(
            1 for order in denied if made[order] and order not in paid
        ),
        "LEFT OPEN": len(unsettled),
    }
    for name, count in rows.items():
        print(f"| {name} | {count:,} |")
    wrong = [name for name, count in rows.items() if name.split()[0].isupper() and count]
    return 1 if wrong else 0


def _payouts(sandbox: Any) -> list[Any]:
    rows = sandbox.core.state.rows("SELECT body FROM objects WHERE kind = 'payout'")
    return [{"body": json.loads(row["body"])} for row in rows]


if __name__ == "__main__":
    sys.exit(main())
