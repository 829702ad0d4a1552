"""The sandbox over real sockets: faults as the wire knows them, webhooks, guards, controls."""

from __future__ import annotations

import http.client
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from molam_overlays.sandbox.clock import Clock
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.delivery import HttpPost
from molam_overlays.sandbox.server import AddressError, Server, address_of, listen
from molam_overlays.sandbox.state import State
from molam_overlays.webhook.signature import verify_signature

from .conftest import INTENTS, Visitor

BODY = {"amount": 2500, "currency": "USD"}


@attrs.define
class Running:
    core: Core
    port: int

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        **headers: str,
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        told = {"Authorization": "Bearer sk_test_1", "Content-Type": "application/json"}
        told.update({name.replace("_", "-"): value for name, value in headers.items()})
        content = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, content, told)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        status, _, content = self.ask(method, f"/_sandbox{path}", body)
        assert status == 200, content
        return json.loads(content)

    def count(self) -> int:
        return len(json.loads(self.ask("GET", INTENTS)[2])["data"])


@pytest.fixture
def running(contract: Contract) -> Iterator[Running]:
    listening = listen("127.0.0.1", 0)
    core = Core(contract, State(), Clock(), base_url=address_of(listening))
    post = HttpPost()
    server = Server(core, listening, post=post, version="0.0.0")
    server.start()
    yield Running(core, listening.getsockname()[1])
    server.stop()
    post.close()
    core.state.close()


