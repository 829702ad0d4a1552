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

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import attrs

from molam_overlays.errors import SignatureError, WebhookPayloadError
from molam_overlays.frames import empty_for_log, sealed
from molam_overlays.watch.observe import logger
from molam_overlays.webhook.router import EventRouter, InThread, acall, call
from molam_overlays.webhook.signature import SIGNATURE_HEADER

MAX_BODY_BYTES: Final = 1 << 20
"""The default limit of a body, 1 MiB."""

E = TypeVar("E", bound=Mapping[str, Any])
ConstructEvent: TypeAlias = Callable[[str | None, bytes], E]
"""Verifies header and raw body and returns the event, such as ``client.construct_event``."""
Handle: TypeAlias = Callable[[E], object] | EventRouter[E]
"""What to do with a verified event: a function of it, or a router."""


@attrs.frozen
class Answer:
    """A status and a few words for its body."""

    status: int
    text: str


OK: Final = Answer(200, "ok")
TOO_LARGE: Final = Answer(413, "body too large")
FAILED: Final = Answer(500, "not handled, send again")


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
