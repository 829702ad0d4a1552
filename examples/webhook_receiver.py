"""Verify webhooks: as a server, or one body from standard input.

    python examples/webhook_receiver.py --server            # Flask, POST /webhooks
    python examples/webhook_receiver.py "t=…,v1=…,kid=1" < body.json

The secret comes from MOLAM_WEBHOOK_SECRET.
"""

from __future__ import annotations

import argparse
import sys

from molam_sdk import Config, MolamClient, SignatureError
from molam_sdk.events import (
    PaymentIntentFailed,
    PaymentIntentSucceeded,
    PayoutPaid,
    RefundSucceeded,
    WebhookEvent,
)
from molam_sdk.exceptions import WebhookPayloadError
from molam_sdk.money import format_money


def describe(event: WebhookEvent) -> str:
    """Say in one line what happened. Types this program does not know are named all the same."""
    match event:
        case PaymentIntentSucceeded(data=payment):
            return f"{payment.id} paid, {format_money(payment.amount, payment.currency)}"
        case PaymentIntentFailed(data=payment):
            reason = payment.last_error.code if payment.last_error else "no reason given"
            return f"{payment.id} failed: {reason}"
        case RefundSucceeded(data=refund):
            return f"{refund.id} refunded, {format_money(refund.amount, refund.currency)}"
        case PayoutPaid(data=payout):
            return f"{payout.id} paid out, {payout.amount} {payout.currency}"
        case _:
            return f"{event.type} ({event.id})"


def serve(client: MolamClient, port: int) -> None:
    """Run a Flask receiver on POST /webhooks."""
    from flask import Flask

    from molam_sdk.contrib.flask import webhook_endpoint

    app = Flask(__name__)
    seen: set[str] = set()

    def handle(event: WebhookEvent) -> None:
        # An event may come twice. A shop keeps the ids in its database, with what it did.
        if event.id in seen:
            print("again", event.id, flush=True)
            return
        print("verified", event.type, describe(event), flush=True)
        seen.add(event.id)

    app.add_url_rule(
        "/webhooks", view_func=webhook_endpoint(client.construct_event, handle), methods=["POST"]
    )
    app.run("127.0.0.1", port)


def check(client: MolamClient, header: str) -> int:
    """Verify standard input against a header; 0 when it is an event of Molam's."""
    try:
        event = client.construct_event(header, sys.stdin.buffer.read())
    except SignatureError as error:
        print(f"not verified: {error}", file=sys.stderr)
        return 1
    except WebhookPayloadError as error:
        print(f"verified, but no event: {error}", file=sys.stderr)
        return 1
    print("verified", event.type, describe(event))
    return 0


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Verify Molam webhooks.")
    parser.add_argument("header", nargs="?", help="the value of Molam-Signature")
    parser.add_argument("--server", action="store_true", help="run a Flask receiver")
    parser.add_argument("--port", type=int, default=8001)
    arguments = parser.parse_args()
    client = MolamClient(Config())
    if arguments.server:
        serve(client, arguments.port)
        return 0
    if not arguments.header:
        parser.error("give the value of Molam-Signature, or --server")
    return check(client, arguments.header)


if __name__ == "__main__":
    sys.exit(main())
