"""Which HTTP library it is, and every private name of it that we use.

httpx and its successor httpx2 have one API, and each makes its connections by a library of its own,
httpcore and httpcore2. We import the first pair. A client of one's own may be of the second, which is
then imported already; whatever is done for that client is done with its library's classes.

What has no public word is asked for by a private name, here and nowhere else, and each has a way on
without it:

======================================  ==========================================================
`HTTPTransport._pool`                   the same in public words, `_over_in_public`; a client's own
                                        transport is gone through as it is
a pool's settings                       the client's own transport is gone through
`Client._transport_for_url`             `Client.send` is gone through
`Client._default_encoding`              hooks decode bodies as UTF-8
`Client._state`, `_transport`, `_mounts`, a pool's `_requests`: after a fork the client counts as used
h11's state below a connection          no connection is used twice: slower, never wrong
locks of an async connection            they stay
modules of HTTP/2                       imported by the first connection instead of the adapter
texts of h11 about a 1xx                such an answer is a `NetworkError` like any broken one
======================================  ==========================================================
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Protocol

import httpcore
import httpx

_BACKENDS: Final = ("SyncBackend", "AutoBackend", "AnyIOBackend", "TrioBackend")


class OwnClient(Protocol):
    """An `httpx.Client` or an `httpx2.Client`."""

    @property
    def is_closed(self) -> bool: ...
    @property
    def event_hooks(self) -> Any: ...
    def close(self) -> None: ...


class OwnAsyncClient(Protocol):
    """An `httpx.AsyncClient` or an `httpx2.AsyncClient`."""

    @property
    def is_closed(self) -> bool: ...
    @property
    def event_hooks(self) -> Any: ...
    async def aclose(self) -> None: ...


class Library:
    """httpx or httpx2, with what makes its connections."""

    def __init__(self, http: Any, core: Any) -> None:
        self.http = http
        """The module `httpx` or `httpx2`."""
        self.core = core
        """The module `httpcore` or `httpcore2`."""
        self.name: str = http.__name__
        self._ways: dict[type, Callable[[Any], Any]] = {
            cls: _way_over(cls, http, core) for cls in (http.HTTPTransport, http.AsyncHTTPTransport)
        }
        self._transports = {
            http.HTTPTransport: "handle_request",
            http.AsyncHTTPTransport: "handle_async_request",
        }
        kinds = ("ConnectionPool", "HTTPProxy", "SOCKSProxy")
        pools = [(name, "handle_request") for name in kinds]
        pools += [(f"Async{name}", "handle_async_request") for name in kinds]
        self._pools = {
            getattr(core, name): (method, getattr(getattr(core, name), method))
            for name, method in pools
            # Without the extra `socks` there is an empty class in its place.
            if hasattr(getattr(core, name, None), method)
        }

    def over(self, flavour: str, connection: Any) -> Any:
        """Return the library's transport over one connection instead of a pool of them.

        `flavour` is ``""`` or ``"Async"``: all classes are named alike but for this prefix.
        """
        return self._ways[getattr(self.http, f"{flavour}HTTPTransport")](connection)

    @functools.cache  # noqa: B019 - there are two libraries at most, which live as long as the process
    def joined(self, ours: type, name: str) -> Any:
        """Return a class of ours as one of the library's as well, which it checks for."""
        return type(ours.__name__, (ours, getattr(self.http, name)), {})

    def pool_of(self, transport: Any) -> Any:
        """Return the pool of one of the library's own transports; None if there is none to be seen.

        Whoever replaced a method, as mocks and recorders do, is asked instead.
        """
        method = self._transports.get(type(transport))
        if method is None or method in vars(transport):
            return None
        pool = getattr(transport, "_pool", None)
        known = self._pools.get(type(pool))
        if known is None or getattr(type(pool), known[0]) is not known[1] or known[0] in vars(pool):
            return None
        backend = type(getattr(pool, "_network_backend", None))
        ours = backend.__module__.partition(".")[0] == self.core.__name__
        if backend.__name__ not in _BACKENDS or not ours:
            return None
        try:
            OwnPool(self, pool)
        except AttributeError:
            return None
        return pool

    def transport_of(self, client: Any, plain: str, url: Any) -> Any:
        """Return the transport that a client would use, None if only its `send` knows.

        A fifth of `send` goes into cookies, redirects and authentication, none of which we want, and
        what it raises does not say who raised it. It is gone through all the same where a subclass
        or the client itself does it in another way than the class `plain`.
        """
        choose = getattr(client, "_transport_for_url", None)
        if choose is None or "send" in vars(client):
            return None
        whose: Any = type(client)
        if _sends_otherwise(whose, getattr(self.http, plain)):
            return None
        return choose(url)

    def preload_http2(self, flavour: str) -> None:
        """Import what speaks HTTP/2 now, not in the middle of the first call."""
        with contextlib.suppress(ImportError):
            importlib.import_module(f"{self.core.__name__}._{flavour.lower() or 'sync'}.http2")


