"""A TCP proxy on loopback that does to connections what networks do, drawn from a seed."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable

PAGES = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<html></html",
    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<html></html",
    b"HTTP/1.1 429 Too Many\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<html></html",
)
HTTP_FAULTS = (
    *("reset on the way", "reset on the way back", "latency", "half open", "cut short"),
    *("page", "lost answer"),
)
SQL_FAULTS = ("reset on the way", "reset on the way back", "latency")

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Proxy:
    """Forwards connections; `share` of them meet a fault."""

    def __init__(self, connect: Connect, faults: tuple[str, ...], share: float, seed: int) -> None:
        self._connect = connect
        self._faults = faults
        self.share = share
        self._dice = random.Random(seed)
        self.met: Counter[str] = Counter()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        fault = self._dice.choice(self._faults) if self._dice.random() < self.share else ""
        at = self._dice.choice((0, 1, 7, 40, 200, 500, 900, 2000))
        if fault:
            self.met[fault] += 1
        try:
            await self._forward(fault, at, here, back)
        except (OSError, EOFError, asyncio.IncompleteReadError):
            pass
        finally:
            back.close()

    async def _forward(
        self, fault: str, at: int, here: asyncio.StreamReader, back: asyncio.StreamWriter
    ) -> None:
        if fault == "page":
            await here.read(65536)
            back.write(self._dice.choice(PAGES))
            await back.drain()
            return
        if fault == "half open":
            await here.read(65536)
            await asyncio.sleep(3.0)
            return
        if fault == "latency":
            await asyncio.sleep(self._dice.random() * 0.3)
        there_in, there_out = await self._connect()
        limit_out = at if fault == "reset on the way" else None
        limit_in = {"reset on the way back": at, "cut short": at, "lost answer": 0}.get(fault)
        forth = asyncio.ensure_future(_pump(here, there_out, limit_out))
        answer = asyncio.ensure_future(_pump(there_in, back, limit_in))
        await asyncio.wait((forth, answer), return_when=asyncio.FIRST_COMPLETED)
        for task in (forth, answer):
            task.cancel()
        there_out.close()
        if fault.startswith("reset") or fault == "lost answer":
            _reset(back)


async def _pump(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, limit: int | None
) -> None:
    """Copy bytes until an end, or so many."""
    while data := await source.read(65536):
        if limit is not None and len(data) >= limit:
            target.write(data[:limit])
            await target.drain()
            return
        limit = None if limit is None else limit - len(data)
        target.write(data)
        await target.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    found = writer.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
