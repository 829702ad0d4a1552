"""One async adapter under many event loops: after one another, at once, and of every kind."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import trio
import uvloop

from molam_overlays.errors import ClientClosedError
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.wire import Request

BODY = b'{"id":"pi_1","status":"succeeded"}'


def pyreqwest_adapter() -> Any:
    module = pytest.importorskip("molam_overlays.transport.pyreqwest", reason="needs extra speed")
    return module.AsyncPyreqwestAdapter()


def own_httpx2() -> Any:
    httpx2 = pytest.importorskip("httpx2", reason="needs Python 3.11")
    return AsyncHttpxAdapter(httpx2.AsyncClient())


MAKES: dict[str, Callable[[], Any]] = {
    "default": AsyncHttpxAdapter,
    "own client": lambda: AsyncHttpxAdapter(httpx.AsyncClient()),
    "own client of httpx2": own_httpx2,
    "pyreqwest": pyreqwest_adapter,
}
RUNS: dict[str, Callable[[Any], Any]] = {
    "asyncio": lambda function: asyncio.run(function()),
    "uvloop": lambda function: uvloop.run(function()),
    "trio": trio.run,
}


@pytest.fixture(params=MAKES)
def adapter(request: pytest.FixtureRequest) -> Any:
    return MAKES[request.param]()


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest, adapter: Any) -> Any:
    if request.param == "trio" and not isinstance(adapter, AsyncHttpxAdapter):
        pytest.skip("pyreqwest runs on asyncio alone")
    return RUNS[request.param]


def post(url: str) -> Request:
    return Request("POST", url, {}, b"{}", None, 10)


def test_an_adapter_serves_one_loop_after_another(server: Any, adapter: Any, run: Any) -> None:
    async def twice() -> None:
        for _ in range(2):
            assert (await adapter.exchange(post(f"{server.url}/ok"))).content == BODY

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            run(twice)
            gc.collect()
    assert len(server.seen) == 6
    if isinstance(adapter, AsyncHttpxAdapter):
        assert server.connections == 3  # reused on a loop, and closed with it
        server.wait_until(lambda: not server.open)


def test_loops_at_once_have_connections_of_their_own(server: Any) -> None:
    adapter = AsyncHttpxAdapter(max_connections=1)
    meeting = threading.Barrier(4)
    failed: list[BaseException] = []

    async def call() -> None:
        try:
            await adapter.exchange(post(f"{server.url}/ok"))
            meeting.wait(20)  # one connection on each loop, and none stands in another's way
            for _ in range(20):
                await adapter.exchange(post(f"{server.url}/ok"))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=lambda: asyncio.run(call())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert server.connections == 4
    server.wait_until(lambda: not server.open)


def test_a_call_in_a_generator_that_the_loop_closes_at_its_end_still_works(server: Any) -> None:
    adapter, told = AsyncHttpxAdapter(), []

    async def generate() -> Any:
        try:
            yield
        finally:
            told.append((await adapter.exchange(post(f"{server.url}/ok"))).content)

    async def main() -> Any:
        await adapter.exchange(post(f"{server.url}/ok"))
        generator = generate()
        await generator.__anext__()
        return generator

    with warnings.catch_warnings():
        # asyncio warns of whatever generator begins then, httpx's own among them.
        warnings.simplefilter("ignore", ResourceWarning)
        kept = asyncio.run(main())
    assert told == [BODY]
    del kept
    server.wait_until(lambda: not server.open)


def test_closing_on_one_loop_closes_on_the_others(server: Any) -> None:
    adapter = AsyncHttpxAdapter()
    opened, closed, over = threading.Event(), threading.Event(), threading.Event()
    failed: list[BaseException] = []

    async def elsewhere() -> None:
        await adapter.exchange(post(f"{server.url}/ok"))
        opened.set()
        await asyncio.to_thread(closed.wait, 20)
        try:
            await adapter.exchange(post(f"{server.url}/ok"))
        except ClientClosedError as error:
            failed.append(error)
        await asyncio.to_thread(over.wait, 20)

    other = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    other.start()
    opened.wait(20)
    asyncio.run(adapter.aclose())
    server.wait_until(lambda: not server.open)  # while the other loop still runs
    closed.set()
    over.set()
    other.join()
    assert len(failed) == 1


def test_an_adapter_that_nobody_closed_is_closed_with_what_held_it(server: Any) -> None:
    async def main() -> None:
        adapter = AsyncHttpxAdapter()
        await adapter.exchange(post(f"{server.url}/ok"))
        del adapter
        until = time.monotonic() + 10
        while server.open:
            assert time.monotonic() < until
            await asyncio.sleep(0.001)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())
        gc.collect()


class Through(httpx.AsyncBaseTransport):
    """A transport of somebody's own, which we can make no connections for."""

    def __init__(self) -> None:
        self.inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.inner.handle_async_request(request)


def test_a_transport_of_ones_own_stays_on_its_loop_and_says_so(server: Any) -> None:
    adapter = AsyncHttpxAdapter(httpx.AsyncClient(transport=Through()))

    async def once() -> None:
        await adapter.exchange(post(f"{server.url}/last"))

    asyncio.run(once())
    with pytest.raises(ClientClosedError, match="on another event loop"):
        asyncio.run(once())
    assert len(server.seen) == 1
