"""What went wrong on the wire, in our terms. No I/O.

`failure_of` is the only place that knows what each exception of httpx means for the money:
whether the request may have reached the server, and whether another attempt can help.

Nothing here is chained to an exception of httpx: those may hold the request, and the text of a
protocol error may quote a header or what the server sent. The operating system's or OpenSSL's own
error below it is kept as the cause.
"""

from __future__ import annotations

import builtins
import re
import socket
import ssl
import sys

import httpx

from molam_overlays import errors
from molam_overlays.errors import ClientClosedError, MolamError, NetworkError
from molam_overlays.transport.incoming import Body
from molam_overlays.transport.library import in_httpx, is_switching
from molam_overlays.transport.trail import Trail
from molam_overlays.wire import Headers

_REPEAT = "The request may have been processed: repeat it with the same idempotency key."
_NOT_SENT = "Nothing was sent."
CHECK_PROXY = (
    "Check the proxy, its address and its credentials (proxy=, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, "
    "NO_PROXY)."
)
_DISCONNECTED = "Server disconnected"
_INTERIM = rb"HTTP/1\.[01] (1\d\d)"
STATUS_LINE = 16
"""Bytes of a response that tell its status."""
_HOSTNAME_MISMATCH = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL."""


def failure_of(
    error: Exception, host: str, timeout: float, trail: Trail | None = None
) -> MolamError | None:
    """Return the error to raise for one caught around an exchange; None if it is not of the wire.

    Raise it outside of the ``except`` block, so that the one it stands for is not attached to it.

    Args:
        trail: how far the request came, where that was watched.
    """
    if isinstance(error, MolamError):
        return error
    cause = _root(error)
    raised, error = error, in_httpx(error)
    unsent = trail is not None and trail.unsent(raised)
    if trail is not None and (unsent or (trail.stage == "tunnel" and not trail.sent)):
        failure = _before_sending(error, cause, trail, host, timeout)
    else:
        failure = _classify(error, cause, host, timeout)
    if failure is None:
        return None
    looks_unsent = failure.delivery == "not_sent" and not isinstance(error, httpx.ReadError)
    if looks_unsent and trail is not None and trail.sent and not trail.tells_of(raised):
        failure = broken(host)  # the request had left, so the error comes from elsewhere
    failure.__cause__ = cause
    return failure


def unsent_timeout(trail: Trail, host: str, timeout: float) -> errors.TimeoutError:
    """Say that time ran out before the request could leave for the API."""
    if trail.stage == "tunnel":
        return errors.TimeoutError(
            f"The proxy{_named(trail)} opened no tunnel to {host} within {timeout:g} s. "
            f"{_NOT_SENT} {CHECK_PROXY}",
            delivery="not_sent",
        )
    return connect_timeout(_destination(trail, host), timeout)


def _before_sending(
    error: Exception, cause: BaseException | None, trail: Trail, host: str, timeout: float
) -> MolamError | None:
    """Return the error for one that came while there was no connection with the API yet."""
    if is_timeout(error):
        return unsent_timeout(trail, host, timeout)
    if trail.stage == "tunnel":  # whatever it was: a library for SOCKS has errors of its own
        return no_tunnel(trail.proxy or "", _trouble_with_tunnel(error), host)
    if not isinstance(error, (httpx.TransportError, OSError)):
        return None
    then = "" if trail.proxy is None else CHECK_PROXY
    return _no_connection(cause, _destination(trail, host), then)


def _trouble_with_tunnel(error: Exception) -> str:
    if not isinstance(error, httpx.ProxyError):
        return NO_TUNNEL
    # The text may quote the proxy; only what is ours or a number is looked at.
    text = str(error)
    if status := re.match(r"\d{3}\b", text):
        return f"answered with status {status[0]} and would not connect to"
    if text.startswith(("Requested ", "Invalid username")):
        return BAD_CREDENTIALS
    return "would not connect to"


NO_TUNNEL = "hung up or talked nonsense instead of opening a tunnel to"
BAD_CREDENTIALS = "did not accept the credentials, or lack of them, and would not connect to"


def _named(trail: Trail) -> str:
    return "" if trail.proxy is None else f" {trail.proxy}"


def _destination(trail: Trail, host: str) -> str:
    if trail.stage == "tls in the tunnel":
        return f"{host} through the proxy{_named(trail)}"
    return host if trail.proxy is None else f"the proxy {trail.proxy}"


def is_timeout(error: Exception) -> bool:
    """Tell whether an exception says that time ran out."""
    kinds = (httpx.TimeoutException, builtins.TimeoutError, *_of("asyncio", "TimeoutError"))
    return isinstance(error, kinds)


def interim(error: Exception, host: str, first: bytes = b"") -> Body | None:
    """Return the 1xx response that turned out to be all the server would say, if that is so.

    httpcore waits for what follows a 1xx, and h11 refuses a 101 that nobody asked for. `first` is
    how the answer began, where that is known.
    """
    if not isinstance(in_httpx(error), httpx.RemoteProtocolError):
        return None
    text = str(error)
    status: int | None = None
    if is_switching(text):
        status = 101
    elif text.startswith(_DISCONNECTED) and (match := re.match(_INTERIM, first)):
        status = int(match[1])
    return None if status is None else Body(status, Headers(), 0, host)


def _root(error: BaseException) -> BaseException | None:
    """Return the operating system's or OpenSSL's error at the bottom of a chain."""
    found: BaseException | None = None
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if isinstance(link, OSError) and not isinstance(link, MolamError):
            found = link
        link = link.__cause__ or link.__context__
    return found


def _of(module: str, *names: str) -> tuple[type[Exception], ...]:
    """Return exception classes of a module; none if nobody imported it, nor could raise them."""
    found = sys.modules.get(module)
    return () if found is None else tuple(getattr(found, name) for name in names)


def _classify(
    error: Exception, cause: BaseException | None, host: str, timeout: float
) -> MolamError | None:
    if isinstance(error, httpx.PoolTimeout):
        return pool_timeout(host, timeout)
    if isinstance(error, httpx.ConnectTimeout):
        return connect_timeout(host, timeout)
    if is_timeout(error):
        return response_timeout(host, timeout)
    if isinstance(error, httpx.ConnectError):
        return _no_connection(cause, host)
    if isinstance(error, httpx.ProxyError):
        return NetworkError(
            f"The proxy would not connect to {host}. Nothing was sent. Check the proxy's address "
            "and credentials (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).",
            delivery="not_sent",
        )
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError)):
        return invalid(host)
    if isinstance(error, httpx.RemoteProtocolError):
        return _protocol_trouble(str(error), host)
    if isinstance(cause, ssl.SSLError) and (alert := _CERTIFICATE_ALERT.search(cause.reason or "")):
        return client_certificate(host, required=alert[0].endswith("REQUIRED"))
    if isinstance(error, OSError) and _carries_an_answer(error):
        return None
    if isinstance(
        error,
        (
            *(httpx.TransportError, httpx.DecodingError, OSError),
            *_of("anyio", "BrokenResourceError", "ClosedResourceError", "EndOfStream"),
        ),
    ):
        return broken(host)
    return None


def _carries_an_answer(error: OSError) -> bool:
    """Tell whether an exception was made of a response: requests and urllib.request do so."""
    if getattr(error, "response", None) is not None:
        return True
    return isinstance(error, _of("urllib.error", "HTTPError"))


def _no_connection(cause: BaseException | None, host: str, then: str = "") -> NetworkError:
    if isinstance(cause, ssl.SSLCertVerificationError):
        mismatch = cause.verify_code in _HOSTNAME_MISMATCH
        return no_connection(host, "name" if mismatch else "certificate", cause.verify_message)
    if isinstance(cause, ssl.SSLError):
        return no_connection(host, "handshake", cause.reason or "cut off", then)
    if isinstance(cause, socket.gaierror):
        return no_connection(host, "name resolution", "", then)
    if isinstance(cause, ConnectionRefusedError):
        return no_connection(host, "refused", "", then)
    return no_connection(host, "", "", then)


_NO_CONNECTION = {
    "name": (
        "The certificate that was presented is not for {host}: {detail}.",
        "Check api_base, and that no proxy stands in between.",
    ),
    "certificate": (
        "The certificate of {host} is not trusted: {detail}.",
        "Name the authority's certificate with SSL_CERT_FILE or verify=.",
    ),
    "handshake": (
        "The TLS handshake with {host} failed: {detail}.",
        "Check that the port speaks TLS, and its versions.",
    ),
    "name resolution": (
        "The host name of {host} could not be resolved.",
        "Check api_base and the network.",
    ),
    "refused": ("{host} refused the connection.", "Check that the server is up."),
    "": ("No connection to {host} could be made.", "Check the network and try again."),
}


def no_connection(host: str, reason: str = "", detail: str = "", then: str = "") -> NetworkError:
    """Say that there is no connection; `reason` is a key of the table above, `then` what to do."""
    what, usual = _NO_CONNECTION[reason]
    said = what.format(host=host, detail=detail.rstrip("."))
    return NetworkError(
        f"{said[0].upper() if host.startswith('the ') else said[0]}{said[1:]} {_NOT_SENT} "
        f"{then or usual}",
        delivery="not_sent",
        repeatable=reason not in ("name", "certificate"),
    )


def _protocol_trouble(text: str, host: str) -> NetworkError:
    # The text is h11's and may quote the server; only what it begins with is looked at.
    if text.startswith(_DISCONNECTED):
        return hung_up(host)
    if text.startswith("peer closed connection"):
        return cut_short(host)
    return not_http(host)


# What a server says of a client's certificate. In TLS 1.3 that comes after what the client takes for
# the end of the handshake (RFC 8446 section 4.4.2.4), so as a read error; the server has not ended
# the handshake, and looks at no request before it has.
_CERTIFICATE_ALERT = re.compile(
    "ALERT_(?:CERTIFICATE_(?:REQUIRED|REVOKED|EXPIRED|UNKNOWN)|(?:BAD|UNSUPPORTED)_CERTIFICATE"
    "|UNKNOWN_CA|ACCESS_DENIED)"
)


def client_certificate(host: str, *, required: bool) -> NetworkError:
    """Say that the server wants a client certificate, or another one."""
    what = "asks for a client certificate" if required else "did not accept the client certificate"
    return NetworkError(
        f"{host} {what} and ended the TLS handshake. {_NOT_SENT} Give the right one with cert=.",
        delivery="not_sent",
        repeatable=False,
    )


def no_tunnel(proxy: str, trouble: str, host: str) -> NetworkError:
    """Say that a proxy opened no tunnel; `trouble` is what it did, up to the host."""
    return NetworkError(
        f"The proxy {proxy}".rstrip() + f" {trouble} {host}. {_NOT_SENT} {CHECK_PROXY}",
        delivery="not_sent",
    )


def hung_up(host: str) -> NetworkError:
    """Say that the server closed the connection instead of answering."""
    return NetworkError(f"{host} closed the connection before it answered. {_REPEAT}")


def cut_short(host: str) -> NetworkError:
    """Say that a body ended before its announced end."""
    return NetworkError(f"The response of {host} is cut short. {_REPEAT}")


def not_http(host: str) -> NetworkError:
    """Say that the server talks something else."""
    return NetworkError(f"What {host} answered is not HTTP. {_REPEAT}")


def broken(host: str) -> NetworkError:
    """Say that the connection broke, as a reset does."""
    return NetworkError(f"The connection to {host} broke before the response came. {_REPEAT}")


def invalid(host: str) -> NetworkError:
    """Say that the request cannot be put on the wire."""
    return NetworkError(
        f"The request to {host} is not valid HTTP and was not sent. Check api_base and the extra "
        "headers.",
        delivery="not_sent",
        repeatable=False,
    )


def pool_timeout(host: str, timeout: float) -> errors.TimeoutError:
    """Say that no connection came free."""
    return errors.TimeoutError(
        f"No connection to {host} came free within {timeout:g} s: all are busy. Nothing was sent. "
        "Make fewer calls at once, or raise max_connections of the adapter.",
        delivery="not_sent",
    )


def connect_timeout(host: str, timeout: float) -> errors.TimeoutError:
    """Say that no connection stood in time."""
    return errors.TimeoutError(
        f"No connection to {host} could be made within {timeout:g} s. Nothing was sent. Check the "
        "network, or raise timeout.",
        delivery="not_sent",
    )


def response_timeout(host: str, timeout: float) -> errors.TimeoutError:
    """Say that the whole response did not come in time."""
    return errors.TimeoutError(f"{host} did not answer in full within {timeout:g} s. {_REPEAT}")


def inherited(what: str) -> ClientClosedError:
    """Say that a client of one's own cannot be used in this process."""
    return ClientClosedError(
        f"Your {what} was used before fork(): its connections are the parent process's, and each "
        "would read the other's answers. Nothing was sent. Make the client after the fork, or leave "
        "it out: the adapter's own connections survive one."
    )


def stream_inherited() -> ClientClosedError:
    """Say that a stream cannot be read on in this process."""
    return ClientClosedError(
        "This stream was opened before fork(): its connection is the parent process's, and each would "
        "take the other's bytes. Nothing was read. Read it in the process that opened it."
    )


def closed() -> ClientClosedError:
    """Say that the adapter is closed."""
    return ClientClosedError("The client is closed. Make a new one.")


def other_loop() -> ClientClosedError:
    """Say that a client of one's own has moved to another event loop."""
    return ClientClosedError(
        "Your AsyncClient has a transport of its own, whose connections live on another event "
        "loop. Make a client in each loop (every asyncio.run() starts a new one), or let the "
        "adapter make the connections: then it serves them all."
    )
