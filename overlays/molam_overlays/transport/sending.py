"""The two shapes of a call, `send`'s tuple and the bytes of `exchange`, turned into each other.

`Exchanging` and `AsyncExchanging` are our own adapters' bases: with their `exchange` they have a `send`.
"""

from __future__ import annotations

import json as jsonlib
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from molam_overlays.errors import MolamError
from molam_overlays.frames import sealed
from molam_overlays.transport.adapter import AsyncHTTPAdapter, ForeignError, HTTPAdapter
from molam_overlays.wire import Headers, Request, Response


def send_arguments(request: Request) -> dict[str, Any]:
    """Return the keyword arguments of `send` for a request."""
    if request.content is not None and request.json is None and request.content != b"null":
        raise MolamError(
            "This adapter has `send` alone, which takes JSON bodies only. Use the default "
            "adapter for other media types."
        )
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "json": request.json,
        "timeout": request.timeout,
    }


def response_of(answer: Any) -> Response:
    """Turn what `send` returned into a `Response`; say what was expected when it is off."""
    try:
        status, text, headers = answer
        content = text if isinstance(text, bytes) else _as_text(text).encode()
        return Response(int(status), Headers(headers or {}), content)
    except (TypeError, ValueError, AttributeError) as error:
        raise TypeError(
            "An adapter's send() must return (status, text, headers): an int, a str and a "
            f"mapping. It returned {type(answer).__name__}."
        ) from error


def _as_text(body: Any) -> str:
    if body is None:
        return ""
    return body if isinstance(body, str) else jsonlib.dumps(body)


def request_of(
    method: str, url: str, headers: Mapping[str, str], json: Any, timeout: float
) -> Request:
    """Return the request for the arguments of `send`."""
    fields = dict(headers)
    content = None
    if json is not None:
        content = jsonlib.dumps(json, separators=(",", ":"), allow_nan=False).encode()
        if not any(name.lower() == "content-type" for name in fields):
            fields["Content-Type"] = "application/json"
    return Request(method.upper(), url, fields, content, json, timeout)


def answer_of(response: Response) -> tuple[int, str, Mapping[str, str]]:
    """Return what `send` returns."""
    return response.status, response.content.decode("utf-8", "replace"), response.headers


class Exchanging(HTTPAdapter):
    """An adapter with an `exchange`, of which its `send` is made."""

    @abstractmethod
    def exchange(self, request: Request) -> Response:
        """Send one request and read the whole response; bytes in, bytes out."""

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
        try:
            return answer_of(self.exchange(request_of(method, url, headers, json, timeout)))
        except ForeignError as raised:
            error = raised.error
        raise error


class AsyncExchanging(AsyncHTTPAdapter):
    """The async twin of `Exchanging`."""

    @abstractmethod
    async def exchange(self, request: Request) -> Response:
        """Send one request and read the whole response; bytes in, bytes out."""

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
        try:
            return answer_of(await self.exchange(request_of(method, url, headers, json, timeout)))
        except ForeignError as raised:
            error = raised.error
        raise error
