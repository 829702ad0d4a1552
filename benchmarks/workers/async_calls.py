"""Async calls: ``python -m benchmarks.workers.async_calls CONTENDER URL``.

An order is the number of calls and how many are under way at a time; the result is calls per
second of the clock, CPU microseconds a call, and how many calls failed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.payload import ORDER, PATH, PAYMENT, compact
from benchmarks.workers.calls import KEY
from benchmarks.workers.loop import obey

Call = Callable[[], Awaitable[str]]


def molam(url: str, adapter: Any = None) -> Call:
    sdk = importlib.import_module("molam_sdk")
    make_key = importlib.import_module("molam_sdk.utils.idempotency").make_idempotency_key
    client = sdk.MolamAsyncClient(sdk.Config(api_key=KEY, api_base=url), adapter)

    async def call() -> str:
        intent = await client.create_payment_intent(**ORDER, idempotency_key=make_key())
        return str(intent.id)

    return call


def molam_speed(url: str) -> Call:
    pyreqwest = importlib.import_module("molam_sdk.http.pyreqwest")
    return molam(url, pyreqwest.AsyncPyreqwestAdapter())


def httpx_client(url: str) -> Call:
    httpx = importlib.import_module("httpx")
    # Its default time-outs would end most calls at 500 before they got a connection.
    client = httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}, timeout=60)

    async def call() -> str:
        return str((await client.post(f"{url}{PATH}", json=ORDER)).json()["id"])

    return call


def pyreqwest(url: str) -> Call:
    builder = importlib.import_module("pyreqwest.client").ClientBuilder
    client = builder().build()

    async def call() -> str:
        request = client.post(f"{url}{PATH}").bearer_auth(KEY).body_bytes(compact(ORDER))
        answer = await request.build().send()
        return str(json.loads(bytes(await answer.bytes()))["id"])

    return call


def stripe(url: str) -> Call:
    stripe = importlib.import_module("stripe")
    client = stripe.StripeClient(
        KEY, base_addresses={"api": url}, http_client=stripe.HTTPXClient(timeout=60)
    )

    async def call() -> str:
        return str((await client.v1.payment_intents.create_async(params=ORDER)).id)

    return call


def openai(url: str) -> Call:
    openai = importlib.import_module("openai")
    client = openai.AsyncOpenAI(api_key=KEY, base_url=url)

    async def call() -> str:
        return str((await client.completions.create(model="m", prompt="x" * 200)).id)

    return call


CONTENDERS: dict[str, Callable[[str], Call]] = {
    "molam": molam,
    "molam-speed": molam_speed,
    "httpx": httpx_client,
    "pyreqwest": pyreqwest,
    "stripe": stripe,
    "openai": openai,
}


async def run(call: Call, calls: int, concurrency: int) -> dict[str, Any]:
    """Make calls, `concurrency` of them at a time; count those that fail."""
    failures = 0
    turns = iter(range(calls))

    async def work() -> None:
        nonlocal failures
        for _ in turns:
            try:
                if await call() != PAYMENT["id"]:
                    failures += 1
            except Exception:  # noqa: BLE001 - whatever it is, it is a failed call
                failures += 1

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*[work() for _ in range(concurrency)])
    seconds = time.perf_counter() - began
    return {
        "rate": calls / seconds,
        "cpu": (time.process_time() - cpu) / calls * 1e6,
        "failures": failures,
    }


def main() -> None:
    name, url = sys.argv[1:]
    loop = asyncio.new_event_loop()

    async def make() -> Call:
        return CONTENDERS[name](url)

    call = loop.run_until_complete(make())
    obey(lambda order: loop.run_until_complete(run(call, order["calls"], order["concurrency"])))


if __name__ == "__main__":
    main()
