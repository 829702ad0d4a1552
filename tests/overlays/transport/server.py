"""A loopback server that does what networks and broken servers do, and remembers what it saw.

The path of a request names what happens to it. Threads and sockets, so that a reset is a reset.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

BODY = b'{"id":"pi_1","status":"succeeded"}'
DECLINED = (
    b'{"error":{"type":"card_error","code":"card_declined","message":"The card was declined"}}'
)


@dataclass
class Seen:
    """A request as it came."""

    connection: int
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Conversation:
    """One connection, in the middle of one request."""

    sock: socket.socket
    request: Seen
    closing: threading.Event
    keep: bool = True

    def write(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(
        self, status: int = 200, body: bytes = BODY, *fields: str, length: int | None = None
    ) -> None:
        length = len(body) if length is None else length
        lines = [
            f"HTTP/1.1 {status} X",
            f"Content-Length: {length}",
            "X-Request-Id: req_1",
            *fields,
        ]
        self.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def hang_up(self) -> None:
        self.keep = False

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep = False

    def drip(self, data: bytes) -> None:
        """Send a byte every 20 ms until the client has had enough."""
        for index in range(len(data)):
            if self.closing.wait(0.02):
                break
            self.write(data[index : index + 1])


Deed = Callable[[Conversation], None]
DEEDS: dict[str, Deed] = {}


def deed(function: Deed) -> Deed:
    DEEDS[function.__name__.replace("_", "-")] = function
    return function


@deed
def ok(c: Conversation) -> None:
    c.answer()


@deed
def accented(c: Conversation) -> None:
    c.write(b"HTTP/1.1 200 OK\r\nX-City: Orl\xe9ans\r\nX-Request-Id: req_1\r\n")
    c.write(b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY))


@deed
def empty(c: Conversation) -> None:
    c.write(b"HTTP/1.1 204 No Content\r\n\r\n")


@deed
def echo(c: Conversation) -> None:
    c.answer(200, c.request.body)


@deed
def chunked(c: Conversation) -> None:
    c.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    c.write(b"5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (BODY[:5], len(BODY) - 5, BODY[5:]))


@deed
def early_hints(c: Conversation) -> None:
    c.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    c.answer()


@deed
def continue_and_close(c: Conversation) -> None:
    c.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    c.hang_up()


@deed
def hints_and_close(c: Conversation) -> None:
    c.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    c.hang_up()


@deed
def flood_of_hints(c: Conversation) -> None:
    while not c.closing.wait(0.02):
        c.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")


@deed
def switching(c: Conversation) -> None:
    c.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz")
    c.hang_up()


@deed
def redirect(c: Conversation) -> None:
    c.answer(307, b"", "Location: /ok")


@deed
def reset(c: Conversation) -> None:
    c.reset()


@deed
def clean_close(c: Conversation) -> None:
    c.hang_up()


@deed
def garbage(c: Conversation) -> None:
    secret = "; ".join(f"{name}: {value}" for name, value in c.request.headers)
    c.write(secret.encode() + b"\r\n\r\n")
    c.hang_up()


@deed
def stall(c: Conversation) -> None:
    c.closing.wait()
    c.hang_up()


@deed
def stall_in_body(c: Conversation) -> None:
    c.answer(200, BODY, length=1000)
    stall(c)


@deed
def declined(c: Conversation) -> None:
    c.answer(402, DECLINED)


@deed
def declined_chunked(c: Conversation) -> None:
    c.write(b"HTTP/1.1 402 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    c.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(DECLINED), DECLINED))


@deed
def declined_and_empty(c: Conversation) -> None:
    c.answer(402, b"", length=1000)
    c.hang_up()


@deed
def declined_and_empty_stalled(c: Conversation) -> None:
    c.answer(402, b"", length=1000)
    stall(c)


@deed
def declined_and_stalled(c: Conversation) -> None:
    c.answer(402, b'{"error":', length=1000)
    stall(c)


@deed
def drip_header(c: Conversation) -> None:
    c.drip(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 1000)
    c.hang_up()


@deed
def drip_body(c: Conversation) -> None:
    c.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    c.drip(b"x" * 1000)
    c.hang_up()


@deed
def short(c: Conversation) -> None:
    c.answer(200, BODY, length=1000)
    c.hang_up()


@deed
def short_then_reset(c: Conversation) -> None:
    c.answer(200, BODY, length=1000)
    c.reset()


@deed
def short_chunked(c: Conversation) -> None:
    c.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n")
    c.hang_up()


@deed
def bad_chunk(c: Conversation) -> None:
    c.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabcde\r\n")
    c.hang_up()


@deed
def declined_and_short(c: Conversation) -> None:
    c.answer(402, b'{"error":', length=1000)
    c.hang_up()


@deed
def long(c: Conversation) -> None:
    """More than announced: a whole response that nobody asked for."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    c.answer(200, BODY + forged, length=len(BODY))


