from __future__ import annotations
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Literal, TypeAlias, TypeVar, overload
from molam_overlays.frames import sealed
from molam_overlays.schema.model import Model
from molam_overlays.webhook.event_kinds import KindRouter, Kinds
from molam_overlays.webhook.signature import DEFAULT_TOLERANCE_MS, SecretSource
from webhooks.models.ach_notification_of_change_notification_request import (
    AchNotificationOfChangeNotificationRequest,
)
from webhooks.models.authorisation_adjustment_notification_request import (
    AuthorisationAdjustmentNotificationRequest,
)
from webhooks.models.authorisation_notification_request import AuthorisationNotificationRequest
from webhooks.models.auto_rescue_notification_request import AutoRescueNotificationRequest
from webhooks.models.cancel_or_refund_notification_request import CancelOrRefundNotificationRequest
from webhooks.models.cancellation_notification_request import CancellationNotificationRequest
from webhooks.models.capture_notification_request import CaptureNotificationRequest
from webhooks.models.chargeback_notification_request import ChargebackNotificationRequest
from webhooks.models.chargeback_reversed_notification_request import (
    ChargebackReversedNotificationRequest,
)
from webhooks.models.direct_debit_notice_of_change_notification_request import (
    DirectDebitNoticeOfChangeNotificationRequest,
)
from webhooks.models.dispute_defense_period_ended_notification_request import (
    DisputeDefensePeriodEndedNotificationRequest,
)
from webhooks.models.expire_notification_request import ExpireNotificationRequest
from webhooks.models.information_supplied_notification_request import (
    InformationSuppliedNotificationRequest,
)
from webhooks.models.issuer_comments_notification_request import IssuerCommentsNotificationRequest
from webhooks.models.issuer_response_timeframe_expired_notification_request import (
    IssuerResponseTimeframeExpiredNotificationRequest,
)
from webhooks.models.modification_notification_request import ModificationNotificationRequest
from webhooks.models.notification_of_chargeback_notification_request import (
    NotificationOfChargebackNotificationRequest,
)
from webhooks.models.notification_of_fraud_notification_request import (
    NotificationOfFraudNotificationRequest,
)
from webhooks.models.notification_request import NotificationRequest
from webhooks.models.paidout_reversed_notification_request import PaidoutReversedNotificationRequest
from webhooks.models.payout_notification_request import PayoutNotificationRequest
from webhooks.models.prearbitration_accepted_notification_request import (
    PrearbitrationAcceptedNotificationRequest,
)
from webhooks.models.prearbitration_decline_notification_request import (
    PrearbitrationDeclineNotificationRequest,
)
from webhooks.models.prearbitration_issuer_withdrawn_notification_request import (
    PrearbitrationIssuerWithdrawnNotificationRequest,
)
from webhooks.models.prearbitration_lost_notification_request import (
    PrearbitrationLostNotificationRequest,
)
from webhooks.models.prearbitration_open_notification_request import (
    PrearbitrationOpenNotificationRequest,
)
from webhooks.models.prearbitration_scheme_arbitration_notification_request import (
    PrearbitrationSchemeArbitrationNotificationRequest,
)
from webhooks.models.prearbitration_won_notification_request import (
    PrearbitrationWonNotificationRequest,
)
from webhooks.models.recurring_contract_notification_request import (
    RecurringContractNotificationRequest,
)
from webhooks.models.refund_capture_failed_notification_request import (
    RefundCaptureFailedNotificationRequest,
)
from webhooks.models.refund_notification_request import RefundNotificationRequest
from webhooks.models.refund_with_data_notification_request import RefundWithDataNotificationRequest
from webhooks.models.report_available_notification_request import ReportAvailableNotificationRequest
from webhooks.models.request_for_information_notification_request import (
    RequestForInformationNotificationRequest,
)
from webhooks.models.scheme_arbitration_lost_notification_request import (
    SchemeArbitrationLostNotificationRequest,
)
from webhooks.models.scheme_arbitration_won_notification_request import (
    SchemeArbitrationWonNotificationRequest,
)
from webhooks.models.second_chargeback_notification_request import (
    SecondChargebackNotificationRequest,
)

