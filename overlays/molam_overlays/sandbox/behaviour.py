"""What operations do: a small function each, in a table by the name that the document gives.

`x-molam-behaviour` is that name; an operation without one answers with a valid example from its
schema.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import attrs

from molam_overlays.money.amount import CurrencyError, minor_unit_exponent
from molam_overlays.sandbox import values
from molam_overlays.sandbox.answer import Refusal
from molam_overlays.sandbox.clock import parse_rfc3339, rfc3339
from molam_overlays.sandbox.document import Operation
from molam_overlays.sandbox.ledger import Ledger, Thing, wrong_state
from molam_overlays.sandbox.life import allowed


@attrs.frozen
class Call:
    """One valid call of an operation."""

    operation: Operation
    account: str
    values: Mapping[str, Any]
    """Decoded parameters by wire name."""
    body: Mapping[str, Any]
    """The decoded body, empty if there was none."""
    ledger: Ledger
    base_url: str
    """Where the sandbox is reached, for links to its pages."""

    def parameter(self) -> tuple[str, str]:
        """Return name and value of the path parameter."""
        name = next(each.name for each in self.operation.parameters if each.place == "path")
        return name, self.values[name]

    def named(self, kind: str) -> Thing:
        """Return the object that the path names.

        Raises:
            Refusal: 404.
        """
        name, value = self.parameter()
        return self.ledger.find(kind, value, self.account, name)


Behaviour = Callable[[Call], Any]
"""Returns the JSON of the answer, or a `Refusal` whose effects stay; a raised one undoes all."""


def create_payment_intent(call: Call) -> Any:
    """Announce a payment; no money moves."""
    now = call.ledger.now()
    intent = call.ledger.add(
        "payment_intent",
        call.account,
        call.operation,
        call.body,
        {
            "id": call.ledger.new_id("pi_"),
            "status": "requires_payment_method",
            "amount": int(call.body["amount"]),
            "amount_captured": 0,
            "capture": call.body.get("capture", False),
            "charge_id": None,
            "metadata": call.body.get("metadata", {}),
            "redirect_url": None,
            "payment_method": None,
            "last_error": None,
            "livemode": False,
            "created_at": now,
            "updated_at": now,
        },
    )
    return intent.body


def confirm_payment_intent(call: Call) -> Any:
    """Pay with a payment method, whose test value decides what happens."""
    intent = call.named("payment_intent")
    if not allowed(intent.kind, intent.body["status"], "challenge", "refuse"):
        raise wrong_state(intent)
    method = call.body.get("payment_method", intent.body.get("payment_method"))
    meaning = values.value_of("payment_method", method)
    ledger = call.ledger
    if method is None or meaning.outcome == "action":
        ledger.move(
            intent,
            "challenge",
            payment_method=method,
            last_error=None,
            redirect_url=f"{call.base_url}/pay/{intent.id}",
        )
        ledger.later(intent, values.CHECKOUT_HOURS * 3600, "cancel")
    elif meaning.outcome == "decline":
        return refused(call, intent, meaning.code)
    elif meaning.outcome in {"process", "settle_late", "fail_late"}:
        ledger.move(intent, "process", payment_method=method, last_error=None)
        if meaning.outcome != "process":
            late = "take" if meaning.outcome == "settle_late" else "fail"
            ledger.later(intent, values.LATE_SECONDS, late)
    else:
        take(ledger, intent, payment_method=method)
    return intent.body


def refused(call: Call, intent: Thing, code: str | None) -> Refusal:
    """Refuse to pay: noted on the intent, which waits for another payment method."""
    refusal = Refusal(402, code or "card_declined", refusal_message(code))
    error = {"code": refusal.code, "message": refusal.message}
    if intent.body["status"] == "requires_capture":
        intent.body["last_error"] = error
        call.ledger.save(intent)
    else:
        call.ledger.move(intent, "refuse", payment_method=None, last_error=error)
    return refusal


def refusal_message(code: str | None) -> str:
    """Word a refusal for people."""
    return {
        "insufficient_funds": "The account does not hold enough money for this payment.",
        "insufficient_balance": "The balance does not cover this amount.",
        "expired_card": "The card has expired.",
        "authentication_failed": "The customer did not approve the payment.",
    }.get(code or "", "The issuer refused the payment.")


def take(ledger: Ledger, intent: Thing, **changes: Any) -> None:
    """Let a payment go through: captured at once, or held until it is captured."""
    changes = {
        "charge_id": ledger.new_id("ch_"),
        "redirect_url": None,
        "last_error": None,
        **changes,
    }
    if intent.body["capture"]:
        ledger.move(intent, "charge", amount_captured=intent.body["amount"], **changes)
    else:
        ledger.move(intent, "authorise", **changes)
        ledger.later(intent, values.HOLD_DAYS * 86400, "cancel")


def capture_payment_intent(call: Call) -> Any:
    """Take the money on hold, at most what was authorised, once."""
    intent = call.named("payment_intent")
    if not allowed(intent.kind, intent.body["status"], "capture"):
        raise wrong_state(intent)
    amount = int(call.body.get("amount_to_capture", intent.body["amount"]))
    if amount > intent.body["amount"]:
        raise Refusal(
            422,
            "amount_too_large",
            f"amount_to_capture is more than the {intent.body['amount']} that are on hold.",
            "amount_to_capture",
        )
    meaning = values.value_of("payment_method", intent.body["payment_method"])
    if meaning.outcome == "capture_fails":
        return refused(call, intent, meaning.code)
    call.ledger.move(intent, "capture", amount_captured=amount, last_error=None)
    return intent.body


def cancel_payment_intent(call: Call) -> Any:
    """End an intent that has taken no money."""
    intent = call.named("payment_intent")
    call.ledger.move(intent, "cancel", redirect_url=None)
    return intent.body


def create_refund(call: Call) -> Any:
    """Give back at most what is left of a charge."""
    name, charge_id = call.parameter()
    intent = call.ledger.find_charge(charge_id, call.account, name)
    captured = intent.body["amount_captured"]
    left = captured - call.ledger.refunded(charge_id)
    if not captured:
        raise wrong_state(intent)
    if left <= 0:
        raise Refusal(409, "invalid_state", "The charge is refunded already, as a whole.")
    amount = int(call.body.get("amount", captured))
    if amount > left:
        raise Refusal(
            422,
            "amount_too_large",
            f"Of this charge {left} can still be refunded, in minor units; {amount} is more.",
            "amount",
        )
    refund = call.ledger.add(
        "refund",
        call.account,
        call.operation,
        call.body,
        {
            "id": call.ledger.new_id("ref_"),
            "charge_id": charge_id,
            "payment_intent_id": intent.id,
            "amount": amount,
            "currency": intent.body["currency"],
            "status": "pending",
            "metadata": call.body.get("metadata", {}),
            "created_at": call.ledger.now(),
        },
    )
    meaning = values.value_of("payment_method", intent.body["payment_method"])
    action = "fail" if meaning.outcome == "refund_fails" else "settle"
    call.ledger.later(refund, values.REFUND_SECONDS, action)
    return refund.body


def create_payout(call: Call) -> Any:
    """Send money at once or later; the beneficiary's test value decides how it ends."""
    amount = Decimal(str(call.body["amount"]))
    currency = call.body["currency"]
    exponent = exponent_of(currency)
    if decimals(amount) > exponent:
        unit = Decimal(1).scaleb(-exponent)
        raise Refusal(
            422,
            "amount_too_precise",
            f"amount has more decimals than {currency}: its smallest unit is {unit}.",
            "amount",
        )
    scheduled = call.body.get("scheduled_for")
    wait = 0.0
    if scheduled is not None:
        wait = (_instant(scheduled) - call.ledger.now_ms()) / 1000
        if wait <= 0:
            raise Refusal(
                422, "not_in_the_future", "scheduled_for must be in the future.", "scheduled_for"
            )
    meaning = values.value_of("origin_entity_id", call.body["origin_entity_id"])
    if meaning.outcome == "decline":
        return Refusal(402, meaning.code or "", refusal_message(meaning.code), "amount")
    now = call.ledger.now()
    payout = call.ledger.add(
        "payout",
        call.account,
        call.operation,
        call.body,
        {
            "id": call.ledger.new_id("po_"),
            "reference_code": _reference(call.ledger.now_ms()),
            "amount": amount,
            "status": "scheduled" if scheduled is not None else "pending",
            "fee": None,
            "metadata": call.body.get("metadata", {}),
            "scheduled_for": scheduled,
            "created_at": now,
            "updated_at": now,
        },
    )
    if scheduled is not None:
        call.ledger.later(payout, wait, "release")
    else:
        call.ledger.later(payout, values.PAYOUT_SECONDS["start"], "start")
    return payout.body


