"""``python -m tests.chaos.leaks``: 100,000 calls that fail, are interrupted and cancelled; nothing may pile up.

One blocking and one async client, each with a journal, live through all of it. Counted after every
round: memory, descriptors, threads, tasks and taken connection slots.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import itertools
import logging
import os
import random
import signal
import socket
import struct
import sys
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from molam_overlays.store.migrate import migrate
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.exceptions import MolamError
from molam_sdk.idempotency import AsyncIdempotencyStore, IdempotencyStore

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 10
SLOTS = 4
TOGETHER = 8
"""Async calls at a time: twice the slots, so that some are cancelled while they wait for one."""
BODY = b'{"id":"po_1","object":"payout","status":"pending","amount":500,"currency":"XOF"}'
JSON, HTML = b"Content-Type: application/json\r\n", b"Content-Type: text/html\r\n"


def _answer(status: bytes, kind: bytes, body: bytes, more: int = 0) -> bytes:
    length = b"Content-Length: %d\r\n\r\n" % (len(body) + more)
    return b"HTTP/1.1 " + status + b"\r\n" + kind + length + body


ANSWERS: dict[str, bytes] = {
    "ok": _answer(b"200 OK", JSON, BODY),
    "500": _answer(b"500 Oops", JSON, b'{"error":{"type":"api_error","code":"x","message":"x"}}'),
    "429": _answer(b"429 Slow", JSON, b'{"error":{"type":"rate_limit_error","message":"x"}}'),
    "page": _answer(b"404 Not Found", HTML, b"<html></html>"),
    "cut": _answer(b"200 OK", JSON, BODY, more=1),
    "no http": b"SSH-2.0-x\r\n\r\n",
}
CLOSING = ("cut", "no http", "reset")
DICE = ("ok",) * 60 + ("500", "429", "page", *CLOSING) * 6 + ("silence",)


class _Bank(asyncio.Protocol):
    """Answers each request by the dice."""

    def __init__(self, dice: random.Random, met: Counter[str]) -> None:
        self._dice, self._met, self._seen = dice, met, b""
        self._wire: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, end, body = self._seen.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r")[0]
        if not end or len(body) < int(length or 0):
            return
        self._seen = b""
        what = self._dice.choice(DICE)
        self._met[what] += 1
        self._wire.write(ANSWERS.get(what, b""))
        if what == "reset":
            linger = struct.pack("ii", 1, 0)
            self._wire.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
        if what in CLOSING:
            self._wire.close()


@contextlib.contextmanager
def _bank(seed: int, met: Counter[str]) -> Iterator[str]:
    """Serve on loopback in a thread of its own; yield the URL."""
    loop, dice = asyncio.new_event_loop(), random.Random(seed)
    server = loop.run_until_complete(
        loop.create_server(lambda: _Bank(dice, met), "127.0.0.1", 0, backlog=512)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class Struck(BaseException):
    """What a signal handler raises in the middle of a call."""


def _strike(number: int, frame: object) -> None:
    raise Struck


class Count(NamedTuple):
    """What there is after a round."""

    calls: int
    blocks: int
    """Of memory that Python has handed out."""
    kilobytes: int
    """Of memory that the process holds."""
    descriptors: int
    threads: int
    tasks: int
    """At the end of the async part, but for its own."""
    slots: int
    """Taken while nobody calls."""


class Merchant:
    """Calls with both clients; counts what became of the calls."""

    def __init__(self, url: str, folder: str, seed: int) -> None:
        self.dice, self.told = random.Random(seed), Counter[str]()
        self.calls = self.tasks = self.async_slots = 0
        address = f"sqlite:///{folder}/store.db"
        scripts = {
            path.relative_to(ROOT / "migrations").as_posix(): path.read_text(encoding="utf-8")
            for path in (ROOT / "migrations").rglob("*.sql")
        }
        migrate(address, scripts)
        config = Config(api_key="sk_test_leaks", api_base=url, timeout=0.2, max_retries=2)
        self.adapter = HttpxAdapter(max_connections=SLOTS)
        self.async_adapter = AsyncHttpxAdapter(max_connections=SLOTS)
        self.store = IdempotencyStore(address)
        self.client = MolamClient(
            config, self.adapter, idempotency_store=self.store, sleep=lambda _: None
        )
        self.async_client = MolamAsyncClient(
            config,
            self.async_adapter,
            idempotency_store=AsyncIdempotencyStore(address),
            sleep=lambda _: asyncio.sleep(0),
        )

    def _call(self, client: Any) -> Any:
        if self.dice.random() < 0.5:
            return client.retrieve_payout("po_1")
        return client.create_payout(
            "shop", "seller", 500, "XOF", {"type": "bank_account", "account_number": "1"}
        )

    def block(self) -> None:
        """Make one call; interrupt one in three."""
        told = "ok"
        try:
            try:
                if self.dice.random() < 0.3:
                    signal.setitimer(signal.ITIMER_REAL, self.dice.uniform(1e-5, 3e-3))
                self._call(self.client)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except MolamError as error:
            told = type(error).__name__
        except Struck:
            told = "interrupted"
        self.calls += 1
        self.told[told] += 1

    async def wait(self, calls: int) -> None:
        """Make calls, some at a time; cancel one in three."""
        for _ in range(calls // TOGETHER):
            tasks = [asyncio.ensure_future(self._call(self.async_client)) for _ in range(TOGETHER)]
            for task in tasks:
                if self.dice.random() < 0.3:
                    later = self.dice.choice((0.0, self.dice.uniform(0, 0.03)))
                    asyncio.get_running_loop().call_later(later, task.cancel)
            for end in await asyncio.gather(*tasks, return_exceptions=True):
                self.told["async " + (type(end).__name__ if _is_error(end) else "ok")] += 1
            self.calls += TOGETHER
        self.tasks = len(asyncio.all_tasks()) - 1
        self.async_slots = self.async_adapter._lines.held

    def round(self, calls: int) -> Count:
        """Make half of the calls with each client; count what is left behind."""
        for _ in range(calls // 2):
            self.block()
        asyncio.run(self.wait(calls // 2))
        with warnings.catch_warnings():  # what was struck may leave its socket to the collector
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return Count(
            self.calls,
            sys.getallocatedblocks(),
            pages * os.sysconf("SC_PAGE_SIZE") // 1024,
            len(os.listdir("/proc/self/fd")),
            threading.active_count(),
            self.tasks,
            self.adapter._lines.held + self.async_slots,
        )


def _is_error(end: object) -> bool:
    if isinstance(end, BaseException) and not isinstance(end, (MolamError, asyncio.CancelledError)):
        raise end
    return isinstance(end, BaseException)


def leaks(counts: list[Count]) -> list[str]:
    """Name what has grown since the second round, when all that is made once had been made."""
    first, last = counts[1], counts[-1]
    calls = last.calls - first.calls
    room: dict[str, float] = {
        # A leak of one object in every call with a fault would be 0.3 blocks a call.
        "blocks": 3000 + calls / 50,
        "kilobytes": 8192 + calls / 20,
        "descriptors": 4 * SLOTS,  # both ends of what is kept for the next call
        "threads": SLOTS,
    }
    grown = [
        f"{name}: {getattr(first, name):,} -> {getattr(last, name):,} in {calls:,} calls"
        for name, most in room.items()
        if getattr(last, name) - getattr(first, name) > most
    ]
    return grown + [f"{name} left" for name in ("tasks", "slots") if getattr(last, name)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.leaks", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    logging.disable()
    signal.signal(signal.SIGALRM, _strike)
    sys.unraisablehook = lambda _: None  # it may strike in a weak reference's callback
    met: Counter[str] = Counter()
    print("| " + " | ".join(Count._fields) + " |", flush=True)
    with tempfile.TemporaryDirectory() as folder, _bank(chosen.seed, met) as url:
        merchant = Merchant(url, folder, chosen.seed)
        counts = []
        for _ in range(ROUNDS):
            counts.append(merchant.round(chosen.calls // ROUNDS))
            print("| " + " | ".join(f"{value:,}" for value in counts[-1]) + " |", flush=True)
    for name, number in itertools.chain(sorted(met.items()), sorted(merchant.told.items())):
        print(f"{name}: {number:,}")
    grown = leaks(counts)
    for line in grown:
        print(f"LEAK {line}")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