__all__ = [
    "EVENTS",
    "AchNotificationOfChangeNotificationRequest",
    "AuthorisationAdjustmentNotificationRequest",
    "AuthorisationNotificationRequest",
    "AutoRescueNotificationRequest",
    "CancelOrRefundNotificationRequest",
    "CancellationNotificationRequest",
    "CaptureNotificationRequest",
    "ChargebackNotificationRequest",
    "ChargebackReversedNotificationRequest",
    "DirectDebitNoticeOfChangeNotificationRequest",
    "DisputeDefensePeriodEndedNotificationRequest",
    "EventRouter",
    "EventType",
    "ExpireNotificationRequest",
    "InformationSuppliedNotificationRequest",
    "IssuerCommentsNotificationRequest",
    "IssuerResponseTimeframeExpiredNotificationRequest",
    "Model",
    "ModificationNotificationRequest",
    "NotificationOfChargebackNotificationRequest",
    "NotificationOfFraudNotificationRequest",
    "NotificationRequest",
    "PaidoutReversedNotificationRequest",
    "PayoutNotificationRequest",
    "PrearbitrationAcceptedNotificationRequest",
    "PrearbitrationDeclineNotificationRequest",
    "PrearbitrationIssuerWithdrawnNotificationRequest",
    "PrearbitrationLostNotificationRequest",
    "PrearbitrationOpenNotificationRequest",
    "PrearbitrationSchemeArbitrationNotificationRequest",
    "PrearbitrationWonNotificationRequest",
    "RecurringContractNotificationRequest",
    "RefundCaptureFailedNotificationRequest",
    "RefundNotificationRequest",
    "RefundWithDataNotificationRequest",
    "ReportAvailableNotificationRequest",
    "RequestForInformationNotificationRequest",
    "SchemeArbitrationLostNotificationRequest",
    "SchemeArbitrationWonNotificationRequest",
    "SecondChargebackNotificationRequest",
    "WebhookEvent",
    "construct_event",
    "read_event",
]
EventType: TypeAlias = Literal[
    "/ACH_NOTIFICATION_OF_CHANGE",
    "/AUTHORISATION",
    "/AUTHORISATION_ADJUSTMENT",
    "/AUTORESCUE",
    "/CANCELLATION",
    "/CANCEL_AUTORESCUE",
    "/CANCEL_OR_REFUND",
    "/CAPTURE",
    "/CAPTURE_FAILED",
    "/CHARGEBACK",
    "/CHARGEBACK_REVERSED",
    "ach.notificationOfChange",
    "eft.notificationOfChange",
    "/DISPUTE_DEFENSE_PERIOD_ENDED",
    "/EXPIRE",
    "/INFORMATION_SUPPLIED",
    "/ISSUER_COMMENTS",
    "/ISSUER_RESPONSE_TIMEFRAME_EXPIRED",
    "/MANUAL_REVIEW_ACCEPT",
    "/MANUAL_REVIEW_REJECT",
    "/NOTIFICATION_OF_CHARGEBACK",
    "/NOTIFICATION_OF_FRAUD",
    "/OFFER_CLOSED",
    "/ORDER_CLOSED",
    "/ORDER_OPENED",
    "/PAIDOUT_REVERSED",
    "/PAYOUT_DECLINE",
    "/PAYOUT_EXPIRE",
    "/PAYOUT_THIRDPARTY",
    "/POSTPONED_REFUND",
    "/PREARBITRATION_ACCEPTED",
    "/PREARBITRATION_DECLINED",
    "/PREARBITRATION_ISSUER_WITHDRAWN",
    "/PREARBITRATION_LOST",
    "/PREARBITRATION_OPEN",
    "/PREARBITRATION_WON",
    "/RECURRING_CONTRACT",
    "/REFUND",
    "/REFUNDED_REVERSED",
    "/REFUND_FAILED",
    "/REFUND_WITH_DATA",
    "/REPORT_AVAILABLE",
    "/REQUEST_FOR_INFORMATION",
    "/SCHEME_ARBITRATION",
    "/SCHEME_ARBITRATION_LOST",
    "/SCHEME_ARBITRATION_WON",
    "/SECOND_CHARGEBACK",
    "/TECHNICAL_CANCEL",
    "/VOID_PENDING_REFUND",
]
WebhookEvent: TypeAlias = (
    AchNotificationOfChangeNotificationRequest
    | AuthorisationNotificationRequest
    | AuthorisationAdjustmentNotificationRequest
    | AutoRescueNotificationRequest
    | CancellationNotificationRequest
    | CancelOrRefundNotificationRequest
    | CaptureNotificationRequest
    | RefundCaptureFailedNotificationRequest
    | ChargebackNotificationRequest
    | ChargebackReversedNotificationRequest
    | DirectDebitNoticeOfChangeNotificationRequest
    | DisputeDefensePeriodEndedNotificationRequest
    | ExpireNotificationRequest
    | InformationSuppliedNotificationRequest
    | IssuerCommentsNotificationRequest
    | IssuerResponseTimeframeExpiredNotificationRequest
    | NotificationRequest
    | NotificationOfChargebackNotificationRequest
    | NotificationOfFraudNotificationRequest
    | PaidoutReversedNotificationRequest
    | PayoutNotificationRequest
    | PrearbitrationAcceptedNotificationRequest
    | PrearbitrationDeclineNotificationRequest
    | PrearbitrationIssuerWithdrawnNotificationRequest
    | PrearbitrationLostNotificationRequest
    | PrearbitrationOpenNotificationRequest
    | PrearbitrationWonNotificationRequest
    | RecurringContractNotificationRequest
    | RefundNotificationRequest
    | ModificationNotificationRequest
    | RefundWithDataNotificationRequest
    | ReportAvailableNotificationRequest
    | RequestForInformationNotificationRequest
    | PrearbitrationSchemeArbitrationNotificationRequest
    | SchemeArbitrationLostNotificationRequest
    | SchemeArbitrationWonNotificationRequest
    | SecondChargebackNotificationRequest
    | Model
)
EVENTS: Final[Mapping[str, type[Model]]] = {
    "/ACH_NOTIFICATION_OF_CHANGE": AchNotificationOfChangeNotificationRequest,
    "/AUTHORISATION": AuthorisationNotificationRequest,
    "/AUTHORISATION_ADJUSTMENT": AuthorisationAdjustmentNotificationRequest,
    "/AUTORESCUE": AutoRescueNotificationRequest,
    "/CANCELLATION": CancellationNotificationRequest,
    "/CANCEL_AUTORESCUE": AutoRescueNotificationRequest,
    "/CANCEL_OR_REFUND": CancelOrRefundNotificationRequest,
    "/CAPTURE": CaptureNotificationRequest,
    "/CAPTURE_FAILED": RefundCaptureFailedNotificationRequest,
    "/CHARGEBACK": ChargebackNotificationRequest,
    "/CHARGEBACK_REVERSED": ChargebackReversedNotificationRequest,
    "ach.notificationOfChange": DirectDebitNoticeOfChangeNotificationRequest,
    "eft.notificationOfChange": DirectDebitNoticeOfChangeNotificationRequest,
    "/DISPUTE_DEFENSE_PERIOD_ENDED": DisputeDefensePeriodEndedNotificationRequest,
    "/EXPIRE": ExpireNotificationRequest,
    "/INFORMATION_SUPPLIED": InformationSuppliedNotificationRequest,
    "/ISSUER_COMMENTS": IssuerCommentsNotificationRequest,
    "/ISSUER_RESPONSE_TIMEFRAME_EXPIRED": IssuerResponseTimeframeExpiredNotificationRequest,
    "/MANUAL_REVIEW_ACCEPT": NotificationRequest,
    "/MANUAL_REVIEW_REJECT": NotificationRequest,
    "/NOTIFICATION_OF_CHARGEBACK": NotificationOfChargebackNotificationRequest,
    "/NOTIFICATION_OF_FRAUD": NotificationOfFraudNotificationRequest,
    "/OFFER_CLOSED": NotificationRequest,
    "/ORDER_CLOSED": NotificationRequest,
    "/ORDER_OPENED": NotificationRequest,
    "/PAIDOUT_REVERSED": PaidoutReversedNotificationRequest,
    "/PAYOUT_DECLINE": PayoutNotificationRequest,
    "/PAYOUT_EXPIRE": PayoutNotificationRequest,
    "/PAYOUT_THIRDPARTY": PayoutNotificationRequest,
    "/POSTPONED_REFUND": NotificationRequest,
    "/PREARBITRATION_ACCEPTED": PrearbitrationAcceptedNotificationRequest,
    "/PREARBITRATION_DECLINED": PrearbitrationDeclineNotificationRequest,
    "/PREARBITRATION_ISSUER_WITHDRAWN": PrearbitrationIssuerWithdrawnNotificationRequest,
    "/PREARBITRATION_LOST": PrearbitrationLostNotificationRequest,
    "/PREARBITRATION_OPEN": PrearbitrationOpenNotificationRequest,
    "/PREARBITRATION_WON": PrearbitrationWonNotificationRequest,
    "/RECURRING_CONTRACT": RecurringContractNotificationRequest,
    "/REFUND": RefundNotificationRequest,
    "/REFUNDED_REVERSED": ModificationNotificationRequest,
    "/REFUND_FAILED": RefundCaptureFailedNotificationRequest,
    "/REFUND_WITH_DATA": RefundWithDataNotificationRequest,
    "/REPORT_AVAILABLE": ReportAvailableNotificationRequest,
    "/REQUEST_FOR_INFORMATION": RequestForInformationNotificationRequest,
    "/SCHEME_ARBITRATION": PrearbitrationSchemeArbitrationNotificationRequest,
    "/SCHEME_ARBITRATION_LOST": SchemeArbitrationLostNotificationRequest,
    "/SCHEME_ARBITRATION_WON": SchemeArbitrationWonNotificationRequest,
    "/SECOND_CHARGEBACK": SecondChargebackNotificationRequest,
    "/TECHNICAL_CANCEL": ModificationNotificationRequest,
    "/VOID_PENDING_REFUND": ModificationNotificationRequest,
}
_KINDS: Final = Kinds(EVENTS, Model, tags=("type",))