def _instant(text: str) -> int:
    try:
        return parse_rfc3339(text)
    except (ValueError, OverflowError):
        raise Refusal(
            422,
            "not_in_the_future",
            "scheduled_for is no time that a calendar has.",
            "scheduled_for",
        ) from None


def _reference(now_ms: int) -> str:
    # Without letters and digits that people confuse on the phone.
    letters = "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(4))
    return f"PAYOUT-{rfc3339(now_ms)[:10].replace('-', '')}-{letters}"


def exponent_of(currency: str) -> int:
    """Return how many decimals a currency has; two, as most have, if ISO 4217 does not know it.

    The document takes any three letters, so the sandbox does.
    """
    try:
        return minor_unit_exponent(currency)
    except CurrencyError:
        return 2


def decimals(amount: Decimal) -> int:
    """Count the decimals of a number, without trailing zeros and exactly, however long it is."""
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return max(0, -(exponent + zeros))


def fee_of(amount: Decimal, currency: str) -> Decimal:
    """Return what a payout costs: 0.3 %, rounded to the currency's smallest unit."""
    unit = Decimal(1).scaleb(-exponent_of(currency))
    return (amount * Decimal("0.003")).quantize(unit, ROUND_HALF_UP)


def cancel_payout(call: Call) -> Any:
    """Stop a payout that has not started."""
    payout = call.named("payout")
    call.ledger.move(payout, "cancel")
    return payout.body


