"""What every webhook receiver answers, whatever the framework.

==== =======================================================================================
200  the event was handled, or nobody asked for it
400  signed, but not an event
401  the signature does not verify
413  the body is larger than an event can be
500  a handler raised, or the receiver is set up wrongly: the event is sent again
==== =======================================================================================

Why a request was refused, or how a handler failed, goes to the logger ``molam_sdk``; the answer
itself tells a stranger little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, cast

from molam_overlays.annotations import at_home
from molam_overlays.errors import ConfigurationError, SignatureError, WebhookPayloadError
from molam_overlays.frames import empty_for_log, sealed
from molam_overlays.home import home
from molam_overlays.watch.observe import logger
from molam_overlays.webhook.router import EventRouter, InThread, acall, call, is_async
from molam_overlays.webhook.signature import SIGNATURE_HEADER, Keyring

MAX_BODY_BYTES: Final = 1 << 20
"""The default limit of a body, 1 MiB."""

E = TypeVar("E", bound=Mapping[str, Any])
ConstructEvent: TypeAlias = Callable[[str | None, bytes], E]
"""Verifies header and raw body and returns the event, such as ``client.construct_event``."""
Handle: TypeAlias = Callable[[E], object] | EventRouter[E]
"""What to do with a verified event: a function of it, or a router."""
WebhookHeaders: TypeAlias = Mapping[str, Any] | Iterable[tuple[Any, Any]]
"""A request's headers as frameworks have them: names in any case, text or bytes, one value or a list;
a WSGI environment will do."""


class Answer(NamedTuple):
    """What to answer a webhook with."""

    status: int
    """The status of HTTP."""
    text: str
    """A few words for the body, ``text/plain``."""


OK: Final = Answer(200, "ok")
TOO_LARGE: Final = Answer(413, "body too large")
FAILED: Final = Answer(500, "not handled, send again")


def receive_webhook(
    headers: WebhookHeaders,
    body: bytes,
    construct_event: ConstructEvent[E],
    handle: Handle[E],
    *,
    max_body_bytes: int = MAX_BODY_BYTES,
    signature_header: str | None = None,
) -> Answer:
    """Verify a webhook, hand its event over, and return what to answer: for any framework.

    ``status, text = receive_webhook(request.headers, request.body, client.construct_event, events)``

    Args:
        headers: of the request, as the framework has them; or the WSGI environment.
        body: the bytes as they arrived, before any decoding. Where a gateway hands them over in
            base64, decode that.
        construct_event: such as ``client.construct_event``.
        handle: a function of the event, or an `EventRouter`.
        max_body_bytes: a larger body is answered 413; 1 MiB by default.
        signature_header: where the signature is; by default as the client says.

    Returns:
        Status and text: 200, 400, 401, 413 or 500, at which Molam sends again.

    Raises:
        ConfigurationError: `construct_event` or `handle` cannot serve, or there is no secret.
    """
    refuse_misuse(construct_event, handle)
    if len(body) > max_body_bytes:
        return TOO_LARGE
    return receive(
        _signature_in(headers, header_of(construct_event, signature_header)),
        body,
        construct_event,
        handle,
    )


async def areceive_webhook(
    headers: WebhookHeaders,
    body: bytes,
    construct_event: ConstructEvent[E],
    handle: Handle[E],
    *,
    in_thread: InThread | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    signature_header: str | None = None,
) -> Answer:
    """As `receive_webhook`, and awaits handlers.

    Args:
        headers: as for `receive_webhook`.
        body: as for `receive_webhook`.
        construct_event: as for `receive_webhook`.
        handle: a function of the event, awaited if it is a coroutine function, or an `EventRouter`.
        in_thread: how blocking handlers are run, such as ``asyncio.to_thread``; without it they
            run on the event loop.
        max_body_bytes: as for `receive_webhook`.
        signature_header: as for `receive_webhook`.

    Returns:
        Status and text.

    Raises:
        ConfigurationError: as `receive_webhook`.
    """
    refuse_misuse(construct_event, handle, awaits=True)
    if len(body) > max_body_bytes:
        return TOO_LARGE
    return await areceive(
        _signature_in(headers, header_of(construct_event, signature_header)),
        body,
        construct_event,
        handle,
        in_thread,
    )


at_home("molam_sdk.webhooks", receive_webhook, areceive_webhook, Answer)


def refuse_misuse(construct_event: object, handle: object, *, awaits: bool = False) -> None:
    """Say at start what every delivery would be refused or answered 500 for.

    Raises:
        ConfigurationError: an argument is of the wrong kind, or the client has no secret.
    """
    if not callable(construct_event) or is_async(construct_event):
        hint = (
            "its construct_event" if hasattr(construct_event, "construct_event") else "a function"
        )
        raise ConfigurationError(
            "A webhook endpoint takes client.construct_event first: got "
            f"{_kind_of(construct_event)}, pass {hint}."
        )
    keys = getattr(getattr(construct_event, "__self__", None), "_secrets", None)
    if isinstance(keys, Keyring) and not keys.source:
        raise ConfigurationError(
            "This client has no webhook secret, so every webhook would be refused. Set "
            f"{home().environment}_WEBHOOK_SECRET, or Config(webhook_secret=...)."
        )
    if isinstance(handle, EventRouter):
        return
    if not callable(handle):
        raise ConfigurationError(
            "A webhook endpoint takes an EventRouter or a function of the event second: got "
            f"{_kind_of(handle)}."
        )
    if is_async(handle) and not awaits:
        raise ConfigurationError(
            f"{getattr(handle, '__qualname__', 'The handler')} must be awaited, but this endpoint is "
            "a blocking one. Use the async one, or a plain function."
        )


def _kind_of(value: object) -> str:
    return "a coroutine function" if callable(value) else type(value).__name__


def _signature_in(headers: WebhookHeaders, name: str) -> str | None:
    names = {name.lower(), "http_" + name.lower().replace("-", "_")}  # the latter is WSGI's
    pairs = cast("Iterable[Any]", headers.items() if isinstance(headers, Mapping) else headers)
    found: list[str] = []
    for header, value in pairs:
        if _text_of(header).lower() in names and value is not None:
            several = value if isinstance(value, (list, tuple)) else (value,)
            found += map(_text_of, cast("Iterable[Any]", several))
    # Several lines of one header mean the same as one (RFC 9110 section 5.3).
    return ", ".join(found) or None


def _text_of(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def header_of(construct_event: ConstructEvent[Any], given: str | None) -> str:
    """Return the header that a signature is in: as given, or as the client's package says."""
    client = getattr(construct_event, "__self__", None)
    return given or str(getattr(client, "signature_header", SIGNATURE_HEADER))


