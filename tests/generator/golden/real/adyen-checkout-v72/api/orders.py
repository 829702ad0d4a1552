from __future__ import annotations
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from checkout.models.account_info import AccountInfo
from checkout.models.address import Address
from checkout.models.amount import Amount
from checkout.models.application_info import ApplicationInfo
from checkout.models.balance_check_request import (
    BalanceCheckRequest,
    BalanceCheckRequestRecurringProcessingModel,
    BalanceCheckRequestShopperInteraction,
)
from checkout.models.balance_check_response import BalanceCheckResponse
from checkout.models.browser_info import BrowserInfo
from checkout.models.cancel_order_request import CancelOrderRequest
from checkout.models.cancel_order_response import CancelOrderResponse
from checkout.models.create_order_request import CreateOrderRequest
from checkout.models.create_order_response import CreateOrderResponse
from checkout.models.encrypted_order_data import EncryptedOrderData
from checkout.models.forex_quote import ForexQuote
from checkout.models.installments import Installments
from checkout.models.merchant_risk_indicator import MerchantRiskIndicator
from checkout.models.name import Name
from checkout.models.recurring import Recurring
from checkout.models.split import Split
from checkout.models.three_ds2_request_data import ThreeDS2RequestData
from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import Operation, or_nothing
from molam_overlays.frames import sealed
from molam_overlays.message.body import Body, Result

POST_ORDERS: Final[Operation[CreateOrderResponse]] = Operation(
    id="post-orders",
    method="POST",
    path="/orders",
    bodies=(Body(CreateOrderRequest, required=False),),
    results=(Result(CreateOrderResponse, "200"),),
    keyed=True,
)


@sealed
def post_orders(
    *,
    amount: Amount | Mapping[str, Any] | None = None,
    expires_at: str | None = None,
    merchant_account: str | None = None,
    reference: str | None = None,
) -> Call[CreateOrderResponse]:
    return POST_ORDERS.call(
        body=or_nothing(
            {
                "amount": amount,
                "expiresAt": expires_at,
                "merchantAccount": merchant_account,
                "reference": reference,
            }
        )
    )


POST_ORDERS_CANCEL: Final[Operation[CancelOrderResponse]] = Operation(
    id="post-orders-cancel",
    method="POST",
    path="/orders/cancel",
    bodies=(Body(CancelOrderRequest, required=False),),
    results=(Result(CancelOrderResponse, "200"),),
    keyed=True,
)


@sealed
def post_orders_cancel(
    *,
    merchant_account: str | None = None,
    order: EncryptedOrderData | Mapping[str, Any] | None = None,
) -> Call[CancelOrderResponse]:
    return POST_ORDERS_CANCEL.call(
        body=or_nothing({"merchantAccount": merchant_account, "order": order})
    )


POST_PAYMENT_METHODS_BALANCE: Final[Operation[BalanceCheckResponse]] = Operation(
    id="post-paymentMethods-balance",
    method="POST",
    path="/paymentMethods/balance",
    bodies=(Body(BalanceCheckRequest, required=False),),
    results=(Result(BalanceCheckResponse, "200"),),
    keyed=True,
)


@sealed
def post_payment_methods_balance(
    *,
    account_info: AccountInfo | Mapping[str, Any] | None = None,
    additional_amount: Amount | Mapping[str, Any] | None = None,
    additional_data: Mapping[str, str] | None = None,
    amount: Amount | Mapping[str, Any] | None = None,
    application_info: ApplicationInfo | Mapping[str, Any] | None = None,
    billing_address: Address | Mapping[str, Any] | None = None,
    browser_info: BrowserInfo | Mapping[str, Any] | None = None,
    capture_delay_hours: int | None = None,
    date_of_birth: date | str | None = None,
    dcc_quote: ForexQuote | Mapping[str, Any] | None = None,
    delivery_address: Address | Mapping[str, Any] | None = None,
    delivery_date: datetime | str | None = None,
    device_fingerprint: str | None = None,
    fraud_offset: int | None = None,
    installments: Installments | Mapping[str, Any] | None = None,
    localized_shopper_statement: Mapping[str, str] | None = None,
    mcc: str | None = None,
    merchant_account: str | None = None,
    merchant_order_reference: str | None = None,
    merchant_risk_indicator: MerchantRiskIndicator | Mapping[str, Any] | None = None,
    metadata: Mapping[str, str] | None = None,
    order_reference: str | None = None,
    payment_method: Mapping[str, str] | None = None,
    recurring: Recurring | Mapping[str, Any] | None = None,
    recurring_processing_model: BalanceCheckRequestRecurringProcessingModel | None = None,
    reference: str | None = None,
    selected_brand: str | None = None,
    selected_recurring_detail_reference: str | None = None,
    session_id: str | None = None,
    shopper_email: str | None = None,
    shopper_ip: str | None = None,
    shopper_interaction: BalanceCheckRequestShopperInteraction | None = None,
    shopper_locale: str | None = None,
    shopper_name: Name | Mapping[str, Any] | None = None,
    shopper_reference: str | None = None,
    shopper_statement: str | None = None,
    social_security_number: str | None = None,
    splits: Sequence[Split | Mapping[str, Any]] | None = None,
    store: str | None = None,
    telephone_number: str | None = None,
    three_ds2_request_data: ThreeDS2RequestData | Mapping[str, Any] | None = None,
    three_ds_authentication_only: bool | None = None,
    totals_group: str | None = None,
    trusted_shopper: bool | None = None,
) -> Call[BalanceCheckResponse]:
    return POST_PAYMENT_METHODS_BALANCE.call(
        body=or_nothing(
            {
                "accountInfo": account_info,
                "additionalAmount": additional_amount,
                "additionalData": additional_data,
                "amount": amount,
                "applicationInfo": application_info,
                "billingAddress": billing_address,
                "browserInfo": browser_info,
                "captureDelayHours": capture_delay_hours,
                "dateOfBirth": date_of_birth,
                "dccQuote": dcc_quote,
                "deliveryAddress": delivery_address,
                "deliveryDate": delivery_date,
                "deviceFingerprint": device_fingerprint,
                "fraudOffset": fraud_offset,
                "installments": installments,
                "localizedShopperStatement": localized_shopper_statement,
                "mcc": mcc,
                "merchantAccount": merchant_account,
                "merchantOrderReference": merchant_order_reference,
                "merchantRiskIndicator": merchant_risk_indicator,
                "metadata": metadata,
                "orderReference": order_reference,
                "paymentMethod": payment_method,
                "recurring": recurring,
                "recurringProcessingModel": recurring_processing_model,
                "reference": reference,
                "selectedBrand": selected_brand,
                "selectedRecurringDetailReference": selected_recurring_detail_reference,
                "sessionId": session_id,
                "shopperEmail": shopper_email,
                "shopperIP": shopper_ip,
                "shopperInteraction": shopper_interaction,
                "shopperLocale": shopper_locale,
                "shopperName": shopper_name,
                "shopperReference": shopper_reference,
                "shopperStatement": shopper_statement,
                "socialSecurityNumber": social_security_number,
                "splits": splits,
                "store": store,
                "telephoneNumber": telephone_number,
                "threeDS2RequestData": three_ds2_request_data,
                "threeDSAuthenticationOnly": three_ds_authentication_only,
                "totalsGroup": totals_group,
                "trustedShopper": trusted_shopper,
            },
            defaults={"threeDSAuthenticationOnly": False},
        )
    )
