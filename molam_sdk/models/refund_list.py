# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Refund list."""

from __future__ import annotations

from molam_overlays.calls.paging import AsyncPage, Page
from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import field
from molam_overlays.schema.texts import Boolean
from molam_sdk.models.refund import Refund


class RefundList(Page[Refund]):
    """One page of refunds, newest first."""

    data: list[Refund] = field(Array(Refund, max_items=100))
    """The refunds of this page."""
    has_more: bool = field(Boolean())
    """Whether more follow after this page."""


class AsyncRefundList(AsyncPage[Refund]):
    """One page of refunds, newest first."""

    data: list[Refund] = field(Array(Refund, max_items=100))
    """The refunds of this page."""
    has_more: bool = field(Boolean())
    """Whether more follow after this page."""
