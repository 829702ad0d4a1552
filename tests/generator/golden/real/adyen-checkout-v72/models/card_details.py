from __future__ import annotations
from typing import Final, Literal, TypeAlias
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Enum, String

CardDetailsFundingSource: TypeAlias = Literal["credit", "debit", "prepaid"]
CARD_DETAILS_FUNDING_SOURCE: Final = Enum("credit", "debit", "prepaid")
CardDetailsType: TypeAlias = Literal[
    "bcmc", "scheme", "networkToken", "giftcard", "card", "clicktopay"
]
CARD_DETAILS_TYPE: Final = Enum("bcmc", "scheme", "networkToken", "giftcard", "card", "clicktopay")


class CardDetails(Model, extra=None):
    billing_sequence_number: str | None = field(
        String(), name="billingSequenceNumber", default=None
    )
    brand: str | None = field(String(), default=None)
    checkout_attempt_id: str | None = field(String(), name="checkoutAttemptId", default=None)
    cupsecureplus_smscode: str | None = field(String(), name="cupsecureplus.smscode", default=None)
    cvc: str | None = field(String(), default=None)
    encrypted_card: str | None = field(String(max_length=40000), name="encryptedCard", default=None)
    encrypted_card_number: str | None = field(
        String(max_length=15000), name="encryptedCardNumber", default=None
    )
    encrypted_expiry_month: str | None = field(
        String(max_length=15000), name="encryptedExpiryMonth", default=None
    )
    encrypted_expiry_year: str | None = field(
        String(max_length=15000), name="encryptedExpiryYear", default=None
    )
    encrypted_password: str | None = field(
        String(max_length=15000), name="encryptedPassword", default=None
    )
    encrypted_security_code: str | None = field(
        String(max_length=15000), name="encryptedSecurityCode", default=None
    )
    expiry_month: str | None = field(String(), name="expiryMonth", default=None)
    expiry_year: str | None = field(String(), name="expiryYear", default=None)
    fastlane_data: str | None = field(String(), name="fastlaneData", default=None)
    funding_source: CardDetailsFundingSource | str | None = field(
        CARD_DETAILS_FUNDING_SOURCE, name="fundingSource", default=None
    )
    holder_name: str | None = field(String(max_length=15000), name="holderName", default=None)
    network_payment_reference: str | None = field(
        String(), name="networkPaymentReference", default=None
    )
    number: str | None = field(String(), default=None)
    recurring_detail_reference: str | None = field(
        String(), name="recurringDetailReference", default=None
    )
    sdk_data: str | None = field(String(max_length=50000), name="sdkData", default=None)
    shopper_notification_reference: str | None = field(
        String(), name="shopperNotificationReference", default=None
    )
    src_correlation_id: str | None = field(String(), name="srcCorrelationId", default=None)
    src_digital_card_id: str | None = field(String(), name="srcDigitalCardId", default=None)
    src_scheme: str | None = field(String(), name="srcScheme", default=None)
    src_token_reference: str | None = field(String(), name="srcTokenReference", default=None)
    stored_payment_method_id: str | None = field(
        String(max_length=64), name="storedPaymentMethodId", default=None
    )
    three_ds2_sdk_version: str | None = field(
        String(max_length=12), name="threeDS2SdkVersion", default=None
    )
    type: CardDetailsType | str | None = field(CARD_DETAILS_TYPE, default="scheme", required=False)
