# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""The async client."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from molam_overlays.annotations import Unpack
from molam_overlays.calls.awaiting import Awaiting
from molam_overlays.config import CallOptions
from molam_sdk import __version__
from molam_sdk.api import payment_intents, payouts, refunds
from molam_sdk.config import Config
from molam_sdk.events import WebhookEvent, construct_event
from molam_sdk.models.beneficiary import Beneficiary
from molam_sdk.models.payment_intent import PaymentIntent
from molam_sdk.models.payment_intent_list import AsyncPaymentIntentList
from molam_sdk.models.payment_intent_status import PaymentIntentStatus
from molam_sdk.models.payout import Payout
from molam_sdk.models.payout_list import AsyncPayoutList
from molam_sdk.models.payout_origin_module import PayoutOriginModule
from molam_sdk.models.payout_status import PayoutStatus
from molam_sdk.models.refund import Refund
from molam_sdk.models.refund_list import AsyncRefundList
from molam_sdk.models.refund_reason import RefundReason
from molam_sdk.models.refund_status import RefundStatus


class MolamAsyncClient(Awaiting):
    """Async client of the Molam API."""

    sdk_version: ClassVar[str] = __version__
    user_agent: ClassVar[str] = "molam-sdk-python"
    signature_header: ClassVar[str] = "Molam-Signature"
    config_class: ClassVar[type[Config]] = Config

    async def create_payment_intent(
        self,
        amount: int,
        currency: str | None = None,
        customer_id: str | None = None,
        merchant_id: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, str | int | Decimal | float | bool | None] | None = None,
        capture: bool | None = False,
        return_url: str | None = None,
        cancel_url: str | None = None,
        idempotency_key: str | None = None,
        *,
        locale: str | None = None,
        **options: Unpack[CallOptions],
    ) -> PaymentIntent:
        """Create a payment intent.

        Announces one payment. No money moves yet: the customer is charged when the intent is
        confirmed, and with `capture` false only once it is captured as well.

        Args:
            amount: Amount to collect, in integer minor units of `currency`. 2500 is 25.00
                in USD and 2500 francs in XOF, which has no minor unit. At least 1.
            currency: Currency of the amount. Exactly 3 characters. Default: the client's
                `default_currency`.
            customer_id: The merchant's own id for the paying customer. 1 to 255 characters.
            merchant_id: The merchant who receives the money. Left out, the account itself
                does. 1 to 255 characters.
            description: What is paid for, shown to the customer. At most 1000 characters.
            metadata: The merchant's own keys and values for this payment.
            capture: Whether confirmation takes the money. False: confirmation only
                authorises, and the money waits on hold for capture. True: confirmation also
                captures. Default false.
            return_url: Where the hosted page sends a customer who has paid. 1 to 2048
                characters.
            cancel_url: Where the hosted page sends a customer who gives up. 1 to 2048
                characters.
            idempotency_key: Makes it safe to repeat this call: a replay with the same key
                and body returns the first response. 1 to 128 printable ASCII characters,
                remembered for 24 hours for this account, method and path. Without a key a call
                that is sent twice may act twice. Made when left out.
            locale: Language of the hosted page, as a BCP 47 tag such as `en` or `fr-SN`. 2
                to 35 characters. Default: the client's `default_locale`.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The payment intent, created.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            ConflictError: 409: The object is in the wrong state for this, which repeating
                will not change; or the first call with this `Idempotency-Key` is still in
                flight (`idempotency_in_flight`), in which case repeat it later with the same
                key.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, POST /v1/connect/payment_intents
        """
        return await self._run(
            payment_intents.create_payment_intent(
                amount,
                currency=currency,
                customer_id=customer_id,
                merchant_id=merchant_id,
                description=description,
                metadata=metadata,
                capture=capture,
                return_url=return_url,
                cancel_url=cancel_url,
                locale=locale,
                config=self.config,
            ),
            idempotency_key,
            options,
        )

    async def list_payment_intents(
        self,
        limit: int | None = 10,
        offset: int | None = 0,
        customer_id: str | None = None,
        status: PaymentIntentStatus | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncPaymentIntentList:
        """List payment intents.

        Returns payment intents, newest first. The filters narrow the list together.

        Args:
            limit: How many objects to return at most. 1 to 100. Default 10.
            offset: How many objects to skip, counted from the newest that the filters
                leave. At least 0. Default 0.
            customer_id: Only the intents of this customer, by the merchant's own id for
                them. 1 to 255 characters.
            status: Only the intents that are in this status now.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            One page of payment intents.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, GET /v1/connect/payment_intents
        """
        page: AsyncPaymentIntentList = await self._run_page(
            payment_intents.list_payment_intents(
                limit=limit, offset=offset, customer_id=customer_id, status=status
            ),
            options,
        )
        return page

    async def retrieve_payment_intent(
        self, payment_intent_id: str, **options: Unpack[CallOptions]
    ) -> PaymentIntent:
        """Retrieve a payment intent.

        Returns the payment intent as it stands now.

        Args:
            payment_intent_id: Id of the payment intent. 1 to 255 characters.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The payment intent.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            NotFoundError: 404: No object of this account has this id. Nothing was done.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, GET /v1/connect/payment_intents/{payment_intent_id}
        """
        return await self._run(
            payment_intents.retrieve_payment_intent(payment_intent_id), None, options
        )

    async def confirm_payment_intent(
        self,
        payment_intent_id: str,
        payment_method: str | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[CallOptions],
    ) -> PaymentIntent:
        """Confirm a payment intent.

        Authorises the payment with the customer's payment method. With `capture` true the money
        is taken as well; with `capture` false it is held, and the intent waits in
        `requires_capture`. When the customer has to approve first, the intent goes to
        `requires_action` and `redirect_url` names the hosted page to send them to.

        Args:
            payment_intent_id: Id of the payment intent. 1 to 255 characters.
            payment_method: Id of the payment method to charge. Left out, the method the
                intent already has is used, or the customer picks one on the hosted page. 1 to
                255 characters.
            idempotency_key: Makes it safe to repeat this call: a replay with the same key
                and body returns the first response. 1 to 128 printable ASCII characters,
                remembered for 24 hours for this account, method and path. Without a key a call
                that is sent twice may act twice. Made when left out.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The payment intent after confirmation.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PaymentDeclinedError: 402: The issuer, the operator or the balance refused to
                pay. No money moved.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            NotFoundError: 404: No object of this account has this id. Nothing was done.
            ConflictError: 409: The object is in the wrong state for this, which repeating
                will not change; or the first call with this `Idempotency-Key` is still in
                flight (`idempotency_in_flight`), in which case repeat it later with the same
                key.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, POST /v1/connect/payment_intents/{payment_intent_id}/confirm
        """
        return await self._run(
            payment_intents.confirm_payment_intent(
                payment_intent_id, payment_method=payment_method
            ),
            idempotency_key,
            options,
        )

    async def capture_payment_intent(
        self,
        payment_intent_id: str,
        amount_to_capture: int | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[CallOptions],
    ) -> PaymentIntent:
        """Capture an authorised payment intent.

        Takes the money that confirmation put on hold. The intent must be in `requires_capture`.
        Capturing less than was authorised releases the rest to the customer; an intent is
        captured once.

        Args:
            payment_intent_id: Id of the payment intent. 1 to 255 characters.
            amount_to_capture: Amount to take, in integer minor units of the intent's
                currency, at most its amount. Left out, the whole amount is taken; less releases
                the rest to the customer. At least 1.
            idempotency_key: Makes it safe to repeat this call: a replay with the same key
                and body returns the first response. 1 to 128 printable ASCII characters,
                remembered for 24 hours for this account, method and path. Without a key a call
                that is sent twice may act twice. Made when left out.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The payment intent after capture.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PaymentDeclinedError: 402: The issuer, the operator or the balance refused to
                pay. No money moved.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            NotFoundError: 404: No object of this account has this id. Nothing was done.
            ConflictError: 409: The object is in the wrong state for this, which repeating
                will not change; or the first call with this `Idempotency-Key` is still in
                flight (`idempotency_in_flight`), in which case repeat it later with the same
                key.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, POST /v1/connect/payment_intents/{payment_intent_id}/capture
        """
        return await self._run(
            payment_intents.capture_payment_intent(
                payment_intent_id, amount_to_capture=amount_to_capture
            ),
            idempotency_key,
            options,
        )

    async def cancel_payment_intent(
        self,
        payment_intent_id: str,
        idempotency_key: str | None = None,
        **options: Unpack[CallOptions],
    ) -> PaymentIntent:
        """Cancel a payment intent.

        Ends an intent that has taken no money, and releases what was on hold. An intent that is
        processing or final (`succeeded`, `failed`, `canceled`) cannot be cancelled: 409. To
        give back money that was taken, create a refund.

        Args:
            payment_intent_id: Id of the payment intent. 1 to 255 characters.
            idempotency_key: Makes it safe to repeat this call: a replay with the same key
                and body returns the first response. 1 to 128 printable ASCII characters,
                remembered for 24 hours for this account, method and path. Without a key a call
                that is sent twice may act twice. Made when left out.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The payment intent, cancelled.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            NotFoundError: 404: No object of this account has this id. Nothing was done.
            ConflictError: 409: The object is in the wrong state for this, which repeating
                will not change; or the first call with this `Idempotency-Key` is still in
                flight (`idempotency_in_flight`), in which case repeat it later with the same
                key.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, POST /v1/connect/payment_intents/{payment_intent_id}/cancel
        """
        return await self._run(
            payment_intents.cancel_payment_intent(payment_intent_id), idempotency_key, options
        )

    async def create_refund(
        self,
        charge_id: str,
        amount: int | None = None,
        reason: RefundReason | str | None = None,
        metadata: Mapping[str, str | int | Decimal | float | bool | None] | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Refund:
        """Refund a charge.

        Gives back all or part of a charge to the customer. A charge may be refunded in several
        parts, together at most what was captured.

        Args:
            charge_id: Id of the charge, as the payment intent's `charge_id` gives it. 1 to
                255 characters.
            amount: Amount to give back, in integer minor units of the charge's currency.
                Left out, the whole charge is refunded. At least 1.
            reason: Why the money is given back.
            metadata: The merchant's own keys and values for this refund.
            idempotency_key: Makes it safe to repeat this call: a replay with the same key
                and body returns the first response. 1 to 128 printable ASCII characters,
                remembered for 24 hours for this account, method and path. Without a key a call
                that is sent twice may act twice. Made when left out.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The refund, created.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PaymentDeclinedError: 402: The issuer, the operator or the balance refused to
                pay. No money moved.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            NotFoundError: 404: No object of this account has this id. Nothing was done.
            ConflictError: 409: The object is in the wrong state for this, which repeating
                will not change; or the first call with this `Idempotency-Key` is still in
                flight (`idempotency_in_flight`), in which case repeat it later with the same
                key.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, POST /v1/connect/charges/{charge_id}/refund
        """
        return await self._run(
            refunds.create_refund(charge_id, amount=amount, reason=reason, metadata=metadata),
            idempotency_key,
            options,
        )

    async def list_refunds(
        self,
        limit: int | None = 10,
        offset: int | None = 0,
        charge_id: str | None = None,
        status: RefundStatus | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncRefundList:
        """List refunds.

        Returns refunds, newest first. The filters narrow the list together.

        Args:
            limit: How many objects to return at most. 1 to 100. Default 10.
            offset: How many objects to skip, counted from the newest that the filters
                leave. At least 0. Default 0.
            charge_id: Only the refunds of this charge. 1 to 255 characters.
            status: Only the refunds that are in this status now.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            One page of refunds.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, GET /v1/connect/refunds
        """
        page: AsyncRefundList = await self._run_page(
            refunds.list_refunds(limit=limit, offset=offset, charge_id=charge_id, status=status),
            options,
        )
        return page

    async def retrieve_refund(self, refund_id: str, **options: Unpack[CallOptions]) -> Refund:
        """Retrieve a refund.

        Returns the refund as it stands now.

        Args:
            refund_id: Id of the refund. 1 to 255 characters.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The refund.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            NotFoundError: 404: No object of this account has this id. Nothing was done.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, GET /v1/connect/refunds/{refund_id}
        """
        return await self._run(refunds.retrieve_refund(refund_id), None, options)

    async def create_payout(
        self,
        origin_module: PayoutOriginModule | str,
        origin_entity_id: str,
        amount: Decimal | int | float,
        currency: str,
        beneficiary: Beneficiary | Mapping[str, Any],
        metadata: Mapping[str, str | int | Decimal | float | bool | None] | None = None,
        idempotency_key: str | None = None,
        *,
        scheduled_for: datetime | str | None = None,
        **options: Unpack[CallOptions],
    ) -> Payout:
        """Create a payout.

        Sends money from the treasury to one beneficiary, at once or at `scheduled_for`. The
        amount is in decimal major units, unlike payment intents and refunds.

        Args:
            origin_module: The module that asks for the payout.
            origin_entity_id: The entity of that module for which money is paid out, such as
                a merchant. 1 to 255 characters.
            amount: Amount to send, in decimal major units of `currency` (`500.00`), with at
                most the decimals that the currency has: two for USD, none for XOF. At most
                1000000000000.
            currency: Currency of the amount. Exactly 3 characters.
            beneficiary: Who receives the money.
            metadata: The caller's own keys and values for this payout.
            idempotency_key: Makes it safe to repeat this call: a replay with the same key
                and body returns the first response. 1 to 128 printable ASCII characters,
                remembered for 24 hours for this account, method and path. Without a key a call
                that is sent twice may act twice. Made when left out.
            scheduled_for: When to send the money, RFC 3339 with an offset, in the future.
                Left out, it is sent at once.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The payout, created.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PaymentDeclinedError: 402: The issuer, the operator or the balance refused to
                pay. No money moved.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            ConflictError: 409: The object is in the wrong state for this, which repeating
                will not change; or the first call with this `Idempotency-Key` is still in
                flight (`idempotency_in_flight`), in which case repeat it later with the same
                key.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, POST /v1/treasury/payouts
        """
        return await self._run(
            payouts.create_payout(
                origin_module,
                origin_entity_id,
                amount,
                currency,
                beneficiary,
                metadata=metadata,
                scheduled_for=scheduled_for,
            ),
            idempotency_key,
            options,
        )

    async def list_payouts(
        self,
        limit: int | None = 10,
        offset: int | None = 0,
        status: PayoutStatus | None = None,
        origin_entity_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncPayoutList:
        """List payouts.

        Returns payouts, newest first. The filters narrow the list together.

        Args:
            limit: How many objects to return at most. 1 to 100. Default 10.
            offset: How many objects to skip, counted from the newest that the filters
                leave. At least 0. Default 0.
            status: Only the payouts that are in this status now.
            origin_entity_id: Only the payouts that were asked for on behalf of this entity.
                1 to 255 characters.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            One page of payouts.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, GET /v1/treasury/payouts
        """
        page: AsyncPayoutList = await self._run_page(
            payouts.list_payouts(
                limit=limit, offset=offset, status=status, origin_entity_id=origin_entity_id
            ),
            options,
        )
        return page

    async def retrieve_payout(self, payout_id: str, **options: Unpack[CallOptions]) -> Payout:
        """Retrieve a payout.

        Returns the payout as it stands now.

        Args:
            payout_id: Id of the payout. 1 to 255 characters.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The payout.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            NotFoundError: 404: No object of this account has this id. Nothing was done.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, GET /v1/treasury/payouts/{payout_id}
        """
        return await self._run(payouts.retrieve_payout(payout_id), None, options)

    async def cancel_payout(
        self, payout_id: str, idempotency_key: str | None = None, **options: Unpack[CallOptions]
    ) -> Payout:
        """Cancel a payout.

        Stops a payout that is still `pending` or `scheduled`; no money leaves. Later than that
        the money may be on its way, and the answer is 409.

        Args:
            payout_id: Id of the payout. 1 to 255 characters.
            idempotency_key: Makes it safe to repeat this call: a replay with the same key
                and body returns the first response. 1 to 128 printable ASCII characters,
                remembered for 24 hours for this account, method and path. Without a key a call
                that is sent twice may act twice. Made when left out.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The payout, cancelled.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            InvalidRequestError: 400: The request is malformed, such as a body that is not
                JSON. Nothing was done. 422: A value is not acceptable, or the `Idempotency-Key`
                was used with another body before (`idempotency_key_reused`). Nothing was done.
            AuthenticationError: 401: The API key is missing, unknown or revoked. Nothing
                was done.
            PermissionDeniedError: 403: The API key is valid, and not allowed to do this.
                Nothing was done.
            NotFoundError: 404: No object of this account has this id. Nothing was done.
            ConflictError: 409: The object is in the wrong state for this, which repeating
                will not change; or the first call with this `Idempotency-Key` is still in
                flight (`idempotency_in_flight`), in which case repeat it later with the same
                key.
            RateLimitError: 429: Too many requests. Nothing was done; wait as long as
                `Retry-After` says.
            ServerError: 5XX: Molam failed. A POST may have been processed: repeat it with
                the same `Idempotency-Key` to learn its outcome.
            MolamError: any other failure; see `molam_sdk.exceptions`.

        Source: openapi/molam.yaml, POST /v1/treasury/payouts/{payout_id}/cancel
        """
        return await self._run(payouts.cancel_payout(payout_id), idempotency_key, options)

    def construct_event(self, signature_header: str | None, raw_body: bytes) -> WebhookEvent:
        """Verify a webhook and return its event, typed by its type.

        Args:
            signature_header: the value of ``Molam-Signature``.
            raw_body: the bytes of the body as they arrived, before any decoding.

        Raises:
            SignatureError: the signature does not verify; nothing of the body was read.
            WebhookPayloadError: it verifies, but the body is not an event.
        """
        return construct_event(signature_header, raw_body, self._secrets)
