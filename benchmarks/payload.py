"""What is sent and what is answered: 238 bytes of body, 628 of response. Standard library only,
since the workers of all environments read it.
"""

from __future__ import annotations

import json
from typing import Any, Final

PATH: Final = "/v1/connect/payment_intents"
ORDER: Final[dict[str, Any]] = {
    "amount": 2500,
    "currency": "USD",
    "customer_id": "cus_8841",
    "description": "Order 1042, a ticket",
    "metadata": {"order": "1042"},
    "capture": False,
    "return_url": "https://shop.example/return",
    "cancel_url": "https://shop.example/cancel",
    "locale": "en",
}
PAYMENT: Final[dict[str, Any]] = {
    "id": "pi_7d2c9e40f1a84b6e",
    "status": "requires_payment_method",
    "amount": 2500,
    "amount_captured": 0,
    "currency": "USD",
    "capture": False,
    "charge_id": None,
    "customer_id": "cus_8841",
    "merchant_id": "merchant_123",
    "description": "Order 1042, a ticket",
    "metadata": {"order": "1042"},
    "locale": "en",
    "return_url": "https://shop.example/return",
    "cancel_url": "https://shop.example/cancel",
    "redirect_url": "https://pay.molam.com/p/7d2c9e40f1a84b6e"
    "?session=ps_4f0e2a9b7c6d41e8a35b92c7d0f1e6a4b8c3d5e7f9012a4b6c8d0e2f4a6b8c0",
    "payment_method": None,
    "last_error": None,
    "livemode": False,
    "created_at": "2025-01-16T12:00:00Z",
    "updated_at": "2025-01-16T12:00:00Z",
}


def compact(data: Any) -> bytes:
    """Encode as the wire has it."""
    return json.dumps(data, separators=(",", ":")).encode()


ANSWER: Final = compact(PAYMENT)


def page(items: int) -> bytes:
    """Return a page of payment intents, no two alike."""
    data = [{**PAYMENT, "id": f"pi_{index:016x}", "amount": 100 + index} for index in range(items)]
    return compact({"data": data, "has_more": False})


def event() -> bytes:
    """Return a webhook of exactly 1 KiB."""
    envelope = {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "created": 1737028800,
        "livemode": False,
        "data": {**PAYMENT, "status": "succeeded", "description": ""},
    }
    room = 1024 - len(compact(envelope))
    envelope["data"] = {**PAYMENT, "status": "succeeded", "description": "x" * room}
    return compact(envelope)