@sealed
def receive(
    header: str | None, body: bytes, construct_event: ConstructEvent[E], handle: Handle[E]
) -> Answer:
    """Verify a webhook, hand its event over, and return the answer."""
    event = _read(header, body, construct_event)
    if isinstance(event, Answer):
        return event
    try:
        if isinstance(handle, EventRouter):
            handle.dispatch(event)
        else:
            call(handle, event)
    except Exception as error:  # noqa: BLE001 - _failed logs it
        return _failed(event, error)
    return OK


@sealed
async def areceive(
    header: str | None,
    body: bytes,
    construct_event: ConstructEvent[E],
    handle: Handle[E],
    in_thread: InThread | None = None,
) -> Answer:
    """As `receive`; awaits handlers, and runs blocking ones through `in_thread` if it is given."""
    event = _read(header, body, construct_event)
    if isinstance(event, Answer):
        return event
    try:
        if isinstance(handle, EventRouter):
            await handle.adispatch(event, in_thread=in_thread)
        else:
            await acall(handle, event, in_thread)
    except Exception as error:  # noqa: BLE001 - _failed logs it
        return _failed(event, error)
    return OK


def _read(header: str | None, body: bytes, construct_event: ConstructEvent[E]) -> E | Answer:
    try:
        return construct_event(header, body)
    except SignatureError as error:
        logger.warning("A webhook was refused. %s", error)
        return Answer(401, str(error).partition(":")[0])
    except WebhookPayloadError as error:
        logger.warning("A webhook was refused. %s", error)
        return Answer(400, "not an event")
    except Exception as error:  # noqa: BLE001 - logged, with what follows from it
        # The secrets could not be had, which says nothing of the sender.
        logger.error(
            "A webhook could not be verified; it will be sent again.",
            exc_info=empty_for_log(error),
        )
        return FAILED


def _failed(event: Mapping[str, Any], error: Exception) -> Answer:
    logger.error(
        "The handler of webhook %s (%s) raised; it will be sent again.",
        event.get("id"),
        event.get("type"),
        exc_info=empty_for_log(error),
    )
    return FAILED
