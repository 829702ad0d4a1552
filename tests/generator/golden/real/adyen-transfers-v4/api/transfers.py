from __future__ import annotations
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import Operation, or_nothing
from molam_overlays.frames import sealed
from molam_overlays.message.body import Body, Result
from molam_overlays.message.parameters import Parameter
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import String
from transfers.models.amount import Amount
from transfers.models.approve_transfers_request import ApproveTransfersRequest
from transfers.models.cancel_transfers_request import CancelTransfersRequest
from transfers.models.counterparty_info_v3 import CounterpartyInfoV3
from transfers.models.execution_date import ExecutionDate
from transfers.models.find_transfers_response import FindTransfersResponse
from transfers.models.get_transfers_category import GET_TRANSFERS_CATEGORY, GetTransfersCategory
from transfers.models.get_transfers_sort_order import (
    GET_TRANSFERS_SORT_ORDER,
    GetTransfersSortOrder,
)
from transfers.models.return_transfer_request import ReturnTransferRequest
from transfers.models.return_transfer_response import ReturnTransferResponse
from transfers.models.transfer import Transfer
from transfers.models.transfer_data import TransferData
from transfers.models.transfer_info import (
    TransferInfo,
    TransferInfoCategory,
    TransferInfoPriority,
    TransferInfoType,
)
from transfers.models.transfer_info_priorities_item import TransferInfoPrioritiesItem
from transfers.models.transfer_request_review import TransferRequestReview
from transfers.models.ultimate_party_identification import UltimatePartyIdentification

GET_TRANSFERS: Final[Operation[FindTransfersResponse]] = Operation(
    id="get-transfers",
    method="GET",
    path="/transfers",
    parameters=(
        Parameter("balancePlatform", "query", String()),
        Parameter("accountHolderId", "query", String()),
        Parameter("balanceAccountId", "query", String()),
        Parameter("paymentInstrumentId", "query", String()),
        Parameter("reference", "query", String()),
        Parameter("category", "query", GET_TRANSFERS_CATEGORY),
        Parameter("createdSince", "query", DateTime(), required=True),
        Parameter("createdUntil", "query", DateTime(), required=True),
        Parameter("sortOrder", "query", GET_TRANSFERS_SORT_ORDER),
        Parameter("cursor", "query", String()),
        Parameter("limit", "query", Integer()),
    ),
    results=(Result(FindTransfersResponse, "200"),),
)


@sealed
def get_transfers(
    created_since: datetime | str,
    created_until: datetime | str,
    *,
    balance_platform: str | None = None,
    account_holder_id: str | None = None,
    balance_account_id: str | None = None,
    payment_instrument_id: str | None = None,
    reference: str | None = None,
    category: GetTransfersCategory | None = None,
    sort_order: GetTransfersSortOrder | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[FindTransfersResponse]:
    return GET_TRANSFERS.call(
        query={
            "balancePlatform": balance_platform,
            "accountHolderId": account_holder_id,
            "balanceAccountId": balance_account_id,
            "paymentInstrumentId": payment_instrument_id,
            "reference": reference,
            "category": category,
            "createdSince": created_since,
            "createdUntil": created_until,
            "sortOrder": sort_order,
            "cursor": cursor,
            "limit": limit,
        }
    )


POST_TRANSFERS: Final[Operation[Transfer]] = Operation(
    id="post-transfers",
    method="POST",
    path="/transfers",
    parameters=(Parameter("WWW-Authenticate", "header", String()),),
    bodies=(Body(TransferInfo, required=False),),
    results=(Result(Transfer, "200"), Result(Transfer, "202")),
    keyed=True,
)


@sealed
def post_transfers(
    *,
    www_authenticate: str | None = None,
    amount: Amount | Mapping[str, Any] | None = None,
    balance_account_id: str | None = None,
    category: TransferInfoCategory | None = None,
    counterparty: CounterpartyInfoV3 | Mapping[str, Any] | None = None,
    description: str | None = None,
    execution_date: ExecutionDate | Mapping[str, Any] | None = None,
    payment_instrument_id: str | None = None,
    priorities: Sequence[TransferInfoPrioritiesItem] | None = None,
    priority: TransferInfoPriority | None = None,
    reference: str | None = None,
    reference_for_beneficiary: str | None = None,
    review: TransferRequestReview | Mapping[str, Any] | None = None,
    type: TransferInfoType | None = None,
    ultimate_party: UltimatePartyIdentification | Mapping[str, Any] | None = None,
) -> Call[Transfer]:
    return POST_TRANSFERS.call(
        header={"WWW-Authenticate": www_authenticate},
        body=or_nothing(
            {
                "amount": amount,
                "balanceAccountId": balance_account_id,
                "category": category,
                "counterparty": counterparty,
                "description": description,
                "executionDate": execution_date,
                "paymentInstrumentId": payment_instrument_id,
                "priorities": priorities,
                "priority": priority,
                "reference": reference,
                "referenceForBeneficiary": reference_for_beneficiary,
                "review": review,
                "type": type,
                "ultimateParty": ultimate_party,
            }
        ),
    )


POST_TRANSFERS_APPROVE: Final[Operation[Any]] = Operation(
    id="post-transfers-approve",
    method="POST",
    path="/transfers/approve",
    parameters=(Parameter("WWW-Authenticate", "header", String()),),
    bodies=(Body(ApproveTransfersRequest, required=False),),
    results=(Result(AnyValue(), "200"),),
    keyed=True,
)


@sealed
def post_transfers_approve(
    *, www_authenticate: str | None = None, transfer_ids: Sequence[str] | None = None
) -> Call[Any]:
    return POST_TRANSFERS_APPROVE.call(
        header={"WWW-Authenticate": www_authenticate}, body={"transferIds": transfer_ids}
    )


POST_TRANSFERS_CANCEL: Final[Operation[Any]] = Operation(
    id="post-transfers-cancel",
    method="POST",
    path="/transfers/cancel",
    bodies=(Body(CancelTransfersRequest, required=False),),
    results=(Result(AnyValue(), "200"),),
    keyed=True,
)


@sealed
def post_transfers_cancel(*, transfer_ids: Sequence[str] | None = None) -> Call[Any]:
    return POST_TRANSFERS_CANCEL.call(body={"transferIds": transfer_ids})


GET_TRANSFERS_ID: Final[Operation[TransferData]] = Operation(
    id="get-transfers-id",
    method="GET",
    path="/transfers/{id}",
    parameters=(Parameter("id", "path", String(), required=True),),
    results=(Result(TransferData, "200"),),
)


@sealed
def get_transfers_id(id: str) -> Call[TransferData]:
    return GET_TRANSFERS_ID.call(path={"id": id})


POST_TRANSFERS_TRANSFER_ID_RETURNS: Final[Operation[ReturnTransferResponse]] = Operation(
    id="post-transfers-transferId-returns",
    method="POST",
    path="/transfers/{transferId}/returns",
    parameters=(Parameter("transferId", "path", String(), required=True),),
    bodies=(Body(ReturnTransferRequest, required=False),),
    results=(Result(ReturnTransferResponse, "200"),),
    keyed=True,
)


@sealed
def post_transfers_transfer_id_returns(
    transfer_id: str,
    *,
    amount: Amount | Mapping[str, Any] | None = None,
    reference: str | None = None,
) -> Call[ReturnTransferResponse]:
    return POST_TRANSFERS_TRANSFER_ID_RETURNS.call(
        path={"transferId": transfer_id},
        body=or_nothing({"amount": amount, "reference": reference}),
    )
