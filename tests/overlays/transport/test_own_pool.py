"""What is taken from the pool of a client of one's own, and when its owner's code is asked instead."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpcore
import httpx
import pytest

from molam_overlays.transport import own_pool
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request

BODY = b'{"id":"pi_1","status":"succeeded"}'


class Made:
    """Adapters over transports of httpx, called like blocking ones whatever they are."""

    def __init__(self, flavour: str, stack: ExitStack) -> None:
        self.asynchronous = flavour != "sync"
        self._stack = stack
        self.run: Callable[..., Any] = lambda function, *args: function(*args)
        if self.asynchronous:
            self.run = stack.enter_context(anyio.from_thread.start_blocking_portal(flavour)).call

    def transport(self, **arguments: Any) -> Any:
        return (httpx.AsyncHTTPTransport if self.asynchronous else httpx.HTTPTransport)(**arguments)

    def adapter(self, transport: Any) -> Any:
        if self.asynchronous:
            client: Any = httpx.AsyncClient(transport=transport)
            adapter: Any = AsyncHttpxAdapter(client)
            self._stack.callback(self.run, client.aclose)
            self._stack.callback(self.run, adapter.aclose)
        else:
            client = httpx.Client(transport=transport)
            adapter = HttpxAdapter(client)
            self._stack.callback(client.close)
            self._stack.callback(adapter.close)
        return adapter

    def post(self, adapter: Any, url: str) -> bytes:
        request = Request("POST", url, {}, b"{}", None, 5)
        answer: bytes = self.run(adapter.exchange, request).content
        return answer


@pytest.fixture(params=["sync", "asyncio", "trio"])
def made(request: pytest.FixtureRequest) -> Iterator[Made]:
    with ExitStack() as stack:
        yield Made(request.param, stack)


def stack_of(adapter: Any) -> Any:
    (lines,) = adapter._own._lines.values()
    return lines.stack if isinstance(adapter, HttpxAdapter) else lines._homes.each()[0]


def test_calls_leave_the_clients_own_pool_alone(server: Any, made: Made) -> None:
    transport = made.transport()
    adapter = made.adapter(transport)
    for _ in range(2):
        assert made.post(adapter, f"{server.url}/ok") == BODY
    assert transport._pool.connections == []
    assert server.connections == 1


def test_its_limits_hold(server: Any, made: Made) -> None:
    limits = httpx.Limits(max_connections=3, max_keepalive_connections=0, keepalive_expiry=None)
    adapter = made.adapter(made.transport(limits=limits))
    for _ in range(2):
        made.post(adapter, f"{server.url}/ok")
    stack = stack_of(adapter)
    assert (stack.limit, stack.expiry, stack.resting) == (3, float("inf"), 0)
    assert server.connections == 2


def test_local_address_and_socket_options_hold(server: Any, made: Made) -> None:
    option = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    adapter = made.adapter(made.transport(local_address="127.0.0.2", socket_options=[option]))
    assert made.post(adapter, f"{server.url}/ok") == BODY
    (slots,) = stack_of(adapter)._idle.values()
    stream = slots[0].line.connection._connection._network_stream
    sock = stream.get_extra_info("socket")
    assert sock.getsockname()[0] == "127.0.0.2"
    assert sock.getsockopt(*option[:2]) == 1


def test_a_unix_socket_is_connected_to(made: Made, tmp_path: Path) -> None:
    path = str(tmp_path / "api.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def serve() -> None:
            with listening.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                connection.recv(65536)

        thread = threading.Thread(target=serve)
        thread.start()
        adapter = made.adapter(made.transport(uds=path))
        assert made.post(adapter, "http://api.molam.test/x") == b"ok"
        made.run(adapter.aclose if made.asynchronous else adapter.close)
        thread.join()


def strip_backend(transport: Any) -> None:
    del transport._pool._network_backend


def strip_limit(transport: Any) -> None:
    del transport._pool._max_keepalive_connections


def other_backend(transport: Any) -> None:
    class Backend(type(transport._pool._network_backend)):  # type: ignore[misc]
        pass

    transport._pool._network_backend = Backend()


def replaced_method(transport: Any) -> None:
    name = (
        "handle_async_request" if hasattr(transport, "handle_async_request") else "handle_request"
    )
    setattr(transport, name, getattr(transport, name))


def replaced_method_of_the_pool(transport: Any) -> None:
    replaced_method(transport._pool)


@pytest.mark.parametrize(
    "change",
    [strip_backend, strip_limit, other_backend, replaced_method, replaced_method_of_the_pool],
)
def test_a_pool_that_is_another_than_httpcores_is_gone_through(
    made: Made, change: Callable[[Any], None]
) -> None:
    transport = made.transport()
    assert own_pool.pool_of(transport) is transport._pool
    change(transport)
    assert own_pool.pool_of(transport) is None


def test_a_class_that_a_recorder_has_changed_is_gone_through(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = []
    genuine = httpcore.ConnectionPool.handle_request

    def record(pool: Any, request: Any) -> Any:
        recorded.append(request.method)
        return genuine(pool, request)

    monkeypatch.setattr(httpcore.ConnectionPool, "handle_request", record)
    with httpx.Client() as client:
        adapter = HttpxAdapter(client)
        assert adapter.exchange(Request("POST", f"{server.url}/ok", {}, b"{}", None, 5)).content
    assert recorded == [b"POST"]
