# Generated from shop.yaml by python -m generator. Do not edit.

"""Order list."""

from __future__ import annotations

from molam_overlays.codec import Array, Boolean
from molam_overlays.model import field
from molam_overlays.page import AsyncPage, Page
from shop.models.order import Order


class OrderList(Page[Order]):
    """Order list."""

    data: list[Order] = field(Array(Order))
    has_more: bool = field(Boolean())


class AsyncOrderList(AsyncPage[Order]):
    """Order list."""

    data: list[Order] = field(Array(Order))
    has_more: bool = field(Boolean())
