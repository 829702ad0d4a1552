# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout list."""

from __future__ import annotations

from molam_overlays.calls.paging import AsyncPage, Page
from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Boolean
from molam_sdk.models.payout import Payout


class PayoutList(Page[Payout]):
    """One page of payouts, newest first."""

    data: list[Payout] = field(Array(Payout, max_items=100))
    """The payouts of this page."""
    has_more: bool = field(Boolean())
    """Whether more follow after this page."""


class AsyncPayoutList(AsyncPage[Payout]):
    """One page of payouts, newest first."""

    data: list[Payout] = field(Array(Payout, max_items=100))
    """The payouts of this page."""
    has_more: bool = field(Boolean())
    """Whether more follow after this page."""
