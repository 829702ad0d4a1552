"""The test values: which payment method or beneficiary makes the sandbox do what. One table.

The page at ``/``, ``/_sandbox/values`` and ``docs/sandbox.md`` all show this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, cast

import attrs

Outcome = Literal["succeed", "decline", "action", "process", "settle_late", "fail_late"]


@attrs.frozen
class TestValue:
    """One value that means something to the sandbox."""

    __test__ = False  # not a test class, whatever pytest makes of its name

    field: str
    """Where it goes."""
    value: str
    does: str
    """What happens, for people."""
    outcome: str = "succeed"
    """What happens, for the sandbox."""
    code: str | None = None
    """The error code, where one is answered or noted."""


LATE_SECONDS: Final = 30
"""How long a payment that settles late is processing."""
REFUND_SECONDS: Final = 2
"""How long a refund is pending."""
PAYOUT_SECONDS: Final = {"start": 2, "send": 2, "pay": 2, "fail": 2, "reverse": 60}
"""How long a payout waits before each step."""
CHECKOUT_HOURS: Final = 24
"""How long a customer may take to approve; then the intent is canceled."""
HOLD_DAYS: Final = 7
"""How long authorised money is on hold; then the intent is canceled."""

_METHOD = "payment_method"
_REFUSED = "402 on confirm; the intent waits for another payment method"

VALUES: Final[tuple[TestValue, ...]] = (
    TestValue(_METHOD, "pm_success", "succeeds, as does every id that is not in this table"),
    TestValue(_METHOD, "pm_declined", f"{_REFUSED} (card_declined)", "decline", "card_declined"),
    TestValue(
        _METHOD,
        "pm_insufficient_funds",
        f"{_REFUSED} (insufficient_funds)",
        "decline",
        "insufficient_funds",
    ),
    TestValue(_METHOD, "pm_expired", f"{_REFUSED} (expired_card)", "decline", "expired_card"),
    TestValue(
        _METHOD,
        "pm_action",
        "needs the customer: requires_action, with the hosted page in redirect_url. "
        "Confirming without a payment method does the same",
        "action",
    ),
    TestValue(_METHOD, "pm_processing", "stays processing for ever", "process"),
    TestValue(
        _METHOD, "pm_settles_late", f"processing, settles after {LATE_SECONDS} s", "settle_late"
    ),
    TestValue(
        _METHOD,
        "pm_fails_late",
        f"processing, fails after {LATE_SECONDS} s (card_declined)",
        "fail_late",
        "card_declined",
    ),
    TestValue(
        _METHOD,
        "pm_capture_fails",
        "authorises; with capture false, capturing answers 402 (card_declined)",
        "capture_fails",
        "card_declined",
    ),
    TestValue(
        _METHOD, "pm_refund_fails", "succeeds; its refunds fail after being pending", "refund_fails"
    ),
    TestValue("beneficiary.account_number", "000000000", "the payout fails", "fail"),
    TestValue("beneficiary.iban", "XX00 0000 0000", "the payout fails", "fail"),
    TestValue("beneficiary.phone", "+00000000000", "the payout fails", "fail"),
    TestValue("beneficiary.wallet_id", "wal_fails", "the payout fails", "fail"),
    TestValue(
        "beneficiary.account_number",
        "999999999",
        f"the payout is paid and comes back {PAYOUT_SECONDS['reverse']} s later: reversed",
        "reverse",
    ),
    TestValue(
        "origin_entity_id",
        "empty_treasury",
        "402 on creation (insufficient_balance)",
        "decline",
        "insufficient_balance",
    ),
)

_BY_VALUE = {
    (each.field, _plain): each for each in VALUES for _plain in (each.value.replace(" ", ""),)
}
_ORDINARY = TestValue("", "", "succeeds")


def value_of(field: str, value: object) -> TestValue:
    """Return what a value means in a field; an ordinary one succeeds."""
    return _BY_VALUE.get((field, str(value).replace(" ", "")), _ORDINARY)


def beneficiary_value(beneficiary: object) -> TestValue:
    """Return what a beneficiary means: the first of its fields that is in the table."""
    if isinstance(beneficiary, Mapping):
        for name, value in cast("Mapping[str, Any]", beneficiary).items():
            found = value_of(f"beneficiary.{name}", value)
            if found is not _ORDINARY:
                return found
    return _ORDINARY
