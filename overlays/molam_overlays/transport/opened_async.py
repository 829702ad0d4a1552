"""An answer read piece by piece from a line of the async adapter: `opened_sync` with await."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncIterator
from typing import Any, cast

import anyio
import httpx

from molam_overlays.errors import MolamError, mark_unsent
from molam_overlays.transport import failures, library
from molam_overlays.transport.incoming import Body, headers_of
from molam_overlays.transport.lines_async import AsyncLines
from molam_overlays.transport.opened import AsyncOpened
from molam_overlays.transport.stack import Slot
from molam_overlays.transport.trail import AsyncTrail
from molam_overlays.transport.wire_async import clock
from molam_overlays.wire import Request, Response


class AsyncOpenedLine(AsyncOpened):
    """One line of `AsyncHttpxAdapter`, which holds its slot until it is shut."""

    def __init__(
        self,
        request: Request,
        attempt: Any,
        lines: AsyncLines,
    ) -> None:
        super().__init__()
        self._timeout = request.timeout
        self._attempt = attempt
        self._slot: Slot[Any] | None = None
        self._used: Any = None
        self._lines = lines
        self._stream: httpx.AsyncByteStream | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def start(
        self,
        prepared: httpx.Request,
        limit: int,
    ) -> Response | AsyncOpenedLine:
        """Send the request; return the answer, whole where nobody wants it piece by piece."""
        attempt = self._attempt
        failure: MolamError | None = None
        with anyio.move_on_after(self._timeout) as scope:
            try:
                await self._send(prepared, limit)
                if not self._begun().streamed:
                    return await self.rest()
            except Exception as error:
                await self._abandon()
                trail = attempt.trail
                if self.body is None and (trail is None or trail.sent) and attempt.wire is not None:
                    self.body = failures.interim(error, attempt.host, attempt.wire.first)
                failure = self.failure_of(error)
                if failure is None:
                    raise
            except BaseException as error:  # a cancellation
                await self._abandon()
                if attempt.wire is None or not attempt.wire.sent:
                    mark_unsent(error)
                raise
        if scope.cancelled_caught:
            failure = attempt.timed_out()
        if self.body is None:
            assert failure is not None
            raise failure
        if failure is not None:
            return self.body.end(failure)
        assert self._slot is not None
        self._slot.due = math.inf  # for as long as somebody reads
        return self

    async def _send(
        self,
        prepared: httpx.Request,
        limit: int,
    ) -> None:
        attempt = self._attempt
        slot = self._slot = await self._lines.acquire(attempt.origin, attempt.timeout)
        used = self._used = cast("Any", slot.line)
        attempt.wire = used.wire
        used.wire.begin()
        if used.proxied:
            due = clock() + self._timeout
            attempt.trail = AsyncTrail(attempt.origin, due, prepared.extensions)
        answer = await used.transport.handle_async_request(prepared)
        if used.fresh:
            used.fresh = False
            library.unlock(used.connection)
        stream = self._stream = cast("httpx.AsyncByteStream", answer.stream)
        self._chunks = aiter(stream)
        fields = headers_of(answer.headers.raw)
        self.body = Body(answer.status_code, fields, limit, attempt.host, attempt.sink)

    async def _abandon(self) -> None:
        if self._slot is not None:
            await self.aclose()

    async def pull(self) -> bytes | None:
        assert self._chunks is not None
        with anyio.move_on_after(self._timeout):
            return await anext(self._chunks, None)
        raise httpx.ReadTimeout("nothing came in time")

    def failure_of(self, error: Exception) -> MolamError | None:
        attempt = self._attempt
        return failures.failure_of(error, attempt.host, self._timeout, attempt.trail)

    async def shut(self, whole: bool) -> None:
        assert self._slot is not None
        self._slot.due = clock()
        reusable = False
        with anyio.CancelScope(shield=True):
            try:
                if not whole:
                    await self._used.wire.close()
                    await run_out(self._chunks)
                if self._stream is not None:
                    await self._stream.aclose()
                    reusable = whole and library.settled(self._used.connection)
            finally:
                await self._lines.release(self._slot, reusable)


async def run_out(chunks: AsyncIterator[bytes] | None) -> None:
    """End the generators below a body whose connection is closed; trio warns about others."""
    if chunks is not None:
        with contextlib.suppress(Exception):
            while True:
                await anext(chunks)
