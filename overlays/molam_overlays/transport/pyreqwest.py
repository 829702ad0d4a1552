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
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast

try:
    import pyreqwest.exceptions as pyreqwest_exceptions
    from pyreqwest.client import (
        BaseClientBuilder,
        Client,
        ClientBuilder,
        SyncClient,
        SyncClientBuilder,
    )
    from pyreqwest.http import Url
    from pyreqwest.proxy import ProxyBuilder
    from pyreqwest.response import BaseResponse
except ImportError:
    raise ImportError(
        'molam_sdk.http.pyreqwest needs pyreqwest: pip install "molam-sdk-python[speed]" '
        "(Python 3.11 and newer)"
    ) from None

from molam_overlays.annotations import at_home
from molam_overlays.errors import ClientClosedError, ConfigurationError, MolamError, NetworkError
from molam_overlays.frames import sealed
from molam_overlays.transport import failures
from molam_overlays.transport.adapter import AsyncHTTPAdapter, HTTPAdapter
from molam_overlays.transport.incoming import DEFAULT_LIMIT, Body
from molam_overlays.transport.opened import AsyncOpened, Opened
from molam_overlays.transport.opened_pyreqwest import AsyncOpenedResponse, OpenedResponse
from molam_overlays.transport.route import Proxies
from molam_overlays.transport.sending import answer_of, request_of
from molam_overlays.transport.target import ACCEPT_ENCODING, fields_of, target_of
from molam_overlays.wire import Headers, Request, Response

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


