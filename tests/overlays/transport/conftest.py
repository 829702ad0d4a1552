"""One server, and each adapter behind the same plain call, whatever it runs on."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx
import pytest

from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request, Response

# Tests are imported by path (importlib mode), so their shared server has to be as well.
_spec = importlib.util.spec_from_file_location(
    "transport_server", Path(__file__).with_name("server.py")
)
assert _spec is not None
assert _spec.loader is not None
loopback = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = loopback
_spec.loader.exec_module(loopback)

HEADERS = {"Authorization": "Bearer sk_test_canary", "Idempotency-Key": "molam-1"}


class Caller:
    """An adapter, blocking or async, that is called like a blocking one."""

    def __init__(self, adapter: Any, run: Callable[..., Any], close: Callable[..., Any]) -> None:
        self.adapter = adapter
        self.run = run
        self._close = close

    def post(self, url: str, content: bytes = b'{"amount":1}', timeout: float = 10) -> Response:
        return self.exchange(Request("POST", url, HEADERS, content, None, timeout))

    def get(self, url: str, timeout: float = 10) -> Response:
        return self.exchange(Request("GET", url, HEADERS, None, None, timeout))

    def exchange(self, request: Request) -> Response:
        return self.run(self.adapter.exchange, request)

    def close(self) -> None:
        self.run(self._close)


MakeCaller = Callable[..., Caller]


@pytest.fixture
def server() -> Iterator[Any]:
    with loopback.Server() as running:
        yield running


@pytest.fixture(params=["sync", "asyncio", "trio"])
def make(request: pytest.FixtureRequest) -> Iterator[MakeCaller]:
    """Return what makes a caller from an adapter's arguments; ``own=True`` gives it a Client."""
    with ExitStack() as stack:
        if request.param == "sync":

            def run(function: Any, *args: Any) -> Any:
                return function(*args)

            def build(own: bool = False, **arguments: Any) -> Caller:
                client = stack.enter_context(httpx.Client()) if own else None
                adapter = HttpxAdapter(client, **arguments)
                stack.callback(adapter.close)
                return Caller(adapter, run, adapter.close)

        else:
            portal = stack.enter_context(anyio.from_thread.start_blocking_portal(request.param))
            run = portal.call

            def build(own: bool = False, **arguments: Any) -> Caller:
                client = httpx.AsyncClient() if own else None
                if client is not None:
                    stack.callback(portal.call, client.aclose)
                adapter = AsyncHttpxAdapter(client, **arguments)
                stack.callback(portal.call, adapter.aclose)
                return Caller(adapter, run, adapter.aclose)

        build.flavour = request.param  # type: ignore[attr-defined]
        yield build
