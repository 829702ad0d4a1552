"""Adapters straight into the sandbox: same answers and same faults, no socket.

Waiting is not waited for. A fault that waits longer than the caller's timeout is a timeout at
once, with the work done all the same, as it would be on a real server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from molam_overlays import errors
from molam_overlays.errors import NetworkError
from molam_overlays.message.media import JSON
from molam_overlays.sandbox.answer import Asked, Hangup, Pause, Reply, encode
from molam_overlays.sandbox.core import Core
from molam_overlays.transport.adapter import AsyncHTTPAdapter, HTTPAdapter
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


def _request(
    method: str, url: str, headers: Mapping[str, str], json: Any, timeout: float
) -> Request:
    content = None if json is None else encode(json)
    told = dict(headers)
    if content is not None and not any(name.lower() == "content-type" for name in told):
        told["Content-Type"] = JSON
    return Request(method, url, told, content, json, timeout)


def _answer(response: Response) -> tuple[int, str, Mapping[str, str]]:
    return response.status, response.content.decode("utf-8", "replace"), response.headers


class SandboxAdapter(HTTPAdapter):
    """Call the sandbox from a blocking client."""

    def __init__(self, core: Core, deliver: Deliver) -> None:
        self._core = core
        self._deliver = deliver

    def exchange(self, request: Request) -> Response:
        """Send one request; bytes in, bytes out."""
        return _exchange(self._core, self._deliver, request)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float = 10,
    ) -> tuple[int, str, Mapping[str, str]]:
        """Send one request, as `HTTPAdapter.send`."""
        return _answer(self.exchange(_request(method, url, headers, json, timeout)))


class AsyncSandboxAdapter(AsyncHTTPAdapter):
    """Call the sandbox from an async client."""

    def __init__(self, core: Core, deliver: Deliver) -> None:
        self._core = core
        self._deliver = deliver

    async def exchange(self, request: Request) -> Response:
        """Send one request; bytes in, bytes out."""
        return _exchange(self._core, self._deliver, request)

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float = 10,
    ) -> tuple[int, str, Mapping[str, str]]:
        """Send one request, as `AsyncHTTPAdapter.send`."""
        return _answer(await self.exchange(_request(method, url, headers, json, timeout)))
