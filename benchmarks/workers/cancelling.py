"""Random cancellations: ``python -m benchmarks.workers.cancelling ADAPTER URL``.

An order is how many calls to cancel and how many to make cleanly afterwards. Every clean call sends
something of its own and must get exactly that back, at once: a connection that a cancelled call has
left in the middle of its response would answer with that, a slot that leaked would make it wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import random
import sys
from typing import Any

from benchmarks.workers.loop import obey
from molam_overlays.wire import Request

SEED = 20250116
AT_ONCE = 100
LIMIT = 20
"""Connections that the default adapter may have: a fifth of those who want one."""


def _request(url: str, content: bytes) -> Request:
    return Request("POST", url, {"Content-Type": "application/json"}, content, None, 10)


async def cancel(adapter: Any, url: str, calls: int, chance: random.Random) -> int:
    """Make calls and cancel each at a random moment; return how many that hit in time."""
    cancelled = 0

    async def one() -> None:
        nonlocal cancelled
        path = chance.choice(["/echo", "/slow/3", "/slow/10"])
        task = asyncio.ensure_future(adapter.exchange(_request(f"{url}{path}", b"cancelled")))
        await asyncio.sleep(chance.uniform(0, 0.015))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        cancelled += task.cancelled()

    made = 0
    while cancelled < calls:
        await asyncio.gather(*[one() for _ in range(AT_ONCE)])
        made += AT_ONCE
        if made > 20 * calls:
            raise SystemExit("calls finish before they can be cancelled")
    return cancelled


async def clean(adapter: Any, url: str, calls: int) -> int:
    """Make calls that nobody cancels; return how many went wrong."""
    failures = 0
    turns = iter(range(calls))

    async def work() -> None:
        nonlocal failures
        for number in turns:
            content = b'{"number":%d}' % number
            try:
                answer = await adapter.exchange(_request(f"{url}/echo", content))
                failures += answer.status != 200 or answer.content != content
            except Exception:  # noqa: BLE001 - whatever it is, it is a failed call
                failures += 1

    await asyncio.gather(*[work() for _ in range(LIMIT)])
    return failures


async def run(kind: str, url: str, order: dict[str, Any]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    noises: list[str] = []
    loop.set_exception_handler(lambda _, context: noises.append(str(context.get("message"))))
    if kind == "default":
        adapters = importlib.import_module("molam_sdk.http.adapter")
        adapter = adapters.AsyncHttpxAdapter(max_connections=LIMIT, keepalive_expiry=0.5)
    else:
        pyreqwest = importlib.import_module("molam_sdk.http.pyreqwest")
        adapter = pyreqwest.AsyncPyreqwestAdapter(keepalive_expiry=0.5)
    cancelled = await cancel(adapter, url, order["cancel"], random.Random(SEED))
    failures = await clean(adapter, url, order["clean"])
    # The server drops every connection; the next calls must notice before they send a POST.
    await adapter.exchange(_request(f"{url}/drop", b"{}"))
    await asyncio.sleep(0.1)
    dead = await clean(adapter, url, LIMIT * 5)
    # The expiry passes; the next call closes what has become too old, and another one counts.
    await asyncio.sleep(0.8)
    await adapter.exchange(_request(f"{url}/echo", b"{}"))
    await asyncio.sleep(0.1)
    counted = await adapter.exchange(_request(f"{url}/connections", b"{}"))
    idle = json.loads(counted.content)["open"]
    await adapter.aclose()
    await asyncio.sleep(0.1)
    return {
        "cancelled": cancelled,
        "failures": failures,
        "dead": dead,
        "idle": idle,
        "noises": noises,
    }


def main() -> None:
    kind, url = sys.argv[1:]
    obey(lambda order: asyncio.run(run(kind, url, order)))


if __name__ == "__main__":
    main()
