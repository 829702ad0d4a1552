"""A webhook receiver for Django.

    urlpatterns = [path("webhooks", webhook_endpoint(client.construct_event, events))]

Under ASGI, with handlers that await, use `async_webhook_endpoint`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Coroutine
from typing import Any

from molam_overlays.home import home

try:
    from asgiref.sync import sync_to_async
    from django.core.exceptions import RequestDataTooBig
    from django.http import HttpRequest, HttpResponse, HttpResponseBase
    from django.views.decorators.csrf import csrf_exempt
    from django.views.decorators.http import require_POST
except ImportError:
    raise ImportError(f"{home().package}.contrib.django needs Django: pip install django") from None

from molam_overlays.frames import sealed
from molam_overlays.webhook.receiver import (
    MAX_BODY_BYTES,
    TOO_LARGE,
    Answer,
    ConstructEvent,
    E,
    Handle,
    areceive,
    header_of,
    receive,
    refuse_misuse,
)


def webhook_endpoint(
    construct_event: ConstructEvent[E],
    handle: Handle[E],
    *,
    max_body_bytes: int = MAX_BODY_BYTES,
    signature_header: str | None = None,
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return a Django view that verifies webhooks and hands their events over.

    It takes POST only and is exempt from CSRF protection: the signature takes its place.

    Args:
        construct_event: such as ``client.construct_event``.
        handle: a function of the event, or an `EventRouter`.
        max_body_bytes: a larger body is answered 413 unread; 1 MiB by default. Django's own
            ``DATA_UPLOAD_MAX_MEMORY_SIZE`` holds as well.

    Raises:
        ConfigurationError: an argument cannot serve, or the client has no webhook secret.
    """
    refuse_misuse(construct_event, handle)
    name = header_of(construct_event, signature_header)

    @sealed
    def molam_webhook(request: HttpRequest) -> HttpResponseBase:
        body = _body(request, max_body_bytes)
        if body is None:
            return _response(TOO_LARGE)
        return _response(receive(request.headers.get(name), body, construct_event, handle))

    return csrf_exempt(require_POST(molam_webhook))


def async_webhook_endpoint(
    construct_event: ConstructEvent[E],
    handle: Handle[E],
    *,
    max_body_bytes: int = MAX_BODY_BYTES,
    signature_header: str | None = None,
) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponseBase]]:
    """Return a coroutine view; as `webhook_endpoint`, and awaits handlers. Needs Django 5.

    Blocking handlers run in the thread that Django keeps for them, where its ORM works.
    """
    refuse_misuse(construct_event, handle, awaits=True)
    name = header_of(construct_event, signature_header)

    @sealed
    async def molam_webhook(request: HttpRequest) -> HttpResponseBase:
        body = _body(request, max_body_bytes)
        if body is None:
            return _response(TOO_LARGE)
        answer = await areceive(
            request.headers.get(name), body, construct_event, handle, _in_thread
        )
        return _response(answer)

    return csrf_exempt(require_POST(molam_webhook))


def webhook_view(
    construct_event: ConstructEvent[E], handle: Handle[E], *, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return `webhook_endpoint`, of which this is the old name.

    .. deprecated:: 0.2
    """
    _warn("webhook_view", "webhook_endpoint")
    return webhook_endpoint(construct_event, handle, max_body_bytes=max_body_bytes)


def async_webhook_view(
    construct_event: ConstructEvent[E], handle: Handle[E], *, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponseBase]]:
    """Return `async_webhook_endpoint`, of which this is the old name.

    .. deprecated:: 0.2
    """
    _warn("async_webhook_view", "async_webhook_endpoint")
    return async_webhook_endpoint(construct_event, handle, max_body_bytes=max_body_bytes)


def _warn(old: str, new: str) -> None:
    warnings.warn(
        f"{old} is called {new} now, as in every framework.", DeprecationWarning, stacklevel=3
    )


async def _in_thread(function: Callable[..., Any], argument: Any) -> Any:
    return await sync_to_async(function, thread_sensitive=True)(argument)


def _body(request: HttpRequest, limit: int) -> bytes | None:
    """Return the body as received, None when it is over the limit."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if str(length).isdecimal() and int(length) > limit:
        return None
    try:
        body = request.body
    except RequestDataTooBig:
        return None
    return body if len(body) <= limit else None


def _response(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.text, status=answer.status, content_type="text/plain")


for _public in (webhook_endpoint, async_webhook_endpoint, webhook_view, async_webhook_view):
    _public.__module__ = home().module("molam_sdk.contrib.django")
