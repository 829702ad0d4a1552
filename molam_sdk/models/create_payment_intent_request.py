# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Create payment intent request."""

from __future__ import annotations

from collections.abc import Mapping

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import Boolean, String
from molam_sdk.models.currency import CURRENCY
from molam_sdk.models.metadata import METADATA


class CreatePaymentIntentRequest(Model):
    """What to collect, and from whom."""

    amount: int = field(Integer(minimum=1, maximum=9007199254740991))
    """Amount to collect, in integer minor units of `currency`. 2500 is 25.00 in USD and 2500
    francs in XOF, which has no minor unit.
    """
    currency: str = field(CURRENCY)
    """Currency of the amount."""
    customer_id: str | None = field(String(min_length=1, max_length=255), default=None)
    """The merchant's own id for the paying customer."""
    merchant_id: str | None = field(String(min_length=1, max_length=255), default=None)
    """The merchant who receives the money. Left out, the account itself does."""
    description: str | None = field(String(max_length=1000), default=None)
    """What is paid for, shown to the customer."""
    metadata: Mapping[str, str | int | float | bool | None] | None = field(METADATA, default=None)
    """The merchant's own keys and values for this payment."""
    capture: bool | None = field(Boolean(), default=False, required=False)
    """Whether confirmation takes the money. False: confirmation only authorises, and the money
    waits on hold for capture. True: confirmation also captures. Default false.
    """
    return_url: str | None = field(String(min_length=1, max_length=2048), default=None)
    """Where the hosted page sends a customer who has paid."""
    cancel_url: str | None = field(String(min_length=1, max_length=2048), default=None)
    """Where the hosted page sends a customer who gives up."""
    locale: str | None = field(
        String(min_length=2, max_length=35, pattern="^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*\\Z"),
        default=None,
    )
    """Language of the hosted page, as a BCP 47 tag such as `en` or `fr-SN`."""
