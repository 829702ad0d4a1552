# Generated from shop.yaml by python -m generator. Do not edit.

"""The async client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, ClassVar

from molam_overlays.annotations import Unpack
from molam_overlays.calls.awaiting import Awaiting
from molam_overlays.config import CallOptions
from molam_overlays.schema.files import File
from molam_overlays.schema.types import UNSET, Unset
from shop import __version__
from shop.api import orders
from shop.config import Config
from shop.events import WebhookEvent, construct_event
from shop.models.line import Line
from shop.models.order import Order
from shop.models.order_list import AsyncOrderList
from shop.models.order_state import OrderState


class ShopAsyncClient(Awaiting):
    """Async client of the Shop."""

    sdk_version: ClassVar[str] = __version__
    user_agent: ClassVar[str] = "shop"
    signature_header: ClassVar[str] = "Shop-Signature"
    config_class: ClassVar[type[Config]] = Config

    async def list_orders(
        self,
        *,
        limit: int | None = 20,
        offset: int | None = 0,
        state: Sequence[OrderState] | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncOrderList:
        """List orders.

        Args:
            limit: How many at most. 1 to 50. Default 20.
            offset: Default 0.
            state: Only those in one of these states.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            One page.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            RateLimitError: 429: Too fast.
            ShopError: any other failure; see `shop.exceptions`.

        Source: shop.yaml, GET /orders
        """
        page: AsyncOrderList = await self._run_page(
            orders.list_orders(limit=limit, offset=offset, state=state), options
        )
        return page

    async def create_order(
        self,
        lines: Sequence[Line | Mapping[str, Any]],
        *,
        note: str | Unset | None = UNSET,
        currency: str | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Order:
        """Place an order.

        Nothing is charged yet.

        - Prices are those of today.
        - An order is kept for 30 days.

        Args:
            lines: At least 1 items.
            note: Not described.
            currency: Default: the client's `default_currency`.
            idempotency_key: Makes it safe to repeat. Made when left out.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            The order. Headers, in its `response`: `X-Rate-Left`: Orders left today.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            PaymentDeclinedError: 402: Not enough money.
            ApiError: any other status: Something else.

        Source: shop.yaml, POST /orders
        """
        return await self._run(
            orders.create_order(lines, note=note, currency=currency, config=self.config),
            idempotency_key,
            options,
        )

    async def get_invoice(self, id: str, **options: Unpack[CallOptions]) -> bytes | str:
        """Call ``GET /orders/{id}/invoice``.

        Deprecated.

        Args:
            id: Not described.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`, `into`: a file
                to write the answer to as it arrives.

        Returns:
            The invoice.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            NotFoundError: 404: There is none.
            ShopError: any other failure; see `shop.exceptions`.

        Source: shop.yaml, GET /orders/{id}/invoice
        """
        return await self._run(orders.get_invoice(id), None, options)

    async def set_photo(
        self,
        id: str,
        photo: bytes | File | BinaryIO,
        *,
        caption: str | None = None,
        **options: Unpack[CallOptions],
    ) -> None:
        """Call ``PUT /orders/{id}/photo``.

        Args:
            id: Not described.
            photo: The photo.
            caption: Not described.
            options: `timeout`, `max_retries`, `deadline`, `extra_headers`.

        Returns:
            Kept.

        Raises:
            ValidationError: an argument breaks a rule; nothing was sent.
            ShopError: any other failure; see `shop.exceptions`.

        Source: shop.yaml, PUT /orders/{id}/photo
        """
        return await self._run(orders.set_photo(id, photo, caption=caption), None, options)

    def construct_event(self, signature_header: str | None, raw_body: bytes) -> WebhookEvent:
        """Verify a webhook and return its event, typed by its type.

        Args:
            signature_header: the value of ``Shop-Signature``.
            raw_body: the bytes of the body as they arrived, before any decoding.

        Raises:
            SignatureError: the signature does not verify; nothing of the body was read.
            WebhookPayloadError: it verifies, but the body is not an event.
        """
        return construct_event(signature_header, raw_body, self._secrets)