def retrieving(kind: str) -> Behaviour:
    """Return an object by its id."""

    def retrieve(call: Call) -> Any:
        return call.named(kind).body

    return retrieve


def listing(kind: str) -> Behaviour:
    """Return a page of objects; every query parameter that does not page is a filter."""

    def list_(call: Call) -> Any:
        page = call.operation.page or {}
        limit, offset = page.get("limit", "limit"), page.get("offset", "offset")
        filters = {
            each.name: call.values[each.name]
            for each in call.operation.parameters
            if each.place == "query"
            and each.name not in {limit, offset}
            and each.name in call.values
        }
        data, more = call.ledger.page(
            kind, call.account, filters, call.values.get(limit, 10), call.values.get(offset, 0)
        )
        return {page.get("items", "data"): data, page.get("more", "has_more"): more}

    return list_


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "create_payment_intent": create_payment_intent,
    "list_payment_intents": listing("payment_intent"),
    "retrieve_payment_intent": retrieving("payment_intent"),
    "confirm_payment_intent": confirm_payment_intent,
    "capture_payment_intent": capture_payment_intent,
    "cancel_payment_intent": cancel_payment_intent,
    "create_refund": create_refund,
    "list_refunds": listing("refund"),
    "retrieve_refund": retrieving("refund"),
    "create_payout": create_payout,
    "list_payouts": listing("payout"),
    "retrieve_payout": retrieving("payout"),
    "cancel_payout": cancel_payout,
}


def run_timer(ledger: Ledger, thing: Thing, action: str) -> None:
    """Do what was put off: settle, fail, expire, and the steps of a payout."""
    if action == "take":
        take(ledger, thing)
        return
    changes: dict[str, Any] = {}
    if thing.kind == "payment_intent":
        changes = {"redirect_url": None}
        if action == "fail":
            meaning = values.value_of("payment_method", thing.body["payment_method"])
            changes["last_error"] = {
                "code": meaning.code or "card_declined",
                "message": refusal_message(meaning.code),
            }
    elif action == "send":
        fee = fee_of(Decimal(str(thing.body["amount"])), thing.body["currency"])
        changes = {"fee": fee}
    ledger.move(thing, action, **changes)
    if thing.kind == "payout":
        following = _next_step(thing)
        if following is not None:
            ledger.later(thing, values.PAYOUT_SECONDS[following], following)


def _next_step(payout: Thing) -> str | None:
    outcome = values.beneficiary_value(payout.body.get("beneficiary")).outcome
    match payout.body["status"]:
        case "pending":
            return "start"
        case "processing":
            return "fail" if outcome == "fail" else "send"
        case "sent":
            return "pay"
        case "paid" if outcome == "reverse":
            return "reverse"
        case _:
            return None
