"""What fails before a request can leave for the API: proxies, tunnels, and the handshakes in them.

Not one byte has reached the API in any row, so `not_sent` is told, through every adapter and one's
own client alike; the message names the proxy and never says that the API did it.
"""

from __future__ import annotations

import functools
import gc
import importlib.util
import logging
import re
import socket
import ssl
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx
import pytest
import trustme

from molam_overlays import errors
from molam_overlays.errors import MolamError, NetworkError
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request

OPEN = b"HTTP/1.1 200 OK\r\n\r\n"
HELLO = b"\x05\x00"
WITH_PASSWORD = b"\x05\x02"
GRANTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"
SILENCE = None
DRIPPED = b"dripped"
SECRET = "pass-canary"
# httpcore leaves a socket to the garbage collector when SOCKS fails; ours are closed.
LEAKS = pytest.mark.filterwarnings("ignore::ResourceWarning")
FLAVOURS: list[Any] = ["sync", "asyncio", "trio"]
FLAVOURS += [pytest.param(f"own-{each}", marks=LEAKS) for each in FLAVOURS]
if importlib.util.find_spec("pyreqwest") is not None:
    FLAVOURS += ["pyreqwest", "pyreqwest-asyncio"]


class Proxy:
    """A proxy that answers each thing it reads with the next part of a script, and then hangs up.

    None in the script is silence.
    """

    def __init__(self, *script: bytes | None, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.tls = tls
        self.heard: list[bytes] = []
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=[sock], daemon=True))
                self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError), ExitStack() as stack:
            stack.enter_context(sock)
            if self.tls is not None:
                sock = stack.enter_context(self.tls.wrap_socket(sock, server_side=True))
            for part in self.script:
                if not (heard := sock.recv(65536)):
                    return
                self.heard.append(heard)
                if part == DRIPPED:
                    for byte in b"HTTP/1.1 200 Connected" + b"!" * 1000:
                        if self._over.wait(0.02):
                            return
                        sock.sendall(bytes([byte]))
                if part is None:
                    self._over.wait(30)
                    return
                sock.sendall(part)

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)


class Through:
    """A call through a proxy, by whichever adapter or client of one's own."""

    def __init__(self, flavour: str, stack: ExitStack) -> None:
        self.flavour = flavour
        self._stack = stack
        loop = flavour.rpartition("-")[2]
        self.run: Callable[..., Any] = lambda function, *args: function(*args)
        self.asynchronous = loop in ("asyncio", "trio")
        if self.asynchronous:
            self.run = stack.enter_context(anyio.from_thread.start_blocking_portal(loop)).call

    def adapter(self, proxy: str, verify: Any = True) -> Any:
        if self.flavour.startswith("pyreqwest"):
            from molam_overlays.transport import pyreqwest

            made: Any = pyreqwest.AsyncPyreqwestAdapter if self.asynchronous else None
            return (made or pyreqwest.PyreqwestAdapter)(proxy=proxy, verify=verify)
        kind: Any = AsyncHttpxAdapter if self.asynchronous else HttpxAdapter
        if self.flavour.startswith("own"):
            client: Any = httpx.AsyncClient if self.asynchronous else httpx.Client
            own = client(proxy=proxy, verify=verify)
            self._stack.callback(self.run, own.aclose if self.asynchronous else own.close)
            return kind(own)
        return kind(proxy=proxy, verify=verify)

    def post(
        self, proxy: str, url: str = "https://api.molam.test/v1/x", timeout: float = 10, **more: Any
    ) -> Any:
        adapter = self.adapter(proxy, **more)
        self._stack.callback(self.run, adapter.aclose if self.asynchronous else adapter.close)
        headers = {"Authorization": "Bearer sk_test_canary"}
        return self.run(adapter.exchange, Request("POST", url, headers, b"{}", None, timeout))


@pytest.fixture(params=FLAVOURS)
def through(request: pytest.FixtureRequest) -> Iterator[Through]:
    with ExitStack() as stack:
        yield Through(request.param, stack)
    if "own" in request.param:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture
def proxy_of() -> Iterator[Callable[..., Proxy]]:
    running: list[Proxy] = []

    def make(*script: bytes | None, **more: Any) -> Proxy:
        running.append(Proxy(*script, **more))
        return running[-1]

    yield make
    for each in running:
        each.close()


def status(line: str) -> bytes:
    return f"HTTP/1.1 {line}\r\nContent-Length: 4\r\n\r\npage".encode()


def patience(through: Through, script: list[bytes | None]) -> float:
    """Return seconds. reqwest's own clock for connecting runs a tenth shorter than the attempt's."""
    if None not in script:
        return 10
    return 2 if "pyreqwest" in through.flavour else 0.5


