"""An exchange through one's own `AsyncClient` of httpx or httpx2: `own_sync` with await.

The whole attempt runs in a cancel scope of the adapter's, so no deadline is looked at here.
"""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import anyio
import httpx

from molam_overlays.annotations import Self
from molam_overlays.errors import MolamError, mark_unsent
from molam_overlays.transport import failures, library, own
from molam_overlays.transport.adapter import ForeignError
from molam_overlays.transport.incoming import Body
from molam_overlays.transport.library import OwnPool, library_of
from molam_overlays.transport.lines_async import AsyncLines, Line
from molam_overlays.transport.loops import running
from molam_overlays.transport.opened import AsyncOpened
from molam_overlays.transport.opened_async import run_out
from molam_overlays.transport.stack import Slot
from molam_overlays.transport.target import Origin, Target
from molam_overlays.transport.trail import AsyncTrail
from molam_overlays.transport.wire_async import Wire
from molam_overlays.wire import Request, Response


class OwnAsyncClient:
    """A client of one's own, as an adapter uses it."""

    def __init__(self, client: Any, limit: int) -> None:
        self._client = client
        self._library = library_of(client)
        self._limit = limit
        self._lines: dict[Any, AsyncLines] = {}
        self._noted = self._inherited = False
        self._loop: object = None

    def attempt(self, request: Request, target: Target) -> OwnAttempt:
        """Begin an exchange.

        Raises:
            ClientClosedError: the client is closed, or came here by a fork with its connections.
        """
        if self._client.is_closed:
            raise failures.closed()
        library = self._library
        attempt = OwnAttempt(request, target, library, self._client, "AsyncClient", self._limit)
        pool = library.pool_of(attempt.transport)
        if pool is not None:
            attempt.lease(self._lines_of(pool), proxied=OwnPool(library, pool).proxied)
        else:
            self._go_through()
            attempt.watch()
        return attempt

    async def stream(self, request: Request, target: Target) -> Response | AsyncOpened:
        """Send one request; as `AsyncHttpxAdapter.stream`."""
        return await _OpenedOwn(self.attempt(request, target)).start()

    def _lines_of(self, pool: Any) -> AsyncLines:
        found = self._lines.get(pool)
        if found is None:
            source = OwnPool(self._library, pool)
            made = AsyncLines(source, source.limit, source.expiry, source.resting)
            found = self._lines.setdefault(pool, made)
        return found

    def _go_through(self) -> None:
        """Take note that the client's own connections are used, unless they came here by a fork."""
        if self._inherited:
            raise failures.inherited(f"{self._library.name}.AsyncClient")
        loop = running()
        if not self._noted:
            self._noted = True
            self._loop = loop
            own.note_use(self._client)
        if self._loop is not loop:
            raise failures.other_loop()

    async def aclose(self) -> None:
        """Close our connections; the client stays open."""
        for each in list(self._lines.values()):
            await each.aclose()

    def forget_inherited(self) -> None:
        """Drop our connections, and look whether those of the client can be used in the child."""
        self._inherited = self._inherited or own.has_connections(self._client)
        for each in list(self._lines.values()):
            each.forget_inherited()


class _Lease:
    """A transport for one exchange: takes a connection when the request is to leave."""

    __slots__ = ("_lines", "_origin", "_timeout", "slot", "wire")

    def __init__(self, lines: AsyncLines, origin: Origin, timeout: float) -> None:
        self._lines = lines
        self._origin = origin
        self._timeout = timeout
        self.slot: Slot[Line] | None = None
        self.wire: Wire | None = None
        """The connection's socket, once one was taken."""

    async def handle_async_request(self, prepared: httpx.Request) -> httpx.Response:
        slot = self.slot = await self._lines.acquire(self._origin, self._timeout)
        used = cast("Line", slot.line)
        self.wire = used.wire
        used.wire.begin()
        answer: httpx.Response = await used.transport.handle_async_request(prepared)
        if used.fresh:
            used.fresh = False
            library.unlock(used.connection)
        return answer

    async def end(self, whole: bool) -> None:
        """Give the connection back; `whole` tells whether the response was read as it should be."""
        slot, self.slot = self.slot, None
        if slot is not None:
            used = cast("Line", slot.line)
            await self._lines.release(slot, whole and library.settled(used.connection))


