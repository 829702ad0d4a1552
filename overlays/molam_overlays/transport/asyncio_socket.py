"""A TCP connection on asyncio, for anyio's TLS and httpcore to read from and write to.

anyio's own takes a turn of the event loop before each write and tells the selector to stop and to go
on around each read, which is a fifth of what a call costs when hundreds are under way. asyncio's
`StreamReader` forgets what has arrived once the connection breaks, and that may be a whole answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import anyio
import anyio.abc

_READ_AHEAD: Final = 256 * 1024
"""Bytes that arrive before anybody asks for them; beyond, the server has to wait."""


class AsyncioSocket(asyncio.Protocol, anyio.abc.ByteStream):
    """One connection. What came before it broke is read before the break is told."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._arrived = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._reading: asyncio.Future[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._full = False
        self._paused = False
        transport.set_protocol(self)
        transport.resume_reading()

    # What the event loop calls

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        if len(self._arrived) > _READ_AHEAD:
            self._paused = True
            self._transport.pause_reading()
        _wake(self._reading)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._reading)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._take_what_is_left()
        self._ended = True
        self._error = exc
        _wake(self._reading)
        _wake(self._writing)

    def _take_what_is_left(self) -> None:
        """Read what came before the break, if asyncio learnt of that from a write.

        An answer may be in there that a server gave early, or what it said of our certificate.
        asyncio's own transports close the socket after this; of others that is not known.
        """
        if not type(self._transport).__module__.startswith("asyncio.selector"):
            return
        with contextlib.suppress(OSError, AttributeError):
            descriptor = self._transport.get_extra_info("socket").fileno()
            while len(self._arrived) <= _READ_AHEAD and (data := os.read(descriptor, 65536)):
                self._arrived += data

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writing)

    # What anyio and our adapter call

    async def receive(self, max_bytes: int = 65536) -> bytes:
        arrived = self._arrived
        while not arrived:
            if self._error is not None:
                raise anyio.BrokenResourceError from self._error
            if self._ended:
                raise anyio.EndOfStream
            self._reading = asyncio.get_running_loop().create_future()
            try:
                await self._reading
            finally:
                self._reading = None
        data = bytes(arrived[:max_bytes])
        del arrived[:max_bytes]
        if self._paused and not arrived:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def send(self, item: bytes) -> None:
        if self._transport.is_closing():
            if self._arrived:  # which anyio's TLS would not read any more
                return
            raise anyio.BrokenResourceError from self._error
        self._transport.write(item)
        while self._full and not self._ended:
            self._writing = asyncio.get_running_loop().create_future()
            try:
                await self._writing
            finally:
                self._writing = None

    async def send_eof(self) -> None:
        self._transport.write_eof()

    async def aclose(self) -> None:
        self._transport.abort()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        named = {
            anyio.abc.SocketAttribute.raw_socket: "socket",
            anyio.abc.SocketAttribute.local_address: "sockname",
            anyio.abc.SocketAttribute.remote_address: "peername",
        }
        told = self._transport.get_extra_info
        return {
            attribute: lambda name=name: told(name)  # type: ignore[misc]
            for attribute, name in named.items()
        }


class ReadableToTheEnd(anyio.abc.ByteStream):
    """Somebody else's stream, of which what came before a break can be read after a write has failed.

    anyio's TLS reads no more once a write failed. So this tells of the break when it is read from.
    """

    def __init__(self, stream: anyio.abc.ByteStream) -> None:
        self._stream = stream

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return await self._stream.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        with contextlib.suppress(anyio.BrokenResourceError):
            await self._stream.send(item)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._stream.extra_attributes


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


async def connect(host: str, port: int, local_host: str | None) -> anyio.abc.ByteStream:
    """Connect to whichever address of the host answers first (RFC 8305).

    anyio does it, and we take over its transport. On trio, where a coming anyio or another event
    loop keeps that elsewhere, and when the server has spoken or hung up already, its stream stays.

    Raises:
        OSError: none does, or the name has none.
    """
    stream = await anyio.connect_tcp(host, port, local_host=local_host)
    transport = getattr(stream, "_transport", None)
    if not isinstance(transport, asyncio.Transport) or transport.is_closing():
        return ReadableToTheEnd(stream)
    before = transport.get_protocol()
    untouched = getattr(before, "is_at_eof", None) is False and not getattr(before, "read_queue", 1)
    return AsyncioSocket(transport) if untouched else ReadableToTheEnd(stream)
