# Generated from shop.yaml by python -m generator. Do not edit.

"""What customers ordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Final

from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import Operation, PageRule
from molam_overlays.config import Config
from molam_overlays.frames import sealed
from molam_overlays.message.body import Body, Encoding, Result
from molam_overlays.message.parameters import Parameter
from molam_overlays.schema.containers import Array
from molam_overlays.schema.files import Binary, File
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import String
from molam_overlays.schema.types import UNSET, Unset
from shop.models.line import Line
from shop.models.new_order import NewOrder
from shop.models.order import Order
from shop.models.order_list import AsyncOrderList, OrderList
from shop.models.order_state import ORDER_STATE, OrderState
from shop.models.set_photo_request import SetPhotoRequest

LIST_ORDERS: Final[Operation[OrderList]] = Operation(
    id="listOrders",
    method="GET",
    path="/orders",
    parameters=(
        Parameter("limit", "query", Integer(minimum=1, maximum=50)),
        Parameter("offset", "query", Integer()),
        Parameter("state", "query", Array(ORDER_STATE), explode=False),
    ),
    results=(Result(OrderList, "200"),),
    page=PageRule(items="data", more="has_more", limit="limit", offset="offset"),
    async_page=AsyncOrderList,
)


@sealed
def list_orders(
    *, limit: int | None = 20, offset: int | None = 0, state: Sequence[OrderState] | None = None
) -> Call[OrderList]:
    """Build the call of ``GET /orders``."""
    return LIST_ORDERS.call(
        query={
            "limit": 20 if limit is None else limit,
            "offset": 0 if offset is None else offset,
            "state": state,
        },
    )


CREATE_ORDER: Final[Operation[Order]] = Operation(
    id="createOrder",
    method="POST",
    path="/orders",
    bodies=(Body(NewOrder),),
    results=(Result(Order, "201"),),
    keyed=True,
)


@sealed
def create_order(
    lines: Sequence[Line | Mapping[str, Any]],
    *,
    note: str | Unset | None = UNSET,
    currency: str | None = None,
    config: Config,
) -> Call[Order]:
    """Build the call of ``POST /orders``."""
    return CREATE_ORDER.call(
        body={
            "note": note,
            "lines": lines,
            "currency": config.default_currency if currency is None else currency,
        },
    )


GET_INVOICE: Final[Operation[bytes | str]] = Operation(
    id="getInvoice",
    method="GET",
    path="/orders/{id}/invoice",
    parameters=(Parameter("id", "path", String(), required=True),),
    results=(
        Result(Binary(), "200", media="application/pdf"),
        Result(String(), "200", media="text/plain"),
    ),
    deprecated="get_invoice is deprecated.",
)


@sealed
def get_invoice(id: str) -> Call[bytes | str]:
    """Build the call of ``GET /orders/{id}/invoice``."""
    return GET_INVOICE.call(
        path={"id": id},
    )


SET_PHOTO: Final[Operation[None]] = Operation(
    id="setPhoto",
    method="PUT",
    path="/orders/{id}/photo",
    parameters=(Parameter("id", "path", String(), required=True),),
    bodies=(
        Body(
            SetPhotoRequest,
            media="multipart/form-data",
            encoding={"photo": Encoding(media="image/png")},
        ),
    ),
    results=(Result(None, "204"),),
)


@sealed
def set_photo(id: str, photo: bytes | File | BinaryIO, *, caption: str | None = None) -> Call[None]:
    """Build the call of ``PUT /orders/{id}/photo``."""
    return SET_PHOTO.call(
        path={"id": id},
        body={"photo": photo, "caption": caption},
    )
