"""Clients that were made before a fork, in the child: they work, or say why they do not."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest

from molam_overlays.errors import MolamError
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.watch import observe
from molam_overlays.wire import Request

BODY = b'{"id":"pi_1","status":"succeeded"}'
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore::ResourceWarning"),
]


def in_child(what: Callable[[], object]) -> str:
    """Return what a function gives in a forked child, or what it raises; a child that hangs dies."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        try:
            told = str(what())
        except BaseException as error:
            told = f"{type(error).__name__} {getattr(error, 'delivery', '')}: {error}"
        os.write(writing, told.encode()[:60_000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode()
    status = os.waitpid(child, 0)[1]
    return told if status == 0 else f"died of {status}"


def post(adapter: Any, url: str, timeout: float = 5) -> Any:
    if not isinstance(adapter, AsyncHttpxAdapter):
        return adapter.exchange(Request("POST", f"{url}/ok", {}, b"{}", None, timeout)).content
    # The server says it closes, so no connection outlives its event loop.
    request = Request("POST", f"{url}/last", {}, b"{}", None, timeout)
    adapter._loop = None  # each asyncio.run() is another loop; the fork is what is looked at
    return asyncio.run(adapter.exchange(request)).content


made: list[Any] = []


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while made:
        made.pop().close()


class Opaque(httpx.HTTPTransport):
    """A transport of one's own: calls go through its pool."""


class AsyncOpaque(httpx.AsyncHTTPTransport):
    """The same for the async half."""


def own(asynchronous: bool, client: Any = None, *, opaque: bool = False) -> Any:
    if asynchronous:
        transport = AsyncOpaque() if opaque else None
        return AsyncHttpxAdapter(client or httpx.AsyncClient(transport=transport))
    client = client or httpx.Client(transport=Opaque() if opaque else None)
    adapter = HttpxAdapter(client)
    made.extend([client, adapter])
    return adapter


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def asynchronous(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_a_client_of_ones_own_serves_parent_and_child_on_connections_of_their_own(
    server: Any, asynchronous: bool
) -> None:
    adapter = own(asynchronous)
    assert post(adapter, server.url) == BODY
    assert in_child(lambda: post(adapter, server.url)) == str(BODY)
    if not asynchronous:
        assert post(adapter, server.url) == BODY
        assert [seen.connection for seen in server.seen] == [1, 2, 1]


def test_one_that_the_application_used_serves_them_as_well(server: Any) -> None:
    client = httpx.Client()
    client.get(f"{server.url}/ok")
    adapter = own(False, client)
    assert in_child(lambda: post(adapter, server.url)) == str(BODY)
    # Also one that is put behind an adapter in the child only.
    assert in_child(lambda: post(own(False, client), server.url)) == str(BODY)
    client.get(f"{server.url}/ok")
    assert [seen.connection for seen in server.seen] == [1, 2, 3, 1]


def test_one_with_a_transport_of_ones_own_that_was_used_is_refused_before_a_byte_is_sent(
    server: Any, asynchronous: bool
) -> None:
    adapter = own(asynchronous, opaque=True)
    assert post(adapter, server.url) == BODY
    told = in_child(lambda: post(adapter, server.url))
    assert told.startswith("ClientClosedError not_sent: Your httpx.")
    assert "used before fork()" in told
    assert len(server.seen) == 1
    if not asynchronous:
        assert post(adapter, server.url) == BODY
        assert {seen.connection for seen in server.seen} == {1}


@pytest.mark.parametrize("used", [False, True])
def test_one_of_httpx2_is_refused_only_if_it_was_used(server: Any, used: bool) -> None:
    httpx2 = pytest.importorskip("httpx2", reason="needs Python 3.11")
    opaque = type("Opaque", (httpx2.HTTPTransport,), {})
    adapter = own(False, httpx2.Client(transport=opaque()))
    if used:
        post(adapter, server.url)
    told = in_child(lambda: post(adapter, server.url))
    refused = told.startswith(
        "ClientClosedError not_sent: Your httpx2.Client was used before fork()"
    )
    assert refused if used else told == str(BODY)


@pytest.mark.parametrize("opaque", [False, True])
def test_one_that_was_never_used_serves_the_child(
    server: Any, asynchronous: bool, opaque: bool
) -> None:
    adapter = own(asynchronous, opaque=opaque)
    assert in_child(lambda: post(adapter, server.url)) == str(BODY)


def test_one_that_was_only_opened_serves_the_child(server: Any) -> None:
    with httpx.Client(transport=Opaque()) as client:
        adapter = own(False, client)
        assert in_child(lambda: post(adapter, server.url)) == str(BODY)


def test_one_with_a_transport_of_ones_own_that_the_application_used_is_refused(server: Any) -> None:
    client = httpx.Client(transport=Opaque())
    client.get(f"{server.url}/ok")
    adapter = own(False, client)
    assert "used before fork()" in in_child(lambda: post(adapter, server.url))


def test_one_that_another_adapter_used_is_refused(server: Any, asynchronous: bool) -> None:
    client: Any = (
        httpx.AsyncClient(transport=AsyncOpaque())
        if asynchronous
        else httpx.Client(transport=Opaque())
    )
    first, second = own(asynchronous, client), own(asynchronous, client)
    post(first, server.url)
    del first
    assert "used before fork()" in in_child(lambda: post(second, server.url))


class Elsewhere(httpx.BaseTransport):
    """A transport that does not show whether it has connections."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=BODY)


@pytest.mark.parametrize("used", [False, True])
def test_a_transport_that_shows_nothing_counts_as_used_once_its_client_was(used: bool) -> None:
    client = httpx.Client(transport=Elsewhere())
    if used:
        client.get("http://shop.test")
    adapter = HttpxAdapter(client)
    told = in_child(lambda: post(adapter, "http://shop.test"))
    assert ("used before fork()" in told) is used


def test_a_client_made_in_the_child_serves_it(server: Any, asynchronous: bool) -> None:
    post(own(asynchronous), server.url)
    assert in_child(lambda: post(own(asynchronous), server.url)) == str(BODY)


def test_a_child_does_not_wait_for_a_thread_that_made_the_tls_context(tmp_path: Path) -> None:
    authorities, slow = tmp_path / "ca.pem", tmp_path / "slow"
    os.mkfifo(authorities)  # whoever reads it waits for a writer
    adapter = HttpxAdapter(verify=str(authorities))

    def first_call() -> None:
        with pytest.raises(MolamError):
            adapter.exchange(Request("GET", "https://127.0.0.1:9/x", {}, None, None, 5))

    thread = threading.Thread(target=first_call)
    thread.start()
    while not adapter._routes._tls._claims:
        pass
    # Another thread of the same process waits no longer than its time-out.
    with pytest.raises(MolamError, match=r"could be made within 0\.1 s") as caught:
        adapter.exchange(Request("GET", "https://127.0.0.1:9/x", {}, None, None, 0.1))
    assert caught.value.delivery == "not_sent"
    authorities.rename(slow)
    authorities.write_bytes(Path(certifi.where()).read_bytes())
    told = in_child(
        lambda: adapter.exchange(Request("GET", "https://127.0.0.1:9/x", {}, None, None, 5))
    )
    slow.write_bytes(Path(certifi.where()).read_bytes())
    thread.join()
    assert told.startswith("NetworkError not_sent: 127.0.0.1:9 refused")


def test_a_child_can_set_up_the_log_while_its_parent_does() -> None:
    with observe._set_up:
        told = in_child(lambda: observe.configure_logging({"MOLAM_LOG": "info"}))
    assert told == "None"


PYREQWEST = """
import os, sys, warnings
warnings.simplefilter("ignore")
from molam_overlays.transport.pyreqwest import PyreqwestAdapter
from molam_overlays.wire import Request
request = Request("POST", sys.argv[1] + "/ok", {}, b"{}", None, 5)
used, unused = PyreqwestAdapter(), PyreqwestAdapter()
if sys.argv[2] == "True":
    used.exchange(request)
for adapter in (used, unused):
    child = os.fork()
    if child == 0:
        try:
            print(adapter.exchange(request).content.decode(), flush=True)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(importlib.util.find_spec("pyreqwest") is None, reason="needs extra speed")
@pytest.mark.parametrize("used", [False, True])
def test_pyreqwest_serves_a_child_unless_any_adapter_was_used_before(
    server: Any, used: bool
) -> None:
    # In a process of its own, since other tests have used it in this one.
    done = subprocess.run(
        [sys.executable, "-c", PYREQWEST, server.url, str(used)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    if used:
        assert done.stdout.count("ClientClosedError: pyreqwest was used before fork()") == 2
    else:
        assert done.stdout.count(BODY.decode()) == 2
