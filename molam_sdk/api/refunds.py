# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Give back all or part of a charge to the customer who paid it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import Operation, PageRule
from molam_overlays.frames import sealed
from molam_overlays.message.body import Body, Result
from molam_overlays.message.parameters import Parameter
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import String
from molam_sdk.models.create_refund_request import CreateRefundRequest
from molam_sdk.models.refund import Refund
from molam_sdk.models.refund_list import AsyncRefundList, RefundList
from molam_sdk.models.refund_reason import RefundReason
from molam_sdk.models.refund_status import REFUND_STATUS, RefundStatus

CREATE_REFUND: Final[Operation[Refund]] = Operation(
    id="createRefund",
    method="POST",
    path="/v1/connect/charges/{charge_id}/refund",
    parameters=(
        Parameter("charge_id", "path", String(min_length=1, max_length=255), required=True),
    ),
    bodies=(Body(CreateRefundRequest, required=False),),
    results=(Result(Refund, "201"),),
    keyed=True,
)


@sealed
def create_refund(
    charge_id: str,
    amount: int | None = None,
    reason: RefundReason | str | None = None,
    metadata: Mapping[str, str | int | Decimal | float | bool | None] | None = None,
) -> Call[Refund]:
    """Build the call of ``POST /v1/connect/charges/{charge_id}/refund``."""
    return CREATE_REFUND.call(
        path={"charge_id": charge_id},
        body={"amount": amount, "reason": reason, "metadata": metadata},
    )


LIST_REFUNDS: Final[Operation[RefundList]] = Operation(
    id="listRefunds",
    method="GET",
    path="/v1/connect/refunds",
    parameters=(
        Parameter("limit", "query", Integer(minimum=1, maximum=100)),
        Parameter("offset", "query", Integer(minimum=0)),
        Parameter("charge_id", "query", String(min_length=1, max_length=255)),
        Parameter("status", "query", REFUND_STATUS),
    ),
    results=(Result(RefundList, "200"),),
    page=PageRule(items="data", more="has_more", limit="limit", offset="offset"),
    async_page=AsyncRefundList,
)


@sealed
def list_refunds(
    limit: int | None = 10,
    offset: int | None = 0,
    charge_id: str | None = None,
    status: RefundStatus | None = None,
) -> Call[RefundList]:
    """Build the call of ``GET /v1/connect/refunds``."""
    return LIST_REFUNDS.call(
        query={
            "limit": 10 if limit is None else limit,
            "offset": 0 if offset is None else offset,
            "charge_id": charge_id,
            "status": status,
        },
    )


RETRIEVE_REFUND: Final[Operation[Refund]] = Operation(
    id="retrieveRefund",
    method="GET",
    path="/v1/connect/refunds/{refund_id}",
    parameters=(
        Parameter("refund_id", "path", String(min_length=1, max_length=255), required=True),
    ),
    results=(Result(Refund, "200"),),
)


@sealed
def retrieve_refund(refund_id: str) -> Call[Refund]:
    """Build the call of ``GET /v1/connect/refunds/{refund_id}``."""
    return RETRIEVE_REFUND.call(
        path={"refund_id": refund_id},
    )
