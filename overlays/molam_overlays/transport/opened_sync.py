"""An answer read piece by piece from a line of the blocking adapter.

The time for the head is that of any attempt. From then on each wait for more bytes has as long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx

from molam_overlays.errors import MolamError, mark_unsent
from molam_overlays.transport import failures, library
from molam_overlays.transport.incoming import Body, headers_of
from molam_overlays.transport.opened import Opened
from molam_overlays.transport.stack import Slot
from molam_overlays.transport.target import Target
from molam_overlays.transport.trail import Trail
from molam_overlays.transport.wire_sync import clock
from molam_overlays.wire import Request, Response


class OpenedLine(Opened):
    """One line of `HttpxAdapter`, which holds its slot until it is shut."""

    def __init__(
        self,
        request: Request,
        target: Target,
        slot: Slot[Any],
        give_back: Callable[[Slot[Any], bool], None],
        trail: Trail | None,
    ) -> None:
        super().__init__()
        self._request = request
        self._host = target.host
        self._slot = slot
        self._used: Any = slot.line
        self._give_back = give_back
        self._trail = trail
        self._stream: httpx.SyncByteStream | None = None
        self._chunks: Iterator[bytes] = iter(())

    def start(self, prepared: httpx.Request, limit: int) -> Response | OpenedLine:
        """Send the request; return the answer, whole where nobody wants it piece by piece."""
        trail, wire = self._trail, self._used.wire
        failure: MolamError | None = None
        try:
            answer = self._used.transport.handle_request(prepared)
            self._stream = cast("httpx.SyncByteStream", answer.stream)
            fields = headers_of(answer.headers.raw)
            self.body = Body(answer.status_code, fields, limit, self._host, self._request.sink)
            self._chunks = iter(self._stream)
        except BaseException as error:
            self.close()
            if not isinstance(error, Exception):
                if not (wire.sent if trail is None else trail.sent):
                    mark_unsent(error)
                raise
            if self.body is None and (trail is None or trail.sent):
                self.body = failures.interim(error, self._host, wire.first)
            failure = self.failure_of(error)
            if failure is None:
                raise
        if self.body is None:
            assert failure is not None
            raise failure
        if failure is not None:
            return self.body.end(failure)
        if not self.body.streamed:
            return self.rest()
        self._slot.due = math.inf  # for as long as somebody reads
        return self

    def pull(self) -> bytes | None:
        if self.body is not None and self.body.streamed:
            self._used.wire.deadline = clock() + self._request.timeout
        return next(self._chunks, None)

    def failure_of(self, error: Exception) -> MolamError | None:
        return failures.failure_of(error, self._host, self._request.timeout, self._trail)

    def shut(self, whole: bool) -> None:
        self._slot.due = clock()
        reusable = False
        try:
            if self._stream is not None:
                self._stream.close()
                reusable = whole and library.settled(self._used.connection)
        finally:
            self._give_back(self._slot, reusable)
