"""Parameters as OpenAPI writes them, and nothing out of its place."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.message.parameters import Parameter
from molam_overlays.message.styles import (
    cookie_pairs,
    header_problem,
    header_value,
    path_segment,
    query_pairs,
)
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.types import Problems

LIST = ["blue", "black", "brown"]
DICT = {"R": 100, "G": 200, "B": 150}


def parameter(location: Any, **how: Any) -> Parameter:
    return Parameter("color", location, AnyValue(), **how)


# OpenAPI 3.1.1, "Style Examples".
@pytest.mark.parametrize(
    ("style", "explode", "text", "array", "mapping"),
    [
        ("matrix", False, ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"),
        ("matrix", True, ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"),
        ("label", False, ".blue", ".blue,black,brown", ".R,100,G,200,B,150"),
        ("label", True, ".blue", ".blue.black.brown", ".R=100.G=200.B=150"),
        ("simple", False, "blue", "blue,black,brown", "R,100,G,200,B,150"),
        ("simple", True, "blue", "blue,black,brown", "R=100,G=200,B=150"),
    ],
)  # fmt: skip
def test_path_styles(style: Any, explode: bool, text: str, array: str, mapping: str) -> None:
    made = parameter("path", style=style, explode=explode)
    problems: Problems = {}
    assert path_segment(made, "blue", problems) == text
    assert path_segment(made, LIST, problems) == array
    assert path_segment(made, DICT, problems) == mapping
    assert problems == {}


@pytest.mark.parametrize(
    ("style", "explode", "array", "mapping"),
    [
        ("form", False, "color=blue,black,brown", "color=R,100,G,200,B,150"),
        ("form", True, "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
        ("spaceDelimited", False, "color=blue%20black%20brown", None),
        ("pipeDelimited", False, "color=blue%7Cblack%7Cbrown", None),
        ("deepObject", True, None, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
    ],
)
def test_query_styles(style: Any, explode: bool, array: str | None, mapping: str | None) -> None:
    made = parameter("query", style=style, explode=explode)
    assert "&".join(query_pairs(made, "blue")) == "color=blue"
    if array is not None:
        assert "&".join(query_pairs(made, LIST)) == array
    if mapping is not None:
        assert "&".join(query_pairs(made, DICT)) == mapping


def test_a_list_in_an_exploded_object_repeats_its_name() -> None:
    value = {"page": 1, "sort": ["a,b", "c"], "none": [], "deep": [{"d": 1}]}
    pairs = list(query_pairs(parameter("query"), value))
    assert pairs == ["page=1", "sort=a%2Cb", "sort=c", "deep=%5B%7B%22d%22%3A1%7D%5D"]


def test_deep_objects_may_be_deep() -> None:
    made = parameter("query", style="deepObject", explode=True)
    pairs = "&".join(query_pairs(made, {"a": {"b": [1, 2]}, "c&d": "e=f"}))
    assert parse_qsl(pairs) == [
        ("color[a][b][0]", "1"), ("color[a][b][1]", "2"), ("color[c&d]", "e=f")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (1, "1"), (1.5, "1.5"), (1e22, "1e%2B22"), ("\u00e9", "%C3%A9"),
     ("a b", "a%20b"), ("", "")],
)  # fmt: skip
def test_scalars_in_a_query(value: Any, text: str) -> None:
    assert list(query_pairs(parameter("query"), value)) == [f"color={text}"]


def test_json_parameters() -> None:
    made = parameter("query", json=True)
    (pair,) = query_pairs(made, {"a": [1, "\u00e9&"]})
    assert unquote(pair) == 'color={"a":[1,"\u00e9&"]}'
    assert "&" not in pair
    assert unquote(path_segment(parameter("path", json=True), {"a": "/"}, {})) == '{"a":"/"}'
    assert "/" not in path_segment(parameter("path", json=True), {"a": "/"}, {})
    assert header_value(parameter("header", json=True), {"a": 1}, {}) == '{"a":1}'


def test_allow_reserved_leaves_what_cannot_be_mistaken() -> None:
    made = parameter("query", allow_reserved=True)
    (pair,) = query_pairs(made, "https://x/y?z,;!$'()*@:#&=+[]")
    assert pair == "color=https://x/y?z,;!$'()*@:%23%26%3D%2B%5B%5D"


@given(st.text(), st.booleans())
def test_a_query_value_never_leaves_its_pair(text: str, reserved: bool) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    (pair,) = query_pairs(parameter("query", allow_reserved=reserved), text)
    assert parse_qsl(pair, keep_blank_values=True) == [("color", text)]
    assert pair.isascii()


@pytest.mark.parametrize("style", ["simple", "label", "matrix"])
@pytest.mark.parametrize("value", ["a/b", ["a/b", "?#"], {"k/": "v?"}])
@pytest.mark.parametrize("explode", [False, True])
def test_a_path_parameter_is_one_segment_in_every_style(
    style: Any, value: Any, explode: bool
) -> None:
    made = parameter("path", style=style, explode=explode, allow_reserved=True)
    assert not set(path_segment(made, value, {})) & set("/?#")


@pytest.mark.parametrize(
    ("style", "value"),
    [("simple", ""), ("simple", "."), ("simple", ".."), ("simple", "a\nb"), ("simple", []),
     ("simple", [".."]), ("label", "."), ("label", ""), ("simple", [""])],
)  # fmt: skip
def test_a_path_parameter_that_is_no_segment_is_refused(style: Any, value: Any) -> None:
    problems: Problems = {}
    path_segment(parameter("path", style=style), value, problems)
    assert set(problems) == {"color"}


@pytest.mark.parametrize(
    ("value", "explode", "text"),
    [
        ("blue", False, "blue"),
        (LIST, False, "blue,black,brown"),
        (DICT, False, "R,100,G,200,B,150"),
        (DICT, True, "R=100,G=200,B=150"),
        (True, False, "true"),
    ],
)
def test_headers(value: Any, explode: bool, text: str) -> None:
    problems: Problems = {}
    assert header_value(parameter("header", explode=explode), value, problems) == text
    assert problems == {}


@pytest.mark.parametrize(
    "value", ["a\r\nb", "a\n", "\u00e9", " a", "a ", "a\tb", "\x00", ["a,b"], {"a,": "b"}]
)
def test_a_header_that_would_leave_its_line_is_refused(value: Any) -> None:
    problems: Problems = {}
    header_value(parameter("header"), value, problems)
    assert set(problems) == {"color"}
    assert "a" not in (header_problem("fine") or "")


def test_cookies() -> None:
    assert list(cookie_pairs(parameter("cookie"), "a; b=c")) == ["color=a%3B%20b%3Dc"]
    assert list(cookie_pairs(parameter("cookie", explode=False), LIST)) == [
        "color=blue,black,brown"
    ]
