"""Answers read piece by piece from pyreqwest, whose own time-out for reading bounds each wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from molam_overlays.errors import MolamError
from molam_overlays.transport.incoming import Body
from molam_overlays.transport.opened import AsyncOpened, Opened
from molam_overlays.wire import Response

MakeBody = Callable[[Any], Body]
"""Makes the body of an answer."""
Explain = Callable[[Exception], MolamError | None]


class OpenedResponse(Opened):
    """An answer of `SyncClient`."""

    def __init__(self, request: Any, body_of: MakeBody, explain: Explain) -> None:
        super().__init__()
        self._request = request
        self._body_of = body_of
        self._explain = explain
        self._reader: Any = None

    def start(self) -> Response | Opened:
        """Send the request; return the answer, whole where nobody wants it piece by piece."""
        try:
            answer = self._request.__enter__()
        except Exception as error:
            failure = self._explain(error)
            if failure is None:
                raise
        else:
            try:
                self.body = self._body_of(answer)
                self._reader = answer.body_reader
            except BaseException:
                self.close()
                raise
            return self if self.body.streamed else self.rest()
        raise failure

    def pull(self) -> bytes | None:
        chunk = self._reader.read_chunk()
        return None if chunk is None else bytes(chunk)

    def failure_of(self, error: Exception) -> MolamError | None:
        return self._explain(error)

    def shut(self, whole: bool) -> None:
        self._request.__exit__(None, None, None)


class AsyncOpenedResponse(AsyncOpened):
    """An answer of `Client`."""

    def __init__(self, request: Any, body_of: MakeBody, explain: Explain) -> None:
        super().__init__()
        self._request = request
        self._body_of = body_of
        self._explain = explain
        self._reader: Any = None

    async def start(self) -> Response | AsyncOpened:
        """Send the request; return the answer, whole where nobody wants it piece by piece."""
        try:
            answer = await self._request.__aenter__()
        except Exception as error:
            failure = self._explain(error)
            if failure is None:
                raise
        else:
            try:
                self.body = self._body_of(answer)
                self._reader = answer.body_reader
            except BaseException:
                await self.aclose()
                raise
            return self if self.body.streamed else await self.rest()
        raise failure

    async def pull(self) -> bytes | None:
        chunk = await self._reader.read_chunk()
        return None if chunk is None else bytes(chunk)

    def failure_of(self, error: Exception) -> MolamError | None:
        return self._explain(error)

    async def shut(self, whole: bool) -> None:
        await self._request.__aexit__(None, None, None)
