"""What pyreqwest's errors mean, in our terms."""

from __future__ import annotations

import re
from typing import Any

import pyreqwest.exceptions as pyreqwest_exceptions

from molam_overlays.errors import MolamError
from molam_overlays.transport import failures

BODY_BROKE = (
    pyreqwest_exceptions.ReadError,
    pyreqwest_exceptions.ReadTimeoutError,
    pyreqwest_exceptions.BodyDecodeError,
)


def failure_of(
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