class OwnAttempt(own.Attempt):
    """An exchange that is awaited; what is known of it survives its cancellation."""

    __slots__ = ()

    client: httpx.AsyncClient
    tap: _Tap | None
    _lease: _Lease | None

    def lease(self, lines: AsyncLines, *, proxied: bool) -> None:
        """Send through a connection of ours instead of the client's transport."""
        origin, timeout = self.target.origin, self.request.timeout
        self.transport = self._lease = _Lease(lines, origin, timeout)
        if proxied:
            self.trail = AsyncTrail(origin, 0.0, self.prepared.extensions)

    def watch(self) -> None:
        """Watch what the client does."""
        # Hooks run by `send` may meet a fault of the response, which is then to be known as one.
        to_the_end = self.transport is None
        extensions = self.prepared.extensions
        self.trail = AsyncTrail(self.target.origin, 0.0, extensions, to_the_end=to_the_end)
        # Ahead of the adapter's own deadline, which cannot tell a full pool from a slow server.
        timeouts = extensions["timeout"]
        timeouts["pool"] = timeouts["connect"] = self.request.timeout * 0.95

    async def run(self) -> None:
        """Send the request and read the whole response into `body`, or set `failure`.

        Raises:
            ForeignError: code of the client's owner raised something.
        """
        try:
            answer = await self.send()
            await self._read(answer)
        except ForeignError:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised again, in one form or another
            self.failure = self.failure_of(error)
        except BaseException as error:  # a cancellation
            if self.unsent:
                mark_unsent(error)
            raise
        finally:
            await self.finish(whole=True)

    async def finish(self, *, whole: bool) -> None:
        """Close the answer, and give a connection of ours back; `whole` if it was read to its end."""
        try:
            if self.tap is not None:
                await self.tap.finish()
        finally:
            if self._lease is not None:
                await self._lease.end(self.is_whole(whole))

    def timed_out(self) -> MolamError:
        """Say what the deadline has cut off."""
        host, timeout, trail = self.target.host, self.request.timeout, self.trail
        if trail is not None and trail.interrupted_unsent:
            return failures.unsent_timeout(trail, host, timeout)
        if self.unsent:
            waited = self._lease is not None and self._lease.wire is None
            said = failures.pool_timeout if waited else failures.connect_timeout
            return said(host, timeout)
        return failures.response_timeout(host, timeout)

    async def send(self) -> httpx.Response:
        """Get the answer, hooks included; its body is still to be read, or was by a hook."""
        client, prepared = self.client, self.prepared
        transport = self.transport
        if transport is None:
            return await client.send(prepared, stream=True, auth=None, follow_redirects=False)
        hooks = client.event_hooks
        try:
            for hook in hooks["request"]:
                await hook(prepared)
        except Exception as error:  # noqa: BLE001 - whatever a hook raises
            raise ForeignError(error, own.refused(self.request)) from None
        answer: httpx.Response = await transport.handle_async_request(prepared)
        if hooks["response"]:
            await self._show(answer, hooks["response"])
        return answer

    async def _show(self, answer: httpx.Response, hooks: list[Any]) -> None:
        library.introduce(answer, self.prepared, self.client)
        body = self._body_of(answer)
        if own.already_read(answer, body, self.library):
            tap = None
        else:
            tapped = self.library.joined(_Tap, "AsyncByteStream")
            answer.stream = tap = self.tap = tapped(answer, body)
        try:
            for hook in hooks:
                await hook(answer)
        except Exception as error:
            if tap is not None and own.is_of_wire(error, tap.failed, body):
                raise
            raise ForeignError(error, await self._answer_after(body, tap)) from None

    async def _answer_after(self, body: Body, tap: _Tap | None) -> Response | None:
        """Return the API's refusal, read to its end, that had come before a hook raised."""
        failure: MolamError | None = None
        if not 400 <= body.status <= 499:
            return None
        if tap is not None:
            try:
                await tap.drain()
            except Exception as error:  # noqa: BLE001 - the hook's is raised
                failure = self.failure_of(error)
        body.whole()
        return body.end(failure)

    def chunks_of(self, answer: httpx.Response) -> AsyncIterator[bytes] | None:
        """Return what nobody has read yet, as it comes; None where somebody has read it all."""
        if self.body is not None or own.already_read(answer, self._body_of(answer), self.library):
            return None
        return aiter(cast("httpx.AsyncByteStream", answer.stream))

    async def _read(self, answer: httpx.Response) -> None:
        """Read what nobody has read yet."""
        try:
            if self.tap is not None:
                await self.tap.drain()
            elif self.body is None:
                body = self._body_of(answer)
                if not own.already_read(answer, body, self.library):
                    await self._feed(answer, body)
            cast("Body", self.body).whole()
        finally:
            if self.tap is None:
                await answer.aclose()

    async def _feed(self, answer: httpx.Response, body: Body) -> None:
        stream = cast("httpx.AsyncByteStream", answer.stream)
        async for chunk in stream:
            if not body.feed(chunk):
                # Not a break: the generators below would be left in the middle, which trio warns
                # about. On a closed connection they end by themselves, save those of HTTP/2, where
                # other requests may be on it.
                if answer.http_version == "HTTP/2":
                    break
                await stream.aclose()


