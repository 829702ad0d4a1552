# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Create payout request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from molam_overlays.schema.fields import field
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Number
from molam_overlays.schema.texts import String
from molam_sdk.models.beneficiary import BENEFICIARY, Beneficiary
from molam_sdk.models.currency import CURRENCY
from molam_sdk.models.metadata import METADATA
from molam_sdk.models.payout_origin_module import PAYOUT_ORIGIN_MODULE, PayoutOriginModule


class CreatePayoutRequest(Model):
    """What to send, to whom, and when."""

    origin_module: PayoutOriginModule | str = field(PAYOUT_ORIGIN_MODULE)
    """The module that asks for the payout."""
    origin_entity_id: str = field(String(min_length=1, max_length=255))
    """The entity of that module for which money is paid out, such as a merchant."""
    amount: Decimal = field(Number(maximum="1000000000000", exclusive_minimum="0"))
    """Amount to send, in decimal major units of `currency` (`500.00`), with at most the decimals
    that the currency has: two for USD, none for XOF.
    """
    currency: str = field(CURRENCY)
    """Currency of the amount."""
    beneficiary: Beneficiary = field(BENEFICIARY)
    """Who receives the money."""
    metadata: Mapping[str, str | int | float | bool | None] | None = field(METADATA, default=None)
    """The caller's own keys and values for this payout."""
    scheduled_for: datetime | None = field(DateTime(), default=None)
    """When to send the money, RFC 3339 with an offset, in the future. Left out, it is sent at
    once.
    """
