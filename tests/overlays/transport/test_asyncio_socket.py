"""The TCP connection of the async adapter on asyncio, against sockets on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import anyio
import pytest

from molam_overlays.transport import asyncio_socket
from molam_overlays.transport.asyncio_socket import AsyncioSocket, ReadableToTheEnd


@contextlib.asynccontextmanager
async def pair() -> AsyncIterator[tuple[AsyncioSocket, socket.socket]]:
    """Give our end of a connection, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = await asyncio_socket.connect(*listener.getsockname(), None)
        theirs, _ = listener.accept()
        assert isinstance(made, AsyncioSocket)
        with theirs:
            yield made, theirs
        await made.aclose()
        await asyncio.sleep(0)


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0.001)


async def test_bytes_come_and_go() -> None:
    async with pair() as (ours, theirs):
        await ours.send(b"question")
        assert theirs.recv(100) == b"question"
        theirs.sendall(b"answer")
        assert await ours.receive(3) == b"ans"
        assert await ours.receive(100) == b"wer"
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(anyio.EndOfStream):
            await ours.receive()


async def test_an_answer_that_arrived_is_read_before_the_break_is_told() -> None:
    async with pair() as (ours, theirs):
        theirs.sendall(b"answer")
        await settle()
        reset(theirs)
        await settle()
        assert await ours.receive() == b"answer"
        with pytest.raises(anyio.BrokenResourceError) as caught:
            await ours.receive()
        assert isinstance(caught.value.__cause__, ConnectionResetError)
        with pytest.raises(anyio.BrokenResourceError):
            await ours.send(b"more")


async def test_a_reader_that_waits_learns_of_the_end() -> None:
    for end in (reset, socket.socket.close):
        async with pair() as (ours, theirs):
            waiting = asyncio.ensure_future(ours.receive())
            await settle()
            end(theirs)
            with pytest.raises((anyio.BrokenResourceError, anyio.EndOfStream)):
                await waiting


async def test_a_server_waits_when_nobody_reads() -> None:
    async with pair() as (ours, theirs):
        theirs.setblocking(False)
        sent = 0
        for _ in range(2000):
            with contextlib.suppress(BlockingIOError):
                sent += theirs.send(b"x" * 65536)
            await asyncio.sleep(0)
        assert len(ours._arrived) <= asyncio_socket._READ_AHEAD + 256 * 1024
        assert sent > len(ours._arrived)
        theirs.setblocking(True)
        theirs.settimeout(10)
        read = 0
        while read < sent:
            read += len(await ours.receive())
        assert read == sent


async def test_a_writer_waits_until_the_server_reads() -> None:
    async with pair() as (ours, theirs):
        data = b"y" * (16 * 1024 * 1024)
        writing = asyncio.ensure_future(ours.send(data))
        await settle()
        assert not writing.done()
        received = await asyncio.to_thread(_receive, theirs, len(data))
        await writing
        assert received == len(data)


def _receive(sock: socket.socket, length: int) -> int:
    received = 0
    while received < length and (part := sock.recv(1 << 20)):
        received += len(part)
    return received


async def test_a_writer_that_waits_learns_of_the_end() -> None:
    async with pair() as (ours, theirs):
        writing = asyncio.ensure_future(ours.send(b"y" * (16 * 1024 * 1024)))
        await settle()
        reset(theirs)
        with contextlib.suppress(anyio.BrokenResourceError):
            await asyncio.wait_for(writing, 5)
        with pytest.raises(anyio.BrokenResourceError):
            await ours.receive()


@pytest.mark.parametrize("greeting", [b"", b"too early"])
async def test_what_a_server_does_before_it_is_asked_is_not_lost(greeting: bytes) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        theirs, _ = listener.accept()
        with theirs:
            theirs.sendall(greeting)

    async def slow_connect(*arguments: object, **options: object) -> object:
        stream = await connect(*arguments, **options)  # type: ignore[arg-type]
        await settle()  # long enough for anyio to hear it first
        return stream

    connect = anyio.connect_tcp
    with listener, pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio, "connect_tcp", slow_connect)
        waiting = asyncio.ensure_future(asyncio.to_thread(greet))
        made = await asyncio_socket.connect(*listener.getsockname(), None)
        await waiting
        if greeting:
            assert await made.receive() == greeting
        with pytest.raises(anyio.EndOfStream):
            await made.receive()
        await made.aclose()


async def test_a_stream_without_a_transport_of_asyncio_stays() -> None:
    ours, theirs = anyio.create_memory_object_stream[bytes](1)

    async def connect(*arguments: object, **options: object) -> object:
        return ours

    with ours, theirs, pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio, "connect_tcp", connect)
        made = await asyncio_socket.connect("127.0.0.1", 1, None)
        assert isinstance(made, ReadableToTheEnd)
        assert made._stream is ours  # type: ignore[comparison-overlap]


async def test_an_answer_is_read_although_a_write_learnt_of_the_break_first() -> None:
    async with pair() as (ours, theirs):
        theirs.sendall(b"answer")
        reset(theirs)
        await ours.send(b"x")  # no turn of the event loop before it, so nothing was read yet
        await settle()
        await ours.send(b"y")
        assert await ours.receive() == b"answer"
        with pytest.raises(anyio.BrokenResourceError):
            await ours.receive()


async def test_a_cancelled_reader_leaves_the_connection_usable() -> None:
    async with pair() as (ours, theirs):
        with anyio.move_on_after(0.01):
            await ours.receive()
        theirs.sendall(b"later")
        assert await ours.receive() == b"later"
