# Generated from shop.yaml by python -m generator. Do not edit.

"""Every model of the API."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molam_overlays.outcome import ResponseInfo as ResponseInfo
    from molam_overlays.schema.model import Model as Model
    from shop.models.company import Company as Company
    from shop.models.event import Event as Event
    from shop.models.labels import Labels as Labels
    from shop.models.line import Line as Line
    from shop.models.new_order import NewOrder as NewOrder
    from shop.models.order import Order as Order
    from shop.models.order import OrderClass as OrderClass
    from shop.models.order_list import AsyncOrderList as AsyncOrderList
    from shop.models.order_list import OrderList as OrderList
    from shop.models.order_paid import OrderPaid as OrderPaid
    from shop.models.order_recipient import OrderRecipient as OrderRecipient
    from shop.models.order_state import OrderState as OrderState
    from shop.models.person import Person as Person
    from shop.models.price import Price as Price
    from shop.models.set_photo_request import SetPhotoRequest as SetPhotoRequest

__all__ = [
    "AsyncOrderList",
    "Company",
    "Event",
    "Labels",
    "Line",
    "Model",
    "NewOrder",
    "Order",
    "OrderClass",
    "OrderList",
    "OrderPaid",
    "OrderRecipient",
    "OrderState",
    "Person",
    "Price",
    "ResponseInfo",
    "SetPhotoRequest",
]

_MODULES = {
    "AsyncOrderList": "shop.models.order_list",
    "Company": "shop.models.company",
    "Event": "shop.models.event",
    "Labels": "shop.models.labels",
    "Line": "shop.models.line",
    "Model": "molam_overlays.schema.model",
    "NewOrder": "shop.models.new_order",
    "Order": "shop.models.order",
    "OrderClass": "shop.models.order",
    "OrderList": "shop.models.order_list",
    "OrderPaid": "shop.models.order_paid",
    "OrderRecipient": "shop.models.order_recipient",
    "OrderState": "shop.models.order_state",
    "Person": "shop.models.person",
    "Price": "shop.models.price",
    "ResponseInfo": "molam_overlays.outcome",
    "SetPhotoRequest": "shop.models.set_photo_request",
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
