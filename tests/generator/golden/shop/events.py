# Generated from shop.yaml by python -m generator. Do not edit.

"""Webhook events, typed by what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Literal, TypeAlias, TypeVar, overload

from molam_overlays.frames import sealed
from molam_overlays.webhook import events as _events
from molam_overlays.webhook import router as _router
from molam_overlays.webhook.signature import DEFAULT_TOLERANCE_MS, SecretSource
from shop.models.event import Event
from shop.models.order_paid import OrderPaid

__all__ = [
    "EVENTS",
    "Event",
    "EventRouter",
    "EventType",
    "OrderPaid",
    "WebhookEvent",
    "construct_event",
    "read_event",
]

EventType: TypeAlias = Literal["order.paid",]
"""Every type of event that the document knows; others may arrive."""

WebhookEvent: TypeAlias = OrderPaid | Event
"""What `construct_event` returns; the last one for a type that this release does not know."""

EVENTS: Final[Mapping[str, type[Event]]] = {
    "order.paid": OrderPaid,
}
"""The class of each type of event."""


@sealed
def construct_event(
    signature_header: str | None,
    raw_body: bytes,
    get_secret_by_kid: SecretSource,
    tolerance_ms: int = DEFAULT_TOLERANCE_MS,
) -> WebhookEvent:
    """Verify a webhook and return its event, typed by its type.

    Args:
        signature_header: the value of ``Shop-Signature``.
        raw_body: the bytes of the body as they arrived, before any decoding.
        get_secret_by_kid: a function from key id to its secret or secrets, a mapping of the same,
            or one secret.
        tolerance_ms: how far the signature's time may be from now, past or future, in
            milliseconds; 1 to 86,400,000.

    Raises:
        SignatureError: the signature does not verify; nothing of the body was read.
        WebhookPayloadError: it verifies, but the body is not an event.
    """
    return _events.construct_event(
        EVENTS, Event, signature_header, raw_body, get_secret_by_kid, tolerance_ms
    )


@sealed
def read_event(body: bytes) -> WebhookEvent:
    """Return the event in a body that was verified before, such as an inbox's payload.

    Raises:
        WebhookPayloadError: it is not an event.
    """
    return _events.read_event(EVENTS, Event, body)


_R = TypeVar("_R")
_E = TypeVar("_E", bound=WebhookEvent)


class EventRouter(_router.EventRouter[WebhookEvent]):
    """Calls the handlers registered for an event's type; see `on`."""

    event_types: ClassVar[frozenset[str]] = frozenset(EVENTS)

    @overload
    def on(
        self, type: Literal["order.paid"], /
    ) -> Callable[[Callable[[OrderPaid], _R]], Callable[[OrderPaid], _R]]: ...
    @overload
    def on(
        self, first: EventType, second: EventType, /, *more: EventType
    ) -> Callable[[Callable[[_E], _R]], Callable[[_E], _R]]: ...
    def on(self, *types: str) -> Any:
        """Register a handler for types of events; use it as a decorator.

        With one type, the handler's argument is that type's class.

        Raises:
            ValueError: a type is not in the document; `on_unknown` takes any.
        """
        return self._on(*types)
