"""A webhook receiver for FastAPI and Starlette.

app.add_route("/webhooks", webhook_endpoint(client.construct_event, events), methods=["POST"])
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from molam_overlays.home import home

try:
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response
except ImportError:
    raise ImportError(
        f"{home().package}.contrib.asgi needs Starlette, which FastAPI brings: pip install starlette"
    ) from None

from molam_overlays.frames import sealed
from molam_overlays.webhook.receiver import (
    MAX_BODY_BYTES,
    TOO_LARGE,
    ConstructEvent,
    E,
    Handle,
    areceive,
    header_of,
    refuse_misuse,
)


def webhook_endpoint(
    construct_event: ConstructEvent[E],
    handle: Handle[E],
    *,
    max_body_bytes: int = MAX_BODY_BYTES,
    signature_header: str | None = None,
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that verifies webhooks and hands their events over.

    Args:
        construct_event: such as ``client.construct_event``.
        handle: a function of the event, or an `EventRouter`. Coroutine functions are awaited,
            plain ones run in a thread.
        max_body_bytes: a larger body is answered 413, and not read further; 1 MiB by default.
        signature_header: where the signature is; by default as the client says.

    Raises:
        ConfigurationError: an argument cannot serve, or the client has no webhook secret.
    """
    refuse_misuse(construct_event, handle, awaits=True)
    name = header_of(construct_event, signature_header)

    @sealed
    async def molam_webhook(request: Request) -> Response:
        body = await _body(request, max_body_bytes)
        if body is None:
            answer = TOO_LARGE
        else:
            # Several lines of one header mean the same as one (RFC 9110 section 5.3).
            header = ", ".join(request.headers.getlist(name)) or None
            answer = await areceive(header, body, construct_event, handle, _in_thread)
        return PlainTextResponse(answer.text, answer.status)

    # The types themselves: 0.115 of FastAPI looks their names up where `sealed` lives.
    molam_webhook.__annotations__.update({"request": Request, "return": Response})
    return molam_webhook


async def _in_thread(function: Callable[..., Any], argument: Any) -> Any:
    return await run_in_threadpool(function, argument)


async def _body(request: Request, limit: int) -> bytes | None:
    """Return the body as received, None when it is over the limit."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


webhook_endpoint.__module__ = home().module("molam_sdk.contrib.asgi")
