"""The server that everything is measured against, in a process of its own.

    python -m benchmarks.server PORT_FILE

Sockets and bytes on asyncio: cheap enough not to be what is measured. ``POST`` anywhere answers
with a payment intent; what it was sent under ``/echo`` comes back from there. ``/slow/MS`` waits
first. ``GET /connections`` counts the connections ever made and open now, ``POST /drop`` closes
them all but its own, as a restart would.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.payload import ANSWER


def _response(body: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_7d2c9e40\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )


_ANSWER = _response(ANSWER)


class Connection(asyncio.Protocol):
    """One connection."""

    made = 0
    open: set[Connection] = set()  # noqa: RUF012 - one server in the process

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        Connection.made += 1
        Connection.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        Connection.open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            length = _content_length(head)
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._answer(head.split(b" ", 2)[1], rest[:length])

    def _answer(self, path: bytes, body: bytes) -> None:
        if path.startswith(b"/slow/"):
            seconds = int(path.split(b"/")[2]) / 1000
            asyncio.get_running_loop().call_later(seconds, self._write, _ANSWER)
        elif path.startswith(b"/echo"):
            self._write(_response(body))
        elif path == b"/connections":
            counts = {"made": Connection.made, "open": len(Connection.open) - 1}
            self._write(_response(json.dumps(counts).encode()))
        elif path == b"/drop":
            for connection in Connection.open - {self}:
                connection._transport.close()
            self._write(_response(b"{}"))
        else:
            self._write(_ANSWER)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(lowered[at + 17 :].split(b"\r\n", 1)[0])


async def _serve(port_file: Path) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=2048)
    # Written elsewhere and moved, so that nobody reads half a number.
    unfinished = port_file.with_suffix(".tmp")
    unfinished.write_text(str(server.sockets[0].getsockname()[1]), "utf-8")
    unfinished.replace(port_file)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
