"""A merchant's workers, for the tests that kill them.

Reads jobs from standard input, one JSON object a line, and runs each in a process of its own, which
it forks: a fork costs a tenth of starting Python anew, and dies just as dead. Answers with one line
of exit codes a job. A job is::

    {"workers": [{"mode": "pay", "store": URL, "api_base": URL, "api_key": KEY, "order": ID,
                  "keys": "own", "call": "capture", "point": "sent", "after": null}]}

``mode``: ``pay`` takes an order through a client that keeps a journal, ``run`` does so under a claim
of the store, ``await`` does that with the async client and store, ``recover`` settles what is open. ``keys``: ``own`` are made of the order's id;
``minted`` are the SDK's, which nobody but the journal knows after a crash. The worker kills itself
with SIGKILL at ``point`` of ``call``, or is killed ``after`` so many seconds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
import traceback
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.http.adapter import HttpxAdapter
from molam_sdk.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_sdk.models import PaymentIntent

ROUTE = "POST /checkout"
AMOUNT = 2500
CALLS = ("create", "confirm", "capture")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Crash:
    """Where to die."""

    def __init__(self, call: str | None, point: str | None) -> None:
        self.call, self.point = call, point

    def reach(self, call: str, point: str) -> None:
        if (call, point) == (self.call, self.point):
            die()

    def around(self, journal: Any) -> Any:
        """Return a journal that reaches points before and after each of its steps."""
        write_ahead, settle = journal.write_ahead, journal.settle
        calls: dict[Any, str] = {}

        def writing(entry: Any, *args: Any) -> Any:
            call = name_of(entry.path)
            self.reach(call, "before write-ahead")
            ticket = write_ahead(entry, *args)
            calls[ticket] = call
            self.reach(call, "written")
            return ticket

        def settling(ticket: Any, outcome: str) -> Any:
            self.reach(calls[ticket], "before settle")
            settled = settle(ticket, outcome)
            self.reach(calls[ticket], "settled")
            return settled

        journal.write_ahead, journal.settle = writing, settling
        return journal


class Dying:
    """An adapter that dies before an answer is there, while it comes, or just after."""

    def __init__(self, crash: Crash) -> None:
        self.crash = crash
        self.inner = HttpxAdapter()

    def send(
        self, method: str, url: str, headers: Any, json: Any = None, timeout: float = 10
    ) -> tuple[int, str, Any]:
        call = name_of(urlsplit(url).path) if method == "POST" else ""
        if call and call == self.crash.call and self.crash.point in ("sent", "answering"):
            self.send_and_die(method, url, headers, json)
        answer = self.inner.send(
            method=method, url=url, headers=headers, json=json, timeout=timeout
        )
        self.crash.reach(call, "answered")
        return answer

    def send_and_die(self, method: str, url: str, headers: Any, data: Any) -> None:
        parts = urlsplit(url)
        body = b"" if data is None else json.dumps(data).encode()
        lines = [f"{method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall("\r\n".join(lines).encode() + body)
            if self.crash.point == "answering":
                connection.recv(1, socket.MSG_PEEK)
            die()

    def close(self) -> None:
        self.inner.close()


def name_of(path: str) -> str:
    last = path.rpartition("/")[2]
    return last if last in CALLS else "create"


def pay(client: MolamClient, order: str, keys: str) -> PaymentIntent:
    """Take an order to its end, from wherever an earlier worker left it."""

    def key(call: str) -> str | None:
        return f"{order}-{call}" if keys == "own" else None

    found = [] if keys == "own" else list(client.list_payment_intents(limit=100))
    payment = next((each for each in found if each["metadata"]["order"] == order), None)
    if payment is None:
        payment = client.create_payment_intent(
            AMOUNT, "USD", metadata={"order": order}, idempotency_key=key("create")
        )
    if payment.status in ("requires_confirmation", "requires_payment_method"):
        payment = client.confirm_payment_intent(payment.id, "pm_success", key("confirm"))
    if payment.status == "requires_capture":
        payment = client.capture_payment_intent(payment.id, idempotency_key=key("capture"))
    assert payment.status == "succeeded", payment.status
    return payment


def work(job: dict[str, Any]) -> None:
    crash = Crash(job["call"], job["point"])
    config = Config(api_key=job["api_key"], api_base=job["api_base"], timeout=10)
    with IdempotencyStore(job["store"]) as store:
        journal = crash.around(store.journal())
        with MolamClient(config, Dying(crash), idempotency_store=journal) as client:
            if job["mode"] == "recover":
                client.recover()
            elif job["mode"] == "pay":
                pay(client, job["order"], job["keys"])
            else:
                # A short lease, since the successor of a dead worker has to wait for its end.
                store.run(
                    job["order"],
                    ROUTE,
                    partial(claimed, crash, client, job),
                    lease_seconds=0.3,
                    wait_seconds=30,
                )
                crash.reach("run", "completed")


def claimed(crash: Crash, client: MolamClient, job: dict[str, Any]) -> PaymentIntent:
    crash.reach("run", "claimed")
    payment = pay(client, job["order"], job["keys"])
    crash.reach("run", "worked")
    return payment


async def work_awaiting(job: dict[str, Any]) -> None:
    config = Config(api_key=job["api_key"], api_base=job["api_base"], timeout=10)
    order = job["order"]

    async def work() -> PaymentIntent:
        payment = await client.create_payment_intent(
            AMOUNT, "USD", metadata={"order": order}, idempotency_key=f"{order}-create"
        )
        await client.confirm_payment_intent(payment.id, "pm_success", f"{order}-confirm")
        return await client.capture_payment_intent(payment.id, idempotency_key=f"{order}-capture")

    async with (
        AsyncIdempotencyStore(job["store"]) as store,
        MolamAsyncClient(config, idempotency_store=store) as client,
    ):
        paid = await store.run(order, ROUTE, work, lease_seconds=0.3, wait_seconds=30)
        assert paid["status"] == "succeeded", paid


def start(job: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        try:
            if job["mode"] == "await":
                asyncio.run(work_awaiting(job))
            else:
                work(job)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    return child


def run(jobs: list[dict[str, Any]]) -> list[int]:
    """Run workers at the same time, kill those that are to be killed, return the exit codes."""
    began = time.monotonic()
    started = [start(job) for job in jobs]
    due = [
        (job["after"], child)
        for job, child in zip(jobs, started, strict=True)
        if job["after"] is not None
    ]
    for after, child in sorted(due):
        time.sleep(max(0.0, began + after - time.monotonic()))  # the moment is what is random
        os.kill(child, signal.SIGKILL)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in started]


if __name__ == "__main__":
    logging.disable()  # keys that are minted are minted on purpose here
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line)["workers"])), flush=True)
