"""A webhook receiver for Flask.

app.post("/webhooks")(webhook_endpoint(client.construct_event, events))
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from molam_overlays.home import home

try:
    from flask import Response, request
    from werkzeug.exceptions import RequestEntityTooLarge
except ImportError:
    raise ImportError(f"{home().package}.contrib.flask needs Flask: pip install flask") from None

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
    refuse_misuse,
)

_numbers: Final = itertools.count(1)


def webhook_endpoint(
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

    Raises:
        ConfigurationError: an argument cannot serve, or the client has no webhook secret.
    """
    refuse_misuse(construct_event, handle)
    name = header_of(construct_event, signature_header)

    @sealed
    def molam_webhook() -> Response:
        body = _body(max_body_bytes)
        if body is None:
            answer = TOO_LARGE
        else:
            answer = receive(request.headers.get(name), body, construct_event, handle)
        return _response(answer)

    # Flask names a rule's endpoint after its function, and takes each name once.
    molam_webhook.__name__ += f"_{next(_numbers)}"
    return molam_webhook


def webhook_view(
    construct_event: ConstructEvent[E], handle: Handle[E], *, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[], Response]:
    """Return `webhook_endpoint`, of which this is the old name.

    .. deprecated:: 0.2
    """
    warnings.warn(
        "webhook_view is called webhook_endpoint now, as in every framework.",
        DeprecationWarning,
        stacklevel=2,
    )
    return webhook_endpoint(construct_event, handle, max_body_bytes=max_body_bytes)


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


for _public in (webhook_endpoint, webhook_view):
    _public.__module__ = home().module("molam_sdk.contrib.flask")