TUNNELS = [
    ("http", "hangs up at CONNECT", [b""], "instead of opening a tunnel to api.molam.test"),
    ("http", "talks nonsense", [b"SSH-2.0-x\r\n"], "instead of opening a tunnel"),
    ("http", "sends half a head", [b"HTTP/1.1 200 O"], "instead of opening a tunnel"),
    ("http", "says 100 and hangs up", [b"HTTP/1.1 100 Continue\r\n\r\n"], "instead of opening"),
    ("http", "switches protocols", [b"HTTP/1.1 101 X\r\n\r\n"], "connect to|instead of opening"),
    ("http", "wants credentials", [status("407 Authenticate")], "would not connect to"),
    ("http", "has no route", [status("502 Bad Gateway")], "would not connect|instead of opening"),
    ("http", "redirects", [status("302 Found")], "would not connect|instead of opening"),
    ("http", "says nothing", [SILENCE], "opened no tunnel to|through the proxy"),
    ("http", "opens and hangs up", [OPEN, b""], "through the proxy"),
    ("http", "opens and says nothing", [OPEN, SILENCE], "api.molam.test through the proxy"),
    ("http", "opens and talks nonsense", [OPEN, b"HTTP/1.1 400 X\r\n\r\n"], "through the proxy"),
    ("socks5h", "hangs up", [b""], "instead of opening a tunnel to api.molam.test"),
    ("socks5h", "is HTTP", [b"HTTP/1.1 400 X\r\n\r\n"], "instead of opening a tunnel"),
    ("socks5h", "is SOCKS 4", [b"\x00\x5b\x00\x00\x00\x00\x00\x00"], "instead of opening"),
    ("socks5h", "takes no method", [b"\x05\xff"], "did not accept the credentials"),
    ("socks5h", "hangs up later", [HELLO, b""], "instead of opening a tunnel"),
    ("socks5h", "answers half", [HELLO, b"\x05\x00\x00"], "instead of opening a tunnel"),
    ("socks5h", "refuses", [HELLO, b"\x05\x05" + GRANTED[2:]], "would not connect to"),
    ("socks5h", "has an own code", [HELLO, b"\x05\x99" + GRANTED[2:]], "connect to|instead of"),
    ("socks5h", "says nothing", [SILENCE], "opened no tunnel to"),
    ("socks5h", "says nothing later", [HELLO, SILENCE], "opened no tunnel to"),
    ("socks5h", "opens and hangs up", [HELLO, GRANTED, b""], "through the proxy"),
    ("socks5h", "opens and says nothing", [HELLO, GRANTED, SILENCE], "through the proxy"),
]


@pytest.mark.parametrize(
    ("scheme", "script", "says"),
    [pytest.param(row[0], row[2], row[3], id=f"{row[0]} {row[1]}") for row in TUNNELS],
)
def test_a_proxy_that_fails_before_the_tunnel_stands_was_not_the_api(
    through: Through, proxy_of: Any, scheme: str, script: list[bytes | None], says: str
) -> None:
    proxy = proxy_of(*script)
    timeout = patience(through, script)
    with pytest.raises(MolamError) as caught:
        through.post(f"{scheme}://127.0.0.1:{proxy.port}", timeout=timeout)
    error = caught.value
    assert error.delivery == "not_sent"
    assert isinstance(error, errors.TimeoutError if None in script else NetworkError)
    assert getattr(error, "repeatable", True)
    assert f"proxy 127.0.0.1:{proxy.port}" in str(error)
    assert not str(error).startswith("api.molam.test")
    if "pyreqwest" not in through.flavour:
        assert re.search(says, str(error))
    assert b"canary" not in b"".join(proxy.heard)


def test_a_socks_proxy_that_fails_before_plain_http_was_not_the_api_either(
    through: Through, proxy_of: Any
) -> None:
    proxy = proxy_of(HELLO, b"")
    with pytest.raises(NetworkError) as caught:
        through.post(f"socks5h://127.0.0.1:{proxy.port}", "http://api.molam.test/x")
    assert caught.value.delivery == "not_sent"


def test_a_proxy_that_drips_its_answer_cannot_stretch_the_timeout(
    through: Through, proxy_of: Any
) -> None:
    proxy = proxy_of(DRIPPED)
    begin = time.monotonic()
    with pytest.raises(MolamError) as caught:
        through.post(f"http://127.0.0.1:{proxy.port}", timeout=0.3)
    assert caught.value.delivery == "not_sent"
    assert time.monotonic() - begin < 3  # dripping it all takes 20 s


