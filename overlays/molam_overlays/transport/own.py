"""What is decided about a client of one's own, of httpx or httpx2, blocking or async. No I/O.

Its hooks, transports and subclasses are somebody else's code in the middle of an exchange. They may
read the request and the answer, and they may raise. Three things must not be mixed up: a fault of
the wire, which is put into our terms and repeated; what that code raised, which reaches the caller
as it is, once (`ForeignError`); and the API's answer, which counts whatever happened after it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from types import CodeType
from typing import Any
from weakref import WeakSet

import httpx

from molam_overlays.errors import MolamError, NetworkError
from molam_overlays.transport import failures
from molam_overlays.transport.adapter import ForeignError
from molam_overlays.transport.incoming import Body, headers_of
from molam_overlays.transport.library import (
    Library,
    in_httpx,
    library_of,
    refuses_to_send,
    seems_used,
)
from molam_overlays.transport.target import Target, prepare
from molam_overlays.transport.trail import Trail
from molam_overlays.wire import Request, Response, Sink


def body_of(answer: httpx.Response, limit: int, host: str, sink: Sink | None) -> Body:
    """Return what collects the body of an answer."""
    return Body(answer.status_code, headers_of(answer.headers.raw), limit, host, sink)


def already_read(answer: httpx.Response, body: Body, library: Library) -> bool:
    """Tell whether a transport or a subclass has read the answer already; then take what it kept.

    The library has decompressed that.
    """
    if not (answer.is_stream_consumed or answer.is_closed):
        return False
    if isinstance(answer.stream, library.http.ByteStream):
        return False  # can be read again
    try:
        content = answer.content
    except library.http.ResponseNotRead:
        body.problem = NetworkError(
            f"A transport or subclass of your own {library.name} client took the body of the answer "
            f"with status {body.status} and did not keep it. The request may have been processed. Let it "
            "call read() (aread()) on the response, which keeps the body.",
            repeatable=False,
        )
        return True
    body.is_decoded()
    body.feed(content)
    return True


Hooks = Mapping[str, list[Callable[..., Any]]]


def failure_of(
    error: Exception,
    host: str,
    timeout: float,
    trail: Trail | None,
    hooks: Hooks,
    closed: bool,
) -> MolamError | None:
    """Return our error for one of the wire; None for what somebody else's code raised.

    What httpcore itself saw fail is of the wire, wherever it surfaces. Of the rest, transport errors
    are, unless they come out of a hook.

    Args:
        hooks: those that may have run out of our sight.
        closed: whether the client is.
    """
    if isinstance(in_httpx(error), (MolamError, httpx.InvalidURL)):
        return None
    of_wire = trail is not None and trail.tells_of(error)
    if not of_wire and _passed_through(error, hooks):
        return None
    failure = failures.failure_of(error, host, timeout, trail)
    refused = refuses_to_send(error)
    if failure is None and closed and (trail is None or of_wire or refused):
        # Another thread or task closed it meanwhile, which takes back nothing that had left.
        sent = not refused if trail is None else trail.sent
        return failures.broken(host) if sent else failures.closed()
    return failure


def is_of_wire(error: Exception, failed: Exception | None, body: Body) -> bool:
    """Tell whether what came out of a hook is only what reading the answer raised there."""
    if failed is None:
        # The library decompresses for the hook what `Body` found to be garbled already.
        return isinstance(in_httpx(error), httpx.DecodingError) and body.problem is not None
    return error is failed


def _passed_through(error: BaseException, hooks: Hooks) -> bool:
    """Tell whether an exception came out of a hook, by the frames that it passed."""
    codes = {code for each in hooks.values() for hook in each for code in _codes_of(hook)}
    frames = error.__traceback__
    while codes and frames is not None:
        if frames.tb_frame.f_code in codes:
            return True
        frames = frames.tb_next
    return False


def _codes_of(hook: Any) -> Iterator[CodeType]:
    while isinstance(hook, functools.partial):
        hook = hook.func
    for function in (hook, getattr(hook, "__func__", None), type(hook).__call__):
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            yield code


def answer_of(error: Exception) -> Response | None:
    """Return the API's answer that an exception carries, as `raise_for_status` makes them do."""
    answer: Any = getattr(error, "response", None)
    library = library_of(answer)
    if not isinstance(answer, library.http.Response):
        return None
    try:
        content: bytes = answer.content
    except library.http.ResponseNotRead:
        return None
    return Response(answer.status_code, headers_of(answer.headers.raw), content)


def refused(request: Request) -> NetworkError:
    """Stand for a request that a hook stopped before anything left."""
    return NetworkError(f"A hook of your own stopped {request.method}.", delivery="not_sent")


class Attempt:
    """One exchange through a client of one's own, and what is known about it so far.

    What it does is in its two heirs, one of which awaits; what it decides is here.
    """

    __slots__ = (
        "_lease", "body", "client", "failure", "library", "limit", "prepared", "request", "tap",
        "target", "trail", "transport",
    )  # fmt: skip

    def __init__(
        self,
        request: Request,
        target: Target,
        library: Library,
        client: Any,
        plain: str,
        limit: int,
    ) -> None:
        self.request = request
        self.prepared = prepare(request, target, library)
        self.target = target
        self.library = library
        self.client = client
        self.limit = limit
        self.transport = library.transport_of(client, plain, self.prepared.url)
        self._lease: Any = None
        """A connection of ours, which the request leaves by instead of the client's transport."""
        self.trail: Trail | None = None
        self.body: Body | None = None
        self.failure: MolamError | None = None
        self.tap: Any = None
        """What hooks read the answer through."""

    @property
    def unsent(self) -> bool:
        """Whether it is certain that no byte of the request has left, on a connection of ours."""
        if self._lease is None:
            return False
        wire = self._lease.wire
        sent = wire is not None and (wire.sent if self.trail is None else self.trail.sent)
        return not sent and self.body is None

    def hold(self) -> None:
        """Keep a connection of ours for as long as somebody reads."""
        if self._lease is not None and self._lease.slot is not None:
            self._lease.slot.due = math.inf

    def is_whole(self, whole: bool) -> bool:
        """Tell whether an answer that was read to its end, if `whole`, is as it should be."""
        return whole and self.body is not None and self.body.problem is None

    def _body_of(self, answer: httpx.Response) -> Body:
        self.body = body_of(answer, self.limit, self.target.host, self.request.sink)
        return self.body

    def failure_of(self, error: Exception) -> MolamError:
        """Return our error for one of the wire.

        Raises:
            ForeignError: it is none.
        """
        host, lease = self.target.host, self._lease
        if isinstance(error, MolamError) and (self.tap is not None or lease is not None):
            return error
        hooks = self.client.event_hooks if self.transport is None else {}
        closed = lease is None and self.client.is_closed
        failure = failure_of(error, host, self.request.timeout, self.trail, hooks, closed)
        if failure is not None:
            if self.body is None and not (self.trail and self.trail.unsent(error)):
                wire = None if lease is None else lease.wire
                self.body = failures.interim(error, host, b"" if wire is None else wire.first)
            return failure
        unsent = refused(self.request) if self.unsent else None
        raise ForeignError(error, unsent or answer_of(error)) from None


# Forks


_used: WeakSet[Any] = WeakSet()


def note_use(client: Any) -> None:
    """Remember that we have sent something through a client."""
    _used.add(client)


def has_connections(client: Any) -> bool:
    """Tell, in the child of a fork, whether a client may hold connections of its parent.

    It does if we used it; the application may have used it as well.
    """
    return client in _used or seems_used(client)
