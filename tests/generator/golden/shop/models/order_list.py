# Generated from shop.yaml by python -m generator. Do not edit.

"""Order list."""

from __future__ import annotations

from molam_overlays.calls.paging import AsyncPage, Page
from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Boolean
from shop.models.order import Order


class OrderList(Page[Order]):
    """Order list."""

    data: list[Order] = field(Array(Order))
    has_more: bool = field(Boolean())


class AsyncOrderList(AsyncPage[Order]):
    """Order list."""

    data: list[Order] = field(Array(Order))
    has_more: bool = field(Boolean())
