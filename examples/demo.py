"""A whole order against a Molam API on this machine, with both clients and verified webhooks.

    make demo

Starts the sandbox and a webhook receiver on loopback. With each client: create, confirm and capture
a payment, refund part of it, pay the merchant out. Prints what happened a line at a time, and exits
with 1 if any step did not happen or any expected event did not arrive and verify.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from molam_sdk import Config, MolamAsyncClient, MolamClient, MolamError, SignatureError
from molam_sdk.events import WebhookEvent
from molam_sdk.money import Money, format_money
from molam_sdk.sandbox import Sandbox

API_KEY = "sk_test_demo"
SECRET = "whsec_demo"  # noqa: S105 - the sandbox's own
PATIENCE = 15.0  # seconds to wait for one event
EXPECTED = {
    "payment_intent.created",
    "payment_intent.requires_capture",
    "payment_intent.succeeded",
    "refund.created",
    "refund.succeeded",
    "payout.created",
    "payout.sent",
    "payout.paid",
}


class StepFailedError(Exception):
    """A step of the demo did not happen as it should."""


def expect(happened: bool, what: str) -> None:
    """Stop the demo unless something happened."""
    if not happened:
        raise StepFailedError(what)


def say(who: str, text: str) -> None:
    """Print one line."""
    print(f"{who:<9}{text}", flush=True)


@contextmanager
def receiver(client: MolamClient) -> Iterator[tuple[str, queue.Queue[WebhookEvent]]]:
    """Receive webhooks on loopback: yield the address, and a queue of verified events."""
    verified: queue.Queue[WebhookEvent] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                event = client.construct_event(self.headers.get("Molam-Signature", ""), body)
            except SignatureError as error:
                say("webhook", f"REFUSED: {error}")
                self.send_response(401)
            else:
                verified.put(event)
                self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay quiet: the demo prints each event itself."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/webhooks", verified
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def collect(events: queue.Queue[WebhookEvent]) -> None:
    """Wait until every expected event has come, and print each."""
    missing = set(EXPECTED)
    while missing:
        try:
            event = events.get(timeout=PATIENCE)
        except queue.Empty:
            raise StepFailedError(f"no webhook for {', '.join(sorted(missing))}") from None
        missing.discard(event.type)
        say("webhook", f"verified {event.type:<32} {event.id}  {event['data']['id']}")


def order(client: MolamClient, number: str) -> None:
    """Take one order through its life with the blocking client."""
    who = "sync"
    payment = client.create_payment_intent(
        amount=2500,
        currency="USD",
        description=f"Order {number}",
        metadata={"order": number},
        idempotency_key=f"{number}-create",
    )
    say(who, f"created   {payment.id}  {amount_of(payment)}  {payment.status}")
    payment = client.confirm_payment_intent(
        payment.id, payment_method="pm_success", idempotency_key=f"{number}-confirm"
    )
    say(who, f"confirmed {payment.id}  {payment.status}")
    expect(payment.status == "requires_capture", "the payment did not wait for capture")
    payment = client.capture_payment_intent(payment.id, idempotency_key=f"{number}-capture")
    say(who, f"captured  {payment.id}  {amount_of(payment)}  {payment.status}")
    expect(payment.status == "succeeded", "the payment did not succeed")
    charge_id = payment.charge_id or ""
    expect(bool(charge_id), "the captured payment has no charge")
    again = client.capture_payment_intent(payment.id, idempotency_key=f"{number}-capture")
    expect(again == payment, "repeating the capture with its key gave another answer")
    say(who, f"repeated  {payment.id}  same key, same answer: nothing was captured twice")
    refund = client.create_refund(
        charge_id,
        amount=1000,
        reason="requested_by_customer",
        idempotency_key=f"{number}-refund",
    )
    say(who, f"refunded  {refund.id}  {amount_of(refund)} of {charge_id}  {refund.status}")
    payout = client.create_payout(
        origin_module="shop",
        origin_entity_id="merchant_1",
        amount=15.00,
        currency="USD",
        beneficiary={"type": "bank_account", "account_number": "SN0012345678"},
        idempotency_key=f"{number}-payout",
    )
    text = format_money(Money.of(payout.amount, payout.currency))
    say(who, f"paid out  {payout.id}  {text}  {payout.status}  {payout.beneficiary!r}")


async def async_order(config: Config, number: str) -> None:
    """Take one order through its life with the async client."""
    who = "async"
    async with MolamAsyncClient(config) as client:
        payment = await client.create_payment_intent(
            amount=2500,
            currency="XOF",
            metadata={"order": number},
            idempotency_key=f"{number}-create",
        )
        say(who, f"created   {payment.id}  {amount_of(payment)}  {payment.status}")
        payment = await client.confirm_payment_intent(
            payment.id, payment_method="pm_success", idempotency_key=f"{number}-confirm"
        )
        say(who, f"confirmed {payment.id}  {payment.status}")
        payment = await client.capture_payment_intent(
            payment.id, idempotency_key=f"{number}-capture"
        )
        say(who, f"captured  {payment.id}  {amount_of(payment)}  {payment.status}")
        expect(payment.status == "succeeded", "the payment did not succeed")
        refund = await client.create_refund(
            payment.charge_id or "", amount=1000, idempotency_key=f"{number}-refund"
        )
        say(who, f"refunded  {refund.id}  {amount_of(refund)}  {refund.status}")
        payout = await client.create_payout(
            origin_module="shop",
            origin_entity_id="merchant_1",
            amount=1500,
            currency="XOF",
            beneficiary={"type": "mobile_money", "phone": "+221770000000"},
            idempotency_key=f"{number}-payout",
        )
        text = format_money(Money.of(payout.amount, payout.currency))
        say(who, f"paid out  {payout.id}  {text}  {payout.status}")
        page = await client.list_payment_intents(limit=1)
        listed = [payment.id async for payment in page]
        expect(len(listed) == 2, f"expected two payments in the list, found {len(listed)}")
        say(who, f"listed    {', '.join(listed)}")


def amount_of(thing: Any) -> str:
    """Format the minor units of a payment or a refund."""
    return format_money(thing.amount, thing.currency)


def settled(sandbox: Sandbox, events: queue.Queue[WebhookEvent]) -> None:
    """Let the sandbox's time pass until money has settled, and read the webhooks."""
    sandbox.advance(minutes=1)
    collect(events)


def run() -> None:
    """Run the demo."""
    with Sandbox(port=0, webhook_secret=SECRET) as sandbox:
        config = Config(api_key=API_KEY, api_base=sandbox.url, webhook_secret=SECRET)
        say("sandbox", f"a Molam API on {sandbox.url}")
        with MolamClient(config) as client, receiver(client) as (address, events):
            sandbox.subscribe(address)
            say("webhook", f"receiving on {address}")
            orders: tuple[Callable[[], None], ...] = (
                lambda: order(client, "order-1"),
                lambda: asyncio.run(async_order(config, "order-2")),
            )
            for each in orders:
                each()
                settled(sandbox, events)


def main() -> int:
    """Run the demo; 0 when every step happened."""
    try:
        run()
    except (StepFailedError, MolamError, OSError) as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    print("Both orders were paid, refunded in part and paid out; every webhook verified.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
