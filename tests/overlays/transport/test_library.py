"""What is taken from a client of one's own, and when its owner's code is asked instead.

Each private name of httpx and httpx2 that we use is there, and there is a way on without it.
"""

from __future__ import annotations

import importlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio.from_thread
import httpcore
import httpx
import pytest

from molam_overlays.errors import NetworkError
from molam_overlays.transport import library
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request

BODY = b'{"id":"pi_1","status":"succeeded"}'


class Made:
    """Adapters over transports of httpx, called like blocking ones whatever they are."""

    def __init__(self, flavour: str, stack: ExitStack) -> None:
        loop, _, name = flavour.partition("-")
        self.http: Any = importlib.import_module(name or "httpx")
        self.asynchronous = loop != "sync"
        self._stack = stack
        self.run: Callable[..., Any] = lambda function, *args: function(*args)
        if self.asynchronous:
            self.run = stack.enter_context(anyio.from_thread.start_blocking_portal(loop)).call

    def transport(self, **arguments: Any) -> Any:
        return self.kind(**arguments)

    @property
    def kind(self) -> Any:
        return self.http.AsyncHTTPTransport if self.asynchronous else self.http.HTTPTransport

    def adapter(self, transport: Any) -> Any:
        if self.asynchronous:
            client: Any = self.http.AsyncClient(transport=transport)
            adapter: Any = AsyncHttpxAdapter(client)
            self._stack.callback(self.run, client.aclose)
            self._stack.callback(self.run, adapter.aclose)
        else:
            client = self.http.Client(transport=transport)
            adapter = HttpxAdapter(client)
            self._stack.callback(client.close)
            self._stack.callback(adapter.close)
        return adapter

    def post(self, adapter: Any, url: str) -> bytes:
        request = Request("POST", url, {}, b"{}", None, 5)
        answer: bytes = self.run(adapter.exchange, request).content
        return answer


needs_httpx2 = pytest.mark.skipif(find_spec("httpx2") is None, reason="needs Python 3.11")
FLAVOURS = [
    *("sync", "asyncio", "trio"),
    *(pytest.param(f"{each}-httpx2", marks=needs_httpx2) for each in ("sync", "asyncio", "trio")),
]


@pytest.fixture(params=FLAVOURS)
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
    limits = made.http.Limits(max_connections=3, max_keepalive_connections=0, keepalive_expiry=None)
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
    of = library.library_of(transport)
    assert of.pool_of(transport) is transport._pool
    change(transport)
    assert of.pool_of(transport) is None


