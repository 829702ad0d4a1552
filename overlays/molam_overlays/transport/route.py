"""How connections to an origin are made: proxy, certificates, HTTP version. No I/O of its own."""

from __future__ import annotations

import importlib
import ipaddress
import os
import ssl
import urllib.request
from typing import Any

import httpx

from molam_overlays.errors import ConfigurationError
from molam_overlays.transport.library import HTTPX
from molam_overlays.transport.once import Once
from molam_overlays.transport.target import Origin
from molam_overlays.transport.trail import masked

importlib.import_module("encodings.idna")  # or the socket module does, with the first host name

Verify = bool | str | os.PathLike[str] | ssl.SSLContext
Cert = str | tuple[str, str] | tuple[str, str, str]
ProxyTypes = str | httpx.URL | httpx.Proxy


class Proxies:
    """Which proxy stands before which origin. The environment is read once, here."""

    def __init__(self, proxy: ProxyTypes | None, trust_env: bool) -> None:
        self._proxy = None if proxy is None else _proxy(proxy)
        self._environment = urllib.request.getproxies() if trust_env and proxy is None else {}

    def urls(self) -> list[str]:
        """Return the URL of every proxy there may be."""
        return [str(self._proxy.url)] if self._proxy else list(self._environment.values())

    def proxy_for(self, origin: Origin) -> httpx.Proxy | None:
        """Return the proxy for an origin, None for a direct connection.

        An argument beats the environment; ``NO_PROXY`` holds for the environment's proxies alone.
        """
        if self._proxy is not None:
            return self._proxy
        scheme, host, port = origin
        url = self._environment.get(scheme) or self._environment.get("all")
        if not url or _bypassed(host, port, self._environment):
            return None
        return _proxy(url if "://" in url else f"http://{url}")


class Routes:
    """What an adapter was told about the network, and the connections that follow from it.

    `flavour` is ``""`` or ``"Async"``, as in `Library`.
    The TLS context is made when the first https connection
    is, since that takes as long as all the rest together.
    """

    library = HTTPX

    def __init__(
        self,
        flavour: str,
        *,
        proxy: ProxyTypes | None,
        verify: Verify,
        cert: Cert | None,
        http2: bool,
        trust_env: bool,
        keepalive_expiry: float,
    ) -> None:
        self._flavour = flavour
        self._http2 = http2
        self._keepalive_expiry = keepalive_expiry
        self._proxies = Proxies(proxy, trust_env)
        self._tls = Once(lambda: _tls_context(verify, cert, trust_env))
        if http2:
            _require("h2", "http2=True", "httpx[http2]")
            HTTPX.preload_http2(flavour)
        for url in self._proxies.urls():
            if url.startswith("socks"):
                _require("socksio", "A SOCKS proxy", "httpx[socks]")

    def tls(self, patience: float) -> ssl.SSLContext:
        """Return the TLS context, made on the first call.

        Raises:
            httpx.ConnectTimeout: another thread is still making it after `patience` seconds.
        """
        context = self._tls.get(patience)
        if context is None:
            raise httpx.ConnectTimeout("the certificates are still being read")
        return context

    def forget_inherited(self) -> None:
        """Wait for no thread that a fork has left behind in the parent."""
        self._tls.forget_inherited()

    def connection(self, origin: Origin, backend: Any, patience: float) -> Any:
        """Return an httpcore connection, or a pool of one behind a proxy; not connected yet.

        Raises:
            httpx.ConnectTimeout: as `tls`.
        """
        scheme, host, port = origin
        tls = self.tls(patience) if scheme == "https" else None
        common: dict[str, Any] = {
            "ssl_context": tls,
            "keepalive_expiry": self._keepalive_expiry,
            "http2": self._http2,
            "network_backend": backend,
        }
        proxy = self._proxies.proxy_for(origin)
        if proxy is None:
            core_origin = HTTPX.core.Origin(scheme.encode(), host.encode(), port)
            return self._class("HTTPConnection")(origin=core_origin, **common)
        url = proxy.url
        common["proxy_url"] = HTTPX.core.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        common["proxy_auth"] = masked(proxy.raw_auth)
        common["max_connections"] = 1
        if url.scheme.startswith("socks"):
            return self._class("SOCKSProxy")(**common)
        if url.scheme == "https":
            common["proxy_ssl_context"] = proxy.ssl_context or self.tls(patience)
        return self._class("HTTPProxy")(proxy_headers=proxy.headers.raw, **common)

    def _class(self, name: str) -> Any:
        return getattr(HTTPX.core, self._flavour + name)


def _proxy(proxy: ProxyTypes) -> httpx.Proxy:
    try:
        found = proxy if isinstance(proxy, httpx.Proxy) else httpx.Proxy(proxy)
    except (ValueError, httpx.InvalidURL):
        found = None
    # Behind a slash of an unescaped password the real host would be taken for a path, and a piece
    # of the password for a port.
    if found is not None and "@" not in str(found.url.copy_with(username="", password="")):
        return found
    raise ConfigurationError(  # the URL may hold a password, so it is not shown
        "The proxy is not a URL with one of the schemes http, https, socks5 and socks5h. Give one "
        "such as http://proxy.example:3128, by argument or in HTTPS_PROXY, and percent-encode what "
        "is special in its password: / is %2F, # is %23, ? is %3F, @ is %40."
    )


def _bypassed(host: str, port: int, environment: dict[str, str]) -> bool:
    bare = host.strip("[]")
    literal = f"[{bare}]" if ":" in bare else bare
    if urllib.request.proxy_bypass_environment(f"{literal}:{port}", environment):  # type: ignore[attr-defined]
        return True
    if not os.environ.get("NO_PROXY") and not os.environ.get("no_proxy"):
        return bool(urllib.request.proxy_bypass(host))
    entries = [entry.strip().strip("[]") for entry in environment.get("no", "").split(",")]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    return any(address in network for network in map(_network, entries) if network is not None)


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None


def _tls_context(verify: Verify, cert: Cert | None, trust_env: bool) -> ssl.SSLContext:
    try:
        if isinstance(verify, (str, os.PathLike)):
            path = os.fspath(verify)
            folder = os.path.isdir(path)
            context = ssl.create_default_context(
                cafile=None if folder else path, capath=path if folder else None
            )
        else:
            context = httpx.create_ssl_context(verify=verify, trust_env=trust_env)
        if isinstance(cert, str):
            context.load_cert_chain(cert)
        elif cert is not None:
            context.load_cert_chain(*cert)
    except OSError as error:
        raise ConfigurationError(
            "The certificates for TLS could not be loaded. Check verify=, cert=, SSL_CERT_FILE "
            f"and SSL_CERT_DIR. {error.strerror or ''}".strip()
        ) from error
    return context


def _require(module: str, what: str, requirement: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError:
        pass
    else:
        return
    raise ConfigurationError(
        f"{what} needs the package {module}. Install it with: pip install '{requirement}'"
    )
