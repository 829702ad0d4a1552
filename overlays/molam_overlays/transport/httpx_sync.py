"""The default adapter of the blocking client: httpx's transport, called directly.

A call goes through `httpx.HTTPTransport.handle_request`, without `httpx.Client` around it and
without httpcore's pool below it. That is what makes it cheap. Each `_Line` is one connection,
used by one call at a time; `Stack` says who gets which.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from typing import Any, cast

import httpcore
import httpx

from molam_overlays.errors import MolamError, mark_unsent
from molam_overlays.frames import sealed
from molam_overlays.transport import fault, line
from molam_overlays.transport.adapter import ForeignError, HTTPAdapter
from molam_overlays.transport.body import DEFAULT_LIMIT, Body, headers_of
from molam_overlays.transport.own_sync import OwnClient
from molam_overlays.transport.route import Cert, ProxyTypes, Routes, Verify
from molam_overlays.transport.stack import Slot, Stack, Waiter
from molam_overlays.transport.target import Origin, Target, prepare, target_of
from molam_overlays.transport.text import answer_of, request_of
from molam_overlays.transport.trail import Trail
from molam_overlays.wire import Request, Response

_clock = time.monotonic
_FLUSH_AT = 64 * 1024
_LOOK_AFTER = 0.25
"""Seconds after which one who waits for a connection looks for itself."""


class HttpxAdapter(HTTPAdapter):
    """Send requests with httpx. One adapter serves many threads.

    Redirects are never followed, cookies never kept. A connection carries one request at a time,
    is closed after any failure, and is looked at before it is used again.

    Args:
        client: your own `httpx.Client`, with its proxies, certificates and hooks. Its headers,
            auth, cookies and timeouts are not used, and it stays open when the adapter closes.
            Hooks may read and raise: what they raise is raised by the call, once. Used before a
            fork, it is refused in the child.
            The arguments below but the last have no effect then. A server that drips its header
            can stretch ``timeout`` in this case; its body cannot.
        proxy: URL of a proxy for all requests, ``http``, ``https``, ``socks5`` or ``socks5h``.
            By default what ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` say.
        verify: True for the usual authorities, a path to certificates, an `ssl.SSLContext`, or
            False, which lets anybody read the key.
        cert: client certificate: path, or (path, key path), or (path, key path, password).
        http2: offer HTTP/2 to the server; needs ``pip install 'httpx[http2]'``. Still one request
            at a time on each connection.
        trust_env: read proxies and ``SSL_CERT_FILE``, ``SSL_CERT_DIR`` from the environment.
        max_connections: open connections, to all hosts together; callers beyond wait their turn.
        keepalive_expiry: seconds that a connection may stay idle before it is closed. Below what
            servers and load balancers allow, mostly, so that they do not close it first.
        max_response_bytes: largest response body that is read, in bytes after decompression.
    """

    @sealed
    def __init__(
        self,
        client: httpx.Client | None = None,
        *,
        proxy: ProxyTypes | None = None,
        verify: Verify = True,
        cert: Cert | None = None,
        http2: bool = False,
        trust_env: bool = True,
        max_connections: int = 100,
        keepalive_expiry: float = 5.0,
        max_response_bytes: int = DEFAULT_LIMIT,
    ) -> None:
        self._client = client
        self._own = None if client is None else OwnClient(client, max_response_bytes)
        self._limit = max_response_bytes
        self._expiry = keepalive_expiry
        self._closed = False
        self._routes = Routes(
            "",
            proxy=proxy,
            verify=verify,
            cert=cert,
            http2=http2,
            trust_env=trust_env and client is None,
            keepalive_expiry=keepalive_expiry,
        )
        self._max_connections = max_connections
        self._start()
        _adapters.add(self)

    def _start(self) -> None:
        self._stack: Stack[_Line] = Stack(self._max_connections, self._expiry)

    def exchange(self, request: Request) -> Response:
        """Send one request and read the whole response.

        Raises:
            NetworkError: no usable response came.
            TimeoutError: ``request.timeout`` seconds passed.
            ClientClosedError: the adapter is closed.
            ForeignError: code of your own client's owner raised something.
        """
        if self._closed:
            raise fault.closed()
        deadline = _clock() + request.timeout
        target = target_of(request.url)
        prepared = prepare(request, target)
        if self._own is not None:
            return self._own.exchange(request, prepared, target)
        try:
            slot = self._acquire(target, deadline, request.timeout)
        except BaseException as error:
            mark_unsent(error)
            raise
        used = cast("_Line", slot.line)
        used.wire.begin(deadline)
        trail: Trail | None = None
        if used.proxied:
            trail = prepared.extensions["trace"] = Trail(target.origin, deadline)
        body: Body | None = None
        failure: MolamError | None = None
        reusable = False
        try:
            answer = used.handle_request(prepared)
            stream = cast("httpx.SyncByteStream", answer.stream)
            try:
                body = Body(
                    answer.status_code,
                    headers_of(answer.headers.raw),
                    self._limit,
                    target.host,
                    request.sink,
                )
                for chunk in stream:
                    if not body.feed(chunk):
                        break
            finally:
                stream.close()
            reusable = body.whole() and line.settled(used.connection)
        except Exception as error:
            if body is None and (trail is None or trail.sent):
                body = fault.interim(error, target.host, used.wire.first)
            failure = fault.failure_of(error, target.host, request.timeout, trail)
            if failure is None:
                raise
        except BaseException as error:  # KeyboardInterrupt
            if not (used.wire.sent if trail is None else trail.sent):
                mark_unsent(error)
            raise
        finally:
            self._release(slot, reusable)
        if body is None:
            assert failure is not None
            raise failure
        return body.end(failure)

    @sealed
    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float = 10,
    ) -> tuple[int, str, Mapping[str, str]]:
        """Send one request with a JSON body; as `HTTPAdapter.send`."""
        try:
            return answer_of(self.exchange(request_of(method, url, headers, json, timeout)))
        except ForeignError as raised:
            error = raised.error
        raise error

    def close(self) -> None:
        """Close all connections; safe twice. Calls in progress end, and close theirs."""
        self._closed = True
        for each in self._stack.close():
            each.wire.close()

    def _acquire(self, target: Target, deadline: float, timeout: float) -> Slot[_Line]:
        origin, now = target.origin, _clock()
        slot = self._stack.take(origin, now, deadline)
        if slot is None:
            slot = self._await_turn(target, deadline, timeout)
        try:
            if self._closed:
                raise fault.closed()
            found = slot.line
            if found is not None:
                young = now - found.idle_since <= self._expiry
                if young and found.origin == origin and line.alive(found.connection):
                    return slot
                slot.line = None
                found.wire.close()
            wire = _Wire()
            slot.line = _Line(origin, self._routes.connection(origin, wire, deadline - now), wire)
        except httpx.ConnectTimeout:
            self._release(slot, False)
            raise fault.connect_timeout(target.host, timeout) from None
        except BaseException:
            self._release(slot, False)
            raise
        return slot

    def _await_turn(self, target: Target, deadline: float, timeout: float) -> Slot[_Line]:
        stack = self._stack
        waiter = _Waiter(deadline)
        try:
            stack.wait(waiter, _clock())
            while waiter.slot is None and not self._closed:
                left = deadline - _clock()
                if left <= 0:
                    break
                if not waiter.turn.acquire(timeout=min(left, _LOOK_AFTER)):
                    stack.wait_on(waiter, _clock())
            if waiter.slot is None and not stack.leave(waiter):
                waiter.turn.acquire(timeout=_LOOK_AFTER)  # another thread is handing one over
        except BaseException:
            stack.leave(waiter)
            if waiter.slot is not None:
                self._release(waiter.slot, True)
            raise
        if waiter.slot is not None:
            return waiter.slot
        raise fault.closed() if self._closed else fault.pool_timeout(target.host, timeout)

    def _release(self, slot: Slot[_Line], reusable: bool) -> None:
        try:
            if not reusable and slot.line is not None:
                slot.line.wire.close()
        finally:
            for each in self._stack.give_back(slot, _clock(), reusable=reusable):
                each.wire.close()

    def forget_inherited(self) -> None:
        """Drop what a fork has left us: the connections are the parent's."""
        self._routes.forget_inherited()
        if self._own is not None:
            self._own.forget_inherited()
        inherited = self._stack.abandon()
        self._start()
        self._stack.closed = self._closed
        for each in inherited:
            each.wire.close()  # closes our copy of the socket; says nothing to the server


HttpxAdapter.__module__ = "molam_sdk.http.adapter"


class _Waiter(Waiter["_Line"]):
    __slots__ = ("turn",)

    def __init__(self, due: float) -> None:
        super().__init__(due)
        # Not an Event, whose own lock an exception of a signal handler may leave held.
        self.turn = threading.Lock()
        self.turn.acquire()

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # told already
            self.turn.release()


class _Line(httpx.HTTPTransport):
    """httpx's transport over one connection instead of a pool of them."""

    def __init__(self, origin: Origin, connection: Any, wire: _Wire) -> None:
        # Not super().__init__(): it makes a TLS context and a pool, and we have the connection.
        self._pool = connection
        self.connection = connection
        self.wire = wire
        self.origin = origin
        self.idle_since = 0.0
        self.proxied = hasattr(connection, "connections")


class _Wire(httpcore.NetworkBackend):
    """The sockets of one line, and the moment at which the attempt on it must be over."""

    def __init__(self) -> None:
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
        seconds = self.deadline - _clock()
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
            share = self.left(httpcore.ConnectTimeout) / (len(addresses) + 1)
            try:
                stream = httpcore.SyncBackend().connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise
            else:
                self._sockets.append(stream)
                return _Stream(stream, self)

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

        threading.Thread(target=ask, daemon=True, name="molam-resolve").start()
        try:
            answer = answers.get(timeout=self.left(httpcore.ConnectTimeout))
        except queue.Empty:
            raise httpcore.ConnectTimeout("name resolution took too long") from None
        if isinstance(answer, OSError):
            raise httpcore.ConnectError(str(answer)) from answer
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

    def __init__(self, stream: httpcore.NetworkStream, wire: _Wire) -> None:
        self._stream = stream
        self._wire = wire
        self._pending = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._pending:
            # A server may answer early and close: then its answer comes first.
            with contextlib.suppress(httpcore.WriteError):
                self._flush()
        wire = self._wire
        data = self._stream.read(max_bytes, wire.left(httpcore.ReadTimeout))
        if len(wire.first) < fault.STATUS_LINE:
            wire.first += data[: fault.STATUS_LINE]
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
            self._stream.write(part, self._wire.left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._wire.left(httpcore.ConnectTimeout)
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


_adapters: weakref.WeakSet[HttpxAdapter] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for adapter in list(_adapters):
        adapter.forget_inherited()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork_in_child)
