from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.outcome import NO_RESPONSE
from molam_overlays.schema.digits import Origin
from molam_overlays.schema.jsontext import read
from molam_overlays.schema.model import Model
from molam_overlays.store.payload import decode, encode, fingerprint

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()))
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(documents)
def test_what_is_encoded_decodes_to_the_same(document: Any) -> None:
    text = encode(document)
    assert text.isascii()
    assert decode(text) == document


@pytest.mark.parametrize("text", ["1e999", "-1e99999", "1e9999999", "9" * 5000, "1.5e-9999999"])
def test_a_number_beyond_every_float_keeps_its_value(text: str) -> None:
    assert Decimal(encode(decode(f"[{text}]"))[1:-1]) == Decimal(text)
    assert fingerprint(decode(f"[{text}]")) != fingerprint(decode("[1]"))


@pytest.mark.parametrize("number", ["500.10", "1e99999999999999999999", "1e999", "0.10"])
def test_an_object_is_written_with_the_digits_that_it_came_with(number: str) -> None:
    came = f'{{"id":"po_1","name":"M\u00e9","amount":{number}}}'
    data, digits = read(came)
    payout = Model.__over__(data, Origin(NO_RESPONSE, digits))
    written = encode({"payout": payout})
    assert written.isascii()
    assert written == f'{{"payout":{came}}}'.replace("\u00e9", "\\u00e9")


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_keeps_its_value(amount: Decimal) -> None:
    found = decode(encode({"amount": amount}))["amount"]
    assert Decimal(repr(found) if isinstance(found, float) else found) == amount


@given(st.dictionaries(st.text(), documents))
def test_a_fingerprint_does_not_depend_on_the_order_of_names(body: dict[str, Any]) -> None:
    assert fingerprint(dict(reversed(body.items()))) == fingerprint(body)


@given(documents, documents)
def test_different_bodies_have_different_fingerprints(one: Any, other: Any) -> None:
    if isinstance(one, str) or isinstance(other, str):
        return  # text counts as a body's own bytes
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    if same:
        assert fingerprint(one) == fingerprint(other)
    elif one != other:
        assert fingerprint(one) != fingerprint(other)


class Counted:
    """As an integer of numpy."""

    def __index__(self) -> int:
        return 500


def test_numbers_count_by_value() -> None:
    same: list[Any] = [500, 500.0, Decimal("500.00"), Decimal("5E+2"), Counted()]
    assert len({fingerprint({"amount": amount}) for amount in same}) == 1
    assert fingerprint({"amount": True}) != fingerprint({"amount": 1})
    assert fingerprint({"amount": 0.0}) == fingerprint({"amount": -0.0})


def test_bytes_count_as_they_stand() -> None:
    assert fingerprint(b"a") == fingerprint("a") == fingerprint(bytearray(b"a"))
    assert fingerprint(b'{"a":1}') != fingerprint(b'{"a": 1}')


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({"a": [1, object()]}, TypeError, r"response\.a\[1\] is a object"),
        ({"a": {1: 2}}, TypeError, r"response\.a has the key 1"),
        (float("nan"), ValueError, "response is nan"),
        ([Decimal("Infinity")], ValueError, r"response\[0\] is Infinity"),
    ],
)
def test_what_is_not_json_is_refused_by_its_place(
    value: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        encode(value)


def test_what_nests_too_deeply_to_be_read_again_is_refused() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="nest"):
        encode(value)