def library_of(client: object) -> Library:
    """Return the library of a client of one's own."""
    for cls in type(client).__mro__:
        if cls.__module__.partition(".")[0] == "httpx2":
            return _successor()
    return HTTPX


@functools.cache
def _successor() -> Library:
    http = sys.modules["httpx2"]
    return HTTPX if http is httpx else Library(http, importlib.import_module("httpcore2"))


# Errors


_ALIKE: Final = frozenset({"httpcore", "httpcore2", "httpx2"})
_OF_WIRE: Final = (httpx.TransportError, httpx.InvalidURL, httpx.DecodingError)


def in_httpx(error: Exception) -> Exception:
    """Return httpx's error of the same name for one of the other libraries; any other as it is.

    Its cause is not taken along.
    """
    for cls in type(error).__mro__:
        top = cls.__module__.partition(".")[0]
        if top == httpx.__name__ or top not in _ALIKE:
            continue
        same = getattr(httpx, cls.__name__, None)
        if same is None and top != "httpx2":
            same = httpx.NetworkError
        return same(str(error)) if same is not None and issubclass(same, _OF_WIRE) else error
    return error


def refuses_to_send(error: Exception) -> bool:
    """Tell whether `send` of the library itself raised, as it does once its client is closed."""
    raised_in = ""
    frames = error.__traceback__
    while frames is not None:
        raised_in = frames.tb_frame.f_globals.get("__name__", "")
        frames = frames.tb_next
    return type(error) is RuntimeError and raised_in in ("httpx._client", "httpx2._client")


def is_switching(text: str) -> bool:
    """Tell whether the text of a `RemoteProtocolError` is h11's about a 101 nobody asked for."""
    return "_SWITCH_UPGRADE" in text


# A client of one's own


@functools.lru_cache(maxsize=64)
def _sends_otherwise(cls: type, plain: type) -> bool:
    if plain not in cls.__mro__:
        return True
    below = cls.__mro__[: cls.__mro__.index(plain)]
    return any(name.startswith(_SENDING) for each in below for name in vars(each))


_SENDING: Final = ("send", "_send_", "_transport_for")
"""How those methods of the clients begin that take part in sending."""


def introduce(answer: Any, request: Any, client: Any) -> None:
    """Give an answer what `send` gives it, before hooks see it."""
    answer.request = request
    encoding = getattr(client, "_default_encoding", None)
    if encoding is not None:
        answer.default_encoding = encoding


def seems_used(client: Any) -> bool:
    """Tell whether a client may hold connections, or something of it is taken.

    Its pools are looked at; what does not show its state counts as used once the client was opened.
    """
    try:
        opened = client._state.name != "UNOPENED"
        transports = [client._transport, *client._mounts.values()]
        return any(_is_warm(each, opened) for each in transports if each is not None)
    except AttributeError:
        return True


def _is_warm(transport: Any, opened: bool) -> bool:
    pool = getattr(transport, "_pool", None)
    if pool is None:
        return opened
    lock = getattr(getattr(pool, "_optional_thread_lock", None), "_lock", None)
    return bool(pool.connections or pool._requests or (lock is not None and _is_taken(lock)))


def _is_taken(lock: Any) -> bool:
    if hasattr(lock, "_is_owned") and lock._is_owned():  # one that lets its owner in again
        return True
    free = lock.acquire(blocking=False)
    if free:
        lock.release()
    return not free