_BODY_BROKE = (
    pyreqwest_exceptions.ReadError,
    pyreqwest_exceptions.ReadTimeoutError,
    pyreqwest_exceptions.BodyDecodeError,
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
    if request.content is None and request.method in ("POST", "PUT", "PATCH"):
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


def _failure_of(
    error: Exception, host: str, timeout: float, proxy: str | None = None
) -> MolamError | None:
    """Return our error for one of pyreqwest; None if it is not of the wire.

    pyreqwest says "connect" for all that fails before a response, the sent and the unsent alike.
    Only the causes that hyper reports tell them apart.
    """
    if isinstance(error, MolamError):
        return error
    if isinstance(error, pyreqwest_exceptions.ClientClosedError):
        return failures.closed()
    if not isinstance(error, pyreqwest_exceptions.PyreqwestError):
        return None
    details: Any = getattr(error, "details", None) or {}
    causes = [str(cause.get("message", "")) for cause in details.get("causes") or ()]
    unconnected = "client error (Connect)" in causes
    last = causes[-1] if causes else ""
    if isinstance(error, pyreqwest_exceptions.PoolTimeoutError):
        return failures.pool_timeout(host, timeout)
    if isinstance(error, TimeoutError):
        if not unconnected:
            return failures.response_timeout(host, timeout)
        where = host if proxy is None else f"{host} through the proxy {proxy}"
        return failures.connect_timeout(where, timeout)
    if isinstance(error, pyreqwest_exceptions.BuilderError):
        return failures.invalid(host)
    if unconnected:
        if proxy is not None:
            return _no_connection_by_proxy(causes, host, proxy)
        return failures.no_connection(host, *_reason(last))
    if "fatal alert: " in last and (alert := _CERTIFICATE_ALERT.search(last)):
        return failures.client_certificate(host, required=alert[0] == "CertificateRequired")
    if "closed before message completed" in last:
        return failures.hung_up(host)
    if "end of file" in last or "EOF" in last:
        return failures.cut_short(host)
    if isinstance(error, pyreqwest_exceptions.DecodeError) or "nvalid" in last:
        return failures.not_http(host)
    return failures.broken(host)


_CERTIFICATE_ALERT = re.compile(
    "CertificateRequired|BadCertificate|UnsupportedCertificate|CertificateRevoked"
    "|CertificateExpired|CertificateUnknown|UnknownCA|AccessDenied"
)


def _no_connection_by_proxy(causes: list[str], host: str, proxy: str) -> MolamError:
    last = causes[-1]
    tunnel = next((cause for cause in causes if cause.startswith("tunnel error: ")), "")
    if tunnel and "underlying" not in tunnel:
        denied = "authorization" in tunnel
        return failures.no_tunnel(
            proxy, failures.BAD_CREDENTIALS if denied else failures.NO_TUNNEL, host
        )
    if tunnel or "tcp connect error" in causes:
        return failures.no_connection(f"the proxy {proxy}", *_reason(last), failures.CHECK_PROXY)
    return failures.no_connection(f"{host} through the proxy {proxy}", *_reason(last))


def _reason(last: str) -> tuple[str, str]:
    """Return why there is no connection, in the terms of `failures.no_connection`, and the detail."""
    if "invalid peer certificate" in last:
        detail = last.partition(":")[2].strip()
        return (
            "name" if "ot valid for name" in last or "NotValidForName" in last else "certificate"
        ), detail
    if "Connection refused" in last:
        return "refused", ""
    if "lookup" in last or "resolv" in last:
        return "name resolution", ""
    return "", ""


class PyreqwestAdapter(HTTPAdapter):
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
            SyncClientBuilder,
            proxy=proxy,
            verify=verify,
            cert=cert,
            http2=http2,
            trust_env=trust_env,
            keepalive_expiry=keepalive_expiry,
        )
        self._new_builder()  # or what is wrong with the arguments would be told by the first call
        self._client: SyncClient | None = None
        self._patient: tuple[float, SyncClient] | None = None
        self._patience = 0.0
        _adapters.add(self)

    def exchange(self, request: Request) -> Response:
        """Send one request and read the whole response; raises as `HttpxAdapter.exchange`."""
        if self._closed or self.forked:
            raise _unusable(self._closed)
        url, host = _place(request.url)
        client = self._client
        if client is None or request.timeout > self._patience:
            self._patience = request.timeout
            client = self._client = _built(self._new_builder(), request.timeout)
        builder = (
            client.request(request.method, url)
            .headers(_fields(request))
            .timeout(_span(request.timeout))
            .streamed_read_buffer_limit(0)  # or a broken body would hide the status
        )
        if request.content is not None:
            builder = builder.body_bytes(request.content)
        body: Body | None = None
        failure: MolamError | None = None
        try:
            with builder.build_streamed() as answer:
                body = Body(answer.status, _headers_of(answer), self._limit, host, request.sink)
                reader = answer.body_reader
                left = _length_of(body.headers)
                while left > 0 and (chunk := reader.read_chunk()) is not None:
                    left -= len(chunk)
                    if not body.feed(bytes(chunk)):
                        break
                body.whole()
        except Exception as error:
            failure = _failure_of(error, host, request.timeout, self._proxy_of(request.url))
            if failure is None:
                raise
        if body is None:
            assert failure is not None
            raise failure
        return body.end(failure)

    def stream(self, request: Request) -> Response | Opened:
        """Send one request; as `HttpxAdapter.stream`."""
        if self._closed or self.forked:
            raise _unusable(self._closed)
        url, host = _place(request.url)
        if self._patient is None or self._patient[0] != request.timeout:
            made = self._new_builder().read_timeout(_span(request.timeout))
            self._patient = request.timeout, _built(made, request.timeout)
        opened = OpenedResponse(
            _streamed(self._patient[1], request, url),
            lambda answer: Body(
                answer.status, _headers_of(answer), self._limit, host, request.sink
            ),
            lambda error: _failure_of(error, host, request.timeout, self._proxy_of(request.url)),
        )
        return opened.start()

    @sealed
    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float = 10,
    ) -> tuple[int, str, Mapping[str, str]]:
        """Send one request with a JSON body; as `HTTPAdapter.send`."""
        return answer_of(self.exchange(request_of(method, url, headers, json, timeout)))

    def close(self) -> None:
        """Close all connections; safe twice."""
        if not self._closed and not self.forked:
            for client in _clients_of(self):
                client.close()
        self._closed = True

    def _proxy_of(self, url: str) -> str | None:
        return _named(self._proxies, url)


