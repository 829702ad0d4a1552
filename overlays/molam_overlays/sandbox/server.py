"""The sandbox on a port: Starlette in front of the core, uvicorn below."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from starlette.datastructures import Headers as StarletteHeaders
from starlette.requests import Request as HttpRequest
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from molam_overlays.sandbox.answer import Asked, Hangup, Pause, Reply
from molam_overlays.sandbox.control import control_routes
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.delivery import Dispatcher, Post
from molam_overlays.sandbox.pages.site import page_routes
from molam_overlays.wire import Headers

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MOST = 8 * 1024 * 1024
_TRANSPORT = "molam.transport"
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:]+)(?::[0-9]{1,5})?")


class AddressError(Exception):
    """The sandbox cannot listen there; says why and what to do."""


class OpenProtocol(H11Protocol):
    """HTTP/1.1 whose application can reach the connection, to break it on purpose."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        application = cast("ASGIApp", self.app)

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), _TRANSPORT: transport}
            await application(scope, receive, send)

        self.app = cast("Any", with_transport)


class Api:
    """The ASGI application of the API itself: carries out what the core decides."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        transport = scope.get("extensions", {}).get(_TRANSPORT)
        asked = await _asked(scope, receive)
        effects = self._core.serve(asked)
        try:
            for effect in effects:
                if isinstance(effect, Pause):
                    await asyncio.sleep(effect.seconds)
                elif isinstance(effect, Hangup):
                    await _hang_up(transport, receive, reset=effect.reset)
                    return
                else:
                    await _reply(effect, transport, receive, send)
                    return
        finally:
            effects.close()


async def _asked(scope: Scope, receive: Receive) -> Asked:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        if len(body) < _MOST:
            body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Asked(
        scope["method"],
        raw_path.decode("latin-1").partition("?")[0],
        scope["query_string"].decode("latin-1"),
        Headers([(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]),
        bytes(body),
    )


async def _reply(reply: Reply, transport: Any, receive: Receive, send: Send) -> None:
    if reply.raw:
        transport.write(reply.content)
        await _hang_up(transport, receive, reset=False)
        return
    headers = [
        (name.lower().encode("latin-1"), str(value).encode("latin-1", "replace"))
        for name, value in reply.headers.items()
    ]
    if reply.status not in {204, 304} and reply.status >= 200:
        headers.append((b"content-length", str(len(reply.content)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.cut_after is not None:
        part = reply.content[: reply.cut_after]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        await _hang_up(transport, receive, reset=False)
        return
    if reply.drip_seconds and reply.content:
        pause = reply.drip_seconds / len(reply.content)
        for byte in reply.content:
            message = {"type": "http.response.body", "body": bytes([byte]), "more_body": True}
            await send(message)
            await asyncio.sleep(pause)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    content = b"" if reply.status in {204, 304} else reply.content
    await send({"type": "http.response.body", "body": content, "more_body": False})


async def _hang_up(transport: Any, receive: Receive, *, reset: bool) -> None:
    """End the connection: by a reset, or in order after what was written."""
    if reset:
        # A linger time of zero turns the close into a reset (RFC 9293 section 3.10.7).
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


class _Guard:
    """Refuse what a web page elsewhere makes a browser send here.

    The sandbox needs no password on its pages. So a request must name it as its host (a foreign
    name would mean that somebody's DNS points here), and what a browser's page sends must come
    from the sandbox's own pages: those of another port are somebody else's.
    """

    def __init__(self, application: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._application = application
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._admits(
            scope["method"], HttpRequest(scope).headers
        ):
            text = b"The sandbox answers to this machine's own names, and to its own pages only.\n"
            start = {"type": "http.response.start", "status": 403, "headers": []}
            await send({**start, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": text})
            return
        await self._application(scope, receive, send)

    def _admits(self, method: str, headers: StarletteHeaders) -> bool:
        host = headers.get("host", "").lower()
        named = _HOST.fullmatch(host)
        if self._hosts is not None and (named is None or named[1].strip("[]") not in self._hosts):
            return False
        own = {f"http://{host}", f"https://{host}"}
        if any(origin.lower() not in own for origin in headers.getlist("origin")):
            return False
        # A form of another page whose origin was kept back; links and redirects may lead here.
        sites = set(headers.getlist("sec-fetch-site"))
        return method in {"GET", "HEAD"} or sites <= {"same-origin", "none"}


def application(
    core: Core,
    *,
    version: str = "",
    hosts: frozenset[str] | None = LOOPBACK,
    ended: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """Make the ASGI application: pages, controls, and the API for everything else.

    Args:
        core: the sandbox.
        version: shown on the page.
        hosts: the names it answers to; None for any.
        ended: whether the server ends, so that no page waits for news any more.
    """
    router = Router(
        [*page_routes(core, version, ended), *control_routes(core, version)],
        redirect_slashes=False,
        default=Api(core),
    )
    return _Guard(router, hosts)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket.

    Raises:
        AddressError: the port is in use, or the address is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # With the protocol left at 0 asyncio would not switch Nagle off, and every answer of two
        # writes would wait for the client's delayed acknowledgement: 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            listening.listen(128)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        raise AddressError(_reason(error, host, port)) from error
    return listening


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is in use. Stop what listens there, or choose another with --port "
            "(0 takes a free one)."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may not be opened by this user. Choose one above 1023 with --port."
    return f"Cannot listen on {host} port {port}: {error.strerror or error}. Try --host 127.0.0.1."


def address_of(listening: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - for reading, not binding
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server:
    """The sandbox on a socket, in this thread or in another."""

    def __init__(
        self,
        core: Core,
        listening: socket.socket,
        *,
        post: Post,
        version: str = "",
        open_hosts: bool = False,
    ) -> None:
        self._listening = listening
        self._dispatcher = Dispatcher(core, post)
        config = uvicorn.Config(
            application(
                core,
                version=version,
                hosts=None if open_hosts else LOOPBACK,
                ended=lambda: self._uvicorn.should_exit,
            ),
            http=OpenProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=2,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Serve until interrupted."""
        self._dispatcher.start()
        try:
            self._uvicorn.run(sockets=[self._listening])
        finally:
            self._end()

    def start(self) -> None:
        """Serve in a thread; returns when requests are answered."""
        ready = threading.Event()
        startup = self._uvicorn.startup

        async def announced(sockets: list[socket.socket] | None = None) -> None:
            await startup(sockets)
            ready.set()

        self._uvicorn.startup = announced  # type: ignore[method-assign]
        self._thread = threading.Thread(
            target=self._uvicorn.run,
            kwargs={"sockets": [self._listening]},
            name="molam-sandbox-server",
            daemon=True,
        )
        self._dispatcher.start()
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """End what `start` began."""
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._end()

    def _end(self) -> None:
        self._dispatcher.stop()
        self._listening.close()
