"""Money as users import it."""

from __future__ import annotations

import pickle

from molam_sdk.exceptions import MolamError
from molam_sdk.money import CurrencyError, Money


def test_money_pickles_under_its_public_name() -> None:
    pickled = pickle.dumps(Money(2500, "USD"))
    assert b"molam_sdk.money" in pickled
    assert b"molam_overlays" not in pickled
    assert pickle.loads(pickled) == Money(2500, "USD")


def test_its_errors_are_of_the_sdk_and_pickle() -> None:
    error = pickle.loads(pickle.dumps(CurrencyError("Unknown currency 'ZZZ'.")))
    assert isinstance(error, MolamError)
    assert isinstance(error, ValueError)
    assert str(error) == "Unknown currency 'ZZZ'."
