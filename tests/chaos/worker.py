"""One of the merchant's processes: pays the orders that it reads, or recovers now and then.

``python -m tests.chaos.worker pay|fork|async|recover STORE API_BASE``; orders come in on standard input,
one a line, and what became of each goes out, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from typing import Any

from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.exceptions import MolamError
from molam_sdk.idempotency import AsyncIdempotencyStore, IdempotencyStore

ROUTE = "POST /orders"
BENEFICIARY = {"type": "bank_account", "account_number": "123456789", "bank_code": "SN001"}


def config(base: str) -> Config:
    return Config(api_key="sk_test_chaos", api_base=base, timeout=2.0, max_retries=2)


def told(order: str, what: str, **facts: Any) -> None:
    print(json.dumps({"order": order, "told": what, **facts}), flush=True)


def pay(store: IdempotencyStore, client: MolamClient, order: str) -> None:
    def work() -> dict[str, str]:
        made = client.create_payout(
            "shop", "seller", 500, "XOF", BENEFICIARY, {"order": order}, order
        )
        return {"id": made.id}

    try:
        answer = store.run(order, ROUTE, work, lease_seconds=20.0, wait_seconds=5.0)
    except MolamError as error:
        told(order, error.delivery, error=type(error).__name__)
    else:
        told(order, "ok", id=answer["id"])


def work(mode: str, url: str, base: str) -> None:
    with IdempotencyStore(url) as store:
        client = MolamClient(config(base), idempotency_store=store)
        if mode == "recover":
            while True:
                try:
                    for row in client.recover():
                        told(row.key, f"recovered {row.outcome}", detail=row.detail)
                except MolamError as error:
                    told("", "not recovered", error=type(error).__name__)
                time.sleep(1.0)
        for line in sys.stdin:
            order = line.strip()
            if mode == "fork":
                child = os.fork()
                if child == 0:
                    pay(store, client, order)
                    os._exit(0)
                os.waitpid(child, 0)
            else:
                pay(store, client, order)


async def awork(url: str, base: str) -> None:
    store = AsyncIdempotencyStore(url)
    client = MolamAsyncClient(config(base), idempotency_store=store)

    async def apay(order: str) -> None:
        async def doing() -> dict[str, str]:
            made = await client.create_payout(
                "shop", "seller", 500, "XOF", BENEFICIARY, {"order": order}, order
            )
            return {"id": made.id}

        try:
            answer = await store.run(order, ROUTE, doing, lease_seconds=20.0, wait_seconds=5.0)
        except MolamError as error:
            told(order, error.delivery, error=type(error).__name__)
        else:
            told(order, "ok", id=answer["id"])

    while line := await asyncio.to_thread(sys.stdin.readline):
        await apay(line.strip())


if __name__ == "__main__":
    logging.disable()
    mode, url, base = sys.argv[1:]
    if mode == "async":
        asyncio.run(awork(url, base))
    else:
        work(mode, url, base)
