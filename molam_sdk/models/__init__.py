# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Every model of the API."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molam_overlays.outcome import ResponseInfo as ResponseInfo
    from molam_overlays.schema.model import Model as Model
    from molam_sdk.models.bank_account_beneficiary import (
        BankAccountBeneficiary as BankAccountBeneficiary,
    )
    from molam_sdk.models.beneficiary import Beneficiary as Beneficiary
    from molam_sdk.models.capture_payment_intent_request import (
        CapturePaymentIntentRequest as CapturePaymentIntentRequest,
    )
    from molam_sdk.models.confirm_payment_intent_request import (
        ConfirmPaymentIntentRequest as ConfirmPaymentIntentRequest,
    )
    from molam_sdk.models.create_payment_intent_request import (
        CreatePaymentIntentRequest as CreatePaymentIntentRequest,
    )
    from molam_sdk.models.create_payout_request import CreatePayoutRequest as CreatePayoutRequest
    from molam_sdk.models.create_refund_request import CreateRefundRequest as CreateRefundRequest
    from molam_sdk.models.currency import Currency as Currency
    from molam_sdk.models.error import Error as Error
    from molam_sdk.models.error_detail import ErrorDetail as ErrorDetail
    from molam_sdk.models.event import Event as Event
    from molam_sdk.models.iban_beneficiary import IbanBeneficiary as IbanBeneficiary
    from molam_sdk.models.metadata import Metadata as Metadata
    from molam_sdk.models.mobile_money_beneficiary import (
        MobileMoneyBeneficiary as MobileMoneyBeneficiary,
    )
    from molam_sdk.models.payment_intent import PaymentIntent as PaymentIntent
    from molam_sdk.models.payment_intent_canceled import (
        PaymentIntentCanceled as PaymentIntentCanceled,
    )
    from molam_sdk.models.payment_intent_created import PaymentIntentCreated as PaymentIntentCreated
    from molam_sdk.models.payment_intent_error import PaymentIntentError as PaymentIntentError
    from molam_sdk.models.payment_intent_failed import PaymentIntentFailed as PaymentIntentFailed
    from molam_sdk.models.payment_intent_list import (
        AsyncPaymentIntentList as AsyncPaymentIntentList,
    )
    from molam_sdk.models.payment_intent_list import PaymentIntentList as PaymentIntentList
    from molam_sdk.models.payment_intent_requires_action import (
        PaymentIntentRequiresAction as PaymentIntentRequiresAction,
    )
    from molam_sdk.models.payment_intent_requires_capture import (
        PaymentIntentRequiresCapture as PaymentIntentRequiresCapture,
    )
    from molam_sdk.models.payment_intent_status import PaymentIntentStatus as PaymentIntentStatus
    from molam_sdk.models.payment_intent_succeeded import (
        PaymentIntentSucceeded as PaymentIntentSucceeded,
    )
    from molam_sdk.models.payout import Payout as Payout
    from molam_sdk.models.payout_canceled import PayoutCanceled as PayoutCanceled
    from molam_sdk.models.payout_created import PayoutCreated as PayoutCreated
    from molam_sdk.models.payout_failed import PayoutFailed as PayoutFailed
    from molam_sdk.models.payout_list import AsyncPayoutList as AsyncPayoutList
    from molam_sdk.models.payout_list import PayoutList as PayoutList
    from molam_sdk.models.payout_origin_module import PayoutOriginModule as PayoutOriginModule
    from molam_sdk.models.payout_paid import PayoutPaid as PayoutPaid
    from molam_sdk.models.payout_reversed import PayoutReversed as PayoutReversed
    from molam_sdk.models.payout_sent import PayoutSent as PayoutSent
    from molam_sdk.models.payout_status import PayoutStatus as PayoutStatus
    from molam_sdk.models.refund import Refund as Refund
    from molam_sdk.models.refund_created import RefundCreated as RefundCreated
    from molam_sdk.models.refund_failed import RefundFailed as RefundFailed
    from molam_sdk.models.refund_list import AsyncRefundList as AsyncRefundList
    from molam_sdk.models.refund_list import RefundList as RefundList
    from molam_sdk.models.refund_reason import RefundReason as RefundReason
    from molam_sdk.models.refund_status import RefundStatus as RefundStatus
    from molam_sdk.models.refund_succeeded import RefundSucceeded as RefundSucceeded
    from molam_sdk.models.wallet_beneficiary import WalletBeneficiary as WalletBeneficiary