class OwnPool:
    """How the pool of one's own client makes connections, and its limits.

    Through the pool itself a call shares locks and slots with others, which a signal handler's
    exception may leave taken for good; it knows a limit per read, not for a whole attempt; and a forked
    child inherits what it holds. So a call takes from the client how connections are made (proxy, TLS,
    local address, limits) and makes its own: then all that holds for the adapter's own connections
    holds here. A transport that is not the library's, or does not show such a pool, is gone through.
    """

    def __init__(self, library: Library, pool: Any) -> None:
        self.library = library
        self._pool = pool
        self._make = type(pool).create_connection
        self.limit: int = pool._max_connections
        self.resting: int = pool._max_keepalive_connections
        """Connections that may stay open while they are not used."""
        expiry = pool._keepalive_expiry
        self.expiry: float = float("inf") if expiry is None else expiry
        core = library.core
        self.proxied: bool = getattr(pool, "_proxy", None) is not None or (
            type(pool) not in (core.ConnectionPool, core.AsyncConnectionPool)
        )

    def connection(self, origin: tuple[str, str, int], backend: Any, patience: float) -> Any:
        """Return a connection that is not made yet and opens its sockets with `backend`."""
        scheme, host, port = origin
        twin = copy.copy(self._pool)  # its settings; what it holds stays with the client
        twin._network_backend = backend
        core = self.library.core
        return self._make(twin, core.Origin(scheme.encode(), host.encode(), port))


# A transport over one connection


def _way_over(cls: type, http: Any, core: Any) -> Callable[[Any], Any]:
    closing: Any = getattr(cls, "close", None) or cls.aclose  # type: ignore[attr-defined]
    code = getattr(closing, "__code__", None)
    if code is not None and "_pool" not in code.co_names:
        return functools.partial(_over_in_public, cls, http, core)
    return functools.partial(_over, cls)


def _over(cls: Any, connection: Any) -> Any:
    # Not cls(): it makes a TLS context and a pool, and we have the connection.
    transport: Any = cls.__new__(cls)
    transport._pool = connection
    return transport


class _Public:
    """A transport in the public words of httpcore; what it raises is httpcore's, too."""

    def __init__(self, http: Any, core: Any, connection: Any) -> None:
        self._http = http
        self._core = core
        self._connection = connection

    def _asked(self, request: Any) -> Any:
        url = request.url
        target = self._core.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        return self._core.Request(
            request.method,
            target,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )

    def _answered(self, answer: Any, stream: Any) -> Any:
        extensions = answer.extensions
        return self._http.Response(
            answer.status, headers=answer.headers, stream=stream, extensions=extensions
        )

    def handle_request(self, request: Any) -> Any:
        answer = self._connection.handle_request(self._asked(request))

        class Stream(self._http.SyncByteStream):  # type: ignore[name-defined,misc]
            def __iter__(self) -> Iterator[bytes]:
                return iter(answer.stream)

            def close(self) -> None:
                answer.close()

        return self._answered(answer, Stream())

    async def handle_async_request(self, request: Any) -> Any:
        answer = await self._connection.handle_async_request(self._asked(request))

        class Stream(self._http.AsyncByteStream):  # type: ignore[name-defined,misc]
            def __aiter__(self) -> Any:
                return aiter(answer.stream)

            async def aclose(self) -> None:
                await answer.aclose()

        return self._answered(answer, Stream())


def _over_in_public(cls: type, http: Any, core: Any, connection: Any) -> Any:
    return _Public(http, core, connection)


# What a connection tells about itself, sync or async alike


def settled(connection: Any) -> bool:
    """Tell whether a connection has done with its response and may carry another request.

    There is no public word for "bytes are left over after the response", and a server that sends
    more than its Content-Length says would have them read as the next response.
    """
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
            return not getattr(protocol, "trailing_data", (b"?",))[0]
        if getattr(inner, "_h2_state", None) is not None:
            return True
        inner = getattr(inner, "_connection", None)
    return False


def is_proxied(connection: Any) -> bool:
    """Tell whether a proxy may stand between a connection and the API."""
    return type(connection).__name__ not in ("HTTPConnection", "AsyncHTTPConnection")


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


_FREE: Final = _Free()


def unlock(connection: Any) -> None:
    """Take the locks off an async connection of HTTP/1.1 that carries one call at a time.

    Each of the three costs a turn of the event loop, though there is nobody else to wait for.
    """
    if hasattr(connection, "_request_lock"):
        connection._request_lock = _FREE
    inner: Any = getattr(connection, "_connection", None)
    if hasattr(inner, "_h11_state") and hasattr(inner, "_state_lock"):
        inner._state_lock = _FREE


HTTPX: Final = Library(httpx, httpcore)
"""The library of our own connections; a process may have aliased it to its successor."""
