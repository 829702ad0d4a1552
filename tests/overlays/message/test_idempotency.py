"""Keys: their shape, and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.errors import MolamError, ValidationError
from molam_overlays.message.idempotency import check_idempotency_key, make_idempotency_key

PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)


def test_a_new_key_holds_the_milliseconds_and_24_random_hex_digits() -> None:
    key = make_idempotency_key(clock=lambda: 1705420800000, randomness=lambda n: b"\xab" * n)
    assert key == "molam-1705420800000-" + "ab" * 12


def test_a_new_key_has_the_promised_shape_by_default() -> None:
    assert re.fullmatch(r"molam-\d{13}-[0-9a-f]{24}", make_idempotency_key())
    assert re.fullmatch(r"molam-\d{13}-[0-9a-f]{24}", make_idempotency_key(None))


def test_new_keys_differ_within_one_millisecond() -> None:
    keys = {make_idempotency_key(clock=lambda: 1) for _ in range(1000)}
    assert len(keys) == 1000


@given(st.text(PRINTABLE, min_size=1, max_size=128))
def test_a_provided_key_is_returned_as_it_is(key: str) -> None:
    assert make_idempotency_key(key) == key


def test_a_space_within_a_key_is_kept() -> None:
    assert make_idempotency_key("order 17") == "order 17"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x" * 129,
        "a\nb",
        "a\r\nX-Evil: 1",
        "clé",
        "a\x00",
        "a\x7f",
        "\t",
        " a",
        "a ",
        " ",
        17,
        b"a",
        True,
    ],
)
def test_a_provided_key_that_the_api_would_not_take_is_refused(key: object) -> None:
    with pytest.raises(ValueError, match="idempotency_key") as caught:
        make_idempotency_key(key)  # type: ignore[arg-type]
    assert isinstance(caught.value, ValidationError)
    assert isinstance(caught.value, MolamError)
    assert list(caught.value.errors) == ["idempotency_key"]


def test_128_characters_are_accepted() -> None:
    assert check_idempotency_key("x" * 128) == "x" * 128


def test_the_public_place_is_named() -> None:
    assert make_idempotency_key.__module__ == "molam_sdk.utils.idempotency"
