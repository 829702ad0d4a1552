"""Scripted faults: which is next, and what it does to an answer."""

from __future__ import annotations

FAULT_CODES = {
    400: "malformed_body",
    401: "invalid_api_key",
    402: "insufficient_funds",
    403: "not_allowed",
    404: "resource_missing",
    409: "idempotency_in_flight",
    422: "invalid_value",
    429: "rate_limited",
}
WORDED = {
    *FAULT_CODES.values(),
    "internal_error",
    "idempotency_key_reused",
    "insufficient_balance",
}
