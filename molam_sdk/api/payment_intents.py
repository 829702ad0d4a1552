# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Collect one payment from one customer: create the intent, confirm it, and capture the money at
once or later.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import Operation, PageRule
from molam_overlays.config import Config
from molam_overlays.frames import sealed
from molam_overlays.message.body import Body, Result
from molam_overlays.message.parameters import Parameter
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import String
from molam_sdk.models.capture_payment_intent_request import CapturePaymentIntentRequest
from molam_sdk.models.confirm_payment_intent_request import ConfirmPaymentIntentRequest
from molam_sdk.models.create_payment_intent_request import CreatePaymentIntentRequest
from molam_sdk.models.payment_intent import PaymentIntent
from molam_sdk.models.payment_intent_list import AsyncPaymentIntentList, PaymentIntentList
from molam_sdk.models.payment_intent_status import PAYMENT_INTENT_STATUS, PaymentIntentStatus

CREATE_PAYMENT_INTENT: Final[Operation[PaymentIntent]] = Operation(
    id="createPaymentIntent",
    method="POST",
    path="/v1/connect/payment_intents",
    bodies=(Body(CreatePaymentIntentRequest),),
    results=(Result(PaymentIntent, "201"),),
    keyed=True,
)


@sealed
def create_payment_intent(
    amount: int,
    currency: str | None = None,
    customer_id: str | None = None,
    merchant_id: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, str | int | Decimal | float | bool | None] | None = None,
    capture: bool | None = False,
    return_url: str | None = None,
    cancel_url: str | None = None,
    *,
    locale: str | None = None,
    config: Config,
) -> Call[PaymentIntent]:
    """Build the call of ``POST /v1/connect/payment_intents``."""
    return CREATE_PAYMENT_INTENT.call(
        body={
            "amount": amount,
            "currency": config.default_currency if currency is None else currency,
            "customer_id": customer_id,
            "merchant_id": merchant_id,
            "description": description,
            "metadata": metadata,
            "capture": False if capture is None else capture,
            "return_url": return_url,
            "cancel_url": cancel_url,
            "locale": config.default_locale if locale is None else locale,
        },
    )


LIST_PAYMENT_INTENTS: Final[Operation[PaymentIntentList]] = Operation(
    id="listPaymentIntents",
    method="GET",
    path="/v1/connect/payment_intents",
    parameters=(
        Parameter("limit", "query", Integer(minimum=1, maximum=100)),
        Parameter("offset", "query", Integer(minimum=0)),
        Parameter("customer_id", "query", String(min_length=1, max_length=255)),
        Parameter("status", "query", PAYMENT_INTENT_STATUS),
    ),
    results=(Result(PaymentIntentList, "200"),),
    page=PageRule(items="data", more="has_more", limit="limit", offset="offset"),
    async_page=AsyncPaymentIntentList,
)


@sealed
def list_payment_intents(
    limit: int | None = 10,
    offset: int | None = 0,
    customer_id: str | None = None,
    status: PaymentIntentStatus | None = None,
) -> Call[PaymentIntentList]:
    """Build the call of ``GET /v1/connect/payment_intents``."""
    return LIST_PAYMENT_INTENTS.call(
        query={
            "limit": 10 if limit is None else limit,
            "offset": 0 if offset is None else offset,
            "customer_id": customer_id,
            "status": status,
        },
    )


RETRIEVE_PAYMENT_INTENT: Final[Operation[PaymentIntent]] = Operation(
    id="retrievePaymentIntent",
    method="GET",
    path="/v1/connect/payment_intents/{payment_intent_id}",
    parameters=(
        Parameter("payment_intent_id", "path", String(min_length=1, max_length=255), required=True),
    ),
    results=(Result(PaymentIntent, "200"),),
)


@sealed
def retrieve_payment_intent(payment_intent_id: str) -> Call[PaymentIntent]:
    """Build the call of ``GET /v1/connect/payment_intents/{payment_intent_id}``."""
    return RETRIEVE_PAYMENT_INTENT.call(
        path={"payment_intent_id": payment_intent_id},
    )


CONFIRM_PAYMENT_INTENT: Final[Operation[PaymentIntent]] = Operation(
    id="confirmPaymentIntent",
    method="POST",
    path="/v1/connect/payment_intents/{payment_intent_id}/confirm",
    parameters=(
        Parameter("payment_intent_id", "path", String(min_length=1, max_length=255), required=True),
    ),
    bodies=(Body(ConfirmPaymentIntentRequest, required=False),),
    results=(Result(PaymentIntent, "200"),),
    keyed=True,
)


@sealed
def confirm_payment_intent(
    payment_intent_id: str, payment_method: str | None = None
) -> Call[PaymentIntent]:
    """Build the call of ``POST /v1/connect/payment_intents/{payment_intent_id}/confirm``."""
    return CONFIRM_PAYMENT_INTENT.call(
        path={"payment_intent_id": payment_intent_id},
        body={"payment_method": payment_method},
    )


CAPTURE_PAYMENT_INTENT: Final[Operation[PaymentIntent]] = Operation(
    id="capturePaymentIntent",
    method="POST",
    path="/v1/connect/payment_intents/{payment_intent_id}/capture",
    parameters=(
        Parameter("payment_intent_id", "path", String(min_length=1, max_length=255), required=True),
    ),
    bodies=(Body(CapturePaymentIntentRequest, required=False),),
    results=(Result(PaymentIntent, "200"),),
    keyed=True,
)


@sealed
def capture_payment_intent(
    payment_intent_id: str, amount_to_capture: int | None = None
) -> Call[PaymentIntent]:
    """Build the call of ``POST /v1/connect/payment_intents/{payment_intent_id}/capture``."""
    return CAPTURE_PAYMENT_INTENT.call(
        path={"payment_intent_id": payment_intent_id},
        body={"amount_to_capture": amount_to_capture},
    )


CANCEL_PAYMENT_INTENT: Final[Operation[PaymentIntent]] = Operation(
    id="cancelPaymentIntent",
    method="POST",
    path="/v1/connect/payment_intents/{payment_intent_id}/cancel",
    parameters=(
        Parameter("payment_intent_id", "path", String(min_length=1, max_length=255), required=True),
    ),
    results=(Result(PaymentIntent, "200"),),
    keyed=True,
)


@sealed
def cancel_payment_intent(payment_intent_id: str) -> Call[PaymentIntent]:
    """Build the call of ``POST /v1/connect/payment_intents/{payment_intent_id}/cancel``."""
    return CANCEL_PAYMENT_INTENT.call(
        path={"payment_intent_id": payment_intent_id},
    )
