"""What a user's editor and type checker see. `make types` checks it; nothing here is ever run.

Each `assert_type` is a promise. A `type: ignore` marks a mistake that must be an error: mypy
complains about one that is not needed, and so does pyright.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from typing_extensions import assert_type

import molam_sdk
from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.events import Event, EventRouter, PaymentIntentSucceeded, construct_event
from molam_sdk.exceptions import ApiError, MolamError
from molam_sdk.exceptions import TimeoutError as MolamTimeoutError
from molam_sdk.models import (
    BankAccountBeneficiary,
    PaymentIntent,
    PaymentIntentList,
    Payout,
    Refund,
    ResponseInfo,
)


def settings() -> None:
    config = Config(api_key="sk_test_1")
    assert_type(config.api_key, str)
    assert_type(config.timeout, float)
    Config("sk_test_1")  # type: ignore[call-arg]


def one_import(error: molam_sdk.exceptions.NetworkError) -> None:
    assert_type(molam_sdk.MolamClient(molam_sdk.config.Config(api_key="sk_test_1")), MolamClient)
    assert_type(molam_sdk.utils.webhook.generate_signature(b"", "s"), str)
    assert_type(molam_sdk.models.Refund.from_dict({}), Refund)
    molam_sdk.refunds()  # type: ignore[attr-defined]


def blocking(client: MolamClient) -> None:
    payment = client.create_payment_intent(2500, "XOF", metadata={"order": "1042"}, timeout=5)
    assert_type(payment, PaymentIntent)
    assert_type(payment.id, str)
    assert_type(payment.amount, int)
    assert_type(payment.created_at, datetime)
    assert_type(payment.updated_at, datetime | None)
    assert_type(payment.response, ResponseInfo)
    assert_type(payment.response.request_id, str | None)
    assert_type(payment["amount"], Any)
    assert_type(payment.to_dict(), dict[str, Any])
    client.create_payment_intent("25.00")  # type: ignore[arg-type]
    client.create_payment_intent()  # type: ignore[call-arg]
    client.create_payment_intent(1, retries=3)  # type: ignore[call-arg]
    payment.amount = 1  # type: ignore[misc]
    payment["amount"] = 1  # type: ignore[index]
    payment.amuont  # type: ignore[attr-defined]  # noqa: B018
    assert_type(client.create_refund("ch_1", 500, "duplicate"), Refund)
    client.create_refund("ch_1", reason="a reason of our own")


def statuses(payment: PaymentIntent, client: MolamClient) -> None:
    if payment.status == "succeeded":
        print(payment.status)
    client.list_payment_intents(status="succeeded")
    client.list_payment_intents(status="sucseeded")  # type: ignore[arg-type]


def amounts(client: MolamClient) -> None:
    beneficiary = BankAccountBeneficiary(account_number="123")
    payout = client.create_payout("connect", "merchant_1", Decimal("500.00"), "XOF", beneficiary)
    assert_type(payout, Payout)
    assert_type(payout.amount, Decimal)
    assert_type(payout.fee, Decimal | None)
    client.create_payout("connect", "m", 500.0, "XOF", {"type": "wallet", "wallet_id": "w_1"})
    client.create_payout("connect", "m", "500", "XOF", beneficiary)  # type: ignore[arg-type]
    assert_type(beneficiary.type, Literal["bank_account"])
    assert_type(beneficiary.bank_code, str | None)
    if payout.beneficiary is not None:
        kind: str = payout.beneficiary.type
        assert kind
        payout.beneficiary.typo  # type: ignore[union-attr]  # noqa: B018
    BankAccountBeneficiary()  # type: ignore[call-arg]


def pages(client: MolamClient) -> Iterator[str]:
    page = client.list_payment_intents(limit=100)
    assert_type(page, PaymentIntentList)
    assert_type(page.data, list[PaymentIntent])
    assert_type(page.has_more, bool)
    for payment in page:
        assert_type(payment, PaymentIntent)
        yield payment.id


async def awaiting(client: MolamAsyncClient) -> AsyncIterator[str]:
    assert_type(await client.retrieve_payment_intent("pi_1"), PaymentIntent)
    async for payment in await client.list_payment_intents():
        assert_type(payment, PaymentIntent)
        yield payment.id


def errors(client: MolamClient) -> None:
    try:
        client.retrieve_refund("ref_1")
    except MolamTimeoutError as error:
        assert_type(error.delivery, Literal["not_sent", "rejected", "maybe_processed"])
    except ApiError as error:
        assert_type(error.status_code, int | None)
        assert_type(error.payload, dict[str, Any])
    except MolamError as error:
        assert_type(error.idempotency_key, str | None)


def events(client: MolamClient, header: str, body: bytes) -> None:
    event = client.construct_event(header, body)
    if isinstance(event, PaymentIntentSucceeded):
        assert_type(event.data, PaymentIntent)
        assert_type(event.type, Literal["payment_intent.succeeded"])
    assert_type(construct_event(header, body, {"1": "whsec_1"}).id, str)


router = EventRouter()


@router.on("payment_intent.succeeded")
def deliver(event: PaymentIntentSucceeded) -> None:
    assert_type(event.data.amount, int)


@router.on("payment_intent.sucseeded")  # type: ignore[call-overload, untyped-decorator]
def never(event: Event) -> None: ...


def reads_like_a_mapping(payment: PaymentIntent) -> Mapping[str, Any]:
    return {**payment, "more": len(payment)}