@deed
def long_chunked(c: Conversation) -> None:
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    c.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + forged)


@deed
def gzipped(c: Conversation) -> None:
    c.answer(200, gzip.compress(BODY), "Content-Encoding: gzip")


@deed
def gzipped_twice(c: Conversation) -> None:
    c.answer(200, gzip.compress(BODY[:7]) + gzip.compress(BODY[7:]), "Content-Encoding: gzip")


@deed
def deflated(c: Conversation) -> None:
    c.answer(200, zlib.compress(BODY), "Content-Encoding: deflate")


@deed
def deflated_raw(c: Conversation) -> None:
    coder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    c.answer(200, coder.compress(BODY) + coder.flush(), "Content-Encoding: deflate")


@deed
def bad_gzip(c: Conversation) -> None:
    c.answer(200, b"this is not gzip", "Content-Encoding: gzip")


@deed
def half_gzip(c: Conversation) -> None:
    c.answer(200, gzip.compress(BODY)[:-9], "Content-Encoding: gzip")


@deed
def declined_bad_gzip(c: Conversation) -> None:
    c.answer(402, b"this is not gzip", "Content-Encoding: gzip")


@deed
def brotli(c: Conversation) -> None:
    c.answer(200, b"\x0b\x02\x80{}\x03", "Content-Encoding: br")


@deed
def bomb(c: Conversation) -> None:
    c.answer(200, _BOMB, "Content-Encoding: gzip")


@deed
def declined_bomb(c: Conversation) -> None:
    c.answer(402, _BOMB, "Content-Encoding: gzip")


@deed
def large(c: Conversation) -> None:
    c.answer(200, b"x" * 200_000)


@deed
def exactly_at_the_limit(c: Conversation) -> None:
    c.answer(200, b"x" * 100_000)


@deed
def last(c: Conversation) -> None:
    c.answer(200, BODY, "Connection: close")
    c.hang_up()


@deed
def close_after(c: Conversation) -> None:
    """Answer, and close without having said so."""
    c.answer()
    c.hang_up()


_BOMB = gzip.compress(b"\0" * 50_000_000)


@dataclass
class Server:
    """The server; ``with Server() as server``."""

    tls: ssl.SSLContext | None = None
    act: Deed | None = None
    """What happens to every request, whatever its path; by default the path says."""
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Server:  # noqa: PYI034 - Python 3.10 has no Self
        self._closing = threading.Event()
        self.open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self.drop_connections()
        with socket.create_connection(("127.0.0.1", self.port)):
            pass  # wakes accept()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()
        assert not any(thread.is_alive() for thread in self._threads), "a connection was not let go"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait until something is true that changes with requests and connections."""
        with self._lock:
            assert self._lock.wait_for(condition, timeout=10)

    def drop_connections(self) -> None:
        """Close every connection from our side, as a restart would."""
        with self._lock:
            for sock in self.open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._closing.is_set():
                sock.close()
                return
            with self._lock:
                self.connections += 1
                number = self.connections
                self.open.add(sock)
            self._start(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        plain = sock
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                # Not before the handshake, and in place of what it empties: so that closing the
                # server ends a client that keeps its connection, instead of waiting for it.
                sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    self.open.discard(plain)
                    self.open.add(sock)
                sock.do_handshake()
            with sock.makefile("rb") as reader:
                while (request := _read(reader, number)) is not None:
                    with self._lock:
                        self.seen.append(request)
                        self._lock.notify_all()
                    c = Conversation(sock, request, self._closing)
                    act = self.act or DEEDS[request.path.split("?")[0].strip("/").split("/")[-1]]
                    act(c)
                    if not c.keep:
                        break
        except OSError:
            pass
        finally:
            with self._lock:
                self.open -= {plain, sock}
                plain.close()
                sock.close()
                self._lock.notify_all()


def _read(reader: object, number: int) -> Seen | None:
    line = reader.readline().decode()  # type: ignore[attr-defined]
    if not line.strip():
        return None
    method, path, _ = line.split(" ", 2)
    headers = []
    while line := reader.readline().decode("latin-1").rstrip("\r\n"):  # type: ignore[attr-defined]
        name, value = line.split(": ", 1)
        headers.append((name, value))
    length = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
    return Seen(number, method, path, headers, reader.read(length))  # type: ignore[attr-defined]
