"""What is sent and answered has the sizes that the figures are stated for, and is what it says."""

from __future__ import annotations

from benchmarks import payload
from molam_sdk.models import CreatePaymentIntentRequest, PaymentIntent, PaymentIntentList


def test_sizes_are_those_the_figures_are_stated_for() -> None:
    assert len(payload.compact(payload.ORDER)) == 238
    assert len(payload.ANSWER) == 628
    assert len(payload.event()) == 1024


def test_every_field_of_a_payment_intent_is_answered_and_reads_typed() -> None:
    intent = PaymentIntent.from_dict(payload.PAYMENT)
    assert set(payload.PAYMENT) == set(PaymentIntent.__fields__)
    assert intent.created_at.year == 2025


def test_the_order_is_one_the_document_allows() -> None:
    assert CreatePaymentIntentRequest(**payload.ORDER).to_dict() == payload.ORDER


def test_a_page_holds_as_many_as_asked_for() -> None:
    import json

    page = PaymentIntentList.from_dict(json.loads(payload.page(100)))
    assert len({intent.id for intent in page.data}) == 100
