"""Sockets with one deadline, blocking."""

from __future__ import annotations

import _thread
import contextlib
import queue
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from molam_overlays.transport import failures

clock = time.monotonic
_FLUSH_AT = 64 * 1024


class Wire(httpcore.NetworkBackend):
    """The sockets of one line, and the moment at which the attempt on it must be over."""

    def __init__(self, core: Any) -> None:
        self.core = core
        """httpcore or httpcore2: whose connection it is, which knows its own exceptions alone."""
        self._sockets: list[httpcore.NetworkStream] = []
        self.begin(0.0)

    def begin(self, deadline: float) -> None:
        """Forget the attempt before; `deadline` is on the monotonic clock."""
        self.deadline = deadline
        self.sent = False
        """Whether a byte of the request may have left."""
        self.first = b""
        """The first bytes that came back, enough of them for a status line."""

    def left(self, expired: type[Exception]) -> float:
        """Return the seconds left, or raise `expired`."""
        seconds = self.deadline - clock()
        if seconds <= 0:
            raise expired("the attempt's time is up")
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers, all of them within the deadline."""
        addresses = self._resolve(host, port)
        while True:
            address = addresses.pop(0)
            # One that does not answer leaves the others their share of the time.
            share = self.left(self.core.ConnectTimeout) / (len(addresses) + 1)
            try:
                stream = self.core.SyncBackend().connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (self.core.ConnectError, self.core.ConnectTimeout):
                if not addresses:
                    raise
            else:
                self._sockets.append(stream)
                return _Stream(stream, self)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = self.left(self.core.ConnectTimeout)
        stream = self.core.SyncBackend().connect_unix_socket(path, left, socket_options)
        self._sockets.append(stream)
        return _Stream(stream, self)

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, self.left(self.core.ConnectTimeout)))

    def _resolve(self, host: str, port: int) -> list[str]:
        """Resolve a name in a thread of its own: getaddrinfo knows no timeout."""
        if _is_numeric(host):
            return [host]
        answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
            except (OSError, UnicodeError) as error:
                answers.put(error if isinstance(error, OSError) else socket.gaierror(str(error)))

        # Not threading's start(), which makes a KeyError of a signal handler's exception.
        _thread.start_new_thread(ask, ())
        try:
            answer = answers.get(timeout=self.left(self.core.ConnectTimeout))
        except queue.Empty:
            raise self.core.ConnectTimeout("name resolution took too long") from None
        if isinstance(answer, OSError):
            raise self.core.ConnectError(str(answer)) from answer
        return answer

    def close(self) -> None:
        """Close the sockets; nothing is said to the server but that they are closed."""
        while self._sockets:
            self._sockets.pop().close()

    def upgraded(self, stream: httpcore.NetworkStream) -> None:
        """Take note of a TLS stream, which now owns the socket."""
        self._sockets.append(stream)


class _Stream(httpcore.NetworkStream):
    """A socket whose operations end by the deadline of the attempt.

    What is written is kept until something is read, so that head and body leave together: one
    system call and one packet less.
    """

    def __init__(self, stream: httpcore.NetworkStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire
        self._core = wire.core
        self._pending = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._pending:
            # A server may answer early and close: then its answer comes first.
            with contextlib.suppress(self._core.WriteError):
                self._flush()
        wire = self._wire
        data = self._stream.read(max_bytes, wire.left(self._core.ReadTimeout))
        if len(wire.first) < failures.STATUS_LINE:
            wire.first += data[: failures.STATUS_LINE]
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._pending += buffer
        if len(self._pending) > _FLUSH_AT:
            self._flush()

    def _flush(self) -> None:
        pending, self._pending = self._pending, b""
        self._wire.sent = True
        for start in range(0, len(pending), _FLUSH_AT):
            part = pending[start : start + _FLUSH_AT] if len(pending) > _FLUSH_AT else pending
            self._stream.write(part, self._wire.left(self._core.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._wire.left(self._core.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, left)
        self._wire.upgraded(stream)
        self._wire.first = b""  # a proxy's, so far
        return _Stream(stream, self._wire)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _is_numeric(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False