def eventually(true: Any, what: str) -> None:
    """Wait for another thread; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def test_an_order_goes_through(running: Running) -> None:
    status, headers, content = running.ask("POST", INTENTS, BODY, Idempotency_Key="k")
    intent = json.loads(content)
    assert (status, headers["Content-Type"]) == (201, "application/json")
    assert headers["X-Request-Id"].startswith("req_")
    status, _, content = running.ask(
        "POST", f"{INTENTS}/{intent['id']}/confirm", {"payment_method": "pm_success"}
    )
    assert (status, json.loads(content)["status"]) == (200, "requires_capture")


def test_a_lost_response_is_a_reset_with_the_work_done(running: Running) -> None:
    with pytest.raises(ConnectionResetError):
        running.ask("POST", INTENTS, BODY, Idempotency_Key="k", Molam_Sandbox_Fault="lost_response")
    assert running.count() == 1
    status, headers, _ = running.ask("POST", INTENTS, BODY, Idempotency_Key="k")
    assert (status, headers["Idempotency-Replayed"]) == (201, "true")
    assert running.count() == 1


def test_a_reset_before_the_work_leaves_nothing(running: Running) -> None:
    with pytest.raises(ConnectionResetError):
        running.ask("POST", INTENTS, BODY, Molam_Sandbox_Fault="reset=before")
    assert running.count() == 0


def test_an_orderly_close_is_no_reset(running: Running) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        running.ask("POST", INTENTS, BODY, Molam_Sandbox_Fault="close=after")
    assert running.count() == 1


def test_a_truncated_body_ends_before_its_length(running: Running) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        running.ask("POST", INTENTS, BODY, Molam_Sandbox_Fault="truncate=20")
    assert len(caught.value.partial) == 20


def test_garbage_is_not_http(running: Running) -> None:
    with pytest.raises(http.client.BadStatusLine):
        running.ask("GET", INTENTS, Molam_Sandbox_Fault="garbage=http")
    status, headers, _ = running.ask("GET", INTENTS, Molam_Sandbox_Fault="garbage")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_a_body_drips_byte_by_byte(running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(
            f"GET {INTENTS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_test_1\r\n"
            "Molam-Sandbox-Fault: drip=0.3\r\nConnection: close\r\n\r\n".encode()
        )
        pieces = []
        while piece := client.recv(65536):
            pieces.append(piece)
    body = b"".join(pieces).partition(b"\r\n\r\n")[2]
    assert json.loads(body) == {"data": [], "has_more": False}
    assert len(pieces) > 5


def test_a_connection_is_kept_and_answers_are_prompt(running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    for _ in range(3):
        connection.request("GET", INTENTS, headers={"Authorization": "Bearer sk_test_1"})
        assert connection.getresponse().read()
    connection.close()
    accepted = listen("127.0.0.1", 0)
    assert accepted.proto == socket.IPPROTO_TCP, "else asyncio leaves Nagle on"
    accepted.close()


def test_a_call_in_flight_is_told_to_another(running: Running) -> None:
    outcomes: list[int] = []

    def slow() -> None:
        outcomes.append(
            running.ask(
                "POST", INTENTS, BODY, Idempotency_Key="k", Molam_Sandbox_Fault="latency=1"
            )[0]
        )

    thread = threading.Thread(target=slow)
    thread.start()
    eventually(
        lambda: running.core.state.row("SELECT 1 FROM keys") is not None, "the key is claimed"
    )
    status, _, content = running.ask("POST", INTENTS, BODY, Idempotency_Key="k")
    assert (status, json.loads(content)["error"]["code"]) == (409, "idempotency_in_flight")
    thread.join()
    assert outcomes == [201]
    assert running.ask("POST", INTENTS, BODY, Idempotency_Key="k")[0] == 201


def test_refunds_never_exceed_a_charge_over_many_connections(running: Running) -> None:
    intent = json.loads(running.ask("POST", INTENTS, {**BODY, "capture": True})[2])
    confirmed = running.ask("POST", f"{INTENTS}/{intent['id']}/confirm", {"payment_method": "pm_1"})
    charge = json.loads(confirmed[2])["charge_id"]
    outcomes: list[int] = []

    def refund() -> None:
        for _ in range(5):
            path = f"/v1/connect/charges/{charge}/refund"
            outcomes.append(running.ask("POST", path, {"amount": 200})[0])

    threads = [threading.Thread(target=refund) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count(201), len(outcomes)) == (12, 30)


# Webhooks


@attrs.define
class Receiver:
    url: str
    got: list[tuple[str, bytes]]
    answers: list[int]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    got: list[tuple[str, bytes]] = []
    answers: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.headers["Molam-Signature"], body))
            self.send_response(answers.pop(0) if answers else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Receiver(f"http://127.0.0.1:{server.server_port}/hook", got, answers)
    server.shutdown()
    thread.join()
    server.server_close()


def test_webhooks_arrive_signed_in_order(running: Running, receiver: Receiver) -> None:
    running.control("POST", "/subscriptions", {"url": receiver.url, "secret": "whsec_1"})
    intent = json.loads(running.ask("POST", INTENTS, {**BODY, "capture": True})[2])
    running.ask("POST", f"{INTENTS}/{intent['id']}/confirm", {"payment_method": "pm_1"})
    eventually(lambda: len(receiver.got) == 2, "two events")
    for header, body in receiver.got:
        assert verify_signature(header, body, "whsec_1")
    assert [json.loads(body)["type"] for _, body in receiver.got] == [
        "payment_intent.created",
        "payment_intent.succeeded",
    ]


def test_a_refused_webhook_is_retried_when_the_clock_says(
    running: Running, receiver: Receiver
) -> None:
    receiver.answers.extend([500, 204])
    running.control("POST", "/clock", {"frozen": True})
    running.control("POST", "/subscriptions", {"url": receiver.url})
    running.ask("POST", INTENTS, BODY)
    eventually(lambda: len(receiver.got) == 1, "the first try")
    running.control("POST", "/clock", {"advance_seconds": 5})
    eventually(lambda: len(receiver.got) == 2, "the second try")
    eventually(
        lambda: (
            running.control("GET", "/events")["data"][0]["deliveries"][0]["state"] == "delivered"
        ),
        "the outcome is noted",
    )
    (entry,) = running.control("GET", "/events")["data"]
    assert [each["status"] for each in entry["deliveries"][0]["attempts"]] == [500, 204]


def test_a_receiver_that_is_not_there_is_noted(running: Running) -> None:
    spare = listen("127.0.0.1", 0)
    url = address_of(spare)
    spare.close()
    running.control("POST", "/subscriptions", {"url": url})
    running.ask("POST", INTENTS, BODY)

    def attempts() -> list[Any]:
        found: list[Any] = running.control("GET", "/events")["data"][0]["deliveries"][0]["attempts"]
        return found

    eventually(attempts, "an attempt")
    assert attempts()[0]["status"] is None
    assert attempts()[0]["error"]


def test_time_passes_by_itself(running: Running) -> None:
    payout = json.loads(
        running.ask(
            "POST",
            "/v1/treasury/payouts",
            {
                "origin_module": "connect",
                "origin_entity_id": "m",
                "amount": 5,
                "currency": "USD",
                "beneficiary": {"type": "wallet", "wallet_id": "w"},
            },
        )[2]
    )
    running.control("POST", "/clock", {"advance_seconds": 3600})
    answer = running.ask("GET", f"/v1/treasury/payouts/{payout['id']}")[2]
    assert json.loads(answer)["status"] == "paid"


# Controls


def test_controls_say_what_there_is(running: Running) -> None:
    status = running.control("GET", "")
    assert status["base_url"] == f"http://127.0.0.1:{running.port}"
    assert "createRefund" in status["operations"]
    values = running.control("GET", "/values")["data"]
    assert {"field": "payment_method", "value": "pm_declined"}.items() <= values[1].items()


def test_faults_can_be_scripted_and_dropped(running: Running) -> None:
    running.control("POST", "/faults", {"script": "status=503, status=502"})
    assert running.ask("GET", INTENTS)[0] == 503
    assert running.control("GET", "/faults")["data"][0]["step"] == "status=502"
    running.control("DELETE", "/faults")
    assert running.ask("GET", INTENTS)[0] == 200


def test_the_clock_can_be_frozen_advanced_and_thawed(running: Running) -> None:
    frozen = running.control("POST", "/clock", {"frozen": True})
    assert frozen["frozen"] is True
    moved = running.control("POST", "/clock", {"advance_to": "2040-01-01T00:00:00Z"})
    assert moved["now"] == "2040-01-01T00:00:00Z"
    assert running.control("POST", "/clock", {"frozen": False})["frozen"] is False


def test_a_subscription_can_be_listed_rotated_and_ended(running: Running) -> None:
    made = running.control(
        "POST",
        "/subscriptions",
        {"url": "http://127.0.0.1:9/", "types": ["payout.paid"], "kid": "7"},
    )
    rotated = running.control("POST", f"/subscriptions/{made['id']}/rotate", {})
    assert [each["kid"] for each in rotated["secrets"]] == ["8", "7"]
    assert len(running.control("GET", "/subscriptions")["data"]) == 1
    running.control("DELETE", f"/subscriptions/{made['id']}")
    assert running.control("GET", "/subscriptions")["data"] == []


def test_everything_but_subscriptions_can_be_forgotten(running: Running) -> None:
    running.control("POST", "/subscriptions", {"url": "http://127.0.0.1:9/"})
    running.ask("POST", INTENTS, BODY, Idempotency_Key="k")
    running.control("POST", "/reset")
    assert running.count() == 0
    assert running.control("GET", "/events")["data"] == []
    assert len(running.control("GET", "/subscriptions")["data"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/clock", {"advance_seconds": -1}, 422),
        ("POST", "/clock", {"advance_seconds": "soon"}, 422),
        ("POST", "/clock", {"advance_to": "tomorrow"}, 422),
        ("POST", "/clock", {"frozen": "yes"}, 422),
        ("POST", "/clock", {"speed": 2}, 422),
        ("POST", "/clock", [], 422),
        ("POST", "/faults", {}, 422),
        ("POST", "/faults", {"script": "explode"}, 422),
        ("POST", "/faults", {"script": "Status=x"}, 422),
        ("POST", "/faults", {"script": "retry-after="}, 422),
        ("POST", "/subscriptions", {"url": "ftp://shop"}, 422),
        ("POST", "/subscriptions", {"url": "http://127.0.0.1:9/", "types": ["wish"]}, 422),
        ("POST", "/subscriptions", {"url": "http://127.0.0.1:9/", "kid": "a,b"}, 422),
        ("DELETE", "/subscriptions/sub_nowhere", None, 404),
        ("POST", "/events", {"type": "wish.granted"}, 422),
        ("POST", "/events/evt_nowhere/resend", None, 404),
        ("POST", "/payments/pi_nowhere/pay", None, 404),
    ],
)
def test_a_control_that_is_not_understood_says_why(
    running: Running, method: str, path: str, body: Any, status: int
) -> None:
    got, _, content = running.ask(method, f"/_sandbox{path}", body)
    assert got == status
    assert json.loads(content)["error"]


# Guards


FOREIGN = [
    {"Host": "evil.example"},
    {"Host": "localhost.evil.example:{port}"},
    {"Host": "127.0.0.1@evil.example"},
    {"Host": "[::1"},
    {"Host": "::1"},
    {"Host": "[::1]x:{port}"},
    {"Host": "localhost:port"},
    {"Host": "localhost:{port}:1"},
    {"Host": ""},
    {"Host": "h" * 5000},
    {"Host": "lo\u00e9calhost"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "[::1"},
    {"Origin": "http://[::1"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1:{port}/"},
    {"Origin": "http://127.0.0.1:{port}@evil.example"},
    {"Origin": "http://localhost:{port}"},
    {"Origin": "file://"},
    {"Origin": "o" * 5000},
    {"Origin": "http://\u00e9"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "what"},
]


@pytest.mark.parametrize("path", ["/_sandbox/reset", "/_sandbox/page/clock", "/pay/pi_1", INTENTS])
@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: str(headers)[:40])
def test_what_a_foreign_page_makes_a_browser_send_is_refused(
    running: Running, headers: dict[str, str], path: str
) -> None:
    told = {name: value.format(port=running.port) for name, value in headers.items()}
    assert running.ask("POST", path, **told)[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_its_own_pages_may_post(running: Running, host: str) -> None:
    own = f"{host}:{running.port}"
    for site in ("same-origin", "none"):
        told = {"Host": own, "Origin": f"http://{own}", "Sec-Fetch-Site": site}
        assert running.ask("POST", "/_sandbox/reset", **told)[0] == 200


def test_a_link_of_another_page_leads_to_the_checkout(running: Running) -> None:
    assert running.ask("GET", "/", **{"Sec-Fetch-Site": "cross-site"})[0] == 200


def test_a_sandbox_for_everyone_takes_posts_of_its_own_pages_only(contract: Contract) -> None:
    core = Core(contract, State(), Clock())
    client = Visitor(core, "http://box.example:4010", hosts=None)
    own = {"Origin": "http://box.example:4010"}
    assert client.post("/_sandbox/reset", headers=own).status_code == 200
    other = {"Origin": "http://box.example:3000"}
    assert client.post("/_sandbox/reset", headers=other).status_code == 403
    core.state.close()


ODD = {
    "nested too deep for a parser": b"[" * 100_000,
    "nested deeper than is read": b'{"data":' * 300 + b"1" + b"}" * 300,
    "as deep as is read": b'{"type":"payout.paid","data":' + b'{"a":' * 190 + b"1" + b"}" * 191,
    "not UTF-8": b"\xff",
    "half a pair": b'{"type":"payout.paid","data":{"id":"\\ud800"}}',
    "an exponent without end": b'{"advance_seconds":1e-99999999999999999999}',
    "many digits": b'{"advance_seconds":' + b"9" * 5000 + b"}",
    "a number for a name": b'{"script":"ok","operation":5}',
    "a list for a name": b'{"script":"ok","event":[]}',
    "lists for types": b'{"url":"http://127.0.0.1:9/","types":[[],{}]}',
    "a URL that is none": b'{"url":"http://[::1"}',
}


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_body_makes_the_sandbox_fail(contract: Contract, odd: str) -> None:
    core = Core(contract, State(), Clock(frozen=True))
    client = Visitor(core)
    told = {"Authorization": "Bearer sk_test_1"}
    for path in ("clock", "faults", "subscriptions", "events", "page/clock"):
        answer = client.post(f"/_sandbox/{path}", content=ODD[odd])
        assert answer.status_code < 500, path
    for operation in core.contract.document.operations:
        path = operation.template.replace("{", "").replace("}", "")
        answer = client.request(operation.method, path, content=ODD[odd], headers=told)
        assert answer.status_code < 500, path
    pages = [f"requests/{each['id']}" for each in core.requests(50)]
    pages += [f"events/{each['event']['id']}" for each in core.events(50)]
    for path in ("/", *(f"/_sandbox/page/{each}" for each in pages)):
        assert client.get(path).status_code == 200, path
    assert client.get("/_sandbox/requests").status_code == 200
    core.state.close()


def test_a_port_in_use_is_one_clear_line(running: Running) -> None:
    with pytest.raises(AddressError, match=f"Port {running.port} is in use"):
        listen("127.0.0.1", running.port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(AddressError, match="Cannot listen on"):
        listen("192.0.2.1", 0)
