"""Money that cannot be off by a hundred.

Payment intents and refunds count integer minor units, payouts decimal major units, and how many
decimals lie between the two depends on the currency: none for XOF, two for USD, three for KWD (ISO
4217). Nothing here rounds: an amount either fits its currency or is refused.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Final, cast

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.errors import MolamError
from molam_overlays.frames import sealed
from molam_overlays.integers import whole
from molam_overlays.money.currencies import EXPONENTS, FORMATS, Format

# A float of at most 15 significant digits reads back as the number that was written (DBL_DIG).
_FLOAT_DIGITS: Final = 15
# Far beyond any sum of money; keeps a Decimal such as 1e999999 from filling the memory.
_MAX_DIGITS: Final = 30
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


class MoneyError(MolamError, ValueError):
    """An amount cannot be held exactly, or amounts cannot be combined."""


class CurrencyError(MoneyError):
    """A currency is unknown to ISO 4217, or two currencies differ."""


def minor_unit_exponent(currency: str) -> int:
    """Return how many decimals a currency has: 0 for XOF, 2 for USD, 3 for KWD (ISO 4217).

    Codes that are no longer in use have none, nor have metals and test codes.

    Raises:
        CurrencyError: ISO 4217 knows no such currency. Codes are upper case.
    """
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        meant = str(currency).strip().upper()
        hint = f" Did you mean {meant!r}?" if meant in EXPONENTS else ""
        raise CurrencyError(
            f"Unknown currency {currency!r:.40}. Expected a code of ISO 4217 that is in use, "
            f"such as 'XOF' or 'USD'.{hint}"
        )
    return exponent


def to_minor_units(amount: Decimal | float | str, currency: str) -> int:
    """Return an amount of major units as minor units: 25 USD is 2500, 25 XOF is 25.

    Args:
        amount: in major units. Text is digits with at most one full stop. A float counts as the
            number it prints as, if it has at most 15 significant digits.
        currency: the ISO 4217 code.

    Raises:
        MoneyError: the currency has fewer decimals than the amount, or the amount is no number.
        CurrencyError: the currency is unknown.
    """
    exponent = minor_unit_exponent(currency)
    sign, digits, scale = _exact(amount).as_tuple()
    assert isinstance(scale, int)
    coefficient = int("".join(map(str, digits)))
    minor: int
    shift = scale + exponent
    if shift >= 0:
        minor = coefficient * 10**shift
    else:
        # More zeros than digits leave a remainder whatever their number.
        minor, lost = divmod(coefficient, 10 ** min(-shift, len(digits) + 1))
        if lost:
            raise MoneyError(
                f"{amount!s:.60} {currency} cannot be held exactly: {currency} has {exponent} "
                "decimals. Round it first, the way your books do."
            )
    return -minor if sign else minor


def _checked_minor(minor: object) -> int:
    count = whole(minor)
    if count is None:
        raise MoneyError(
            f"Minor units are an int, got {type(minor).__name__} {minor!s:.40}. For major units use "
            "Money.of() or to_minor_units()."
        )
    if abs(count) >= 10**_MAX_DIGITS:
        raise MoneyError(f"An amount has at most {_MAX_DIGITS} digits.")
    return count


def from_minor_units(minor: int, currency: str) -> Decimal:
    """Return minor units as a decimal amount: 2500 of USD is ``25.00``, of XOF ``2500``.

    Raises:
        MoneyError: `minor` is not an int.
        CurrencyError: the currency is unknown.
    """
    exponent = minor_unit_exponent(currency)
    minor = _checked_minor(minor)
    # From digits, not by division: no decimal context can round this.
    return Decimal((int(minor < 0), tuple(map(int, str(abs(minor)))), -exponent))


def _check_currency(_: object, __: object, currency: str) -> None:
    minor_unit_exponent(currency)


@attrs.frozen(order=False)
class Money:
    """An exact amount in one currency.

    Adds, subtracts, negates, compares, and multiplies by an int; never across currencies. ``sum()``
    works. Prints as ``25.00 USD``.
    """

    minor: int = attrs.field(converter=_checked_minor)
    """The amount in minor units, as on payment intents and refunds."""
    currency: str = attrs.field(validator=_check_currency)
    """The ISO 4217 code."""

    @classmethod
    def of(cls, amount: Decimal | float | str, currency: str) -> Money:
        """Make it from major units, as on payouts; see `to_minor_units`."""
        return cls(to_minor_units(amount, currency), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with all decimals of the currency."""
        return from_minor_units(self.minor, self.currency)

    def _minor_of(self, other: Money, action: str) -> int:
        if not isinstance(cast("object", other), Money):
            raise TypeError(
                f"Cannot {action} Money and {type(other).__name__}; both must be Money."
            )
        if other.currency != self.currency:
            raise CurrencyError(
                f"Cannot {action} {self.currency} and {other.currency}. Convert one of them first, "
                "at a rate you choose."
            )
        return other.minor

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._minor_of(other, "add"), self.currency)

    def __radd__(self, other: int) -> Money:
        # sum() starts at 0.
        return self if type(other) is int and other == 0 else NotImplemented

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._minor_of(other, "subtract"), self.currency)

    def __mul__(self, times: int) -> Money:
        if isinstance(times, bool) or not isinstance(cast("object", times), int):
            raise TypeError(f"Money multiplies by an int only, got {type(times).__name__}.")
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._minor_of(other, "compare")

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._minor_of(other, "compare")

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._minor_of(other, "compare")

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._minor_of(other, "compare")

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


