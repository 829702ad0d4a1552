"""The wire as a transport of httpx, for a client that is the merchant's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx

from molam_overlays.errors import NetworkError, TimeoutError  # noqa: A004
from molam_overlays.wire import Request, Response
from tests.simulation.wire import BlockingAdapter

if TYPE_CHECKING:
    from tests.simulation.merchant import Shop


class HookError(Exception):
    """What a merchant's own hook raises."""


class _Body(httpx.SyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


class OwnTransport(httpx.BaseTransport):
    """Carries httpx's requests over the simulation's wire, and fails in httpx's words."""

    def __init__(self, shop: Shop) -> None:
        self._wire = BlockingAdapter(shop.wire)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        headers: dict[str, str] = dict(request.headers)
        body: Any = json.loads(content) if content else None
        # Names as the wire knows them.
        for name in ("Idempotency-Key", "Authorization"):
            if name.lower() in headers:
                headers[name] = headers.pop(name.lower())
        sent = Request(request.method, str(request.url), headers, content, body, 30.0)
        try:
            answer: Response = self._wire.exchange(sent)
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error), request=request) from None
        except NetworkError as error:
            kind = httpx.ConnectError if error.delivery == "not_sent" else httpx.ReadError
            raise kind(str(error), request=request) from None
        given = [
            (name, value) for name, value in answer.headers.items() if name != "content-length"
        ]
        return httpx.Response(answer.status, headers=given, stream=_Body(answer.content))
