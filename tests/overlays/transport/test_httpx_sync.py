"""The blocking adapter's connections: threads, forks, limits, expiry."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

import pytest

from molam_overlays import errors
from molam_overlays.errors import ClientClosedError, NetworkError
from molam_overlays.transport import httpx_sync
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request


def stall(adapter: HttpxAdapter, url: str) -> None:
    """Occupy a connection for a second."""
    with pytest.raises(errors.TimeoutError):
        post(adapter, f"{url}/stall", 1)


def post(adapter: HttpxAdapter, url: str, timeout: float = 10) -> bytes:
    return adapter.exchange(Request("POST", url, {}, b"{}", None, timeout)).content


def test_fifty_threads_share_at_most_fifty_connections(server: Any) -> None:
    adapter = HttpxAdapter()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                post(adapter, f"{server.url}/ok")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    adapter.close()
    assert failures == []
    assert len(server.seen) == 1000
    assert server.connections <= 50


def test_no_more_connections_than_allowed_and_everybody_gets_a_turn(server: Any) -> None:
    adapter = HttpxAdapter(max_connections=3)
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(post(adapter, f"{server.url}/ok")))
        for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    adapter.close()
    assert len(answers) == 30
    assert server.connections <= 3


def test_waiting_for_a_connection_times_out_unsent(server: Any) -> None:
    adapter = HttpxAdapter(max_connections=1)
    holder = threading.Thread(target=stall, args=[adapter, server.url])
    holder.start()
    server.wait_until(lambda: server.seen)
    with pytest.raises(errors.TimeoutError, match=r"came free within 0\.1 s") as caught:
        post(adapter, f"{server.url}/ok", 0.1)
    assert caught.value.delivery == "not_sent"
    holder.join()
    assert post(adapter, f"{server.url}/ok")
    adapter.close()


def test_closing_wakes_who_waits_for_a_connection(server: Any) -> None:
    adapter = HttpxAdapter(max_connections=1)
    caught: list[type[BaseException]] = []

    def work(path: str) -> None:
        try:
            post(adapter, f"{server.url}/{path}", 2)
        except Exception as error:
            caught.append(type(error))

    threads = [threading.Thread(target=work, args=[path]) for path in ("stall", "ok")]
    threads[0].start()
    server.wait_until(lambda: server.seen)
    threads[1].start()
    while not adapter._lines.stack._queue:
        pass
    adapter.close()
    threads[1].join(1.5)
    assert caught == [ClientClosedError]
    threads[0].join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_opens_its_own_connections_and_leaves_the_parents_alone(server: Any) -> None:
    adapter = HttpxAdapter()
    post(adapter, f"{server.url}/ok")
    child = os.fork()
    if child == 0:
        try:
            post(adapter, f"{server.url}/ok?child")
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    post(adapter, f"{server.url}/ok")
    adapter.close()
    assert [(seen.path, seen.connection) for seen in server.seen] == [
        ("/ok", 1),
        ("/ok?child", 2),
        ("/ok", 1),
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_forked_while_another_thread_calls_does_not_hang(server: Any) -> None:
    adapter = HttpxAdapter(max_connections=1)
    thread = threading.Thread(target=stall, args=[adapter, server.url])
    thread.start()
    server.wait_until(lambda: server.seen)
    child = os.fork()
    if child == 0:
        try:
            post(adapter, f"{server.url}/ok", 5)
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    thread.join()
    adapter.close()


def test_name_resolution_that_hangs_ends_with_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10) and [])
    adapter = HttpxAdapter()
    with pytest.raises(errors.TimeoutError) as caught:
        post(adapter, "http://slow-resolver.test/ok", 0.1)
    over.set()
    assert caught.value.delivery == "not_sent"


def test_an_address_that_refuses_leaves_the_next_one_its_turn(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [
        (socket.AF_INET, 0, 0, "", ("127.0.0.2", server.port)),
        (socket.AF_INET, 0, 0, "", ("127.0.0.1", server.port)),
    ]
    real = socket.getaddrinfo

    def resolve(host: str, *args: Any, **options: Any) -> Any:
        return found if host == "two-addresses.test" else real(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    adapter = HttpxAdapter()
    assert post(adapter, f"http://two-addresses.test:{server.port}/ok")
    adapter.close()


def test_a_failure_that_is_not_of_the_wire_passes_and_frees_the_connection(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = HttpxAdapter(max_connections=1)
    with monkeypatch.context() as patch:
        patch.setattr(httpx_sync, "Body", None)
        with pytest.raises(TypeError):
            post(adapter, f"{server.url}/ok")
    assert post(adapter, f"{server.url}/ok", 1)
    adapter.close()
    assert [seen.connection for seen in server.seen] == [1, 2]


def test_a_large_body_goes_out_whole(server: Any) -> None:
    adapter = HttpxAdapter()
    content = os.urandom(3_000_000)
    request = Request("POST", f"{server.url}/echo", {}, content, None, 10)
    assert adapter.exchange(request).content == content
    adapter.close()


def test_a_tls_context_is_not_made_for_plain_http(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = HttpxAdapter()
    monkeypatch.setattr(adapter._routes, "tls", lambda: pytest.fail("made"))
    post(adapter, f"{server.url}/ok")
    adapter.close()


def test_nothing_listens_after_close(server: Any) -> None:
    adapter = HttpxAdapter()
    post(adapter, f"{server.url}/ok")
    adapter.close()
    with pytest.raises(ClientClosedError, match="The client is closed"):
        post(adapter, f"{server.url}/ok")
    assert issubclass(ClientClosedError, Exception)
    assert not issubclass(ClientClosedError, NetworkError)
