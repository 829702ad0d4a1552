"""A Flask shop: orders in a database, the hosted page, and webhooks that act once.

    molam db migrate sqlite:///shop.db
    flask --app examples/flask_shop/shop run

SHOP_DATABASE names the SQLite file, shop.db by default. The key, the server and the webhook secret come from MOLAM_… .
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

from flask import Flask, Response, abort, redirect, url_for

from molam_sdk import Config, MolamClient, MolamError
from molam_sdk.contrib.flask import webhook_endpoint
from molam_sdk.events import read_event
from molam_sdk.inbox import Delivery, Inbox
from molam_sdk.money import format_money

DATABASE = Path(os.environ.get("SHOP_DATABASE", "shop.db")).resolve()
STORE = f"sqlite:///{DATABASE}"
PRICE, CURRENCY = 7500, "XOF"  # minor units, and francs have none: 7500 francs

app = Flask(__name__)
# The store: each POST is written down before it leaves. What a killed process left open is settled here.
client = MolamClient(Config(), idempotency_store=STORE)
for row in client.recover():
    app.logger.warning("left open: %s %s is %s", row.key, row.path, row.outcome)
inbox = Inbox(STORE, in_order=True)

with closing(sqlite3.connect(DATABASE)) as made, made:
    made.execute(
        "CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, payment TEXT, state TEXT NOT NULL)"
    )


def query(sql: str, *values: str) -> list[tuple[str, ...]]:
    """Run one statement on the shop's database."""
    with closing(sqlite3.connect(DATABASE)) as connection, connection:
        return connection.execute(sql, values).fetchall()


def page(title: str, body: str) -> str:
    """Return a page of the shop."""
    head = '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
    return f"{head}<title>{title}</title><h1>{title}</h1>{body}"


@app.get("/")
def basket() -> str:
    """Show the basket, with an order number of its own."""
    order = uuid.uuid4().hex[:8]
    action = url_for("checkout", order=order)
    price = format_money(PRICE, CURRENCY)
    return page(
        "Basket",
        f'<p>One mug, {price}</p><form method="post" action="{action}"><button>Pay</button></form>',
    )


@app.post("/checkout/<order>")
def checkout(order: str) -> Response:
    """Create the order and its payment, and send the customer to the hosted page."""
    query("INSERT OR IGNORE INTO orders VALUES (?, NULL, 'open')", order)
    payment = client.create_payment_intent(
        amount=PRICE,
        currency=CURRENCY,
        capture=True,
        description=f"Order {order}",
        metadata={"order": order},
        return_url=url_for("returned", order=order, _external=True),
        cancel_url=url_for("basket", _external=True),
        idempotency_key=f"{order}-create",  # a second click is the same payment
    )
    query("UPDATE orders SET payment = ? WHERE id = ?", payment.id, order)
    payment = client.confirm_payment_intent(payment.id, idempotency_key=f"{order}-confirm")
    return redirect(payment.redirect_url or url_for("returned", order=order))


@app.get("/returned/<order>")
def returned(order: str) -> str:
    """Say what the database knows. The customer's return proves nothing; the webhook does."""
    found = query("SELECT state FROM orders WHERE id = ?", order) or abort(404)
    words = {"paid": "Thank you, it is paid.", "failed": "It was not paid."}
    return page(
        f"Order {order}", f"<p>{words.get(found[0][0], 'We are waiting for the payment.')}</p>"
    )


app.post("/webhooks")(webhook_endpoint(client.construct_event, inbox.receive_event))


def settle(delivery: Delivery) -> None:
    """Write an event's outcome to the order: in the inbox's own transaction, so exactly once."""
    event = read_event(delivery.payload)
    state = {"payment_intent.succeeded": "paid", "payment_intent.failed": "failed"}.get(event.type)
    if state is not None:
        delivery.connection().execute(
            "UPDATE orders SET state = ? WHERE payment = ?", (state, event["data"]["id"])
        )


@app.cli.command("work")
def work() -> None:
    """Handle the events that are waiting. Run it from a timer, or see `Inbox.run_worker`."""
    handled = 0
    while inbox.process(settle):
        handled += 1
    print(f"{handled} events handled")


@app.errorhandler(MolamError)
def failed(error: MolamError) -> tuple[str, int]:
    """Tell the customer what is known about the money."""
    app.logger.warning("%s (key %s, %s)", error, error.idempotency_key, error.delivery)
    if error.delivery == "maybe_processed":
        return page("One moment", "<p>We are checking your payment. Please reload.</p>"), 503
    return page("Sorry", "<p>The payment could not be made. You were not charged.</p>"), 502
