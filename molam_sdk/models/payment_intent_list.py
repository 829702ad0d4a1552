# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent list."""

from __future__ import annotations

from molam_overlays.calls.paging import AsyncPage, Page
from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Boolean
from molam_sdk.models.payment_intent import PaymentIntent


class PaymentIntentList(Page[PaymentIntent]):
    """One page of payment intents, newest first."""

    data: list[PaymentIntent] = field(Array(PaymentIntent, max_items=100))
    """The payment intents of this page."""
    has_more: bool = field(Boolean())
    """Whether more follow after this page."""


class AsyncPaymentIntentList(AsyncPage[PaymentIntent]):
    """One page of payment intents, newest first."""

    data: list[PaymentIntent] = field(Array(PaymentIntent, max_items=100))
    """The payment intents of this page."""
    has_more: bool = field(Boolean())
    """Whether more follow after this page."""