class AsyncPyreqwestAdapter(AsyncHTTPAdapter):
    """The async twin of `PyreqwestAdapter`, for asyncio alone: trio is not supported.

    A response is taken up once its body begins, since waking the event loop costs 20 us each time.
    A body that breaks before its first byte therefore takes the status with it: that attempt
    counts as ``maybe_processed``, whatever the status was. From then on the adapter takes up a
    response at its status, so that the attempts that follow are answered by it.
    """

    networked = True

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
        self._awaited = 1
        """Bytes of the body to wait for before a response is taken up."""
        self._proxies = Proxies(proxy, trust_env)
        self._new_builder = partial(
            _builder,
            ClientBuilder,
            proxy=proxy,
            verify=verify,
            cert=cert,
            http2=http2,
            trust_env=trust_env,
            keepalive_expiry=keepalive_expiry,
        )
        self._new_builder()  # or what is wrong with the arguments would be told by the first call
        self._client: Client | None = None
        self._patient: tuple[float, Client] | None = None
        self._patience = 0.0
        _adapters.add(self)

    async def exchange(self, request: Request) -> Response:
        """Send one request and read the whole response; raises as `AsyncHttpxAdapter.exchange`."""
        self._admit()
        url, host = _place(request.url)
        client = self._client
        if client is None or request.timeout > self._patience:
            self._patience = request.timeout
            client = self._client = _built(self._new_builder(), request.timeout)
        builder = (
            client.request(request.method, url)
            .headers(_fields(request))
            .timeout(_span(request.timeout))
            .streamed_read_buffer_limit(self._awaited)
        )
        if request.content is not None:
            builder = builder.body_bytes(request.content)
        body: Body | None = None
        failure: MolamError | None = None
        try:
            async with builder.build_streamed() as answer:
                body = Body(answer.status, _headers_of(answer), self._limit, host, request.sink)
                reader = answer.body_reader
                left = _length_of(body.headers)
                while left > 0 and (chunk := await reader.read_chunk()) is not None:
                    left -= len(chunk)
                    if not body.feed(bytes(chunk)):
                        break
                body.whole()
        except Exception as error:
            if body is None and isinstance(error, _BODY_BROKE):
                self._awaited = 0
            failure = _failure_of(error, host, request.timeout, self._proxy_of(request.url))
            if failure is None:
                raise
        if body is None:
            assert failure is not None
            raise failure
        return body.end(failure)

    def _admit(self) -> None:
        if self._closed or self.forked:
            raise _unusable(self._closed)

    async def stream(self, request: Request) -> Response | AsyncOpened:
        """Send one request; as `AsyncHttpxAdapter.stream`."""
        self._admit()
        url, host = _place(request.url)
        if self._patient is None or self._patient[0] != request.timeout:
            made = self._new_builder().read_timeout(_span(request.timeout))
            self._patient = request.timeout, _built(made, request.timeout)
        opened = AsyncOpenedResponse(
            _streamed(self._patient[1], request, url),
            lambda answer: Body(
                answer.status, _headers_of(answer), self._limit, host, request.sink
            ),
            lambda error: _failure_of(error, host, request.timeout, self._proxy_of(request.url)),
        )
        return await opened.start()

    @sealed
    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float = 10,
    ) -> tuple[int, str, Mapping[str, str]]:
        """Send one request with a JSON body; as `AsyncHTTPAdapter.send`."""
        return answer_of(await self.exchange(request_of(method, url, headers, json, timeout)))

    async def aclose(self) -> None:
        """Close all connections; safe twice."""
        if not self._closed and not self.forked:
            for client in _clients_of(self):
                await client.close()
        self._closed = True

    def _proxy_of(self, url: str) -> str | None:
        return _named(self._proxies, url)


at_home("molam_sdk.http.pyreqwest", PyreqwestAdapter, AsyncPyreqwestAdapter)


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


def _clients_of(adapter: PyreqwestAdapter | AsyncPyreqwestAdapter) -> list[Any]:
    patient = adapter._patient
    return [client for client in (adapter._client, patient and patient[1]) if client is not None]


def _named(proxies: Proxies, url: str) -> str | None:
    """Return host and port of the proxy before a URL, None for a direct connection."""
    try:
        proxy = proxies.proxy_for(target_of(url).origin)
    except ConfigurationError:  # in the environment; reqwest passes it over
        return None
    return None if proxy is None else proxy.url.netloc.decode("ascii")


_adapters: weakref.WeakSet[PyreqwestAdapter | AsyncPyreqwestAdapter] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for adapter in list(_adapters):
        adapter.forked = bool(_clients_of(adapter))


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork_in_child)
