"""Integers of other libraries, everywhere one is taken."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from molam_overlays.config import Config, check_retries, check_seconds
from molam_overlays.money.amount import Money, from_minor_units, to_minor_units
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.formats import DecimalText
from molam_overlays.schema.numbers import Integer, Number
from molam_overlays.schema.types import Problems, Type
from molam_overlays.store.payload import encode
from molam_overlays.webhook.signature import generate_signature, verify_signature


class Counted:
    """As numpy's: an integer by ``__index__`` alone."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __index__(self) -> int:
        return self.number


FIVE: Any = Counted(5)


@pytest.mark.parametrize(
    ("declared", "wire"),
    [(Integer(), 5), (Number(), 5), (Number(multiple_of="0.01"), 5), (AnyValue(), 5),
     (DecimalText(), "5")],
)  # fmt: skip
def test_the_document_takes_them(declared: Type, wire: Any) -> None:
    problems: Problems = {}
    encoded = declared.encode(FIVE, "amount", problems)
    assert not problems
    assert encoded == wire
    assert type(encoded) is type(wire)


@pytest.mark.parametrize("declared", [Integer(), Number()])
def test_limits_hold_for_them(declared: Type) -> None:
    problems: Problems = {}
    type(declared)(minimum=6).encode(FIVE, "amount", problems)  # type: ignore[call-arg]
    assert problems == {"amount": "must be at least 6"}


def test_so_does_the_rest() -> None:
    assert to_minor_units(FIVE, "USD") == 500
    assert from_minor_units(FIVE, "USD") == Decimal("0.05")
    assert Money.of(FIVE, "USD").minor == 500
    assert check_retries(FIVE) == 5
    assert check_seconds("timeout", FIVE) == 5.0
    assert Config(api_key="sk_test_x", max_retries=FIVE).max_retries == 5
    assert encode({"n": FIVE}) == '{"n":5}'
    signed = generate_signature(b"{}", "whsec")
    assert verify_signature(signed, b"{}", "whsec", tolerance_ms=Counted(60_000))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [True, False, 5.0, "5", None, object()])
def test_nothing_else_is_one(value: Any) -> None:
    problems: Problems = {}
    Integer().encode(value, "n", problems)
    assert problems
