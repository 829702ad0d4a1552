"""The async adapter's connections: cancellation, fairness, limits, event loops."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any

import anyio
import httpx
import pytest

from molam_overlays import errors
from molam_overlays.errors import ClientClosedError
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.wire import Request

BODY = b'{"id":"pi_1","status":"succeeded"}'
BOTH = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
PATHS = ["ok", "chunked", "gzipped", "long", "short", "reset", "close-after", "drip-body", "large"]


def post(url: str, content: bytes = b"{}", timeout: float = 10) -> Request:
    return Request("POST", url, {}, content, None, timeout)


async def cancel_at_random(adapter: AsyncHttpxAdapter, url: str, calls: int, seed: int) -> int:
    """Make calls, cancel most of them at a random moment, and return how many were."""
    chance = random.Random(seed)
    cancelled = 0

    async def one() -> None:
        nonlocal cancelled
        with anyio.move_on_after(chance.uniform(0, 0.02)) as scope:
            with contextlib.suppress(errors.NetworkError):
                await adapter.exchange(post(f"{url}/{chance.choice(PATHS)}"))
        cancelled += scope.cancelled_caught

    for _ in range(calls // 20):
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(one)
    return cancelled


@BOTH
async def test_cancelled_calls_neither_leak_nor_poison_connections(
    server: Any, anyio_backend: str
) -> None:
    adapter = AsyncHttpxAdapter(max_connections=8)
    cancelled = await cancel_at_random(adapter, server.url, 400, seed=7)
    assert cancelled > 50
    for number in range(100):
        content = b"%d" % number
        assert (await adapter.exchange(post(f"{server.url}/echo", content))).content == content
    assert adapter._lines.held == 0
    assert len(adapter._lines._homes.each()[0]._slots) <= 8
    await adapter.aclose()
    await anyio.to_thread.run_sync(server.wait_until, lambda: not server.open)


@BOTH
async def test_cancellation_from_outside_is_not_swallowed(server: Any, anyio_backend: str) -> None:
    adapter = AsyncHttpxAdapter()
    with anyio.move_on_after(0.1) as scope:
        await adapter.exchange(post(f"{server.url}/stall"))
    assert scope.cancelled_caught
    await adapter.aclose()


async def test_a_cancelled_task_ends_cancelled(server: Any) -> None:
    adapter = AsyncHttpxAdapter()
    task = asyncio.create_task(adapter.exchange(post(f"{server.url}/stall")))  # type: ignore[arg-type]
    await anyio.to_thread.run_sync(server.wait_until, lambda: server.seen)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert adapter._lines.held == 0
    await adapter.aclose()


@BOTH
async def test_who_waits_is_served_in_turn(server: Any, anyio_backend: str) -> None:
    adapter = AsyncHttpxAdapter(max_connections=1)
    served: list[int] = []

    async def one(number: int) -> None:
        await adapter.exchange(post(f"{server.url}/ok"))
        served.append(number)

    async with anyio.create_task_group() as group:
        for number in range(30):
            group.start_soon(one, number)
            await anyio.lowlevel.checkpoint()
    await adapter.aclose()
    assert served == list(range(30))
    assert server.connections == 1


@BOTH
async def test_a_thousand_calls_at_once_keep_to_the_limit(server: Any, anyio_backend: str) -> None:
    adapter = AsyncHttpxAdapter(max_connections=10)
    async with anyio.create_task_group() as group:
        for _ in range(1000):
            group.start_soon(adapter.exchange, post(f"{server.url}/ok"))
    await adapter.aclose()
    assert len(server.seen) == 1000
    assert server.connections <= 10


@BOTH
async def test_waiting_for_a_connection_times_out_unsent(server: Any, anyio_backend: str) -> None:
    adapter = AsyncHttpxAdapter(max_connections=1)
    async with anyio.create_task_group() as group:
        group.start_soon(adapter.exchange, post(f"{server.url}/stall"))
        await anyio.to_thread.run_sync(server.wait_until, lambda: server.seen)
        with pytest.raises(errors.TimeoutError, match=r"came free within 0\.1 s") as caught:
            await adapter.exchange(post(f"{server.url}/ok", timeout=0.1))
        group.cancel_scope.cancel()
    assert caught.value.delivery == "not_sent"
    assert (await adapter.exchange(post(f"{server.url}/ok"))).content == BODY
    await adapter.aclose()


@BOTH
async def test_closing_wakes_who_waits_for_a_connection(server: Any, anyio_backend: str) -> None:
    adapter = AsyncHttpxAdapter(max_connections=1)
    caught: list[BaseException] = []

    async def wait() -> None:
        try:
            await adapter.exchange(post(f"{server.url}/ok"))
        except ClientClosedError as error:
            caught.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(adapter.exchange, post(f"{server.url}/stall"))
        await anyio.to_thread.run_sync(server.wait_until, lambda: server.seen)
        group.start_soon(wait)
        while not adapter._lines._homes.each()[0]._queue:
            await anyio.lowlevel.checkpoint()
        await adapter.aclose()
        while not caught:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert adapter._lines.held == 0


@BOTH
async def test_the_deadline_holds_for_a_client_of_ones_own(server: Any, anyio_backend: str) -> None:
    async with httpx.AsyncClient() as client:
        adapter = AsyncHttpxAdapter(client)
        with pytest.raises(errors.TimeoutError):
            await adapter.exchange(post(f"{server.url}/drip-header", timeout=0.2))


@BOTH
async def test_a_failure_that_is_not_of_the_wire_passes_and_frees_the_connection(
    server: Any, anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = AsyncHttpxAdapter(max_connections=1)
    with monkeypatch.context() as patch:
        patch.setattr("molam_overlays.transport.httpx_async.Body", None)
        with pytest.raises(TypeError):
            await adapter.exchange(post(f"{server.url}/ok"))
    assert (await adapter.exchange(post(f"{server.url}/ok", timeout=1))).content == BODY
    await adapter.aclose()
    assert [seen.connection for seen in server.seen] == [1, 2]


@BOTH
async def test_a_large_body_goes_out_whole(server: Any, anyio_backend: str) -> None:
    adapter = AsyncHttpxAdapter()
    content = random.Random(1).randbytes(3_000_000)
    assert (await adapter.exchange(post(f"{server.url}/echo", content))).content == content
    await adapter.aclose()
