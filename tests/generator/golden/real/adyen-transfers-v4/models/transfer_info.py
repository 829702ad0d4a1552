from __future__ import annotations
from typing import Final, Literal, TypeAlias
from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Enum, String
from transfers.models.amount import Amount
from transfers.models.counterparty_info_v3 import CounterpartyInfoV3
from transfers.models.execution_date import ExecutionDate
from transfers.models.transfer_info_priorities_item import (
    TRANSFER_INFO_PRIORITIES_ITEM,
    TransferInfoPrioritiesItem,
)
from transfers.models.transfer_request_review import TransferRequestReview
from transfers.models.ultimate_party_identification import UltimatePartyIdentification

TransferInfoCategory: TypeAlias = Literal[
    "bank", "card", "internal", "issuedCard", "platformPayment", "topUp"
]
TRANSFER_INFO_CATEGORY: Final = Enum(
    "bank", "card", "internal", "issuedCard", "platformPayment", "topUp"
)
TransferInfoPriority: TypeAlias = Literal[
    "crossBorder", "fast", "instant", "internal", "regular", "wire"
]
TRANSFER_INFO_PRIORITY: Final = Enum(
    "crossBorder", "fast", "instant", "internal", "regular", "wire"
)
TransferInfoType: TypeAlias = Literal["bankTransfer", "internalTransfer", "internalDirectDebit"]
TRANSFER_INFO_TYPE: Final = Enum("bankTransfer", "internalTransfer", "internalDirectDebit")


class TransferInfo(Model, extra=None):
    amount: Amount = field(Amount)
    balance_account_id: str | None = field(String(), name="balanceAccountId", default=None)
    category: TransferInfoCategory | str = field(TRANSFER_INFO_CATEGORY)
    counterparty: CounterpartyInfoV3 = field(CounterpartyInfoV3)
    description: str | None = field(String(max_length=140), default=None)
    execution_date: ExecutionDate | None = field(ExecutionDate, name="executionDate", default=None)
    payment_instrument_id: str | None = field(String(), name="paymentInstrumentId", default=None)
    priorities: list[TransferInfoPrioritiesItem | str] | None = field(
        Array(TRANSFER_INFO_PRIORITIES_ITEM), default=None
    )
    priority: TransferInfoPriority | str | None = field(TRANSFER_INFO_PRIORITY, default=None)
    reference: str | None = field(String(max_length=80), default=None)
    reference_for_beneficiary: str | None = field(
        String(), name="referenceForBeneficiary", default=None
    )
    review: TransferRequestReview | None = field(TransferRequestReview, default=None)
    type: TransferInfoType | str | None = field(TRANSFER_INFO_TYPE, default=None)
    ultimate_party: UltimatePartyIdentification | None = field(
        UltimatePartyIdentification, name="ultimateParty", default=None
    )