def test_a_class_that_a_recorder_has_changed_is_gone_through(
    server: Any, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = []
    http = importlib.import_module(own)
    with http.Client() as client:
        core = library.library_of(client).core
        genuine = core.ConnectionPool.handle_request

        def record(pool: Any, request: Any) -> Any:
            recorded.append(request.method)
            return genuine(pool, request)

        monkeypatch.setattr(core.ConnectionPool, "handle_request", record)
        adapter = HttpxAdapter(client)
        assert adapter.exchange(Request("POST", f"{server.url}/ok", {}, b"{}", None, 5)).content
    assert recorded == [b"POST"]


# Private names: that they are there, and what comes without them.


def test_a_library_that_was_only_named_is_not_imported() -> None:
    code = (
        "import sys, httpx, molam_sdk\n"
        "from molam_sdk.http.adapter import HttpxAdapter\n"
        "HttpxAdapter(httpx.Client()).close()\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('httpx2', 'httpcore2')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_process_that_calls_httpx2_httpx_has_one_library() -> None:
    pytest.importorskip("httpx2", reason="needs Python 3.11")
    code = (
        "import httpx2; httpx2.alias_httpx()\n"
        "from molam_sdk import Config, MolamClient\n"
        "from molam_overlays.transport.library import HTTPX, library_of\n"
        "with httpx2.Client() as own: assert library_of(own) is HTTPX\n"
        "config = Config(api_key='sk_test_1', api_base='http://127.0.0.1:1', max_retries=0)\n"
        "try: MolamClient(config).list_refunds()\n"
        "except Exception as error: print(HTTPX.name, HTTPX.core.__name__, error.delivery)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "httpx2 httpcore2 not_sent"


def test_each_private_name_is_still_there(server: Any, made: Made) -> None:
    adapter = made.adapter(made.transport())
    client = adapter._client
    assert callable(client._transport_for_url)
    assert client._default_encoding == "utf-8"
    assert client._state.name == "UNOPENED"
    assert client._transport._pool._requests == []
    assert isinstance(client._mounts, dict)
    made.post(adapter, f"{server.url}/ok")
    (slots,) = stack_of(adapter)._idle.values()
    connection = slots[0].line.connection
    assert connection._connection._h11_state.trailing_data == (b"", False)
    if made.asynchronous:
        assert connection._request_lock is connection._connection._state_lock is library._FREE
    core = library.library_of(client).core.__name__
    for half in ("sync", "async"):
        assert find_spec(f"{core}._{half}.http2")


def test_a_transport_that_keeps_its_pool_elsewhere_is_done_without(
    server: Any, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def aclose(self: Any) -> None:
        self._elsewhere.close()

    def close(self: Any) -> None:
        self._elsewhere.close()

    known = library.library_of(made.transport())
    with monkeypatch.context() as patch:
        method = aclose if made.asynchronous else close
        patch.setattr(made.kind, method.__name__, method)
        moved = library.Library(known.http, known.core)
    moved.pool_of = known.pool_of  # type: ignore[method-assign]
    adapter = made.adapter(made.transport())
    adapter._own._library = moved
    kinds = ("ok", "chunked", "gzipped")
    assert [made.post(adapter, f"{server.url}/{path}") for path in kinds] == [BODY] * 3
    assert server.connections == 1
    with pytest.raises(NetworkError, match="cut short"):
        made.post(adapter, f"{server.url}/short")
    with pytest.raises(NetworkError, match="closed the connection"):
        made.post(adapter, f"{server.url}/clean-close")


def test_a_client_that_shows_no_transport_is_gone_through(server: Any, made: Made) -> None:
    transport = made.transport()
    adapter = made.adapter(transport)

    class Hidden(type(adapter._client)):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            hidden = name in ("_transport_for_url", "_default_encoding")
            if hidden and sys._getframe(1).f_globals["__name__"].startswith("molam"):
                raise AttributeError(name)
            return super().__getattribute__(name)

    adapter._client.__class__ = Hidden
    assert made.post(adapter, f"{server.url}/ok") == BODY
    assert len(transport._pool.connections) == 1


@pytest.mark.parametrize("name", ["_state", "_transport", "_mounts"])
def test_a_client_that_does_not_show_its_state_counts_as_used(made: Made, name: str) -> None:
    client = made.adapter(made.transport())._client
    assert not library.seems_used(client)
    seen = SimpleNamespace(**{key: value for key, value in vars(client).items() if key != name})
    assert library.seems_used(seen)


@pytest.mark.parametrize("make_lock", [threading.Lock, threading.RLock])
def test_a_client_whose_pool_is_locked_counts_as_used(make_lock: Callable[[], Any]) -> None:
    with httpx.Client() as client:
        held = client._transport._pool._optional_thread_lock  # type: ignore[attr-defined]
        held._lock = make_lock()
        assert not library.seems_used(client)
        with held._lock:
            assert library.seems_used(client)
        assert not library.seems_used(client)


def test_a_connection_that_does_not_show_what_is_left_over_is_used_once() -> None:
    class Connection:
        def is_idle(self) -> bool:
            return True

        def is_closed(self) -> bool:
            return False

    connection: Any = Connection()
    assert not library.settled(connection)
    connection._h11_state = SimpleNamespace()
    assert not library.settled(connection)
    connection._h11_state.trailing_data = (b"", False)
    assert library.settled(connection)


def test_locks_that_are_elsewhere_stay() -> None:
    connection = SimpleNamespace(_connection=SimpleNamespace(_h11_state=None))
    library.unlock(connection)
    assert not hasattr(connection, "_request_lock")
    assert not hasattr(connection._connection, "_state_lock")


def test_http_2_that_is_elsewhere_is_not_preloaded() -> None:
    elsewhere = library.Library(httpx, httpcore)
    elsewhere.core = SimpleNamespace(__name__="httpcore_of_tomorrow")
    elsewhere.preload_http2("Async")


@pytest.mark.parametrize("core", ["httpcore", "httpcore2"])
def test_errors_of_every_library_become_those_of_httpx(core: str) -> None:
    if find_spec(core) is None:
        pytest.skip("needs Python 3.11")
    below = importlib.import_module(core)
    http = importlib.import_module(core.replace("core", "x"))
    own = type("Own", (http.ReadTimeout,), {})("x")
    assert type(library.in_httpx(own)) is (type(own) if http is httpx else httpx.ReadTimeout)
    assert type(library.in_httpx(below.ReadError("x"))) is httpx.ReadError
    assert type(library.in_httpx(below.ConnectionNotAvailable())) is httpx.NetworkError
    for error in (http.StreamConsumed(), ValueError("x"), OSError("x")):
        assert library.in_httpx(error) is error
