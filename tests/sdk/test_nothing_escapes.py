"""Whatever a value holds, it arrives in its place or is refused: through a real server."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molam_sdk import Config, MolamClient
from molam_sdk.exceptions import ValidationError

support: Any = sys.modules["sdk_support"]  # conftest.py
loopback = support.loopback

BODY = b'{"id":"x","status":"pending","data":[],"has_more":false}'
REFUSED = ["", ".", "..", "a\r\nb", "a\nX-Evil: 1", "\r", "\x00", "a\x1fb", "\x7f", "\ud800"]
CARRIED = [
    "ref_1", "a/b", "../../v1/treasury/payouts", "..;/x", "a?b=c", "a#b", "a%2Fb", "%2e%2e", "a b",
    " a ", "\u00a0", "\u2028", "\u0085", "\u4e2d\u6587", "\u0627", "\U0001f4b8", "a\\b", "a&b=c",
    "a+b", "a;b", "a,b", "a:b@c", "'\"<>{}|^`", "...", "a..", "~", "*", "a/./b",
]  # fmt: skip


def answer(c: Any) -> None:
    c.answer(200, BODY)


@pytest.mark.parametrize("value", CARRIED, ids=ascii)
def test_an_id_is_one_encoded_path_segment(value: str, make_api: Any, server: Any) -> None:
    server.act = answer
    make_api(api_base=server.url).retrieve_refund(value)
    (seen,) = server.seen
    assert seen.path.startswith("/v1/connect/refunds/")
    segments = seen.path.split("/")
    assert len(segments) == 5
    assert unquote(segments[4]) == value
    assert not set(segments[4]) & set("?#\\ ")


@pytest.mark.parametrize("value", REFUSED, ids=ascii)
def test_an_id_that_cannot_be_one_segment_is_refused(
    value: str, make_api: Any, server: Any
) -> None:
    server.act = answer
    with pytest.raises(ValidationError) as caught:
        make_api(api_base=server.url).retrieve_refund(value)
    assert set(caught.value.errors) == {"refund_id"}
    assert server.seen == []


@pytest.mark.parametrize("value", [*CARRIED, "..", ".", "a\r\nb", "a\nX-Evil: 1"], ids=ascii)
def test_a_query_value_is_one_value(value: str, make_api: Any, server: Any) -> None:
    server.act = answer
    make_api(api_base=server.url).list_payment_intents(limit=3, customer_id=value)
    (seen,) = server.seen
    assert seen.header("X-Evil") == []
    split = urlsplit(seen.path)
    assert split.path == "/v1/connect/payment_intents"
    assert dict(parse_qsl(split.query, keep_blank_values=True)) == {
        "limit": "3",
        "offset": "0",
        "customer_id": value,
    }


@pytest.mark.parametrize("name", ["X-Shop", "x-shop", "X_Shop", "X-1"])
def test_an_extra_header_arrives(name: str, make_api: Any, server: Any) -> None:
    server.act = answer
    make_api(api_base=server.url).retrieve_refund("ref_1", extra_headers={name: "a b; c=1"})
    assert server.seen[0].header(name) == ["a b; c=1"]


@pytest.mark.parametrize("name", ["user-agent", "User_Agent", "USER-AGENT"])
def test_a_name_that_servers_take_for_one_of_ours_replaces_it(
    name: str, make_api: Any, server: Any
) -> None:
    server.act = answer
    make_api(api_base=server.url).retrieve_refund("ref_1", extra_headers={name: "shop/1"})
    sent = [value for key, value in server.seen[0].headers if key.lower()[:4] == "user"]
    assert sent == ["shop/1"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Shop", "a\r\nX-Evil: 1"),
        ("X-Shop", "a\n"),
        ("X-Shop", "\u00e9"),
        ("X-Shop", "\x00"),
        ("X-Shop", " a"),
        ("X-Shop", 5),
        ("X Shop", "a"),
        ("X-Shop\r\nX-Evil", "a"),
        ("X-Shop:", "a"),
        ("", "a"),
        ("\u00e9", "a"),
        (5, "a"),
        ("Authorization", "Bearer sk_other"),
        ("authorization", "Bearer sk_other"),
        ("Idempotency-Key", "other"),
        ("Idempotency_Key", "other"),
        ("IDEMPOTENCY_key", "other"),
        ("Content_Type", "text/plain"),
        ("Transfer_Encoding", "chunked"),
        ("Host", "evil.test"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Content-Type", "text/plain"),
    ],
)
def test_an_extra_header_that_is_malformed_or_ours_is_refused(
    name: Any, value: Any, make_api: Any, server: Any
) -> None:
    server.act = answer
    api = make_api(api_base=server.url)
    with pytest.raises(ValidationError) as caught:
        api.retrieve_refund("ref_1", extra_headers={name: value})
    assert next(iter(caught.value.errors)).startswith("extra_headers")
    with pytest.raises(ValidationError):
        api.client.with_options(extra_headers={name: value})
    assert server.seen == []


@pytest.mark.parametrize("key", ["a\r\nX-Evil: 1", "a\nb", "\u00e9", "a\x00b", "", "k" * 129])
def test_a_key_that_is_no_header_value_is_refused(key: str, make_api: Any, server: Any) -> None:
    with pytest.raises(ValidationError):
        make_api(api_base=server.url).create_refund("ch_1", idempotency_key=key)
    assert server.seen == []


@pytest.mark.parametrize("key", ["k", "a b", "order/1?x=#%", "~" * 128, "'\";,:"])
def test_a_key_arrives_as_it_is(key: str, make_api: Any, server: Any) -> None:
    server.act = answer
    make_api(api_base=server.url).create_refund("ch_1", idempotency_key=key)
    assert server.seen[0].header("Idempotency-Key") == [key]


@pytest.mark.parametrize(
    "path",
    [
        "v1/x", "//evil.test/x", "https://evil.test/x", "/v1/../x", "/v1/%2e%2E/x", "/v1/.", "/v1/x?y",
        "/v1/x#y", "/v1/x y", "/v1/\u00e9", "/v1/x\r\nX-Evil: 1", "/v1\\x", "", None, 5, "/v1/./x",
    ],
)  # fmt: skip
def test_the_escape_hatch_takes_paths_only(path: Any, make_api: Any, server: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        make_api(api_base=server.url).request("POST", path, json={})
    assert set(caught.value.errors) == {"path"}
    assert server.seen == []


@pytest.mark.parametrize("value", CARRIED, ids=ascii)
def test_the_escape_hatch_keeps_query_values_in_place(
    value: str, make_api: Any, server: Any
) -> None:
    server.act = answer
    make_api(api_base=server.url).request("GET", "/v1/new", params={value: value, "l": [1, True]})
    (seen,) = server.seen
    pairs = parse_qsl(urlsplit(seen.path).query, keep_blank_values=True)
    assert pairs == [(value, value), ("l", "1"), ("l", "true")]


def test_bodies_arrive_as_the_json_they_are(make_api: Any, server: Any) -> None:
    server.act = answer
    metadata = {"a": '\u2028\u0000"\\\r\n', "\u4e2d": "\U0001f4b8", "n": 1.5, "t": True, "z": None}
    make_api(api_base=server.url).create_refund("ch_1", 5, metadata=metadata, idempotency_key="k")
    assert json.loads(server.seen[0].body)["metadata"] == metadata


class Echo:
    def send(self, **request: Any) -> Any:
        self.url = request["url"]
        return 200, BODY.decode(), {}


@given(st.text(min_size=1, max_size=30))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_one_segment_or_is_refused(text: str) -> None:
    adapter = Echo()
    client = MolamClient(Config(api_key="sk_test_1", api_base="http://localhost:1"), adapter)
    try:
        client.retrieve_refund(text)
    except ValidationError:
        assert not hasattr(adapter, "url")
        return
    path = adapter.url.removeprefix("http://localhost:1")
    head, _, segment = path.rpartition("/")
    assert head == "/v1/connect/refunds"
    assert unquote(segment) == text
    assert segment.isascii()
    assert segment not in (".", "..")