@sealed
def construct_event(
    signature_header: str | None,
    raw_body: bytes,
    get_secret_by_kid: SecretSource,
    tolerance_ms: int = DEFAULT_TOLERANCE_MS,
    *,
    name: EventType | None = None,
) -> WebhookEvent:
    return _KINDS.construct(signature_header, raw_body, get_secret_by_kid, tolerance_ms, name)


@sealed
def read_event(body: bytes, *, name: EventType | None = None) -> WebhookEvent:
    return _KINDS.read(body, name)


_R = TypeVar("_R")
_E = TypeVar("_E", bound=WebhookEvent)


class EventRouter(KindRouter[WebhookEvent]):
    event_types: ClassVar[frozenset[str]] = frozenset(EVENTS)
    kinds = _KINDS

    @overload
    def on(
        self, type: Literal["/ACH_NOTIFICATION_OF_CHANGE"], /
    ) -> Callable[
        [Callable[[AchNotificationOfChangeNotificationRequest], _R]],
        Callable[[AchNotificationOfChangeNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/AUTHORISATION"], /
    ) -> Callable[
        [Callable[[AuthorisationNotificationRequest], _R]],
        Callable[[AuthorisationNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/AUTHORISATION_ADJUSTMENT"], /
    ) -> Callable[
        [Callable[[AuthorisationAdjustmentNotificationRequest], _R]],
        Callable[[AuthorisationAdjustmentNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/AUTORESCUE"], /
    ) -> Callable[
        [Callable[[AutoRescueNotificationRequest], _R]],
        Callable[[AutoRescueNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/CANCELLATION"], /
    ) -> Callable[
        [Callable[[CancellationNotificationRequest], _R]],
        Callable[[CancellationNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/CANCEL_AUTORESCUE"], /
    ) -> Callable[
        [Callable[[AutoRescueNotificationRequest], _R]],
        Callable[[AutoRescueNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/CANCEL_OR_REFUND"], /
    ) -> Callable[
        [Callable[[CancelOrRefundNotificationRequest], _R]],
        Callable[[CancelOrRefundNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/CAPTURE"], /
    ) -> Callable[
        [Callable[[CaptureNotificationRequest], _R]], Callable[[CaptureNotificationRequest], _R]
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/CAPTURE_FAILED"], /
    ) -> Callable[
        [Callable[[RefundCaptureFailedNotificationRequest], _R]],
        Callable[[RefundCaptureFailedNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/CHARGEBACK"], /
    ) -> Callable[
        [Callable[[ChargebackNotificationRequest], _R]],
        Callable[[ChargebackNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/CHARGEBACK_REVERSED"], /
    ) -> Callable[
        [Callable[[ChargebackReversedNotificationRequest], _R]],
        Callable[[ChargebackReversedNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["ach.notificationOfChange"], /
    ) -> Callable[
        [Callable[[DirectDebitNoticeOfChangeNotificationRequest], _R]],
        Callable[[DirectDebitNoticeOfChangeNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["eft.notificationOfChange"], /
    ) -> Callable[
        [Callable[[DirectDebitNoticeOfChangeNotificationRequest], _R]],
        Callable[[DirectDebitNoticeOfChangeNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/DISPUTE_DEFENSE_PERIOD_ENDED"], /
    ) -> Callable[
        [Callable[[DisputeDefensePeriodEndedNotificationRequest], _R]],
        Callable[[DisputeDefensePeriodEndedNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/EXPIRE"], /
    ) -> Callable[
        [Callable[[ExpireNotificationRequest], _R]], Callable[[ExpireNotificationRequest], _R]
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/INFORMATION_SUPPLIED"], /
    ) -> Callable[
        [Callable[[InformationSuppliedNotificationRequest], _R]],
        Callable[[InformationSuppliedNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/ISSUER_COMMENTS"], /
    ) -> Callable[
        [Callable[[IssuerCommentsNotificationRequest], _R]],
        Callable[[IssuerCommentsNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/ISSUER_RESPONSE_TIMEFRAME_EXPIRED"], /
    ) -> Callable[
        [Callable[[IssuerResponseTimeframeExpiredNotificationRequest], _R]],
        Callable[[IssuerResponseTimeframeExpiredNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/MANUAL_REVIEW_ACCEPT"], /
    ) -> Callable[[Callable[[NotificationRequest], _R]], Callable[[NotificationRequest], _R]]:
        pass

    @overload
    def on(
        self, type: Literal["/MANUAL_REVIEW_REJECT"], /
    ) -> Callable[[Callable[[NotificationRequest], _R]], Callable[[NotificationRequest], _R]]:
        pass

    @overload
    def on(
        self, type: Literal["/NOTIFICATION_OF_CHARGEBACK"], /
    ) -> Callable[
        [Callable[[NotificationOfChargebackNotificationRequest], _R]],
        Callable[[NotificationOfChargebackNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/NOTIFICATION_OF_FRAUD"], /
    ) -> Callable[
        [Callable[[NotificationOfFraudNotificationRequest], _R]],
        Callable[[NotificationOfFraudNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/OFFER_CLOSED"], /
    ) -> Callable[[Callable[[NotificationRequest], _R]], Callable[[NotificationRequest], _R]]:
        pass

    @overload
    def on(
        self, type: Literal["/ORDER_CLOSED"], /
    ) -> Callable[[Callable[[NotificationRequest], _R]], Callable[[NotificationRequest], _R]]:
        pass

    @overload
    def on(
        self, type: Literal["/ORDER_OPENED"], /
    ) -> Callable[[Callable[[NotificationRequest], _R]], Callable[[NotificationRequest], _R]]:
        pass

    @overload
    def on(
        self, type: Literal["/PAIDOUT_REVERSED"], /
    ) -> Callable[
        [Callable[[PaidoutReversedNotificationRequest], _R]],
        Callable[[PaidoutReversedNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/PAYOUT_DECLINE"], /
    ) -> Callable[
        [Callable[[PayoutNotificationRequest], _R]], Callable[[PayoutNotificationRequest], _R]
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/PAYOUT_EXPIRE"], /
    ) -> Callable[
        [Callable[[PayoutNotificationRequest], _R]], Callable[[PayoutNotificationRequest], _R]
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/PAYOUT_THIRDPARTY"], /
    ) -> Callable[
        [Callable[[PayoutNotificationRequest], _R]], Callable[[PayoutNotificationRequest], _R]
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/POSTPONED_REFUND"], /
    ) -> Callable[[Callable[[NotificationRequest], _R]], Callable[[NotificationRequest], _R]]:
        pass

    @overload
    def on(
        self, type: Literal["/PREARBITRATION_ACCEPTED"], /
    ) -> Callable[
        [Callable[[PrearbitrationAcceptedNotificationRequest], _R]],
        Callable[[PrearbitrationAcceptedNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/PREARBITRATION_DECLINED"], /
    ) -> Callable[
        [Callable[[PrearbitrationDeclineNotificationRequest], _R]],
        Callable[[PrearbitrationDeclineNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/PREARBITRATION_ISSUER_WITHDRAWN"], /
    ) -> Callable[
        [Callable[[PrearbitrationIssuerWithdrawnNotificationRequest], _R]],
        Callable[[PrearbitrationIssuerWithdrawnNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/PREARBITRATION_LOST"], /
    ) -> Callable[
        [Callable[[PrearbitrationLostNotificationRequest], _R]],
        Callable[[PrearbitrationLostNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/PREARBITRATION_OPEN"], /
    ) -> Callable[
        [Callable[[PrearbitrationOpenNotificationRequest], _R]],
        Callable[[PrearbitrationOpenNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/PREARBITRATION_WON"], /
    ) -> Callable[
        [Callable[[PrearbitrationWonNotificationRequest], _R]],
        Callable[[PrearbitrationWonNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/RECURRING_CONTRACT"], /
    ) -> Callable[
        [Callable[[RecurringContractNotificationRequest], _R]],
        Callable[[RecurringContractNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/REFUND"], /
    ) -> Callable[
        [Callable[[RefundNotificationRequest], _R]], Callable[[RefundNotificationRequest], _R]
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/REFUNDED_REVERSED"], /
    ) -> Callable[
        [Callable[[ModificationNotificationRequest], _R]],
        Callable[[ModificationNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/REFUND_FAILED"], /
    ) -> Callable[
        [Callable[[RefundCaptureFailedNotificationRequest], _R]],
        Callable[[RefundCaptureFailedNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/REFUND_WITH_DATA"], /
    ) -> Callable[
        [Callable[[RefundWithDataNotificationRequest], _R]],
        Callable[[RefundWithDataNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/REPORT_AVAILABLE"], /
    ) -> Callable[
        [Callable[[ReportAvailableNotificationRequest], _R]],
        Callable[[ReportAvailableNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/REQUEST_FOR_INFORMATION"], /
    ) -> Callable[
        [Callable[[RequestForInformationNotificationRequest], _R]],
        Callable[[RequestForInformationNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/SCHEME_ARBITRATION"], /
    ) -> Callable[
        [Callable[[PrearbitrationSchemeArbitrationNotificationRequest], _R]],
        Callable[[PrearbitrationSchemeArbitrationNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/SCHEME_ARBITRATION_LOST"], /
    ) -> Callable[
        [Callable[[SchemeArbitrationLostNotificationRequest], _R]],
        Callable[[SchemeArbitrationLostNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/SCHEME_ARBITRATION_WON"], /
    ) -> Callable[
        [Callable[[SchemeArbitrationWonNotificationRequest], _R]],
        Callable[[SchemeArbitrationWonNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/SECOND_CHARGEBACK"], /
    ) -> Callable[
        [Callable[[SecondChargebackNotificationRequest], _R]],
        Callable[[SecondChargebackNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/TECHNICAL_CANCEL"], /
    ) -> Callable[
        [Callable[[ModificationNotificationRequest], _R]],
        Callable[[ModificationNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, type: Literal["/VOID_PENDING_REFUND"], /
    ) -> Callable[
        [Callable[[ModificationNotificationRequest], _R]],
        Callable[[ModificationNotificationRequest], _R],
    ]:
        pass

    @overload
    def on(
        self, first: EventType, second: EventType, /, *more: EventType
    ) -> Callable[[Callable[[_E], _R]], Callable[[_E], _R]]:
        pass

    def on(self, *types: str) -> Any:
        return self._on(*types)
