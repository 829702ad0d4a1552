# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Webhook events, typed by what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Literal, TypeAlias, TypeVar, overload

from molam_overlays.frames import sealed
from molam_overlays.webhook import events as _events
from molam_overlays.webhook import router as _router
from molam_overlays.webhook.signature import DEFAULT_TOLERANCE_MS, SecretSource
from molam_sdk.models.event import Event
from molam_sdk.models.payment_intent_canceled import PaymentIntentCanceled
from molam_sdk.models.payment_intent_created import PaymentIntentCreated
from molam_sdk.models.payment_intent_failed import PaymentIntentFailed
from molam_sdk.models.payment_intent_requires_action import PaymentIntentRequiresAction
from molam_sdk.models.payment_intent_requires_capture import PaymentIntentRequiresCapture
from molam_sdk.models.payment_intent_succeeded import PaymentIntentSucceeded
from molam_sdk.models.payout_canceled import PayoutCanceled
from molam_sdk.models.payout_created import PayoutCreated
from molam_sdk.models.payout_failed import PayoutFailed
from molam_sdk.models.payout_paid import PayoutPaid
from molam_sdk.models.payout_reversed import PayoutReversed
from molam_sdk.models.payout_sent import PayoutSent
from molam_sdk.models.refund_created import RefundCreated
from molam_sdk.models.refund_failed import RefundFailed
from molam_sdk.models.refund_succeeded import RefundSucceeded

__all__ = [
    "EVENTS",
    "Event",
    "EventRouter",
    "EventType",
    "PaymentIntentCanceled",
    "PaymentIntentCreated",
    "PaymentIntentFailed",
    "PaymentIntentRequiresAction",
    "PaymentIntentRequiresCapture",
    "PaymentIntentSucceeded",
    "PayoutCanceled",
    "PayoutCreated",
    "PayoutFailed",
    "PayoutPaid",
    "PayoutReversed",
    "PayoutSent",
    "RefundCreated",
    "RefundFailed",
    "RefundSucceeded",
    "WebhookEvent",
    "construct_event",
    "read_event",
]

EventType: TypeAlias = Literal[
    "payment_intent.created",
    "payment_intent.requires_action",
    "payment_intent.requires_capture",
    "payment_intent.succeeded",
    "payment_intent.failed",
    "payment_intent.canceled",
    "refund.created",
    "refund.succeeded",
    "refund.failed",
    "payout.created",
    "payout.sent",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reversed",
]
"""Every type of event that the document knows; others may arrive."""

WebhookEvent: TypeAlias = (
    PaymentIntentCreated
    | PaymentIntentRequiresAction
    | PaymentIntentRequiresCapture
    | PaymentIntentSucceeded
    | PaymentIntentFailed
    | PaymentIntentCanceled
    | RefundCreated
    | RefundSucceeded
    | RefundFailed
    | PayoutCreated
    | PayoutSent
    | PayoutPaid
    | PayoutFailed
    | PayoutCanceled
    | PayoutReversed
    | Event
)
"""What `construct_event` returns; the last one for a type that this release does not know."""

EVENTS: Final[Mapping[str, type[Event]]] = {
    "payment_intent.created": PaymentIntentCreated,
    "payment_intent.requires_action": PaymentIntentRequiresAction,
    "payment_intent.requires_capture": PaymentIntentRequiresCapture,
    "payment_intent.succeeded": PaymentIntentSucceeded,
    "payment_intent.failed": PaymentIntentFailed,
    "payment_intent.canceled": PaymentIntentCanceled,
    "refund.created": RefundCreated,
    "refund.succeeded": RefundSucceeded,
    "refund.failed": RefundFailed,
    "payout.created": PayoutCreated,
    "payout.sent": PayoutSent,
    "payout.paid": PayoutPaid,
    "payout.failed": PayoutFailed,
    "payout.canceled": PayoutCanceled,
    "payout.reversed": PayoutReversed,
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
        signature_header: the value of ``Molam-Signature``.
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
        self, type: Literal["payment_intent.created"], /
    ) -> Callable[[Callable[[PaymentIntentCreated], _R]], Callable[[PaymentIntentCreated], _R]]: ...
    @overload
    def on(
        self, type: Literal["payment_intent.requires_action"], /
    ) -> Callable[
        [Callable[[PaymentIntentRequiresAction], _R]], Callable[[PaymentIntentRequiresAction], _R]
    ]: ...
    @overload
    def on(
        self, type: Literal["payment_intent.requires_capture"], /
    ) -> Callable[
        [Callable[[PaymentIntentRequiresCapture], _R]], Callable[[PaymentIntentRequiresCapture], _R]
    ]: ...
    @overload
    def on(
        self, type: Literal["payment_intent.succeeded"], /
    ) -> Callable[
        [Callable[[PaymentIntentSucceeded], _R]], Callable[[PaymentIntentSucceeded], _R]
    ]: ...
    @overload
    def on(
        self, type: Literal["payment_intent.failed"], /
    ) -> Callable[[Callable[[PaymentIntentFailed], _R]], Callable[[PaymentIntentFailed], _R]]: ...
    @overload
    def on(
        self, type: Literal["payment_intent.canceled"], /
    ) -> Callable[
        [Callable[[PaymentIntentCanceled], _R]], Callable[[PaymentIntentCanceled], _R]
    ]: ...
    @overload
    def on(
        self, type: Literal["refund.created"], /
    ) -> Callable[[Callable[[RefundCreated], _R]], Callable[[RefundCreated], _R]]: ...
    @overload
    def on(
        self, type: Literal["refund.succeeded"], /
    ) -> Callable[[Callable[[RefundSucceeded], _R]], Callable[[RefundSucceeded], _R]]: ...
    @overload
    def on(
        self, type: Literal["refund.failed"], /
    ) -> Callable[[Callable[[RefundFailed], _R]], Callable[[RefundFailed], _R]]: ...
    @overload
    def on(
        self, type: Literal["payout.created"], /
    ) -> Callable[[Callable[[PayoutCreated], _R]], Callable[[PayoutCreated], _R]]: ...
    @overload
    def on(
        self, type: Literal["payout.sent"], /
    ) -> Callable[[Callable[[PayoutSent], _R]], Callable[[PayoutSent], _R]]: ...
    @overload
    def on(
        self, type: Literal["payout.paid"], /
    ) -> Callable[[Callable[[PayoutPaid], _R]], Callable[[PayoutPaid], _R]]: ...
    @overload
    def on(
        self, type: Literal["payout.failed"], /
    ) -> Callable[[Callable[[PayoutFailed], _R]], Callable[[PayoutFailed], _R]]: ...
    @overload
    def on(
        self, type: Literal["payout.canceled"], /
    ) -> Callable[[Callable[[PayoutCanceled], _R]], Callable[[PayoutCanceled], _R]]: ...
    @overload
    def on(
        self, type: Literal["payout.reversed"], /
    ) -> Callable[[Callable[[PayoutReversed], _R]], Callable[[PayoutReversed], _R]]: ...
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
