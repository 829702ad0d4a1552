"""The default adapter of the blocking client: httpx's transport, called directly.

A call goes through `httpx.HTTPTransport.handle_request`, without `httpx.Client` around it and
without httpcore's pool below it. That is what makes it cheap. `lines_sync` has the
connections: each is used by one call at a time.
"""

from __future__ import annotations

import os
import weakref
from typing import cast

import httpx

from molam_overlays.annotations import at_home
from molam_overlays.errors import MolamError, mark_unsent
from molam_overlays.frames import sealed
from molam_overlays.transport import failures, library
from molam_overlays.transport.incoming import DEFAULT_LIMIT, Body, headers_of
from molam_overlays.transport.lines_sync import Line, Lines
from molam_overlays.transport.opened import Opened
from molam_overlays.transport.opened_sync import OpenedLine
from molam_overlays.transport.own_sync import OwnClient
from molam_overlays.transport.route import Cert, ProxyTypes, Routes, Verify
from molam_overlays.transport.sending import Exchanging
from molam_overlays.transport.target import Target, prepare, target_of
from molam_overlays.transport.trail import Trail
from molam_overlays.transport.wire_sync import clock
from molam_overlays.wire import Request, Response


class HttpxAdapter(Exchanging):
    """Send requests with httpx. One adapter serves many threads.

    Redirects are never followed, cookies never kept. A connection carries one request at a time,
    is closed after any failure, and is looked at before it is used again.

    Args:
        client: your own `httpx.Client` or `httpx2.Client`, with its proxies, certificates, limits and hooks. Its
            headers, auth, cookies and timeouts are not used, and it stays open when the adapter
            closes. Hooks may read and raise: what they raise is raised by the call, once.
            Connections are made as it would make them, and kept by the adapter; a transport or a
            `send` of your own is gone through instead, see the guide for what does not hold then.
            The arguments below but the last have no effect then.
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

    networked = True

    @sealed
    def __init__(
        self,
        client: library.OwnClient | None = None,
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
        self._lines = Lines(self._routes, max_connections, keepalive_expiry)
        _adapters.add(self)

    def exchange(self, request: Request) -> Response:
        """Send one request and read the whole response.

        Raises:
            NetworkError: no usable response came.
            TimeoutError: ``request.timeout`` seconds passed.
            ClientClosedError: the adapter is closed.
            ForeignError: code of your own client's owner raised something.
        """
        target = self._admit(request)
        if self._own is not None:
            return self._own.exchange(request, target)
        prepared = prepare(request, target)
        deadline = clock() + request.timeout
        try:
            slot = self._lines.acquire(target, deadline, request.timeout)
        except BaseException as error:
            mark_unsent(error)
            raise
        used = cast("Line", slot.line)
        used.wire.begin(deadline)
        trail: Trail | None = None
        if used.proxied:
            trail = Trail(target.origin, deadline, prepared.extensions)
        body: Body | None = None
        failure: MolamError | None = None
        reusable = False
        try:
            answer = used.transport.handle_request(prepared)
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
            reusable = body.whole() and library.settled(used.connection)
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
            self._lines.release(slot, reusable)
        if body is None:
            assert failure is not None
            raise failure
        return body.end(failure)

    def stream(self, request: Request) -> Response | Opened:
        """Send one request; return the answer, unread where `request.sink` wants it as it comes.

        Raises as `exchange`. ``request.timeout`` is for the head, and then for each wait.
        """
        target = self._admit(request)
        if self._own is not None:
            return self._own.stream(request, target)
        prepared = prepare(request, target)
        deadline = clock() + request.timeout
        try:
            slot = self._lines.acquire(target, deadline, request.timeout)
        except BaseException as error:
            mark_unsent(error)
            raise
        used = cast("Line", slot.line)
        used.wire.begin(deadline)
        trail = Trail(target.origin, deadline, prepared.extensions) if used.proxied else None
        opened = OpenedLine(request, target, slot, self._lines.release, trail)
        return opened.start(prepared, self._limit)

    def _admit(self, request: Request) -> Target:
        if self._closed:
            raise failures.closed()
        return target_of(request.url)

    def close(self) -> None:
        """Close all connections; safe twice. Calls in progress end, and close theirs."""
        self._closed = True
        self._lines.close()
        if self._own is not None:
            self._own.close()

    def forget_inherited(self) -> None:
        """Drop what a fork has left us: the connections are the parent's."""
        self._routes.forget_inherited()
        if self._own is not None:
            self._own.forget_inherited()
        self._lines.forget_inherited()


at_home("molam_sdk.http.adapter", HttpxAdapter)


_adapters: weakref.WeakSet[HttpxAdapter] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for adapter in list(_adapters):
        adapter.forget_inherited()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork_in_child)
