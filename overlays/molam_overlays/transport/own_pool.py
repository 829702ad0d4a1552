"""Connections made as the pool of one's own `httpx.Client` would make them. No I/O.

Through httpcore's pool a call shares locks and slots with others, which a signal handler's exception
may leave taken for good; it knows a limit per read, not for a whole attempt; and a forked child
inherits what it holds. So a call takes from the client how connections are made (proxy, TLS, local
address, limits) and makes its own: then all that holds for the adapter's own connections holds
here. A transport that is not httpx's, or does not show such a pool, is gone through as it is.

Everything private of httpcore's pools that this needs is named here.
"""

from __future__ import annotations

import copy
from typing import Any, Final

import httpcore
import httpx

from molam_overlays.transport.target import Origin

_TRANSPORTS: Final = {
    httpx.HTTPTransport: "handle_request",
    httpx.AsyncHTTPTransport: "handle_async_request",
}
_POOLS: Final[dict[type, tuple[str, Any]]] = {
    cls: (method, getattr(cls, method))
    for method, classes in (
        ("handle_request", (httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy)),
        (
            "handle_async_request",
            (httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy),
        ),
    )
    for cls in classes
    # Without the extra `socks`, httpcore has an empty class in its place.
    if hasattr(cls, method)
}
_BACKENDS: Final = ("SyncBackend", "AutoBackend", "AnyIOBackend", "TrioBackend")


class OwnPool:
    """How a pool of httpcore makes connections, and its limits."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.limit: int = pool._max_connections
        self.resting: int = pool._max_keepalive_connections
        """Connections that may stay open while they are not used."""
        expiry = pool._keepalive_expiry
        self.expiry: float = float("inf") if expiry is None else expiry
        self.proxied: bool = getattr(pool, "_proxy", None) is not None or (
            type(pool) not in (httpcore.ConnectionPool, httpcore.AsyncConnectionPool)
        )

    def connection(self, origin: Origin, backend: Any, patience: float) -> Any:
        """Return a connection that is not made yet and opens its sockets with `backend`."""
        scheme, host, port = origin
        twin = copy.copy(self._pool)  # its settings; what it holds stays with the client
        twin._network_backend = backend
        return twin.create_connection(httpcore.Origin(scheme.encode(), host.encode(), port))


def pool_of(transport: Any) -> Any:
    """Return the pool of one of httpx's own transports, None if connections do not come from one.

    Whoever replaced a method, as mocks and recorders do, is asked instead.
    """
    method = _TRANSPORTS.get(type(transport))
    if method is None or method in vars(transport):
        return None
    pool = getattr(transport, "_pool", None)
    known = _POOLS.get(type(pool))
    if known is None or getattr(type(pool), known[0]) is not known[1] or known[0] in vars(pool):
        return None
    backend = type(getattr(pool, "_network_backend", None))
    if backend.__name__ not in _BACKENDS or backend.__module__.partition(".")[0] != "httpcore":
        return None
    try:
        OwnPool(pool)
    except AttributeError:
        return None
    return pool
