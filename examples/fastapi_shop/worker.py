"""Handles the shop's events, one after the other, until it is told to stop (Ctrl-C, SIGTERM).

python examples/fastapi_shop/worker.py
"""

from __future__ import annotations

import asyncio
import signal

from settings import STORE

from molam_sdk.events import PaymentIntentSucceeded, read_event
from molam_sdk.inbox import AsyncDelivery, AsyncInbox
from molam_sdk.money import format_money


async def handle(delivery: AsyncDelivery) -> None:
    """Ship what was paid for. An exception puts the event off; it comes again."""
    event = read_event(delivery.payload)
    if isinstance(event, PaymentIntentSucceeded):
        payment = event.data
        print("ship", payment.id, format_money(payment.amount, payment.currency), flush=True)


async def main() -> None:
    """Work until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    inbox = AsyncInbox(STORE, in_order=True)
    try:
        handled = await inbox.run_worker(handle, stop, poll_seconds=0.2)
    finally:
        await inbox.aclose()
    print(handled, "events handled")


if __name__ == "__main__":
    asyncio.run(main())
