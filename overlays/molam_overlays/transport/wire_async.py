"""Sockets with one deadline, awaited."""

from __future__ import annotations

import contextlib
import select
import ssl
import time
from collections.abc import Iterable
from typing import Any

import anyio
import anyio.abc
import anyio.streams.tls
import httpcore

from molam_overlays.transport import asyncio_socket, failures

clock = time.monotonic
_FLUSH_AT = 64 * 1024


class Wire(httpcore.AsyncNetworkBackend):
    """The socket of one line, and whether anything was sent in the current attempt.

    Timeouts are not looked at: the attempt runs in a cancel scope.
    """

    def __init__(self, core: Any) -> None:
        self.core = core
        """httpcore or httpcore2: whose connection it is, which knows its own exceptions alone."""
        self.begin()
        self._stream: anyio.abc.ByteStream | None = None

    def begin(self) -> None:
        """Forget the attempt before."""
        self.sent = False
        self.first = b""
        """The first bytes that came back, enough of them for a status line."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to whichever address of the host answers first (RFC 8305)."""
        try:
            self._stream = await asyncio_socket.connect(host, port, local_address)
        except OSError as error:
            raise self.core.ConnectError(str(error)) from error
        return self._opened(self._stream, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            self._stream = asyncio_socket.ReadableToTheEnd(await anyio.connect_unix(path))
        except OSError as error:
            raise self.core.ConnectError(str(error)) from error
        return self._opened(self._stream, socket_options)

    def _opened(
        self, stream: anyio.abc.ByteStream, options: Iterable[httpcore.SOCKET_OPTION] | None
    ) -> httpcore.AsyncNetworkStream:
        told: Any = stream.extra
        raw = told(anyio.abc.SocketAttribute.raw_socket, None)
        for option in options or ():
            raw.setsockopt(*option)
        return _Stream(stream, self)

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def close(self) -> None:
        """Close the socket, even in the middle of a TLS handshake."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await anyio.aclose_forcefully(stream)


_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError, OSError)


class _Stream(httpcore.AsyncNetworkStream):
    """A socket or TLS stream. Head and body leave together, as in `httpx_sync`."""

    def __init__(self, stream: anyio.abc.ByteStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire
        self._core = wire.core
        self._pending = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        if self._pending:
            # A server may answer early and close: then its answer comes first.
            with contextlib.suppress(self._core.WriteError):
                await self._flush()
        try:
            data = await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except _BROKEN as error:
            raise self._core.ReadError(str(error)) from error
        if len(self._wire.first) < failures.STATUS_LINE:
            self._wire.first += data[: failures.STATUS_LINE]
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._pending += buffer
        if len(self._pending) > _FLUSH_AT:
            await self._flush()

    async def _flush(self) -> None:
        pending, self._pending = self._pending, b""
        self._wire.sent = True
        try:
            await self._stream.send(pending)
        except _BROKEN as error:
            raise self._core.WriteError(str(error)) from error

    async def aclose(self) -> None:
        await anyio.aclose_forcefully(self._stream)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        try:
            wrapped = await anyio.streams.tls.TLSStream.wrap(
                self._stream,
                ssl_context=ssl_context,
                hostname=server_hostname,
                standard_compatible=False,
                server_side=False,
            )
        except (anyio.EndOfStream, *_BROKEN) as error:
            raise self._core.ConnectError(str(error)) from error
        self._wire.first = b""  # a proxy's, so far
        return _Stream(wrapped, self._wire)

    def get_extra_info(self, info: str) -> Any:
        extra = self._stream.extra
        if info == "ssl_object":
            return extra(anyio.streams.tls.TLSAttribute.ssl_object, None)
        if info == "client_addr":
            return extra(anyio.abc.SocketAttribute.local_address, None)
        if info == "server_addr":
            return extra(anyio.abc.SocketAttribute.remote_address, None)
        if info == "socket":
            return extra(anyio.abc.SocketAttribute.raw_socket, None)
        if info == "is_readable":
            return _readable(extra(anyio.abc.SocketAttribute.raw_socket, None))
        return None


def _readable(sock: Any) -> bool:
    """Tell whether an idle socket has something to read, which can only be its end."""
    descriptor = -1 if sock is None else sock.fileno()
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
