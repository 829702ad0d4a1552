# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from molam_overlays.schema.containers import Nullable
from molam_overlays.schema.fields import field
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Number
from molam_overlays.schema.texts import String
from molam_sdk.models.beneficiary import BENEFICIARY, Beneficiary
from molam_sdk.models.currency import CURRENCY
from molam_sdk.models.metadata import METADATA
from molam_sdk.models.payout_origin_module import PAYOUT_ORIGIN_MODULE, PayoutOriginModule
from molam_sdk.models.payout_status import PAYOUT_STATUS, PayoutStatus


class Payout(Model):
    """Money sent from the treasury to one beneficiary."""

    id: str = field(String(min_length=4, max_length=255, pattern="^po_"))
    """Id of the payout."""
    reference_code: str | None = field(String(min_length=1, max_length=64), default=None)
    """Reference for bank statements and support, in the form `PAYOUT-YYYYMMDD-XXXX`."""
    origin_module: PayoutOriginModule | str = field(PAYOUT_ORIGIN_MODULE)
    """The module that asked for the payout."""
    origin_entity_id: str = field(String(min_length=1, max_length=255))
    """The entity of that module for which money is paid out, such as a merchant."""
    amount: Decimal = field(Number(maximum="1000000000000", exclusive_minimum="0"))
    """Amount sent, in decimal major units of `currency`."""
    currency: str = field(CURRENCY)
    """Currency of the amount and of the fee."""
    beneficiary: Beneficiary | None = field(BENEFICIARY, default=None)
    """Who receives the money."""
    status: PayoutStatus | str = field(PAYOUT_STATUS)
    """Where the payout stands now."""
    fee: Decimal | None = field(
        Nullable(Number(minimum="0", maximum="1000000000000")), default=None
    )
    """What Molam charges for the payout, in decimal major units of `currency`, on top of the
    amount. Null until it is known.
    """
    metadata: Mapping[str, str | int | float | bool | None] | None = field(METADATA, default=None)
    """The metadata given at creation."""
    scheduled_for: datetime | None = field(Nullable(DateTime()), default=None)
    """When the payout is to be sent, RFC 3339 with an offset, null for at once."""
    created_at: datetime = field(DateTime())
    """When the payout was created, RFC 3339 with an offset."""
    updated_at: datetime | None = field(DateTime(), default=None)
    """When the payout last changed, RFC 3339 with an offset."""
