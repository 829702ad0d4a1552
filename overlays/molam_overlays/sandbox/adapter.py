"""Adapters straight into the sandbox: same answers and same faults, no socket.

Waiting is not waited for. A fault that waits longer than the caller's timeout is a timeout at
once, with the work done all the same, as it would be on a real server.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from molam_overlays import errors
from molam_overlays.errors import NetworkError
from molam_overlays.sandbox.answer import Asked, Hangup, Pause, Reply, encode
from molam_overlays.sandbox.core import Core
from molam_overlays.transport.sending import AsyncExchanging, Exchanging
from molam_overlays.wire import Headers, Request, Response

Deliver = Callable[[], None]
"""Delivers the webhooks that are due."""


def _exchange(core: Core, deliver: Deliver, request: Request) -> Response:
    parts = urlsplit(request.url)
    content = request.content
    if content is None and request.json is not None:
        content = encode(request.json)
    asked = Asked(request.method, parts.path, parts.query, Headers(request.headers), content or b"")
    waited = 0.0
    outcome: Response | NetworkError | None = None
    # To its end, whatever the caller learns of it: a server does not stop because a client left.
    for effect in core.serve(asked):
        match effect:
            case Pause(seconds):
                waited += seconds
            case Hangup(reset):
                how = "was reset" if reset else "was closed"
                outcome = NetworkError(f"The connection {how} before a response came.")
            case Reply():
                waited += effect.drip_seconds
                outcome = _response(effect)
    deliver()
    if waited >= request.timeout:
        raise errors.TimeoutError(f"No whole response within {request.timeout:g} seconds.")
    assert outcome is not None
    if isinstance(outcome, NetworkError):
        raise outcome
    return outcome


def _response(reply: Reply) -> Response | NetworkError:
    if reply.raw:
        return NetworkError("The server's answer is not HTTP.")
    headers = Headers({**reply.headers, "Content-Length": str(len(reply.content))})
    if reply.cut_after is None:
        return Response(reply.status, headers, reply.content)
    if 200 <= reply.status <= 299:
        return NetworkError("The response ended before its body was complete.")
    return Response(reply.status, headers, reply.content[: reply.cut_after], cut_short=True)


class SandboxAdapter(Exchanging):
    """Call the sandbox from a blocking client."""

    def __init__(self, core: Core, deliver: Deliver) -> None:
        self._core = core
        self._deliver = deliver

    def exchange(self, request: Request) -> Response:
        """Send one request; bytes in, bytes out."""
        return _exchange(self._core, self._deliver, request)


class AsyncSandboxAdapter(AsyncExchanging):
    """Call the sandbox from an async client."""

    def __init__(self, core: Core, deliver: Deliver) -> None:
        self._core = core
        self._deliver = deliver

    async def exchange(self, request: Request) -> Response:
        """Send one request; bytes in, bytes out."""
        return _exchange(self._core, self._deliver, request)
