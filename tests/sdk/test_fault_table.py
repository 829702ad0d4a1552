"""The fault table of the runtime's semantics, row by row, for both clients, on a real server.

What is asserted is what the server saw: how many requests, with which key and headers. Nothing
sleeps: pauses between attempts go to a fake clock, and attempts that time out are given 0.5 s.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import attrs
import pytest
import trustme

from molam_sdk.exceptions import (
    ApiError,
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    MolamError,
    NetworkError,
    NotFoundError,
    PaymentDeclinedError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TimeoutError,  # noqa: A004
)
from molam_sdk.http.adapter import AsyncHttpxAdapter, HttpxAdapter

loopback: Any = sys.modules["transport_server"]  # imported by conftest.py
RETRIES = 2
ALL = 1 + RETRIES
BODY = b'{"id":"pi_1","status":"succeeded"}'
Act = Callable[[Any], None]


def status(code: int, error: str = "", *fields: str, body: bytes | None = None) -> Act:
    content = json.dumps({"error": {"code": error, "message": "no"}}).encode()

    def act(c: Any) -> None:
        c.answer(code, content if body is None else body, *fields)

    return act


def deed(name: str) -> Act:
    def act(c: Any) -> None:
        loopback.DEEDS[name](c)

    return act


def cut_short(code: int) -> Act:
    def act(c: Any) -> None:
        c.answer(code, BODY, length=1000)
        c.hang_up()

    return act


def not_json(c: Any) -> None:
    c.answer(200, b"<html>captive portal</html>", "Content-Type: text/html")


def empty(c: Any) -> None:
    c.answer(201, b"")


def not_an_object(c: Any) -> None:
    c.answer(200, b'["pi_1"]', "Content-Type: application/json")


def too_deep(c: Any) -> None:
    c.answer(200, b'{"a":' * 5000 + b"1" + b"}" * 5000)


@attrs.frozen
class Row:
    name: str
    act: Act
    error: type[MolamError]
    get: int
    """Requests the server sees for a GET."""
    post: int
    """Requests the server sees for a POST with a key."""
    delivery: str = "maybe_processed"
    slow: bool = False


TABLE = [
    # reset, clean close, or an answer that is not HTTP, before a response
    Row("reset", deed("reset"), NetworkError, ALL, ALL),
    Row("clean close", deed("clean-close"), NetworkError, ALL, ALL),
    Row("not HTTP", deed("garbage"), NetworkError, ALL, ALL),
    # read timeout
    Row("stall", deed("stall"), TimeoutError, ALL, ALL, slow=True),
    Row("stall in the body", deed("stall-in-body"), TimeoutError, ALL, ALL, slow=True),
    Row("drip", deed("drip-body"), TimeoutError, ALL, ALL, slow=True),
    # 2xx whose body is cut short or is not what it announced
    Row("2xx cut short", cut_short(200), NetworkError, ALL, ALL),
    Row("201 cut short", cut_short(201), NetworkError, ALL, ALL),
    Row("2xx cut short by reset", deed("short-then-reset"), NetworkError, ALL, ALL),
    Row("2xx chunks cut short", deed("short-chunked"), NetworkError, ALL, ALL),
    Row("2xx bad chunk", deed("bad-chunk"), NetworkError, ALL, ALL),
    Row("2xx bad gzip", deed("bad-gzip"), NetworkError, ALL, ALL),
    Row("2xx half gzip", deed("half-gzip"), NetworkError, ALL, ALL),
    Row("2xx not JSON", not_json, NetworkError, ALL, ALL),
    Row("2xx empty", empty, NetworkError, ALL, ALL),
    Row("2xx not an object", not_an_object, NetworkError, ALL, ALL),
    Row("2xx nested without end", too_deep, NetworkError, ALL, ALL),
    # any other status with such a body: as its status says
    Row("402 cut short", cut_short(402), PaymentDeclinedError, 1, 1, "rejected"),
    Row("503 cut short", cut_short(503), ServerError, ALL, ALL),
    Row("402 bad gzip", deed("declined-bad-gzip"), PaymentDeclinedError, 1, 1, "rejected"),
    # statuses worth repeating
    Row("408", status(408), ApiError, ALL, ALL),
    Row("425", status(425), ApiError, ALL, ALL, "rejected"),
    Row("429", status(429), RateLimitError, ALL, ALL, "rejected"),
    *(Row(str(s), status(s), ServerError, ALL, ALL) for s in (500, 502, 503, 504, 506, 507, 599)),
    # 409
    Row("409 in flight", status(409, "idempotency_in_flight"), ConflictError, ALL, ALL),
    Row("409 wrong state", status(409, "wrong_state"), ConflictError, 1, 1, "rejected"),
    Row("409 without a body", status(409, body=b""), ConflictError, 1, 1, "rejected"),
    # every other 4xx; 501, 505
    Row("400", status(400), InvalidRequestError, 1, 1, "rejected"),
    Row("401", status(401), AuthenticationError, 1, 1, "rejected"),
    Row("402", status(402), PaymentDeclinedError, 1, 1, "rejected"),
    Row("403", status(403), PermissionDeniedError, 1, 1, "rejected"),
    Row("404", status(404), NotFoundError, 1, 1, "rejected"),
    Row("418", status(418), ApiError, 1, 1, "rejected"),
    Row("422", status(422), InvalidRequestError, 1, 1, "rejected"),
    Row("451", status(451), ApiError, 1, 1, "rejected"),
    Row("501", status(501), ServerError, 1, 1),
    Row("505", status(505), ServerError, 1, 1),
    # 1xx final, 3xx: never followed
    Row("100 and nothing more", deed("continue-and-close"), ApiError, 1, 1),
    Row("101", deed("switching"), ApiError, 1, 1),
    *(
        Row(str(s), status(s, "", "Location: http://127.0.0.1:1/x"), ApiError, 1, 1)
        for s in (301, 302, 303, 307, 308)
    ),
]


def make(make_api: Any, server: Any, flavour: str, row: Row | None = None, **config: Any) -> Any:
    patience = 0.5 if row is not None and row.slow else 10.0
    return make_api(api_base=server.url, max_retries=RETRIES, timeout=patience, **config)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_post_with_a_key(row: Row, make_api: Any, server: Any, flavour: str) -> None:
    server.act = row.act
    api = make(make_api, server, flavour, row)
    with pytest.raises(MolamError) as caught:
        api.create_payment_intent(2500, "USD", idempotency_key="order-1")
    error = caught.value
    assert len(server.seen) == row.post
    assert type(error) is row.error
    assert error.delivery == row.delivery
    assert error.idempotency_key == "order-1"
    assert len(error.attempts) == row.post
    assert [a.number for a in error.attempts] == list(range(1, row.post + 1))
    for request in server.seen:
        assert request.method == "POST"
        assert request.header("Idempotency-Key") == ["order-1"]
        assert request.header("Authorization") == ["Bearer sk_test_1"]
        assert request.header("Content-Type") == ["application/json"]
        assert request.body == server.seen[0].body
    assert len(api.clock.waited) == row.post - 1


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_get(row: Row, make_api: Any, server: Any, flavour: str) -> None:
    server.act = row.act
    api = make(make_api, server, flavour, row)
    with pytest.raises(MolamError) as caught:
        api.retrieve_payment_intent("pi_1")
    assert len(server.seen) == row.get
    assert type(caught.value) is row.error
    assert all(request.header("Idempotency-Key") == [] for request in server.seen)
    assert caught.value.idempotency_key is None


OF_WIRE = [row for row in TABLE if not row.name.isdigit() and not row.name.startswith("409")]


@pytest.mark.parametrize("row", OF_WIRE, ids=lambda row: row.name)
def test_post_through_a_client_of_httpx2(
    row: Row, make_api: Any, server: Any, flavour: str
) -> None:
    httpx2 = pytest.importorskip("httpx2", reason="needs Python 3.11")
    server.act = row.act
    asynchronous = flavour != "sync"
    client = httpx2.AsyncClient() if asynchronous else httpx2.Client()
    adapter: Any = (AsyncHttpxAdapter if asynchronous else HttpxAdapter)(client)
    api = make_api(adapter, api_base=server.url, max_retries=2, timeout=0.5 if row.slow else 10)
    with pytest.raises(MolamError) as caught:
        api.create_payment_intent(2500, "USD", idempotency_key="order-1")
    assert type(caught.value) is row.error
    assert caught.value.delivery == row.delivery
    assert [seen.header("Idempotency-Key") for seen in server.seen] == [["order-1"]] * row.post


@pytest.mark.parametrize("row", [row for row in TABLE if row.post > 1], ids=lambda row: row.name)
def test_a_fault_that_passes_is_not_seen_by_the_caller(
    row: Row, make_api: Any, server: Any, flavour: str
) -> None:
    def act(c: Any) -> None:
        (row.act if len(server.seen) < ALL else deed("ok"))(c)

    server.act = act
    api = make(make_api, server, flavour, row)
    payment = api.create_payment_intent(2500, "USD", idempotency_key="order-1")
    assert payment.status == "succeeded"
    assert len(server.seen) == ALL
    assert {request.header("Idempotency-Key")[0] for request in server.seen} == {"order-1"}
    assert [attempt.delivery for attempt in payment.response.attempts][-1] is None
    assert len(payment.response.attempts) == ALL


def test_a_minted_key_is_made_once_and_kept_for_every_attempt(
    make_api: Any, server: Any, flavour: str
) -> None:
    server.act = status(503)
    api = make(make_api, server, flavour)
    with pytest.raises(ServerError) as caught:
        api.create_refund("ch_1")
    keys = {request.header("Idempotency-Key")[0] for request in server.seen}
    assert keys == {caught.value.idempotency_key}
    assert len(server.seen) == ALL


CALLS: dict[str, Callable[[Any], Any]] = {
    "get": lambda api: api.retrieve_refund("ref_1"),
    "post": lambda api: api.create_refund("ch_1", idempotency_key="k"),
}


# No connection ------------------------------------------------------------------------------------


@contextmanager
def hangs_up_at_once() -> Iterator[int]:
    """A port where every connection is closed before a TLS handshake is done."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            connection, _ = listener.accept()
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        with socket.create_connection(("127.0.0.1", listener.getsockname()[1])):
            pass
        thread.join(5)
        listener.close()


