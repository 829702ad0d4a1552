"""One server, and each adapter behind the same plain call, whatever it runs on."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio.from_thread
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


@pytest.fixture(params=["httpx", "httpx2"])
def own(request: pytest.FixtureRequest) -> str:
    """The library that a client of one's own is of."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip("needs Python 3.11")
    return str(request.param)


HTTPX = ("sync", "asyncio", "trio")
PYREQWEST = ("pyreqwest", "pyreqwest-asyncio")


@pytest.fixture(params=HTTPX)
def make(request: pytest.FixtureRequest) -> Iterator[MakeCaller]:
    """Return what makes a caller from an adapter's arguments; ``own="httpx"`` gives it a Client."""
    with ExitStack() as stack:
        yield _maker(request.param, stack)


@pytest.fixture(
    params=[
        *HTTPX,
        *(
            pytest.param(
                flavour,
                marks=pytest.mark.skipif(
                    importlib.util.find_spec("pyreqwest") is None, reason="needs extra speed"
                ),
            )
            for flavour in PYREQWEST
        ),
    ]
)
def make_any(request: pytest.FixtureRequest) -> Iterator[MakeCaller]:
    """As `make`, for the adapters on pyreqwest as well; they take no client of one's own."""
    with ExitStack() as stack:
        yield _maker(request.param, stack)


def _maker(flavour: str, stack: ExitStack) -> MakeCaller:
    name, _, loop = flavour.partition("-")
    loop = loop or ("" if name in ("sync", "pyreqwest") else name)
    run: Callable[..., Any] = lambda function, *args: function(*args)  # noqa: E731
    if loop:
        run = stack.enter_context(anyio.from_thread.start_blocking_portal(loop)).call

    def build(own: str = "", of_client: Any = None, **arguments: Any) -> Caller:
        adapter: Any
        http: Any = importlib.import_module(own) if own else None
        if name == "pyreqwest":
            from molam_overlays.transport import pyreqwest

            made = pyreqwest.AsyncPyreqwestAdapter if loop else pyreqwest.PyreqwestAdapter
            adapter = made(**arguments)
        elif loop:
            client = http.AsyncClient(**of_client or {}) if own else None
            if client is not None:
                stack.callback(run, client.aclose)
            adapter = AsyncHttpxAdapter(client, **arguments)
        else:
            client = stack.enter_context(http.Client(**of_client or {})) if own else None
            adapter = HttpxAdapter(client, **arguments)
        close = adapter.aclose if loop else adapter.close
        stack.callback(run, close)
        return Caller(adapter, run, close)

    build.flavour = flavour  # type: ignore[attr-defined]
    return build
