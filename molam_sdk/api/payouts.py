# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Send money from the Molam treasury to a bank account, phone or wallet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import Operation, PageRule
from molam_overlays.frames import sealed
from molam_overlays.message.body import Body, Result
from molam_overlays.message.parameters import Parameter
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import String
from molam_sdk.models.beneficiary import Beneficiary
from molam_sdk.models.create_payout_request import CreatePayoutRequest
from molam_sdk.models.payout import Payout
from molam_sdk.models.payout_list import AsyncPayoutList, PayoutList
from molam_sdk.models.payout_origin_module import PayoutOriginModule
from molam_sdk.models.payout_status import PAYOUT_STATUS, PayoutStatus

CREATE_PAYOUT: Final[Operation[Payout]] = Operation(
    id="createPayout",
    method="POST",
    path="/v1/treasury/payouts",
    bodies=(Body(CreatePayoutRequest),),
    results=(Result(Payout, "201"),),
    keyed=True,
)


@sealed
def create_payout(
    origin_module: PayoutOriginModule | str,
    origin_entity_id: str,
    amount: Decimal | int | float,
    currency: str,
    beneficiary: Beneficiary | Mapping[str, Any],
    metadata: Mapping[str, str | int | Decimal | float | bool | None] | None = None,
    *,
    scheduled_for: datetime | str | None = None,
) -> Call[Payout]:
    """Build the call of ``POST /v1/treasury/payouts``."""
    return CREATE_PAYOUT.call(
        body={
            "origin_module": origin_module,
            "origin_entity_id": origin_entity_id,
            "amount": amount,
            "currency": currency,
            "beneficiary": beneficiary,
            "metadata": metadata,
            "scheduled_for": scheduled_for,
        },
    )


LIST_PAYOUTS: Final[Operation[PayoutList]] = Operation(
    id="listPayouts",
    method="GET",
    path="/v1/treasury/payouts",
    parameters=(
        Parameter("limit", "query", Integer(minimum=1, maximum=100)),
        Parameter("offset", "query", Integer(minimum=0)),
        Parameter("status", "query", PAYOUT_STATUS),
        Parameter("origin_entity_id", "query", String(min_length=1, max_length=255)),
    ),
    results=(Result(PayoutList, "200"),),
    page=PageRule(items="data", more="has_more", limit="limit", offset="offset"),
    async_page=AsyncPayoutList,
)


@sealed
def list_payouts(
    limit: int | None = 10,
    offset: int | None = 0,
    status: PayoutStatus | None = None,
    origin_entity_id: str | None = None,
) -> Call[PayoutList]:
    """Build the call of ``GET /v1/treasury/payouts``."""
    return LIST_PAYOUTS.call(
        query={
            "limit": 10 if limit is None else limit,
            "offset": 0 if offset is None else offset,
            "status": status,
            "origin_entity_id": origin_entity_id,
        },
    )


RETRIEVE_PAYOUT: Final[Operation[Payout]] = Operation(
    id="retrievePayout",
    method="GET",
    path="/v1/treasury/payouts/{payout_id}",
    parameters=(
        Parameter("payout_id", "path", String(min_length=1, max_length=255), required=True),
    ),
    results=(Result(Payout, "200"),),
)


@sealed
def retrieve_payout(payout_id: str) -> Call[Payout]:
    """Build the call of ``GET /v1/treasury/payouts/{payout_id}``."""
    return RETRIEVE_PAYOUT.call(
        path={"payout_id": payout_id},
    )


CANCEL_PAYOUT: Final[Operation[Payout]] = Operation(
    id="cancelPayout",
    method="POST",
    path="/v1/treasury/payouts/{payout_id}/cancel",
    parameters=(
        Parameter("payout_id", "path", String(min_length=1, max_length=255), required=True),
    ),
    results=(Result(Payout, "200"),),
    keyed=True,
)


@sealed
def cancel_payout(payout_id: str) -> Call[Payout]:
    """Build the call of ``POST /v1/treasury/payouts/{payout_id}/cancel``."""
    return CANCEL_PAYOUT.call(
        path={"payout_id": payout_id},
    )
