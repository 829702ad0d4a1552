"""The customer on the hosted page: which payment waits for them, and what they can do."""

from __future__ import annotations

from molam_overlays.sandbox.answer import Refusal
from molam_overlays.sandbox.behaviour import refusal_message, take
from molam_overlays.sandbox.ledger import Ledger, Thing, wrong_state
from molam_overlays.sandbox.life import allowed


def waiting(ledger: Ledger, intent_id: str) -> Thing:
    """Return an intent that waits for its customer.

    Raises:
        Refusal: 404 no such intent, 409 it does not wait for the customer.
    """
    intent = ledger.get(intent_id)
    if intent is None or intent.kind != "payment_intent":
        raise Refusal(404, "resource_missing", "There is no such payment.")
    if not allowed(intent.kind, intent.body["status"], "authorise") or (
        intent.body["status"] == "processing"
    ):
        raise wrong_state(intent)
    return intent


def decide(ledger: Ledger, intent: Thing, action: str, method: str | None = None) -> None:
    """Carry out what the customer decided: ``pay``, ``decline`` or ``cancel``.

    Args:
        ledger: where the intent is.
        intent: the intent.
        action: what the customer does.
        method: what they pay with, where the intent has no payment method yet.

    Raises:
        Refusal: 404 there is no such action.
    """
    if action == "pay":
        method = intent.body.get("payment_method") or method or "pm_hosted_page"
        take(ledger, intent, payment_method=method)
    elif action == "decline":
        error = {"code": "card_declined", "message": refusal_message("card_declined")}
        ledger.move(intent, "fail", redirect_url=None, last_error=error)
    elif action == "cancel":
        ledger.move(intent, "cancel", redirect_url=None)
    else:
        raise Refusal(404, "unknown_path")


def note_refusal(ledger: Ledger, intent: Thing, code: str) -> None:
    """Note that a card or a phone was refused; the customer may try another way."""
    intent.body["last_error"] = {"code": code, "message": refusal_message(code)}
    ledger.save(intent)