sealed(Money)  # a half-built one has no repr; not as a decorator, for mypy's sake


def format_money(amount: int | Money, currency: str | None = None, locale: str = "en") -> str:
    """Return an amount as a locale writes it, with the currency's code: ``1 250,00 EUR`` in fr.

    The code stands in place of a symbol, since ``$`` is the sign of some twenty currencies. Signs,
    groups, order and spaces are those of Unicode CLDR (the spaces do not break lines); digits are
    Latin. A locale that CLDR does not list is written as its language is.

    Args:
        amount: minor units, as on payment intents and refunds, or a `Money`. For major units, as
            on payouts, give ``Money.of(payout.amount, payout.currency)``.
        currency: the ISO 4217 code of minor units; a `Money` has its own.
        locale: such as ``fr`` or ``fr-SN``.

    Raises:
        MoneyError: the amount is no int, or CLDR knows no such language.
        CurrencyError: the currency is unknown, or another than the `Money`'s.
    """
    if isinstance(amount, Money):
        money = amount
        if currency not in (None, money.currency):
            raise CurrencyError(f"The amount is in {money.currency}, not in {currency!s:.40}.")
    else:
        money = Money(amount, cast("str", currency))
    decimal, group, positive, negative, sizes = _format_of(locale)
    prefix, suffix = negative if money.minor < 0 else positive
    whole, _, fraction = str(abs(money).amount).partition(".")
    number = _grouped(whole, group, sizes) + (decimal + fraction if fraction else "")
    # CLDR puts a space between a code and a digit where the pattern has none (currencySpacing).
    before = prefix.replace("\xa4", money.currency)
    after = suffix.replace("\xa4", money.currency)
    gap_before = "\xa0" if prefix.endswith("\xa4") else ""
    gap_after = "\xa0" if suffix.startswith("\xa4") else ""
    return f"{before}{gap_before}{number}{gap_after}{after}"


def _grouped(whole: str, group: str, sizes: tuple[int, int]) -> str:
    nearest, others = sizes
    groups = [whole[-nearest:]]
    rest = whole[:-nearest]
    while rest:
        groups.append(rest[-others:])
        rest = rest[:-others]
    return group.join(reversed(groups))


@cache
def _formats() -> dict[str, Format]:
    return {tag.lower(): how for how, tags in FORMATS for tag in tags.split()}


def _format_of(locale: str) -> Format:
    tag = locale.split(".")[0].replace("_", "-").lower()
    while True:
        found = _formats().get(tag)
        if found is not None:
            return found
        if "-" not in tag:
            raise MoneyError(
                f"Unknown locale {locale!r:.40}. Expected a language, or language and territory, "
                "such as 'fr' or 'fr-SN'."
            )
        tag = tag.rpartition("-")[0]


def _exact(amount: object) -> Decimal:
    """Return the number that was meant, exactly."""
    count = whole(amount)
    if count is None and not isinstance(amount, (Decimal, float, str)):
        raise MoneyError(
            f"An amount is a Decimal, int, float or text, got {type(amount).__name__}."
        )
    if isinstance(amount, str):
        if not _PLAIN_NUMBER.fullmatch(amount):
            raise MoneyError(f"{amount!r:.60} is not an amount. Expected digits, such as '25.00'.")
        number = Decimal(amount)
    elif isinstance(amount, float):
        number = Decimal(repr(float(amount)))
        if number.is_finite() and len(number.normalize().as_tuple().digits) > _FLOAT_DIGITS:
            raise MoneyError(
                f"The float {amount!r} has more digits than a float holds reliably. Pass a Decimal "
                "or text."
            )
    else:
        number = amount if isinstance(amount, Decimal) else Decimal(count or 0)
    if not number.is_finite():
        raise MoneyError(f"{amount!s:.40} is not an amount.")
    if number.adjusted() >= _MAX_DIGITS:
        raise MoneyError(f"An amount has at most {_MAX_DIGITS} digits.")
    return number


at_home(
    "molam_sdk.money",
    MoneyError,
    CurrencyError,
    Money,
    minor_unit_exponent,
    to_minor_units,
    from_minor_units,
    format_money,
)
