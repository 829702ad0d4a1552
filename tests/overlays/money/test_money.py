"""Amounts: exact or refused, never off by a hundred."""

from __future__ import annotations

import copy
import subprocess
import sys
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import iso4217
import pytest
from babel.core import Locale
from babel.localedata import locale_identifiers
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.errors import MolamError
from molam_overlays.money import currencies
from molam_overlays.money.amount import (
    CurrencyError,
    Money,
    MoneyError,
    format_money,
    from_minor_units,
    minor_unit_exponent,
    to_minor_units,
)

ROOT = Path(__file__).resolve().parents[3]
CURRENCY = st.sampled_from(sorted(currencies.EXPONENTS))


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (25, "USD", 2500),
        (2500, "XOF", 2500),
        (2500, "XAF", 2500),
        (1, "KWD", 1000),
        (Decimal("500.00"), "USD", 50000),
        (Decimal("500.000"), "USD", 50000),
        (Decimal("1.234"), "KWD", 1234),
        (Decimal("5E+2"), "XOF", 500),
        (Decimal("-0.05"), "USD", -5),
        (Decimal("-0"), "USD", 0),
        (500.00, "USD", 50000),
        (19.99, "USD", 1999),
        (0.29, "USD", 29),
        (2500.0, "XOF", 2500),
        ("19.99", "USD", 1999),
        ("007", "XOF", 7),
        ("-1.5", "USD", -150),
    ],
)
def test_major_units_become_minor_units(amount: Any, currency: str, minor: int) -> None:
    made = to_minor_units(amount, currency)
    assert made == minor
    assert type(made) is int


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        (2.675, "USD"),
        (0.1 + 0.2, "USD"),
        (0.5, "XOF"),
        (Decimal("25.001"), "USD"),
        (Decimal("1.2345"), "KWD"),
        (Decimal("1E-400"), "USD"),
        ("19.999", "USD"),
    ],
)
def test_an_amount_with_more_decimals_than_its_currency_is_refused(
    amount: Any, currency: str
) -> None:
    with pytest.raises(MoneyError, match=r"cannot be held exactly|more digits than a float"):
        to_minor_units(amount, currency)


@pytest.mark.parametrize(
    "amount",
    [
        True,
        None,
        b"1",
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        "",
        "1,50",
        "1_000",
        " 1",
        "1e3",
        "NaN",
        "٣",
        ".5",
        "1.",
        Decimal("1e999999"),
        10**30,
        90071992547409.93,
        123456789012345678.0,
        [1],
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_exact_amount_is_refused(amount: Any) -> None:
    with pytest.raises(MoneyError) as caught:
        to_minor_units(amount, "USD")
    assert isinstance(caught.value, MolamError)
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (2500, "USD", "25.00"),
        (2500, "XOF", "2500"),
        (5, "KWD", "0.005"),
        (-5, "USD", "-0.05"),
        (0, "USD", "0.00"),
    ],
)
def test_minor_units_become_a_decimal_with_every_decimal(
    minor: int, currency: str, text: str
) -> None:
    assert str(from_minor_units(minor, currency)) == text


@given(st.integers(-(10**29), 10**29), CURRENCY)
def test_minor_units_survive_the_round_trip(minor: int, currency: str) -> None:
    assert to_minor_units(from_minor_units(minor, currency), currency) == minor


@given(st.integers(-(10**12), 10**12), CURRENCY)
def test_a_float_that_prints_as_the_amount_is_that_amount(minor: int, currency: str) -> None:
    decimal = from_minor_units(minor, currency)
    if len(str(abs(minor))) <= 15:
        assert to_minor_units(float(decimal), currency) == minor


@given(st.integers(-(10**29), 10**29), CURRENCY)
def test_no_decimal_context_can_round(minor: int, currency: str) -> None:
    with localcontext(Context(prec=3)):
        assert to_minor_units(from_minor_units(minor, currency), currency) == minor


@pytest.mark.parametrize("minor", [1.0, Decimal(1), "1", True, None, 10**30])
def test_minor_units_are_an_int(minor: Any) -> None:
    with pytest.raises(MoneyError):
        from_minor_units(minor, "USD")
    with pytest.raises(MoneyError):
        Money(minor, "USD")


@pytest.mark.parametrize(
    "currency", ["usd", "", "US", "ZZZ", "XAU", "XXX", "XTS", "HRK", "FRF", None, 1]
)
def test_a_currency_that_is_not_in_use_is_refused(currency: Any) -> None:
    for call in (lambda: to_minor_units(1, currency), lambda: Money(1, currency)):
        with pytest.raises(CurrencyError, match="Unknown currency"):
            call()


def test_a_lower_case_code_is_told_the_right_one() -> None:
    with pytest.raises(CurrencyError, match=r"Did you mean 'USD'\?"):
        minor_unit_exponent("usd")


# --- Money ----------------------------------------------------------------------------------


def test_money_adds_subtracts_multiplies_and_negates() -> None:
    price = Money(1999, "USD")
    assert price + Money(1, "USD") == Money(2000, "USD")
    assert price - Money(2000, "USD") == Money(-1, "USD")
    assert price * 3 == 3 * price == Money(5997, "USD")
    assert -price == Money(-1999, "USD")
    assert abs(-price) == price
    assert sum([price, price]) == price * 2
    assert bool(price)
    assert not Money(0, "USD")


