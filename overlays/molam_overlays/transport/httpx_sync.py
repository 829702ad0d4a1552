"""The default adapter of the blocking client: httpx's transport, called directly.

A call goes through `httpx.HTTPTransport.handle_request`, without `httpx.Client` around it and
without httpcore's pool below it. That is what makes it cheap. Each `_Line` is one connection,
used by one call at a time; `Stack` says who gets which.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Mapping
from typing import Any, cast

import httpx

from molam_overlays.errors import MolamError, mark_unsent
from molam_overlays.frames import sealed
from molam_overlays.transport import failures, line
from molam_overlays.transport.adapter import ForeignError, HTTPAdapter
from molam_overlays.transport.incoming import DEFAULT_LIMIT, Body, headers_of
from molam_overlays.transport.opened import Opened
from molam_overlays.transport.opened_sync import OpenedLine
from molam_overlays.transport.own_sync import OwnClient
from molam_overlays.transport.route import Cert, ProxyTypes, Routes, Verify
from molam_overlays.transport.sending import answer_of, request_of
from molam_overlays.transport.stack import Slot, Stack, Waiter
from molam_overlays.transport.target import Origin, Target, prepare, target_of
from molam_overlays.transport.trail import Trail
from molam_overlays.transport.wire_sync import Wire, clock
from molam_overlays.wire import Request, Response

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
        target, prepared = self._admit(request)
        if self._own is not None:
            return self._own.exchange(request, prepared, target)
        deadline = clock() + request.timeout
        try:
            slot = self._acquire(target, deadline, request.timeout)
        except BaseException as error:
            mark_unsent(error)
            raise
        used = cast("_Line", slot.line)
        used.wire.begin(deadline)
        trail: Trail | None = None
        if used.proxied:
            trail = Trail(target.origin, deadline, prepared.extensions)
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
                body = failures.interim(error, target.host, used.wire.first)
            failure = failures.failure_of(error, target.host, request.timeout, trail)
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

    def stream(self, request: Request) -> Response | Opened:
        """Send one request; return the answer, unread where `request.sink` wants it as it comes.

        Raises as `exchange`. ``request.timeout`` is for the head, and then for each wait.
        """
        target, prepared = self._admit(request)
        if self._own is not None:
            return self._own.stream(request, prepared, target)
        deadline = clock() + request.timeout
        try:
            slot = self._acquire(target, deadline, request.timeout)
        except BaseException as error:
            mark_unsent(error)
            raise
        used = cast("_Line", slot.line)
        used.wire.begin(deadline)
        trail = Trail(target.origin, deadline, prepared.extensions) if used.proxied else None
        opened = OpenedLine(request, target, slot, self._release, trail)
        return opened.start(prepared, self._limit)

    def _admit(self, request: Request) -> tuple[Target, httpx.Request]:
        if self._closed:
            raise failures.closed()
        target = target_of(request.url)
        return target, prepare(request, target)

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
        origin, now = target.origin, clock()
        slot = self._stack.take(origin, now, deadline)
        if slot is None:
            slot = self._await_turn(target, deadline, timeout)
        try:
            if self._closed:
                raise failures.closed()
            found = slot.line
            if found is not None:
                young = now - found.idle_since <= self._expiry
                if young and found.origin == origin and line.alive(found.connection):
                    return slot
                slot.line = None
                found.wire.close()
            wire = Wire()
            slot.line = _Line(origin, self._routes.connection(origin, wire, deadline - now), wire)
        except httpx.ConnectTimeout:
            self._release(slot, False)
            raise failures.connect_timeout(target.host, timeout) from None
        except BaseException:
            self._release(slot, False)
            raise
        return slot

    def _await_turn(self, target: Target, deadline: float, timeout: float) -> Slot[_Line]:
        stack = self._stack
        waiter = _Waiter(deadline)
        try:
            stack.wait(waiter, clock())
            while waiter.slot is None and not self._closed:
                left = deadline - clock()
                if left <= 0:
                    break
                if not waiter.turn.acquire(timeout=min(left, _LOOK_AFTER)):
                    stack.wait_on(waiter, clock())
            if waiter.slot is None and not stack.leave(waiter):
                waiter.turn.acquire(timeout=_LOOK_AFTER)  # another thread is handing one over
        except BaseException:
            stack.leave(waiter)
            if waiter.slot is not None:
                self._release(waiter.slot, True)
            raise
        if waiter.slot is not None:
            return waiter.slot
        raise failures.closed() if self._closed else failures.pool_timeout(target.host, timeout)

    def _release(self, slot: Slot[_Line], reusable: bool) -> None:
        try:
            if not reusable and slot.line is not None:
                slot.line.wire.close()
        finally:
            for each in self._stack.give_back(slot, clock(), reusable=reusable):
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

    def __init__(self, origin: Origin, connection: Any, wire: Wire) -> None:
        # Not super().__init__(): it makes a TLS context and a pool, and we have the connection.
        self._pool = connection
        self.connection = connection
        self.wire = wire
        self.origin = origin
        self.idle_since = 0.0
        self.proxied = hasattr(connection, "connections")


_adapters: weakref.WeakSet[HttpxAdapter] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for adapter in list(_adapters):
        adapter.forget_inherited()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork_in_child)
