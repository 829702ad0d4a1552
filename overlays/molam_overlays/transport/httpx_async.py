"""The default adapter of the async client: `httpx_sync` with await, and cancellation.

The decisions are shared; what differs is that a deadline cancels instead of being asked for, and
that a call may be cancelled from outside at any await. Everything that changes who holds which
connection therefore happens without one.
"""

from __future__ import annotations

import importlib
import os
import sys
import weakref
from typing import cast

import anyio
import httpx

from molam_overlays.annotations import at_home
from molam_overlays.errors import MolamError, mark_unsent
from molam_overlays.frames import sealed
from molam_overlays.transport import failures, library
from molam_overlays.transport.incoming import DEFAULT_LIMIT, Body, headers_of
from molam_overlays.transport.lines_async import AsyncLines, Line
from molam_overlays.transport.opened import AsyncOpened
from molam_overlays.transport.opened_async import AsyncOpenedLine
from molam_overlays.transport.own_async import OwnAsyncClient, OwnAttempt
from molam_overlays.transport.route import Cert, ProxyTypes, Routes, Verify
from molam_overlays.transport.sending import AsyncExchanging
from molam_overlays.transport.target import Target, prepare, target_of
from molam_overlays.transport.trail import AsyncTrail
from molam_overlays.transport.wire_async import (
    Wire,
    clock,
)
from molam_overlays.wire import Request, Response


class AsyncHttpxAdapter(AsyncExchanging):
    """The async twin of `HttpxAdapter`: same arguments, same rules, for asyncio and trio.

    One adapter serves every event loop that uses it, one after the other or at once: each has up to
    `max_connections` of its own, which are closed when the loop ends. With your own `AsyncClient` of httpx or httpx2 the ``timeout`` holds for the whole attempt too.
    """

    networked = True

    @sealed
    def __init__(
        self,
        client: library.OwnAsyncClient | None = None,
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
        _load_backend()
        self._client = client
        self._own = None if client is None else OwnAsyncClient(client, max_response_bytes)
        self._limit = max_response_bytes
        self._closed = False
        self._routes = Routes(
            "Async",
            proxy=proxy,
            verify=verify,
            cert=cert,
            http2=http2,
            trust_env=trust_env and client is None,
            keepalive_expiry=keepalive_expiry,
        )
        self._lines = AsyncLines(self._routes, max_connections, keepalive_expiry)
        _adapters.add(self)

    async def exchange(self, request: Request) -> Response:
        """Send one request and read the whole response.

        Raises:
            NetworkError: no usable response came.
            TimeoutError: ``request.timeout`` seconds passed.
            ClientClosedError: the adapter is closed.
            ForeignError: code of your own client's owner raised something.
        """
        target = self._admit(request)
        attempt: _Attempt | OwnAttempt
        if self._own is not None:
            attempt = self._own.attempt(request, target)
        else:
            attempt = _Attempt(request, target)
        with anyio.move_on_after(request.timeout) as scope:
            if isinstance(attempt, OwnAttempt):
                await attempt.run()
            else:
                try:
                    await self._exchange(attempt)
                except BaseException as error:  # a cancellation
                    if attempt.wire is None or not attempt.wire.sent:
                        mark_unsent(error)
                    raise
        if scope.cancelled_caught:
            attempt.failure = attempt.timed_out()
        if attempt.body is None:
            assert attempt.failure is not None
            raise attempt.failure
        return attempt.body.end(attempt.failure)

    async def stream(self, request: Request) -> Response | AsyncOpened:
        """Send one request; return the answer, unread where `request.sink` wants it as it comes.

        Raises as `exchange`. ``request.timeout`` is for the head, and then for each wait.
        """
        target = self._admit(request)
        if self._own is not None:
            return await self._own.stream(request, target)
        attempt = _Attempt(request, target)
        opened = AsyncOpenedLine(request, attempt, self._lines)
        return await opened.start(attempt.prepared, self._limit)

    def _admit(self, request: Request) -> Target:
        if self._closed:
            raise failures.closed()
        return target_of(request.url)

    async def _exchange(self, attempt: _Attempt) -> None:
        slot = await self._lines.acquire(attempt.origin, attempt.timeout)
        used = cast("Line", slot.line)
        attempt.wire = used.wire
        used.wire.begin()
        if used.proxied:
            due = clock() + attempt.timeout
            attempt.trail = AsyncTrail(attempt.origin, due, attempt.prepared.extensions)
        reusable = False
        try:
            answer = await used.transport.handle_async_request(attempt.prepared)
            if used.fresh:
                used.fresh = False
                library.unlock(used.connection)
            whole = await self._read(answer, attempt, used.wire)
            reusable = whole and library.settled(used.connection)
        except Exception as error:
            trail = attempt.trail
            if attempt.body is None and (trail is None or trail.sent):
                attempt.body = failures.interim(error, attempt.host, used.wire.first)
            attempt.failure = failures.failure_of(error, attempt.host, attempt.timeout, trail)
            if attempt.failure is None:
                raise
        finally:
            await self._lines.release(slot, reusable)

    async def _read(self, answer: httpx.Response, attempt: _Attempt, wire: Wire) -> bool:
        """Read the body; True if it is whole."""
        stream = cast("httpx.AsyncByteStream", answer.stream)
        try:
            body = Body(
                answer.status_code,
                headers_of(answer.headers.raw),
                self._limit,
                attempt.host,
                attempt.sink,
            )
            attempt.body = body
            async for chunk in stream:
                if not body.feed(chunk):
                    # Not a break: the generators below would be left in the middle, which trio
                    # warns about. On a closed connection they end by themselves.
                    await wire.close()
            return body.whole()
        finally:
            await stream.aclose()

    async def aclose(self) -> None:
        """Close all connections; safe twice. Calls in progress end, and close theirs."""
        self._closed = True
        await self._lines.aclose()
        if self._own is not None:
            await self._own.aclose()

    def forget_inherited(self) -> None:
        """Drop what a fork has left us."""
        self._routes.forget_inherited()
        if self._own is not None:
            self._own.forget_inherited()
        self._lines.forget_inherited()


at_home("molam_sdk.http.adapter", AsyncHttpxAdapter)


class _Attempt:
    """What is known about a call in progress, and survives its cancellation."""

    __slots__ = (
        "body", "failure", "host", "origin", "prepared", "sink", "timeout", "trail", "wire"
    )  # fmt: skip

    def __init__(self, request: Request, target: Target) -> None:
        self.prepared = prepare(request, target)
        self.trail: AsyncTrail | None = None
        self.host = target.host
        self.origin = target.origin
        self.timeout = request.timeout
        self.sink = request.sink
        self.wire: Wire | None = None
        self.body: Body | None = None
        self.failure: MolamError | None = None

    def timed_out(self) -> MolamError:
        if self.wire is None:
            return failures.pool_timeout(self.host, self.timeout)
        if self.trail is not None and self.trail.interrupted_unsent:
            return failures.unsent_timeout(self.trail, self.host, self.timeout)
        if not self.wire.sent:
            return failures.connect_timeout(self.host, self.timeout)
        return failures.response_timeout(self.host, self.timeout)


def _load_backend() -> None:
    """Import what anyio and asyncio would import in the first call."""
    importlib.import_module("concurrent.futures.thread")  # where asyncio resolves names
    importlib.import_module("anyio._backends._asyncio")
    if "trio" in sys.modules:
        importlib.import_module("anyio._backends._trio")


_adapters: weakref.WeakSet[AsyncHttpxAdapter] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for adapter in list(_adapters):
        adapter.forget_inherited()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork_in_child)
