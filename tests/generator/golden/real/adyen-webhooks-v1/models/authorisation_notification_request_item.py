from __future__ import annotations
from datetime import datetime
from typing import Literal
from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import field
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Const, String
from webhooks.models.amount import Amount
from webhooks.models.authorisation_notification_additional_data import (
    AuthorisationNotificationAdditionalData,
)
from webhooks.models.authorisation_notification_request_item_operations_item import (
    AUTHORISATION_NOTIFICATION_REQUEST_ITEM_OPERATIONS_ITEM,
    AuthorisationNotificationRequestItemOperationsItem,
)


class AuthorisationNotificationRequestItem(Model, extra=None):
    additional_data: AuthorisationNotificationAdditionalData | None = field(
        AuthorisationNotificationAdditionalData, name="additionalData", default=None
    )
    amount: Amount = field(Amount)
    event_code: Literal["AUTHORISATION"] = field(
        Const("AUTHORISATION"), name="eventCode", default="AUTHORISATION", required=True
    )
    event_date: datetime = field(DateTime(), name="eventDate")
    merchant_account_code: str = field(String(), name="merchantAccountCode")
    merchant_reference: str = field(String(), name="merchantReference")
    operations: list[AuthorisationNotificationRequestItemOperationsItem | str] | None = field(
        Array(AUTHORISATION_NOTIFICATION_REQUEST_ITEM_OPERATIONS_ITEM), default=None
    )
    payment_method: str | None = field(String(), name="paymentMethod", default=None)
    psp_reference: str = field(String(), name="pspReference")
    reason: str | None = field(String(), default=None)
    success: str = field(String())
