"""Reuse of connections and everything `send` promises, for the blocking and the async adapter."""

from __future__ import annotations

import gc
import json
import sys
from typing import Any

import httpx
import pytest
import respx

from molam_overlays.errors import ClientClosedError, ConfigurationError
from molam_overlays.transport import (
    httpx_async,
    httpx_sync,
    lines_async,
    lines_sync,
    wire_async,
    wire_sync,
)
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request

BODY = b'{"id":"pi_1","status":"succeeded"}'


def test_calls_one_after_the_other_share_a_connection(server: Any, make: Any) -> None:
    caller = make()
    for path in ("ok", "chunked", "empty", "gzipped", "redirect", "early-hints", "ok"):
        caller.post(f"{server.url}/{path}")
    assert {seen.connection for seen in server.seen} == {1}


def test_what_was_sent_is_what_arrives(server: Any, make: Any) -> None:
    make().post(f"{server.url}/v1/ok?limit=10", b'{"amount":1}')
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/ok?limit=10", b'{"amount":1}')
    assert seen.header("Host") == [f"127.0.0.1:{server.port}"]
    assert seen.header("Content-Length") == ["12"]
    assert seen.header("Authorization") == ["Bearer sk_test_canary"]
    assert seen.header("Idempotency-Key") == ["molam-1"]
    assert seen.header("Accept-Encoding") == ["gzip, deflate"]


def test_a_get_has_no_body_and_an_empty_post_says_so(server: Any, make: Any) -> None:
    caller = make()
    caller.get(f"{server.url}/ok")
    caller.exchange(Request("POST", f"{server.url}/ok", {}))
    assert [seen.header("Content-Length") for seen in server.seen] == [[], ["0"]]


def test_framing_headers_of_the_caller_are_ours(server: Any, make: Any) -> None:
    headers = {"Host": "elsewhere", "Content-Length": "999", "Accept-Encoding": "br"}
    make().exchange(Request("POST", f"{server.url}/ok", headers, b"{}"))
    (seen,) = server.seen
    assert seen.header("Host") == [f"127.0.0.1:{server.port}"]
    assert seen.header("Content-Length") == ["2"]
    assert seen.header("Accept-Encoding") == ["gzip, deflate"]


def test_a_connection_the_server_has_closed_is_noticed_before_a_post(
    server: Any, make: Any
) -> None:
    caller = make()
    caller.post(f"{server.url}/ok")
    server.drop_connections()
    server.wait_until(lambda: not server.open)
    assert caller.post(f"{server.url}/ok").content == BODY
    assert [seen.connection for seen in server.seen] == [1, 2]


def test_an_old_connection_is_not_used_again(
    server: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    for module in (httpx_sync, httpx_async, lines_sync, lines_async, wire_sync, wire_async):
        monkeypatch.setattr(module, "clock", lambda: now[0])
    caller = make(keepalive_expiry=30)
    caller.post(f"{server.url}/ok")
    now[0] += 29
    caller.post(f"{server.url}/ok")
    now[0] += 31
    caller.post(f"{server.url}/ok")
    assert [seen.connection for seen in server.seen] == [1, 1, 2]


def test_a_closed_adapter_says_so_and_closes_twice(server: Any, make: Any) -> None:
    caller = make()
    caller.post(f"{server.url}/ok")
    caller.close()
    caller.close()
    with pytest.raises(ClientClosedError):
        caller.post(f"{server.url}/ok")
    assert len(server.seen) == 1


def test_a_client_of_ones_own_stays_open(server: Any, make: Any, own: str) -> None:
    caller = make(own=own)
    caller.post(f"{server.url}/ok")
    caller.close()
    assert not caller.adapter._client.is_closed


def test_a_closed_client_of_ones_own_says_so(server: Any, make: Any, own: str) -> None:
    caller = make(own=own)
    client = caller.adapter._client
    caller.run(getattr(client, "aclose", None) or client.close)
    with pytest.raises(ClientClosedError):
        caller.post(f"{server.url}/ok")


def test_hooks_of_ones_own_client_are_called(server: Any, make: Any, own: str) -> None:
    caller = make(own=own)
    client = caller.adapter._client
    called: list[int] = []
    if make.flavour == "sync":
        client.event_hooks = {"response": [lambda response: called.append(response.status_code)]}
    else:

        async def note(response: httpx.Response) -> None:
            called.append(response.status_code)

        client.event_hooks = {"response": [note]}
    assert caller.post(f"{server.url}/ok").content == BODY
    assert called == [200]


def test_settings_of_ones_own_client_do_not_reach_the_request(
    server: Any, make: Any, own: str
) -> None:
    caller = make(own=own)
    client = caller.adapter._client
    client.headers["Authorization"] = "Bearer other"
    client.auth = ("user", "password")
    client.cookies.set("session", "1")
    client.follow_redirects = True
    client.timeout = 0.0001
    assert caller.post(f"{server.url}/redirect").status == 307
    (seen,) = server.seen
    assert seen.header("Authorization") == ["Bearer sk_test_canary"]
    assert seen.header("Cookie") == []


def test_send_takes_json_and_returns_status_text_and_headers(server: Any, make: Any) -> None:
    caller = make()
    arguments = {"method": "POST", "url": f"{server.url}/echo", "headers": {}, "json": {"a": "é"}}
    status, text, headers = caller.run(lambda: caller.adapter.send(**arguments))
    assert (status, json.loads(text), headers["x-request-id"]) == (200, {"a": "é"}, "req_1")
    assert server.seen[0].header("Content-Type") == ["application/json"]


def test_respx_answers_for_the_server(make: Any) -> None:
    caller = make()
    with respx.mock:
        route = respx.post("https://api.molam.com/v1/x").respond(201, json={"a": 1})
        response = caller.post("https://api.molam.com/v1/x", b'{"amount":1}')
        again = caller.post("https://api.molam.com/v1/x")
    assert (response.status, json.loads(response.content)) == (201, {"a": 1})
    assert again.status == 201
    assert route.calls[0].request.content == b'{"amount":1}'
    assert route.calls[0].request.headers["Idempotency-Key"] == "molam-1"


@pytest.mark.parametrize(
    ("fault", "delivery"),
    [
        (httpx.ConnectError("x"), "not_sent"),
        (httpx.ConnectTimeout("x"), "not_sent"),
        (httpx.PoolTimeout("x"), "not_sent"),
        (httpx.ReadTimeout("x"), "maybe_processed"),
        (httpx.ReadError("x"), "maybe_processed"),
    ],
)
def test_respx_fails_for_the_network(make: Any, fault: Exception, delivery: str) -> None:
    caller = make()
    with respx.mock:
        respx.post("https://api.molam.com/v1/x").mock(side_effect=fault)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the table is in test_faults
            caller.post("https://api.molam.com/v1/x")
    assert caught.value.delivery == delivery  # type: ignore[attr-defined]


def test_http2_without_its_package_says_what_to_install(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h2", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'httpx\[http2\]'"):
        make(http2=True)


@pytest.mark.parametrize("library", ["", "httpx", "httpx2"])
@pytest.mark.parametrize("cyclic", [False, True])
def test_nobody_is_warned_of_sockets_because_he_forgot_to_close(
    server: Any, library: str, cyclic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = pytest.importorskip(library).Client() if library else None
    adapter: Any = HttpxAdapter(client)
    if cyclic:
        adapter.itself = adapter
    adapter.exchange(Request("POST", f"{server.url}/ok", {}, b"{}", None, 5))
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    del adapter, client
    gc.collect()
    assert told == []
