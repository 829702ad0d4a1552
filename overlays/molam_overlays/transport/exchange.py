"""Calling an adapter that somebody else wrote: anything with a `send`.

What it raises is put into our terms, so that the rules of repetition hold for it as well: an
`OSError` (`requests` raises those) and httpx's errors become `NetworkError`, a built-in
`TimeoutError` becomes ours. Anything else is a bug in the adapter and passes unchanged.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from molam_overlays.errors import MolamError
from molam_overlays.transport.adapter import prefers
from molam_overlays.transport.failures import failure_of
from molam_overlays.transport.opened import AsyncOpened, Opened
from molam_overlays.transport.sending import response_of, send_arguments
from molam_overlays.wire import Request, Response


def exchange_of(adapter: Any) -> Callable[[Request], Response]:
    """Return what sends a request through a blocking adapter: its `exchange`, or its `send`."""
    if prefers(adapter, "exchange"):
        exchange: Callable[[Request], Response] = adapter.exchange
        return exchange

    def through_send(request: Request) -> Response:
        arguments = send_arguments(request)
        try:
            answer = adapter.send(**arguments)
        except Exception as error:
            failure = _failure_of(error, request)
            if failure is None:
                raise
        else:
            return response_of(answer)
        raise failure

    return through_send


def async_exchange_of(adapter: Any) -> Callable[[Request], Awaitable[Response]]:
    """Return what sends a request through an async adapter; its `send` may be a plain method."""
    if prefers(adapter, "exchange"):
        exchange: Callable[[Request], Awaitable[Response]] = adapter.exchange
        return exchange

    async def through_send(request: Request) -> Response:
        arguments = send_arguments(request)
        try:
            answer = adapter.send(**arguments)
            if inspect.isawaitable(answer):
                answer = await answer
        except Exception as error:
            failure = _failure_of(error, request)
            if failure is None:
                raise
        else:
            return response_of(answer)
        raise failure

    return through_send


def _failure_of(error: Exception, request: Request) -> MolamError | None:
    """Return another error to raise in the place of an adapter's; None to let it pass."""
    host = urlsplit(request.url).hostname or "the server"
    failure = failure_of(error, host, request.timeout)
    return None if failure is error else failure


def stream_of(adapter: Any) -> Callable[[Request], Response | Opened]:
    """Return what opens an answer to be read piece by piece.

    An adapter that cannot stream reads it whole, within the timeout.
    """
    if prefers(adapter, "stream") and prefers(adapter, "exchange"):
        stream: Callable[[Request], Response | Opened] = adapter.stream
        return stream
    return exchange_of(adapter)


def async_stream_of(adapter: Any) -> Callable[[Request], Awaitable[Response | AsyncOpened]]:
    """As `stream_of`, for an async adapter."""
    if prefers(adapter, "stream") and prefers(adapter, "exchange"):
        stream: Callable[[Request], Awaitable[Response | AsyncOpened]] = adapter.stream
        return stream
    return async_exchange_of(adapter)


def close(adapter: Any) -> None:
    """Close a blocking adapter, if it can be closed."""
    method = getattr(adapter, "close", None)
    if callable(method):
        method()


async def aclose(adapter: Any) -> None:
    """Close an async adapter by its `aclose`, or else its `close`, if it has either."""
    method = getattr(adapter, "aclose", None) or getattr(adapter, "close", None)
    if callable(method):
        outcome = method()
        if inspect.isawaitable(outcome):
            await outcome
