# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from molam_overlays.schema.containers import Nullable
from molam_overlays.schema.fields import field
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import Boolean, String
from molam_sdk.models.currency import CURRENCY
from molam_sdk.models.metadata import METADATA
from molam_sdk.models.payment_intent_error import PaymentIntentError
from molam_sdk.models.payment_intent_status import PAYMENT_INTENT_STATUS, PaymentIntentStatus


class PaymentIntent(Model):
    """One payment by one customer, from its announcement to its end."""

    id: str = field(String(min_length=4, max_length=255, pattern="^pi_"))
    """Id of the payment intent."""
    status: PaymentIntentStatus | str = field(PAYMENT_INTENT_STATUS)
    """Where the payment stands now."""
    amount: int = field(Integer(minimum=1, maximum=9007199254740991))
    """Amount to collect, in integer minor units of `currency`."""
    amount_captured: int | None = field(Integer(minimum=0, maximum=9007199254740991), default=None)
    """Amount taken so far, in integer minor units of `currency`. 0 until capture."""
    currency: str = field(CURRENCY)
    """Currency of all amounts of this intent."""
    capture: bool = field(Boolean())
    """Whether confirmation takes the money. False means that it only authorises and the money
    waits for capture.
    """
    charge_id: str | None = field(
        Nullable(String(min_length=4, max_length=255, pattern="^ch_")), default=None
    )
    """The charge that refunds name. Null until a charge exists."""
    customer_id: str | None = field(Nullable(String(max_length=255)), default=None)
    """The merchant's own id for the paying customer, null if none was given."""
    merchant_id: str | None = field(Nullable(String(max_length=255)), default=None)
    """The merchant who receives the money, null for the account itself."""
    description: str | None = field(Nullable(String(max_length=1000)), default=None)
    """What is paid for, as the merchant wrote it, null if nothing was given."""
    metadata: Mapping[str, str | int | float | bool | None] | None = field(METADATA, default=None)
    """The metadata given at creation."""
    locale: str | None = field(Nullable(String(max_length=35)), default=None)
    """Language of the hosted page, as a BCP 47 tag, null if none was given."""
    return_url: str | None = field(Nullable(String(max_length=2048)), default=None)
    """Where the hosted page sends a customer who has paid, null if not given."""
    cancel_url: str | None = field(Nullable(String(max_length=2048)), default=None)
    """Where the hosted page sends a customer who gives up, null if not given."""
    redirect_url: str | None = field(Nullable(String(max_length=2048)), default=None)
    """The hosted page to send the customer to, null when none is needed."""
    payment_method: str | None = field(Nullable(String(max_length=255)), default=None)
    """The payment method that is used, null until one is given."""
    last_error: PaymentIntentError | None = field(Nullable(PaymentIntentError), default=None)
    """Why the last attempt to pay was refused, null if none was."""
    livemode: bool = field(Boolean())
    """True when real money moves, false in test mode."""
    created_at: datetime = field(DateTime())
    """When the intent was created, RFC 3339 with an offset."""
    updated_at: datetime | None = field(DateTime(), default=None)
    """When the intent last changed, RFC 3339 with an offset."""