@pytest.mark.parametrize("script", [[HELLO, GRANTED, b""], [HELLO, GRANTED, SILENCE]])
def test_what_breaks_in_a_tunnel_of_plain_http_may_have_been_sent(
    through: Through, proxy_of: Any, script: list[bytes | None]
) -> None:
    proxy = proxy_of(*script)
    with pytest.raises(MolamError) as caught:
        through.post(f"socks5h://127.0.0.1:{proxy.port}", "http://api.molam.test/x", timeout=0.7)
    assert caught.value.delivery == "maybe_processed"


@pytest.mark.parametrize("part", [b"", SILENCE, b"SSH-2.0-x\r\n"])
def test_a_forwarding_proxy_may_have_passed_the_request_on(
    through: Through, proxy_of: Any, part: bytes | None
) -> None:
    proxy = proxy_of(part)
    with pytest.raises(MolamError) as caught:
        through.post(f"http://127.0.0.1:{proxy.port}", "http://api.molam.test/x", timeout=0.5)
    assert caught.value.delivery == "maybe_processed"


@pytest.mark.parametrize("scheme", ["http", "https", "socks5h"])
@pytest.mark.parametrize("target", ["http", "https"])
def test_a_proxy_that_is_not_there_is_named(through: Through, scheme: str, target: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(NetworkError, match=rf"proxy 127\.0\.0\.1:{port}") as caught:
        through.post(f"{scheme}://127.0.0.1:{port}", f"{target}://api.molam.test/x")
    assert (caught.value.delivery, caught.value.repeatable) == ("not_sent", True)
    assert "api.molam.test refused" not in str(caught.value)
    assert "NO_PROXY" in str(caught.value) or "pyreqwest" in through.flavour


def test_a_proxy_whose_name_does_not_resolve_is_named(through: Through) -> None:
    with pytest.raises(NetworkError, match=r"nowhere\.invalid:3128") as caught:
        through.post("http://nowhere.invalid:3128")
    assert caught.value.delivery == "not_sent"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def context_of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.mark.parametrize(
    "script", [[b""], [b"SSH-2.0-x\r\n"], [SILENCE], [status("407 X")], [status("502 X")]]
)
def test_tls_to_the_proxy_changes_nothing(
    through: Through,
    proxy_of: Any,
    authority: trustme.CA,
    tmp_path: Path,
    script: list[bytes | None],
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    proxy = proxy_of(*script, tls=context_of(authority, "127.0.0.1"))
    if "own" in through.flavour:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        make = functools.partial(httpx.Proxy, ssl_context=context)
    else:
        make = str  # type: ignore[assignment]
    with pytest.raises(MolamError, match=f"proxy 127.0.0.1:{proxy.port}") as caught:
        through.post(
            make(f"https://127.0.0.1:{proxy.port}"),  # type: ignore[arg-type]
            timeout=patience(through, script),
            verify=str(tmp_path / "ca.pem") if "own" not in through.flavour else True,
        )
    assert caught.value.delivery == "not_sent"


def test_a_proxy_that_is_not_trusted_is_named_and_not_tried_again(
    through: Through, proxy_of: Any, authority: trustme.CA
) -> None:
    proxy = proxy_of(SILENCE, tls=context_of(authority, "127.0.0.1"))
    with pytest.raises(NetworkError, match=f"proxy 127.0.0.1:{proxy.port}") as caught:
        through.post(f"https://127.0.0.1:{proxy.port}")
    assert caught.value.delivery == "not_sent"
    if "pyreqwest" not in through.flavour:
        assert "not trusted" in str(caught.value)
        assert not caught.value.repeatable


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_no_log_and_no_error_shows_the_password_of_a_proxy(
    through: Through, proxy_of: Any, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    proxy = proxy_of(WITH_PASSWORD, b"\x01\x01") if scheme == "socks5h" else proxy_of(status("407"))
    url = f"{scheme}://user:{SECRET}@127.0.0.1:{proxy.port}"
    with pytest.raises(NetworkError) as caught:
        through.post(url)
    heard = b"".join(proxy.heard)
    assert SECRET.encode() in heard or b"basic" in heard.lower()
    assert SECRET not in caplog.text
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@LEAKS
@pytest.mark.parametrize("scheme", ["http", "socks5h"])
@pytest.mark.parametrize("flavour", ["own-sync", "own-asyncio"])
def test_the_same_holds_for_a_client_of_httpx2(
    flavour: str,
    scheme: str,
    proxy_of: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    httpx2 = pytest.importorskip("httpx2", reason="needs Python 3.11")
    monkeypatch.setitem(globals(), "httpx", httpx2)
    with ExitStack() as stack:
        through = Through(flavour, stack)
        test_no_log_and_no_error_shows_the_password_of_a_proxy(through, proxy_of, scheme, caplog)