@pytest.fixture
def refused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_refused_connection_is_repeated_and_nothing_was_sent(
    method: str, make_api: Any, refused_port: int
) -> None:
    api = make_api(api_base=f"http://127.0.0.1:{refused_port}", max_retries=RETRIES)
    with pytest.raises(NetworkError) as caught:
        CALLS[method](api)
    assert caught.value.delivery == "not_sent"
    assert len(caught.value.attempts) == ALL


def test_a_name_that_does_not_resolve_is_repeated_and_nothing_was_sent(make_api: Any) -> None:
    api = make_api(api_base="https://molam.invalid", max_retries=1)
    with pytest.raises(NetworkError, match="resolved") as caught:
        api.create_refund("ch_1", idempotency_key="k")
    assert caught.value.delivery == "not_sent"
    assert len(caught.value.attempts) == 2


def test_a_handshake_cut_off_is_repeated_and_nothing_was_sent(make_api: Any) -> None:
    with hangs_up_at_once() as port:
        api = make_api(api_base=f"https://127.0.0.1:{port}", max_retries=RETRIES)
        with pytest.raises(NetworkError) as caught:
            api.create_refund("ch_1", idempotency_key="k")
    assert caught.value.delivery == "not_sent"
    assert len(caught.value.attempts) == ALL