def test_money_compares_within_one_currency() -> None:
    assert Money(1, "USD") < Money(2, "USD") <= Money(2, "USD")
    assert Money(3, "USD") > Money(2, "USD") >= Money(2, "USD")
    assert Money(1, "USD") != Money(1, "EUR")
    assert len({Money(1, "USD"), Money(1, "USD"), Money(1, "EUR")}) == 2


@pytest.mark.parametrize(
    "operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"]
)
def test_arithmetic_across_currencies_is_refused(operation: str) -> None:
    with pytest.raises(CurrencyError, match="USD and XOF"):
        getattr(Money(1, "USD"), operation)(Money(1, "XOF"))


@pytest.mark.parametrize("other", [1, 1.5, Decimal(1), "1", None])
def test_arithmetic_with_bare_numbers_is_refused(other: Any) -> None:
    money = Money(1, "USD")
    for attempt in (
        lambda: money + other,
        lambda: money - other,
        lambda: money < other,
        lambda: money >= other,
        lambda: other + money,
    ):
        with pytest.raises(TypeError):
            attempt()


@pytest.mark.parametrize("times", [1.5, Decimal(2), True, "2"])
def test_money_multiplies_by_an_int_only(times: Any) -> None:
    with pytest.raises(TypeError):
        Money(1, "USD") * times


def test_money_comes_from_major_units_and_goes_back() -> None:
    money = Money.of(Decimal("500.00"), "USD")
    assert money.minor == 50000
    assert money.amount == Decimal("500.00")
    assert str(money) == "500.00 USD"
    assert str(Money.of(2500, "XOF")) == "2500 XOF"


def test_money_copies_and_does_not_change() -> None:
    money = Money(1, "USD")
    assert copy.deepcopy(money) == money
    with pytest.raises(AttributeError):
        money.minor = 2  # type: ignore[misc]


# --- display --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(2500, "USD"), "en", "USD 25.00"),
        (Money(125000, "XOF"), "fr", "125 000 XOF"),
        (Money(125000, "XOF"), "fr_SN", "125 000 XOF"),
        (Money(125000, "EUR"), "fr-CI", "1 250,00 EUR"),
        (Money(-125000, "EUR"), "de", "-1.250,00 EUR"),
        (Money(1234567800, "INR"), "en-IN", "INR 1,23,45,678.00"),
        (Money(-5, "USD"), "en_US.UTF-8", "-USD 0.05"),
        (Money(5, "KWD"), "EN-us", "USD 0.005".replace("USD", "KWD")),
    ],
)
def test_money_is_written_as_the_locale_writes_it(money: Money, locale: str, text: str) -> None:
    written = format_money(money, locale=locale)
    assert format_money(money.minor, money.currency, locale) == written
    assert written.replace("\xa0", " ").replace("\u202f", " ") == text


def test_digits_and_signs_are_those_of_cldr_in_every_locale() -> None:
    for locale in locale_identifiers():
        pattern = Locale.parse(locale).currency_formats["standard"].pattern.split(";")[0]
        number = pattern.replace("\xa4", "").strip("\xa0\u202f\u200e\u200f ")
        expected = format_decimal(Decimal("1234567.89"), number, locale, numbering_system="latn")
        assert expected in format_money(123456789, "USD", locale), locale


@pytest.mark.parametrize("locale", ["", "xx", "123", "-"])
def test_an_unknown_language_is_refused(locale: str) -> None:
    with pytest.raises(MoneyError, match="Unknown locale"):
        format_money(1, "USD", locale)


@pytest.mark.parametrize("amount", [Decimal("500.00"), 500.0, "500"])
def test_major_units_are_not_mistaken_for_minor_ones(amount: Any) -> None:
    with pytest.raises(MoneyError, match=r"Money\.of\(\)"):
        format_money(amount, "USD")
    assert format_money(Money.of(amount, "USD")) == "USD\xa0500.00"


def test_the_currency_is_told_once() -> None:
    assert format_money(Money(1, "USD"), "USD") == "USD\xa00.01"
    with pytest.raises(CurrencyError, match="in USD, not in XOF"):
        format_money(Money(1, "USD"), "XOF")
    with pytest.raises(CurrencyError, match="Unknown currency None"):
        format_money(1)


# --- the table ------------------------------------------------------------------------------


def test_exponents_are_those_iso_publishes() -> None:
    assert str(iso4217.__published__) == currencies.ISO_4217_EDITION
    for one in iso4217.Currency:
        assert currencies.EXPONENTS.get(one.code) == one.exponent
    assert [minor_unit_exponent(c) for c in ("XOF", "XAF", "USD", "KWD", "CLF")] == [0, 0, 2, 3, 4]


def test_the_table_is_what_its_script_writes() -> None:
    script = ROOT / "scripts" / "currencies"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_public_places_are_named() -> None:
    for public in (
        Money,
        MoneyError,
        CurrencyError,
        to_minor_units,
        from_minor_units,
        format_money,
    ):
        assert public.__module__ == "molam_sdk.money"
