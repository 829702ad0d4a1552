"""Many payments at once: create, confirm and capture, each under its own idempotency key.

MOLAM_API_KEY=sk_test_… MOLAM_API_BASE=http://127.0.0.1:4012 python examples/async_checkout.py
"""

from __future__ import annotations

import argparse
import asyncio

from molam_sdk import Config, MolamAsyncClient, MolamError
from molam_sdk.exceptions import PaymentDeclinedError
from molam_sdk.models import PaymentIntent
from molam_sdk.money import format_money

CURRENCY = "XOF"


async def pay(client: MolamAsyncClient, order: str, amount: int) -> PaymentIntent:
    """Take one payment, amount in minor units, and return it captured."""
    payment = await client.create_payment_intent(
        amount=amount,
        currency=CURRENCY,
        metadata={"order": order},
        idempotency_key=f"{order}-create",
    )
    payment = await client.confirm_payment_intent(
        payment.id, payment_method="pm_success", idempotency_key=f"{order}-confirm"
    )
    if payment.status == "requires_capture":
        payment = await client.capture_payment_intent(
            payment.id, idempotency_key=f"{order}-capture"
        )
    return payment


async def settle(client: MolamAsyncClient, order: str, amount: int) -> str:
    """Pay for one order and say what is known about it."""
    try:
        payment = await pay(client, order, amount)
    except PaymentDeclinedError as declined:
        return f"{order}: declined ({declined.code}), not charged"
    except MolamError as error:
        if error.delivery != "maybe_processed":
            return f"{order}: not charged ({error})"
        # The fate is unknown. The same key cannot charge twice, so ask again with it.
        try:
            payment = await error.aresume()
        except MolamError as again:
            return f"{order}: unknown, settle later with key {again.idempotency_key}"
    amount_text = format_money(payment.amount, payment.currency)
    return f"{order}: {payment.id} {payment.status} {amount_text}"


async def main(batch: str, count: int) -> None:
    """Settle a batch of orders at the same time and list the newest payments."""
    async with MolamAsyncClient(Config()) as client:
        orders = [
            settle(client, f"{batch}-{number}", 1000 * number) for number in range(1, count + 1)
        ]
        for line in await asyncio.gather(*orders):
            print(line)
        page = await client.list_payment_intents(limit=2, status="succeeded")
        shown = 0
        async for payment in page:
            print("listed", payment.id, payment.created_at.isoformat())
            shown += 1
            if shown == count:
                break


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pay for a batch of orders at once.")
    parser.add_argument(
        "--batch", default="batch-1", help="part of every key: run again, same result"
    )
    parser.add_argument("--count", type=int, default=5)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.batch, arguments.count))
