"""JSON text: no digit lost, none invented, and bounded."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.schema.digits import exact_decimal, from_order, in_order, plain_copy
from molam_overlays.schema.jsontext import MAX_NESTING, dumps, dumps_exact, loads, read

NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?\Z").filter(
    lambda number: number != "-0"  # an int, to Python
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)


@given(NUMBERS)
def test_every_number_is_written_with_the_digits_it_came_as(number: str) -> None:
    text = f'{{"n":[{number},{number}]}}'
    data, digits = read(text)
    assert exact_decimal(data["n"][1], digits) == Decimal(number)
    assert dumps_exact(data, digits) == text
    assert dumps_exact(plain_copy(data), digits) == text
    pickled = pickle.loads(pickle.dumps((data, in_order(data, digits))))
    assert dumps_exact(pickled[0], from_order(*pickled)) == text
    assert type(data["n"][0]) in (int, float, Decimal)


@given(VALUES)
def test_it_reads_as_the_standard_library_does(value: Any) -> None:
    text = json.dumps(value)
    assert loads(text) == loads(text.encode()) == json.loads(text)
    assert json.loads(dumps(value) if "\\ud" not in text else text) == value
    assert loads(dumps_exact(value, {})) == value


def test_many_numbers_are_written_in_one_pass() -> None:
    text = "[" + ",".join(f"{n}.00" for n in range(20_000)) + "]"
    assert dumps_exact(*read(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "[1,]", "{'a':1}", "NaN", "[Infinity]", "-Infinity", "01", "1.", "\x00", "nul",
     '{"a":1} x', '"\n"', "[1}", "\ufeff\ufeff{}"],
)  # fmt: skip
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads(text)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        loads(b'{"a":"\xff"}')


def test_one_byte_order_mark_is_overlooked() -> None:
    assert loads(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize("digits", [4300, 4301, 100_000])
def test_whole_numbers_of_any_length_are_read_and_written_as_they_came(digits: int) -> None:
    text = f'{{"id":"pi_1","n":{"9" * digits}}}'
    data = loads(text)
    assert data["id"] == "pi_1"
    if digits > 4300:
        assert dumps_exact(*read(text)) == text


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_nesting_is_bounded(opening: str, closing: str) -> None:
    levels = len(opening.replace('"a":', ""))
    allowed = MAX_NESTING // levels
    assert loads(opening * allowed + "1" + closing * allowed) is not None
    for count in (allowed + 1, 5 * allowed, 100_000):
        with pytest.raises(ValueError, match="nested deeper than 200"):
            loads(opening * count + "1" + closing * count)
        with pytest.raises(ValueError, match=r".+"):
            loads(opening * count)


def test_deep_nesting_is_found_beside_wide_nesting_and_brackets_in_text() -> None:
    wide = ",".join(['{"a":[1,{}]}'] * 500)
    deep = "[" * 250 + "]" * 250
    assert loads(f"[{wide}]")
    assert loads('["' + "[" * 500 + '"]')
    for text in (f"[{wide},{deep}]", f"[{deep},{wide}]", f'["]]]]{{{{",{deep}]'):
        with pytest.raises(ValueError, match="nested deeper"):
            loads(text)


def test_a_lone_surrogate_stays_escaped() -> None:
    text = '{"a":"\\ud800x","b":"\u00e9"}'
    assert dumps_exact(*read(text)) == text
    assert dumps_exact(*read(text)).encode()


def test_text_that_looks_like_a_placeholder_is_left_alone() -> None:
    text = '{"a":"\ue0001.0\ue001","n":1.00}'
    assert dumps_exact(*read(text)) == text


def test_digits_of_one_text_stay_with_it_in_threads() -> None:
    """Readers are shared out: none may serve two texts at once."""

    def read_one(number: int) -> bool:
        text = "[" + ",".join([f"{number}.10"] * 50) + "]"
        return all(dumps_exact(*read(text)) == text for _ in range(50))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read_one, range(32)))


def test_a_text_that_fails_leaves_nothing_to_the_next() -> None:
    with pytest.raises(ValueError, match=r".+"):
        read("[1.10, 2.20, x]")
    assert read("[1.5]") == ([1.5], {})
