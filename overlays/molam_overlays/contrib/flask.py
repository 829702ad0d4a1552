"""A webhook receiver for Flask.

app.post("/webhooks")(webhook_view(client.construct_event, events))
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

try:
    from flask import Response, request
    from werkzeug.exceptions import RequestEntityTooLarge
except ImportError:
    raise ImportError("molam_sdk.contrib.flask needs Flask: pip install flask") from None

from molam_overlays.frames import sealed
from molam_overlays.webhook.receiver import (
    MAX_BODY_BYTES,
    TOO_LARGE,
    Answer,
    ConstructEvent,
    E,
    Handle,
    header_of,
    receive,
)


def webhook_view(
    construct_event: ConstructEvent[E],
    handle: Handle[E],
    *,
    max_body_bytes: int = MAX_BODY_BYTES,
    signature_header: str | None = None,
) -> Callable[[], Response]:
    """Return a Flask view that verifies webhooks and hands their events over.

    Args:
        construct_event: such as ``client.construct_event``.
        handle: a function of the event, or an `EventRouter`.
        max_body_bytes: a larger body is answered 413 unread; 1 MiB by default.
        signature_header: where the signature is; by default as the client says.
    """
    name = header_of(construct_event, signature_header)

    @sealed
    def molam_webhook() -> Response:
        body = _body(max_body_bytes)
        if body is None:
            answer = TOO_LARGE
        else:
            answer = receive(request.headers.get(name), body, construct_event, handle)
        return _response(answer)

    return molam_webhook


def _body(limit: int) -> bytes | None:
    """Return the body as received, None when it is over the limit."""
    limit = min(limit, request.max_content_length or limit)
    # For a body that does not announce its length. Werkzeug cuts it there without a word, so one
    # byte more than the limit tells. Flask before 3.1 cannot set it.
    with suppress(AttributeError):
        request.max_content_length = limit + 1
    if request.content_length is not None and request.content_length > limit:
        return None
    try:
        # Cached: a hook of the application may have read it already, or may read it after us.
        body = request.get_data(cache=True)
    except RequestEntityTooLarge:
        return None
    return body if len(body) <= limit else None


def _response(answer: Answer) -> Response:
    return Response(answer.text, answer.status, content_type="text/plain")


webhook_view.__module__ = "molam_sdk.contrib.flask"