class _Tap(AsyncIterator[bytes]):
    """The body of an answer, on its way to hooks: what they read goes into our `Body` as well."""

    def __init__(self, answer: httpx.Response, body: Body) -> None:
        self._answer = answer
        self._stream = cast("httpx.AsyncByteStream", answer.stream)
        self._chunks: AsyncIterator[bytes] | None = None
        self._body = body
        self._started = time.perf_counter()
        self.failed: Exception | None = None

    # Not a generator, which trio wants finished, and hooks may stop in the middle.
    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self.advance()
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def advance(self) -> bytes | None:
        """Return the next bytes, which the body has got as well; None at the end."""
        if self.failed is not None:
            raise self.failed
        try:
            if self._chunks is None:
                self._chunks = aiter(self._stream)
            chunk = await anext(self._chunks, None)
            if chunk is not None and not self._body.feed(chunk):
                raise cast("MolamError", self._body.problem)
        except Exception as error:
            self.failed = error
            raise
        return chunk

    async def drain(self) -> None:
        """Read what hooks have left."""
        while await self.advance() is not None:
            pass

    async def aclose(self) -> None:
        """Close for hooks; whoever made this reads on."""
        self._answer.elapsed = datetime.timedelta(seconds=time.perf_counter() - self._started)

    async def finish(self) -> None:
        """Close the answer's stream."""
        await self.aclose()
        await self._stream.aclose()
        if self._chunks is not None and self._answer.http_version != "HTTP/2":
            # The generators below end by themselves on a closed connection, if they are asked; trio
            # warns about one that is left in the middle.
            with contextlib.suppress(Exception):
                while True:
                    await anext(self._chunks)


class _OpenedOwn(AsyncOpened):
    """An answer to a client of one's own, read piece by piece."""

    def __init__(self, attempt: OwnAttempt) -> None:
        super().__init__()
        self._attempt = attempt
        self._timeout = attempt.request.timeout
        self._answer: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def start(self) -> Response | AsyncOpened:
        """Send the request; return the answer, whole where nobody wants it piece by piece."""
        attempt = self._attempt
        failure: MolamError | None = None
        with anyio.move_on_after(self._timeout) as scope:
            try:
                self._answer = await attempt.send()
                if attempt.tap is None:
                    self._chunks = attempt.chunks_of(self._answer)
                self.body = attempt.body
                if not self._begun().streamed:
                    return await self.rest()
            except BaseException as error:
                await self.aclose()
                if not isinstance(error, Exception) or isinstance(error, ForeignError):
                    raise
                failure = attempt.failure_of(error)
        if scope.cancelled_caught:
            failure = attempt.timed_out()
        self.body = attempt.body
        if self.body is None:
            assert failure is not None
            raise failure
        if failure is not None:
            return self.body.end(failure)
        attempt.hold()
        return self

    async def pull(self) -> bytes | None:
        tap = self._attempt.tap
        with anyio.move_on_after(self._timeout):
            if tap is not None:
                return None if await tap.advance() is None else b""  # it has fed the body itself
            return None if self._chunks is None else await anext(self._chunks, None)
        raise httpx.ReadTimeout("nothing came in time")

    def failure_of(self, error: Exception) -> MolamError | None:
        return self._attempt.failure_of(error)

    async def shut(self, whole: bool) -> None:
        with anyio.CancelScope(shield=True):
            try:
                if self._attempt.tap is None and self._answer is not None:
                    await self._answer.aclose()
                    if self._answer.http_version != "HTTP/2":
                        await run_out(self._chunks)
            finally:
                await self._attempt.finish(whole=whole)
