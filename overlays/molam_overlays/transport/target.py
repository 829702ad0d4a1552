"""Where a request goes and the head it carries, in the form httpx wants. No I/O."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

import httpx

from molam_overlays.errors import NetworkError
from molam_overlays.transport.library import HTTPX, Library
from molam_overlays.wire import CARRYING_METHODS, Request

Origin = tuple[str, str, int]
"""Scheme, host and port: what a connection belongs to."""

_PORTS = {"http": 80, "https": 443}

# What h11 would refuse too, but h11 quotes the offending value, and that may be the key.
_BAD_NAME = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]|^$")
_BAD_VALUE = re.compile(r"[^\t\x20-\x7e\x80-\xff]|^[\t ]|[\t ]$")

_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


class Target(NamedTuple):
    """A parsed URL with all that is derived from it."""

    url: httpx.URL
    origin: Origin
    host: str
    """Host, and port when it is not the scheme's own; for messages."""
    host_header: tuple[bytes, bytes]


@lru_cache(maxsize=256)
def _parse(url: str) -> Target:
    parsed = httpx.URL(url)
    if parsed.scheme not in _PORTS or not parsed.host:
        raise httpx.InvalidURL("not an absolute http or https URL")
    port = parsed.port or _PORTS[parsed.scheme]
    netloc = parsed.netloc
    return Target(
        parsed,
        (parsed.scheme, parsed.raw_host.decode("ascii"), port),
        netloc.decode("ascii"),
        (b"Host", netloc),
    )


def target_of(url: str) -> Target:
    """Parse a URL; the last 256 are remembered, since parsing costs 20 us.

    Raises:
        NetworkError: not an absolute http or https URL; nothing was sent.
    """
    try:
        return _parse(url)
    except (httpx.InvalidURL, UnicodeError):
        pass
    raise NetworkError(
        "The request URL is not an absolute http or https URL. Nothing was sent. Check api_base.",
        delivery="not_sent",
        repeatable=False,
    )


@lru_cache(maxsize=128)
def _name(name: str) -> bytes | None:
    """Return a header name as bytes, None for one that we set ourselves."""
    if _BAD_NAME.search(name):
        raise ValueError
    return None if name.lower() in _OURS else name.encode("ascii")


def fields_of(request: Request) -> list[tuple[str, bytes, str]]:
    """Return the header fields of a request that are not ours to set: name, raw name, value.

    Raises:
        NetworkError: a name or value that HTTP does not allow (RFC 9110 section 5.5); the message
            names the field, never its value. Nothing was sent.
    """
    fields: list[tuple[str, bytes, str]] = []
    culprit = None
    for name, value in request.headers.items():
        try:
            raw = _name(name)
        except ValueError:
            culprit = "A request header's name"
            break
        if raw is None:
            continue
        # Printable ASCII, as good as always, is seen to be fine in less time than any pattern takes.
        plain = value.isascii() and value.isprintable() and value[:1] != " " != value[-1:]
        if not plain and _BAD_VALUE.search(value):
            culprit = f"The value of the request header {name}"
            break
        fields.append((name, raw, value))
    if culprit is None:
        return fields
    raise NetworkError(
        f"{culprit} has characters that HTTP does not allow there, such as a line break or "
        "surrounding white space. Nothing was sent. Remove them.",
        delivery="not_sent",
        repeatable=False,
    )


def head_of(request: Request, target: Target) -> list[tuple[bytes, bytes]]:
    """Return the header fields of a request as they go on the wire.

    ``Host``, ``Content-Length`` and ``Accept-Encoding`` (what `Body` can bound) are ours.

    Raises:
        NetworkError: as `fields_of`.
    """
    head = [target.host_header, _ACCEPT_ENCODING]
    head += [(raw, value.encode("latin-1")) for _, raw, value in fields_of(request)]
    if request.content is not None:
        head.append((b"Content-Length", b"%d" % len(request.content)))
    elif request.method in CARRYING_METHODS:
        head.append(_EMPTY)
    return head


ACCEPT_ENCODING = "gzip, deflate"
"""The codings that `Body` can decompress within bounds."""
_ACCEPT_ENCODING = (b"Accept-Encoding", ACCEPT_ENCODING.encode())
_EMPTY = (b"Content-Length", b"0")
_NO_CONTENT = httpx.ByteStream(b"")


class _Fields(httpx.Headers):
    """Header fields as they go on the wire, read by httpx only once somebody looks at them.

    A transport asks for `raw` alone. Whatever else is asked for, a hook or a mock maybe, finds that
    httpx's own attributes are missing, and then they are made.
    """

    def __init__(self, ready: list[tuple[bytes, bytes]]) -> None:
        self.__dict__["ready"] = ready

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        ready: list[tuple[bytes, bytes]] | None = self.__dict__.get("ready")
        return super().raw if ready is None else ready

    def __getattr__(self, name: str) -> Any:
        ready = self.__dict__.pop("ready", None)
        if ready is None:
            raise AttributeError(name)
        super().__init__(ready)
        return getattr(self, name)


class _Prepared(httpx.Request):
    """A request made of parts that are ready; `httpx.Request` would read and copy them all."""

    def __init__(self, request: Request, target: Target) -> None:
        timeout = request.timeout
        content = request.content
        self.method = request.method
        self.url = target.url
        self.headers = _Fields(head_of(request, target))
        self.stream = _NO_CONTENT if content is None else httpx.ByteStream(content)
        # A request that does not come from a Client has no timeouts but these.
        self.extensions = {
            "timeout": {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}
        }

    @property
    def content(self) -> bytes:
        """The body, which `httpx.Request` has once it was read."""
        return self.read()


for _ours, _theirs in ((_Fields, httpx.Headers), (_Prepared, httpx.Request)):
    _ours.__name__ = _theirs.__name__  # which their reprs show


def prepare(request: Request, target: Target, library: Library = HTTPX) -> httpx.Request:
    """Return the request as the transports of a library take it."""
    if library is HTTPX:
        return _Prepared(request, target)
    timeout = request.timeout
    extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout)}
    made: httpx.Request = library.http.Request(
        request.method,
        str(target.url),
        headers=head_of(request, target),
        content=request.content,
        extensions=extensions,
    )
    return made
