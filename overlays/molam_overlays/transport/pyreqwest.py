"""Adapters on pyreqwest, for those who count microseconds (extra ``speed``, Python 3.11 and up).

    MolamClient(config, http_adapter=PyreqwestAdapter())

They keep the promises of the default adapters, save for what their docstrings list. Headers are
checked, bodies bounded and decompressed, and failures worded by the same code.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import weakref
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from molam_overlays.home import home

try:
    from pyreqwest.client import (
        BaseClientBuilder,
        ClientBuilder,
        SyncClientBuilder,
    )
    from pyreqwest.http import Url
    from pyreqwest.proxy import ProxyBuilder
    from pyreqwest.response import BaseResponse
except ImportError:
    raise ImportError(
        f"{home().package}.http.pyreqwest needs pyreqwest: {home().with_extra('speed')} "
        "(Python 3.11 and newer)"
    ) from None

from molam_overlays.annotations import at_home
from molam_overlays.errors import ClientClosedError, ConfigurationError, MolamError, NetworkError
from molam_overlays.frames import sealed
from molam_overlays.transport import failures
from molam_overlays.transport.incoming import DEFAULT_LIMIT, Body
from molam_overlays.transport.opened import AsyncOpened, Opened
from molam_overlays.transport.opened_pyreqwest import AsyncOpenedResponse, OpenedResponse
from molam_overlays.transport.pyreqwest_failures import BODY_BROKE, failure_of
from molam_overlays.transport.route import Proxies
from molam_overlays.transport.sending import AsyncExchanging, Exchanging
from molam_overlays.transport.target import ACCEPT_ENCODING, fields_of, target_of
from molam_overlays.wire import CARRYING_METHODS, Headers, Request, Response

B = TypeVar("B", bound=BaseClientBuilder)

# reqwest reads URLs as browsers do (WHATWG): it resolves "%2e%2e" and takes "\\" for "/". An id
# made of dots would reach another path than the one that was asked for.
_REWRITTEN = re.compile(r"/(?:\.|%2e){1,2}(?=[/?#]|$)|[\x00-\x20\\]", re.IGNORECASE)


def _builder(
    kind: Callable[[], B],
    *,
    proxy: str | None,
    verify: bool | str | os.PathLike[str],
    cert: str | tuple[str, str] | None,
    http2: bool,
    trust_env: bool,
    keepalive_expiry: float,
) -> B:
    builder = (
        kind()
        .gzip(False)  # Body does it, within bounds
        .deflate(False)
        .brotli(False)
        .zstd(False)
        .follow_redirects(False)
        .referer(False)
        .http2(http2)
        .pool_idle_timeout(timedelta(seconds=keepalive_expiry))
    )
    if proxy is not None or not trust_env:
        builder = builder.no_proxy()
    try:
        if proxy is not None:
            builder = builder.proxy(ProxyBuilder.all(proxy))
        if verify is False:
            builder = builder.danger_accept_invalid_certs(True)
        elif isinstance(verify, (str, os.PathLike)):
            builder = builder.add_root_certificate_pem(Path(verify).read_bytes())
        elif verify is not True:
            raise ConfigurationError(
                "The pyreqwest adapter takes no ssl.SSLContext. Give verify= the path of a PEM "
                "file, or use the default adapter."
            )
        elif trust_env and (path := os.environ.get("SSL_CERT_FILE")):
            builder = builder.add_root_certificate_pem(Path(path).read_bytes())
        if cert is not None:
            files = (cert,) if isinstance(cert, str) else cert
            builder = builder.identity_pem(b"".join(Path(file).read_bytes() for file in files))
    except ConfigurationError:
        raise
    except (OSError, ValueError):  # BuilderError is a ValueError
        pass
    else:
        return cast("B", builder)
    raise ConfigurationError(
        "The proxy URL or the certificates could not be used. Check proxy=, verify=, cert= and "
        "SSL_CERT_FILE; certificates and keys are PEM files, without a password."
    )


@lru_cache(maxsize=64)
def _span(seconds: float) -> timedelta:
    return timedelta(seconds=min(seconds, 86_400 * 365))


@lru_cache(maxsize=256)
def _place(url: str) -> tuple[Url, str]:
    """Return a URL as reqwest has it, and its host for messages; the last 256 are remembered."""
    if _REWRITTEN.search(url):
        raise NetworkError(
            "The request path has a segment of dots, which this adapter would resolve. Nothing was "
            "sent. Check the id, or use the default adapter.",
            delivery="not_sent",
            repeatable=False,
        )
    host = target_of(url).host
    try:
        return Url(url), host
    except ValueError:  # its text may quote the URL
        pass
    raise failures.invalid(host)


def _fields(request: Request) -> list[tuple[str, str]]:
    fields = [(name, value) for name, _, value in fields_of(request)]
    fields.append(("Accept-Encoding", ACCEPT_ENCODING))
    if request.content is None and request.method in CARRYING_METHODS:
        fields.append(("Content-Length", "0"))
    return fields


def _headers_of(answer: BaseResponse) -> Headers:
    try:
        return Headers(list(answer.headers.items()))
    except ValueError:
        # One field is not ASCII, and pyreqwest has no other way to read it. It must not turn a
        # payment that was made into an exception.
        return Headers(_readable(answer))


def _length_of(headers: Headers) -> float:
    """Return how many bytes of body are announced; infinity where only its end will tell.

    Who knows the length need not wait to be told that there is no more.
    """
    announced = headers.get("content-length", "")
    if announced.isdigit() and announced.isascii() and "transfer-encoding" not in headers:
        return int(announced)
    return math.inf


def _readable(answer: BaseResponse) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys(answer.headers):
        with contextlib.suppress(ValueError):
            for value in answer.headers.getall(name):
                yield name, value


class _Shared:
    """What both adapters share: their settings, and a client for the longest timeout seen."""

    _kind: ClassVar[Any]
    _awaited = 0
    """Bytes of the body to wait for before a response is taken up: else a broken body hides it."""

    @sealed
    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: bool | str | os.PathLike[str] = True,
        cert: str | tuple[str, str] | None = None,
        http2: bool = False,
        trust_env: bool = True,
        keepalive_expiry: float = 5.0,
        max_response_bytes: int = DEFAULT_LIMIT,
    ) -> None:
        self._limit = max_response_bytes
        self._closed = False
        self.forked = False
        """True in a child that was forked after this adapter was used."""
        self._proxies = Proxies(proxy, trust_env)
        self._new_builder = partial(
            _builder,
            self._kind,
            proxy=proxy,
            verify=verify,
            cert=cert,
            http2=http2,
            trust_env=trust_env,
            keepalive_expiry=keepalive_expiry,
        )
        self._new_builder()  # or what is wrong with the arguments would be told by the first call
        self._client: Any = None
        self._patience = 0.0
        self._patient: tuple[float, Any] | None = None
        """A client for streams, and how long it waits for each piece."""
        _adapters.add(self)

    def _check_usable(self) -> None:
        if self._closed or self.forked:
            raise _unusable(self._closed)

    def _prepare(self, request: Request) -> tuple[Any, str]:
        """Return pyreqwest's request, and the host for messages."""
        url, host = _place(request.url)
        if self._client is None or request.timeout > self._patience:
            self._patience = request.timeout
            self._client = _built(self._new_builder(), request.timeout)
        builder = (
            self._client.request(request.method, url)
            .headers(_fields(request))
            .timeout(_span(request.timeout))
            .streamed_read_buffer_limit(self._awaited)
        )
        if request.content is not None:
            builder = builder.body_bytes(request.content)
        return builder, host

    def _body_of(self, answer: BaseResponse, request: Request, host: str) -> Body:
        return Body(answer.status, _headers_of(answer), self._limit, host, request.sink)

    def _opening(self, request: Request) -> tuple[Any, Any, Any]:
        """Return pyreqwest's request for a stream, and what makes a body and a failure of it."""
        url, host = _place(request.url)
        if self._patient is None or self._patient[0] != request.timeout:
            made = self._new_builder().read_timeout(_span(request.timeout))
            self._patient = request.timeout, _built(made, request.timeout)
        return (
            _streamed(self._patient[1], request, url),
            lambda answer: self._body_of(answer, request, host),
            lambda error: self._failure_of(error, request, host),
        )

    @property
    def _clients(self) -> list[Any]:
        """Those that were made."""
        patient = self._patient
        return [one for one in (self._client, patient and patient[1]) if one is not None]

    def _failure_of(self, error: Exception, request: Request, host: str) -> MolamError | None:
        return failure_of(error, host, request.timeout, _named(self._proxies, request.url))


