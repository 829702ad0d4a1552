"""A checkout: a shop that takes one order, sends the customer to pay, and captures the money.

    MOLAM_API_KEY=sk_test_… MOLAM_API_BASE=http://127.0.0.1:4012 python examples/checkout_server.py

Then open http://127.0.0.1:8000/ . Needs Flask: pip install flask
"""

from __future__ import annotations

import argparse
import uuid

from flask import Flask, Response, abort, redirect, url_for

from molam_sdk import ApiError, Config, MolamClient, MolamError
from molam_sdk.exceptions import PaymentDeclinedError
from molam_sdk.money import format_money

PRICE = 2500  # minor units: 25.00 USD
CURRENCY = "USD"

app = Flask(__name__)
client = MolamClient(Config())
# What a shop keeps in its database: each order's payment, and the attempt to pay for it. The
# attempt is part of every idempotency key, so a double click is one payment, and a customer whose
# card was declined may try again.
orders: dict[str, str] = {}

PAGE = """<!doctype html><meta name="viewport" content="width=device-width">
<title>Shop</title><h1>{title}</h1>{body}"""


def page(title: str, body: str) -> str:
    """Return a page of the shop."""
    return PAGE.format(title=title, body=body)


@app.get("/")
def basket() -> str:
    """Show the basket, with an order number of its own."""
    order = f"order-{uuid.uuid4().hex[:8]}"
    return page(
        "Your basket",
        f"<p>One mug, {format_money(PRICE, CURRENCY)}</p>"
        f'<form method="post" action="{url_for("checkout", order=order)}"><button>Pay</button></form>',
    )


@app.post("/checkout/<order>")
def checkout(order: str) -> Response:
    """Create the payment and send the customer to the hosted page."""
    payment = client.create_payment_intent(
        amount=PRICE,
        currency=CURRENCY,
        description=f"Order {order}",
        metadata={"order": order},
        return_url=url_for("returned", order=order, _external=True),
        cancel_url=url_for("basket", _external=True),
        # From the order, never from the moment: a second click repeats, it does not pay again.
        idempotency_key=f"{order}-create",
    )
    orders[order] = payment.id
    # Confirmed without a payment method, the intent asks for the customer: the hosted page.
    payment = client.confirm_payment_intent(payment.id, idempotency_key=f"{order}-confirm")
    if payment.redirect_url is None:
        return redirect(url_for("returned", order=order))
    return redirect(payment.redirect_url)


@app.get("/returned/<order>")
def returned(order: str) -> str:
    """Look up what became of the payment; never believe the address the customer came to."""
    payment_id = orders.get(order) or abort(404)
    payment = client.retrieve_payment_intent(payment_id)
    if payment.status == "requires_capture":
        payment = client.capture_payment_intent(payment_id, idempotency_key=f"{order}-capture")
    amount = format_money(payment.amount, payment.currency)
    if payment.status == "succeeded":
        return page("Thank you", f"<p>{amount} paid for {order}.</p>")
    return page("Not paid", f"<p>The payment of {amount} is {payment.status}.</p>")


@app.errorhandler(MolamError)
def failed(error: MolamError) -> tuple[str, int]:
    """Tell the customer what is known: declined, not charged, or not known yet."""
    app.logger.warning("%s (key %s, %s)", error, error.idempotency_key, error.delivery)
    if isinstance(error, PaymentDeclinedError):
        return page("Declined", "<p>Your payment was declined. You were not charged.</p>"), 402
    if error.delivery == "maybe_processed":
        # The same key will find out: reload repeats the request, and nothing is charged twice.
        return page("One moment", "<p>We are checking your payment. Please reload.</p>"), 503
    status = 502 if isinstance(error, ApiError) else 503
    return page("Sorry", "<p>The payment could not be made. You were not charged.</p>"), status


def main() -> None:
    """Run the shop."""
    parser = argparse.ArgumentParser(description="A shop with a Molam checkout.")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    print(
        f"Shop on http://127.0.0.1:{arguments.port}/ , paying at {client.config.api_base} ({request_key()})"
    )
    app.run("127.0.0.1", arguments.port)


def request_key() -> str:
    """Say which kind of key is used, without showing it."""
    return "test key" if client.config.api_key.startswith("sk_test_") else "not a test key"


if __name__ == "__main__":
    main()