__all__ = [
    "AsyncPaymentIntentList",
    "AsyncPayoutList",
    "AsyncRefundList",
    "BankAccountBeneficiary",
    "Beneficiary",
    "CapturePaymentIntentRequest",
    "ConfirmPaymentIntentRequest",
    "CreatePaymentIntentRequest",
    "CreatePayoutRequest",
    "CreateRefundRequest",
    "Currency",
    "Error",
    "ErrorDetail",
    "Event",
    "IbanBeneficiary",
    "Metadata",
    "MobileMoneyBeneficiary",
    "Model",
    "PaymentIntent",
    "PaymentIntentCanceled",
    "PaymentIntentCreated",
    "PaymentIntentError",
    "PaymentIntentFailed",
    "PaymentIntentList",
    "PaymentIntentRequiresAction",
    "PaymentIntentRequiresCapture",
    "PaymentIntentStatus",
    "PaymentIntentSucceeded",
    "Payout",
    "PayoutCanceled",
    "PayoutCreated",
    "PayoutFailed",
    "PayoutList",
    "PayoutOriginModule",
    "PayoutPaid",
    "PayoutReversed",
    "PayoutSent",
    "PayoutStatus",
    "Refund",
    "RefundCreated",
    "RefundFailed",
    "RefundList",
    "RefundReason",
    "RefundStatus",
    "RefundSucceeded",
    "ResponseInfo",
    "WalletBeneficiary",
]

_MODULES = {
    "AsyncPaymentIntentList": "molam_sdk.models.payment_intent_list",
    "AsyncPayoutList": "molam_sdk.models.payout_list",
    "AsyncRefundList": "molam_sdk.models.refund_list",
    "BankAccountBeneficiary": "molam_sdk.models.bank_account_beneficiary",
    "Beneficiary": "molam_sdk.models.beneficiary",
    "CapturePaymentIntentRequest": "molam_sdk.models.capture_payment_intent_request",
    "ConfirmPaymentIntentRequest": "molam_sdk.models.confirm_payment_intent_request",
    "CreatePaymentIntentRequest": "molam_sdk.models.create_payment_intent_request",
    "CreatePayoutRequest": "molam_sdk.models.create_payout_request",
    "CreateRefundRequest": "molam_sdk.models.create_refund_request",
    "Currency": "molam_sdk.models.currency",
    "Error": "molam_sdk.models.error",
    "ErrorDetail": "molam_sdk.models.error_detail",
    "Event": "molam_sdk.models.event",
    "IbanBeneficiary": "molam_sdk.models.iban_beneficiary",
    "Metadata": "molam_sdk.models.metadata",
    "MobileMoneyBeneficiary": "molam_sdk.models.mobile_money_beneficiary",
    "Model": "molam_overlays.schema.model",
    "PaymentIntent": "molam_sdk.models.payment_intent",
    "PaymentIntentCanceled": "molam_sdk.models.payment_intent_canceled",
    "PaymentIntentCreated": "molam_sdk.models.payment_intent_created",
    "PaymentIntentError": "molam_sdk.models.payment_intent_error",
    "PaymentIntentFailed": "molam_sdk.models.payment_intent_failed",
    "PaymentIntentList": "molam_sdk.models.payment_intent_list",
    "PaymentIntentRequiresAction": "molam_sdk.models.payment_intent_requires_action",
    "PaymentIntentRequiresCapture": "molam_sdk.models.payment_intent_requires_capture",
    "PaymentIntentStatus": "molam_sdk.models.payment_intent_status",
    "PaymentIntentSucceeded": "molam_sdk.models.payment_intent_succeeded",
    "Payout": "molam_sdk.models.payout",
    "PayoutCanceled": "molam_sdk.models.payout_canceled",
    "PayoutCreated": "molam_sdk.models.payout_created",
    "PayoutFailed": "molam_sdk.models.payout_failed",
    "PayoutList": "molam_sdk.models.payout_list",
    "PayoutOriginModule": "molam_sdk.models.payout_origin_module",
    "PayoutPaid": "molam_sdk.models.payout_paid",
    "PayoutReversed": "molam_sdk.models.payout_reversed",
    "PayoutSent": "molam_sdk.models.payout_sent",
    "PayoutStatus": "molam_sdk.models.payout_status",
    "Refund": "molam_sdk.models.refund",
    "RefundCreated": "molam_sdk.models.refund_created",
    "RefundFailed": "molam_sdk.models.refund_failed",
    "RefundList": "molam_sdk.models.refund_list",
    "RefundReason": "molam_sdk.models.refund_reason",
    "RefundStatus": "molam_sdk.models.refund_status",
    "RefundSucceeded": "molam_sdk.models.refund_succeeded",
    "ResponseInfo": "molam_overlays.outcome",
    "WalletBeneficiary": "molam_sdk.models.wallet_beneficiary",
}

if not TYPE_CHECKING:
    # Checkers know the names above, and report what is none of them.

    def __getattr__(name: str) -> Any:
        # PEP 562: a name is imported when somebody asks for it, and only once.
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(module), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
