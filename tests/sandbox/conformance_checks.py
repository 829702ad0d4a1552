"""What schemathesis is told beyond the document: one more check, and which answer leads where.

Loaded as hooks by ``schemathesis.toml``; no test module itself.
"""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import strategies
from schemathesis import Case, CheckContext, GenerationMode, HookContext, Response

from molam_overlays.money.currencies import EXPONENTS

# What the document's formats mean, so that what is made up as valid is valid.
schemathesis.openapi.format("iso-4217", strategies.sampled_from(sorted(EXPONENTS)))
schemathesis.openapi.format("phone", strategies.from_regex(r"\A\+[1-9][0-9]{7,14}\Z"))
schemathesis.openapi.format("iban", strategies.from_regex(r"\A[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}\Z"))

LINKS = [
    ("confirmPaymentIntent", "200", "capturePaymentIntent", "payment_intent_id", "id"),
    ("confirmPaymentIntent", "200", "cancelPaymentIntent", "payment_intent_id", "id"),
    ("confirmPaymentIntent", "200", "createRefund", "charge_id", "charge_id"),
    ("capturePaymentIntent", "200", "createRefund", "charge_id", "charge_id"),
    ("createRefund", "201", "retrieveRefund", "refund_id", "id"),
    ("createRefund", "201", "listRefunds", "charge_id", "charge_id"),
    ("createPayout", "201", "cancelPayout", "payout_id", "id"),
]
"""Operation, status, the operation that follows, its parameter, the field that fills it.

The stateful phase follows them from a confirmed payment to its refunds; the document's names alone
do not tell it that a charge comes from a confirmation.
"""


@schemathesis.hook
def before_load_schema(_: HookContext, raw_schema: dict[str, Any]) -> None:
    operations = {
        operation["operationId"]: operation
        for path in raw_schema["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "operationId" in operation
    }
    for origin, status, target, parameter, field in LINKS:
        response = operations[origin]["responses"][status]
        response.setdefault("links", {})[f"{target}_{parameter}"] = {
            "operationId": target,
            "parameters": {parameter: f"$response.body#/{field}"},
        }


BEYOND_THE_SCHEMA = {
    "idempotency_key_reused",
    "amount_too_large",
    "amount_too_precise",
    "not_in_the_future",
    "insufficient_balance",
    "card_declined",
    "insufficient_funds",
    "expired_card",
}


@schemathesis.check
def valid_data_is_refused_for_good_reasons(_: CheckContext, response: Response, case: Case) -> None:
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if response.status_code in {402, 422}:
        code = response.json()["error"]["code"]
        assert code in BEYOND_THE_SCHEMA, f"valid data was refused as {code}"
