"""What a connection of httpcore tells about itself, sync or async alike. No I/O.

httpcore has no public word for "bytes are left over after the response", and a server that sends
more than its Content-Length says would have them read as the next response. `settled` therefore
looks at h11's own record. If a coming httpcore keeps that elsewhere, no connection counts as
settled: then each is used once, slower but never wrong.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpcore


def settled(connection: Any) -> bool:
    """Tell whether a connection has done with its response and may carry another request."""
    pooled = getattr(connection, "connections", None)  # a pool of one, behind a proxy
    if pooled is not None:
        if len(pooled) != 1:
            return False
        connection = pooled[0]
    if not connection.is_idle() or connection.is_closed():
        return False
    inner = connection
    while inner is not None:
        protocol = getattr(inner, "_h11_state", None)
        if protocol is not None:
            return not protocol.trailing_data[0]
        if getattr(inner, "_h2_state", None) is not None:
            return True
        inner = getattr(inner, "_connection", None)
    return False


def is_proxied(connection: Any) -> bool:
    """Tell whether a proxy may stand between a connection and the API."""
    return not isinstance(connection, (httpcore.HTTPConnection, httpcore.AsyncHTTPConnection))


def alive(connection: Any) -> bool:
    """Tell whether an idle connection is still open: the server may have closed it meanwhile."""
    pooled = getattr(connection, "connections", None)
    return not any(each.has_expired() for each in (pooled or (connection,)))


class _Free:
    """A lock that nobody has to wait for."""

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


_FREE = _Free()


def unlock(connection: Any) -> None:
    """Take httpcore's locks off an async connection of HTTP/1.1 that carries one call at a time.

    Each of the three costs a turn of the event loop, though there is nobody else to wait for. Where
    a coming httpcore keeps them elsewhere they simply stay.
    """
    if hasattr(connection, "_request_lock"):
        connection._request_lock = _FREE
    inner: Any = getattr(connection, "_connection", None)
    if hasattr(inner, "_h11_state") and hasattr(inner, "_state_lock"):
        inner._state_lock = _FREE