class PyreqwestAdapter(_Shared, Exchanging):
    """Send requests with pyreqwest; one adapter serves many threads.

    Not supported: an `ssl.SSLContext` or a folder of certificates (``SSL_CERT_DIR``), key files
    with a password, a limit on the number of connections, use in a process forked after pyreqwest's
    first call (`ClientClosedError` there), ids that are dots alone, header values that are not ASCII:
    UTF-8 on the way out, left out on the way in. A time-out that hits while connecting counts as
    ``maybe_processed`` where an earlier call had a longer timeout, since reqwest does not tell. A
    1xx response that stays the only one counts as a closed
    connection. ``respx`` and whatever else patches httpx do not see these calls.

    Args:
        proxy: URL of a proxy for all requests; by default the environment's.
        verify: True, False, or the path of a PEM file that is trusted too.
        cert: client certificate: PEM file with the key in it, or (path, key path).
        http2: offer HTTP/2 to the server.
        trust_env: read proxies and ``SSL_CERT_FILE`` from the environment.
        keepalive_expiry: seconds that a connection may stay idle before it is closed.
        max_response_bytes: largest response body that is read, in bytes after decompression.
    """

    networked = True
    _kind = SyncClientBuilder

    def exchange(self, request: Request) -> Response:
        """Send one request and read the whole response; raises as `HttpxAdapter.exchange`."""
        self._check_usable()
        builder, host = self._prepare(request)
        body: Body | None = None
        failure: MolamError | None = None
        try:
            with builder.build_streamed() as answer:
                body = self._body_of(answer, request, host)
                reader = answer.body_reader
                left = _length_of(body.headers)
                while left > 0 and (chunk := reader.read_chunk()) is not None:
                    left -= len(chunk)
                    if not body.feed(bytes(chunk)):
                        break
                body.whole()
        except Exception as error:
            failure = self._failure_of(error, request, host)
            if failure is None:
                raise
        return _ended(body, failure)

    def stream(self, request: Request) -> Response | Opened:
        """Send one request; as `HttpxAdapter.stream`."""
        self._check_usable()
        return OpenedResponse(*self._opening(request)).start()

    def close(self) -> None:
        """Close all connections; safe twice."""
        if not self._closed and not self.forked:
            for client in self._clients:
                client.close()
        self._closed = True


