"""The age of a key, from all that a journal has of it."""

from __future__ import annotations

from typing import Any

import pytest

from molam_overlays.store.key_age import Use, age_of

HOUR = 3600.0
ACCOUNT = "https://api.molam.com 0123456789abcdef"
PATH = "/v1/treasury/payouts"


def use(hours: float | None, account: str = ACCOUNT, path: str = PATH, old: bool = False) -> Use:
    created = None if hours is None else 1000 * HOUR - hours * HOUR
    return Use(account=account, path=path, created=created, seen_old=old)


@pytest.mark.parametrize(
    ("uses", "hours", "fate"),
    [
        ([use(1)], 1, None),
        ([use(0)], 0, None),
        ([use(24)], 24, None),
        ([use(24.001)], 24.001, "too_old"),
        ([use(24.5), use(1)], 24.5, "too_old"),
        ([use(1), use(24.5)], 24.5, "too_old"),
        # Another API key of the same server: rotated in between, perhaps.
        ([use(1), use(24.5, "https://api.molam.com fedcba9876543210")], 24.5, "too_old"),
        ([use(1), use(24.5, "https://API.molam.com:443 fedcba9876543210")], 24.5, "too_old"),
        ([use(1), use(24.5, "https://staging-api.molam.com 0123456789abcdef")], 1, None),
        ([use(1), use(24.5, path="/v1/connect/refunds")], 1, None),
        ([use(1), use(24.5, path=f"{PATH}?trace=2")], 24.5, "too_old"),
        ([use(-5)], -5, "withheld"),
        ([use(-0.001)], -0.001, "withheld"),
        ([use(3), use(-5)], -5, "withheld"),
        ([use(30), use(-5)], 30, "too_old"),
        ([use(2), use(None)], 2, "withheld"),
        ([use(None)], 0, "withheld"),
        ([use(2, old=True)], 2, "too_old"),
    ],
)
def test_what_counts_is_the_first_use_of_the_key(
    uses: list[Use], hours: float, fate: str | None
) -> None:
    found = age_of(ACCOUNT, PATH, uses, 1000 * HOUR)
    assert found is not None
    assert (found.seconds, found.fate) == (pytest.approx(hours * HOUR), fate)


@pytest.mark.parametrize(("hours", "fate"), [(2, "withheld"), (30, "too_old")])
def test_a_clock_that_was_set_back_tells_nothing_but_what_is_old_anyway(
    hours: float, fate: str
) -> None:
    found = age_of(ACCOUNT, PATH, [use(hours)], 1000 * HOUR, set_back=True)
    assert found is not None
    assert found.fate == fate
    assert ("clock" in found.reason) == (fate == "withheld")


@pytest.mark.parametrize("account", ["", "live", "[::1 x", "http://[ y", "a b c"])
def test_any_account_is_one(account: Any) -> None:
    assert age_of(account, PATH, [use(1, account)], 1000 * HOUR) is not None


def test_a_key_without_a_use_has_no_age() -> None:
    assert age_of(ACCOUNT, PATH, [], 0.0) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://localhost k", "http://localhost:80 l", True),
        ("https://localhost k", "https://localhost:443 l", True),
        ("http://localhost k", "http://localhost:443 l", False),
        ("http://localhost:80 k", "http://localhost:81 l", False),
        ("http://localhost/a k", "http://localhost/b l", False),
        ("http://localhost k", "https://localhost l", False),
    ],
)
def test_a_server_is_one_however_its_port_is_written(one: str, other: str, same: bool) -> None:
    found = age_of(one, PATH, [use(1, other)], 1000 * HOUR)
    assert (found is not None) == same