def test_waiting_for_a_connection_in_vain_is_repeated_and_nothing_was_sent(
    make_api: Any, server: Any, flavour: str
) -> None:
    if flavour != "sync":
        pytest.skip("the pool is one code for both; its async waiting has its own tests")
    server.act = deed("stall")
    adapter = HttpxAdapter(max_connections=1)
    api = make_api(adapter, api_base=server.url, max_retries=0, timeout=5.0)

    def hold() -> None:
        with contextlib.suppress(TimeoutError):
            api.retrieve_refund("ref_1", timeout=1.5)

    holder = threading.Thread(target=hold)
    holder.start()
    server.wait_until(lambda: len(server.seen) == 1)
    with pytest.raises(TimeoutError) as caught:
        api.create_refund("ch_1", idempotency_key="k", timeout=0.1, max_retries=RETRIES)
    assert caught.value.delivery == "not_sent"
    assert len(caught.value.attempts) == ALL
    assert len(server.seen) == 1
    holder.join()


@pytest.mark.parametrize(
    ("issued_for", "trusted", "says"),
    [("127.0.0.1", False, "not trusted"), ("shop.example", True, "not for")],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_certificate_that_is_wrong_is_never_repeated(
    issued_for: str, trusted: bool, says: str, method: str, make_api: Any, flavour: str
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (authority if trusted else stranger).issue_cert(issued_for).configure_cert(context)
    verify = ssl.create_default_context()
    authority.configure_trust(verify)
    kind = HttpxAdapter if flavour == "sync" else AsyncHttpxAdapter
    with loopback.Server(tls=context) as server:
        api = make_api(kind(verify=verify), api_base=server.url, max_retries=RETRIES)
        with pytest.raises(NetworkError, match=says) as caught:
            CALLS[method](api)
    assert "127.0.0.1" in str(caught.value)
    assert caught.value.delivery == "not_sent"
    assert len(caught.value.attempts) == 1
    assert server.seen == []


# Redirects ----------------------------------------------------------------------------------------


def test_the_key_never_leaves_for_another_host(make_api: Any, server: Any, flavour: str) -> None:
    with loopback.Server() as elsewhere:
        elsewhere.act = deed("ok")
        server.act = status(307, "", f"Location: {elsewhere.url}/v1/connect/payment_intents")
        api = make(make_api, server, flavour)
        with pytest.raises(ApiError, match="never followed") as caught:
            api.create_payment_intent(1, "USD", idempotency_key="k")
        assert elsewhere.seen == []
        assert elsewhere.connections == 0
    assert caught.value.status_code == 307
    assert len(server.seen) == 1


# Retry-After --------------------------------------------------------------------------------------


def when(seconds: float) -> Callable[[Any], str]:
    return lambda clock: format_datetime(clock.now() + timedelta(seconds=seconds), usegmt=True)


RETRY_AFTER = [
    ("seconds", "7", 7.0),
    ("a date", when(9), 9.0),
    ("below the backoff", "0", None),
    ("nonsense", "soon", None),
    ("a fraction", "1.5", None),
    ("negative", "-5", None),
    ("a past date", when(-30), None),
    ("twice", "3, 9", None),
    ("at the limit", "60", 60.0),
]


@pytest.mark.parametrize(("name", "value", "floor"), RETRY_AFTER, ids=lambda v: str(v)[:12])
@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_a_floor_under_the_backoff(
    name: str, value: Any, floor: float | None, code: int, make_api: Any, server: Any, flavour: str
) -> None:
    api = make(make_api, server, flavour)
    text = value(api.clock) if callable(value) else value
    server.act = status(code, "", f"Retry-After: {text}")
    with pytest.raises(ApiError):
        api.create_refund("ch_1", idempotency_key="k", max_retries=1)
    (waited,) = api.clock.waited
    assert waited == pytest.approx(0.5 * 0.9995 if floor is None else floor)
    assert len(server.seen) == 2


@pytest.mark.parametrize("value", ["61", "86400", "99999999999999999999", when(7200)])
def test_a_server_that_asks_for_more_than_a_minute_is_not_slept_through(
    value: Any, make_api: Any, server: Any, flavour: str
) -> None:
    api = make(make_api, server, flavour)
    text = value(api.clock) if callable(value) else value
    server.act = status(429, "", f"Retry-After: {text}")
    with pytest.raises(RateLimitError) as caught:
        api.create_refund("ch_1", idempotency_key="k")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 60
    assert api.clock.waited == []
    assert len(server.seen) == 1


# A method that is neither safe nor keyed is not in the document; its rule is in test_call.py.


def test_a_request_without_a_body_says_so(make_api: Any, server: Any, flavour: str) -> None:
    server.act = deed("ok")
    make(make_api, server, flavour).cancel_payment_intent("pi_1", idempotency_key="k")
    assert server.seen[0].header("Content-Length") == ["0"]
    assert server.seen[0].header("Content-Type") == []


def test_a_response_beyond_the_limit_is_refused_and_never_repeated(
    make_api: Any, server: Any, flavour: str
) -> None:
    server.act = deed("bomb")
    kind = HttpxAdapter if flavour == "sync" else AsyncHttpxAdapter
    api = make_api(kind(max_response_bytes=100_000), api_base=server.url)
    with pytest.raises(NetworkError, match="larger than 100000 bytes") as caught:
        api.create_refund("ch_1", idempotency_key="k")
    assert caught.value.delivery == "maybe_processed"
    assert len(server.seen) == 1