class AsyncPyreqwestAdapter(_Shared, AsyncExchanging):
    """The async twin of `PyreqwestAdapter`, for asyncio alone: trio is not supported.

    A response is taken up once its body begins, since waking the event loop costs 20 us each time.
    A body that breaks before its first byte therefore takes the status with it: that attempt
    counts as ``maybe_processed``, whatever the status was. From then on the adapter takes up a
    response at its status, so that the attempts that follow are answered by it.
    """

    networked = True
    _kind = ClientBuilder
    _awaited = 1

    async def exchange(self, request: Request) -> Response:
        """Send one request and read the whole response; raises as `AsyncHttpxAdapter.exchange`."""
        self._check_usable()
        builder, host = self._prepare(request)
        body: Body | None = None
        failure: MolamError | None = None
        try:
            async with builder.build_streamed() as answer:
                body = self._body_of(answer, request, host)
                reader = answer.body_reader
                left = _length_of(body.headers)
                while left > 0 and (chunk := await reader.read_chunk()) is not None:
                    left -= len(chunk)
                    if not body.feed(bytes(chunk)):
                        break
                body.whole()
        except Exception as error:
            if body is None and isinstance(error, BODY_BROKE):
                self._awaited = 0
            failure = self._failure_of(error, request, host)
            if failure is None:
                raise
        return _ended(body, failure)

    async def stream(self, request: Request) -> Response | AsyncOpened:
        """Send one request; as `AsyncHttpxAdapter.stream`."""
        self._check_usable()
        return await AsyncOpenedResponse(*self._opening(request)).start()

    async def aclose(self) -> None:
        """Close all connections; safe twice."""
        if not self._closed and not self.forked:
            for client in self._clients:
                await client.close()
        self._closed = True


at_home("molam_sdk.http.pyreqwest", PyreqwestAdapter, AsyncPyreqwestAdapter)


def _ended(body: Body | None, failure: MolamError | None) -> Response:
    if body is None:
        assert failure is not None
        raise failure
    return body.end(failure)


def _unusable(closed: bool) -> ClientClosedError:
    if closed:
        return failures.closed()
    return ClientClosedError(
        "pyreqwest was used before fork(): its threads are the parent process's, and cannot be started "
        "again here. Nothing was sent. Make no call through it before the fork, or use the default "
        "adapter."
    )


def _built(builder: Any, timeout: float) -> Any:
    """Return a client that can tell a connection that does not stand in time from a slow answer.

    reqwest has a time-out for connecting per client alone, so it follows the longest attempt seen.
    """
    try:
        return builder.connect_timeout(_span(timeout * 0.9)).build()
    except RuntimeError:  # another of its clients was used before the fork
        pass
    raise _unusable(False)


def _streamed(client: Any, request: Request, url: Url) -> Any:
    """Return a request whose answer is read piece by piece; only its client bounds the waits."""
    builder = client.request(request.method, url).headers(_fields(request))
    if request.content is not None:
        builder = builder.body_bytes(request.content)
    return builder.streamed_read_buffer_limit(0).build_streamed()


def _named(proxies: Proxies, url: str) -> str | None:
    """Return host and port of the proxy before a URL, None for a direct connection."""
    try:
        proxy = proxies.proxy_for(target_of(url).origin)
    except ConfigurationError:  # in the environment; reqwest passes it over
        return None
    return None if proxy is None else proxy.url.netloc.decode("ascii")


_adapters: weakref.WeakSet[_Shared] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for adapter in list(_adapters):
        adapter.forked = bool(adapter._clients)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork_in_child)
