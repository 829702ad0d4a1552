"""The pages over HTTP: what they show, where they lead, what their buttons do. No scripts."""

from __future__ import annotations

import re
import socket
import threading
from typing import Any
from urllib.parse import urlencode

import pytest

from molam_overlays.sandbox.life import LIVES
from molam_overlays.sandbox.pages.steps import steps_of
from tests.sandbox.conftest import INTENTS

from .visits import EVIL, PAGE, Site, Tags


def test_the_home_page_shows_what_is_new(site: Site) -> None:
    site.core.outbox.subscribe("http://127.0.0.1:9/hook", "whsec_1")
    intent = site.paid(description="Order 1042")
    site.post(f"/v1/connect/charges/{intent['charge_id']}/refund", {"amount": 500}, key="key-7")
    status, headers, page = site.visit("/")
    assert status == 200
    for expected in [
        intent["id"],
        "Order 1042",
        "USD\u00a025.00",
        "partly refunded",
        "key-7",
        "payment_intent.succeeded",
        "http://127.0.0.1:9/hook",
        "9.9.9",
    ]:
        assert expected in page, expected
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "sk_test" not in page


def test_an_empty_home_page_says_what_to_do(site: Site) -> None:
    page = site.visit("/")[2]
    assert "None yet." in page
    assert "--webhook-url" in page
    assert f"MOLAM_API_BASE={site.url}" in page


def test_every_page_is_whole_and_every_link_leads_somewhere(site: Site) -> None:
    """Follow all links from all kinds of pages: nothing is missing, nothing fails."""
    paths = site.a_day()
    seen: set[str] = set()
    waiting = list(paths.values())
    while waiting:
        path = waiting.pop().partition("#")[0]
        if path in seen or not path.startswith("/"):
            continue
        seen.add(path)
        status, headers, text = site.visit(path)
        assert status == (404 if path == paths["missing"] else 200), path
        if headers.get_content_type() == "text/html":
            tags = Tags(text)
            assert len(tags.all("html", "lang")) == 1
            ids = [value for _, attrs in tags.tags if (value := attrs.get("id"))]
            assert len(ids) == len(set(ids)), path
            assert not re.search(r"<[^>]+ (style|on\w+)=", text), path
            waiting += tags.all("a", "href") + tags.all("link", "href")
    assert len(seen) > 60
    # Visits are no requests of the API.
    assert {each["path"].split("/")[1] for each in site.core.requests(1000)} == {"v1"}


@pytest.mark.parametrize(
    "path", ["/favicon.ico", "/apple-touch-icon.png", "/robots.txt", f"{PAGE}/icon.svg"]
)
def test_what_browsers_ask_for_is_not_logged(site: Site, path: str) -> None:
    status = site.visit(path)[0]
    assert status == (200 if "icon." in path and "apple" not in path else 404)
    assert site.core.requests(10) == []


def test_merchants_texts_stay_text(site: Site) -> None:
    intent = site.intent(description=EVIL, metadata={EVIL: EVIL}, customer_id=EVIL[:100])
    site.confirm(intent, EVIL)
    site.get(f"{INTENTS}?customer_id={EVIL[:20]}".replace(" ", "%20"), key=EVIL[:50])
    waiting = site.intent(description=EVIL)
    site.confirm(waiting, None)
    pages = [
        "/",
        f"/pay/{waiting['id']}",
        f"{PAGE}/payment_intent/{intent['id']}",
        f"{PAGE}/requests",
        f"{PAGE}/payment_intent?{urlencode({'q': EVIL})}",
        *(f"{PAGE}/requests/{each['id']}" for each in site.core.requests(10)),
        *(f"{PAGE}/events/{each['event']['id']}" for each in site.core.events(10)),
        f"{PAGE}/faults?{urlencode({'script': EVIL})}",
        f"{PAGE}/try/createPaymentIntent?{urlencode({'description': EVIL})}",
    ]
    for path in pages:
        text = site.visit(path)[2]
        tags = Tags(text)
        assert not {tag for tag, _ in tags.tags} & {"img", "iframe", "object"}, path
        assert set(tags.all("script", "src")) <= {f"{PAGE}/live.js"}
        assert text.count("<script") == len(tags.all("script", "src"))
        assert not any(name.startswith("on") for _, attrs in tags.tags for name in attrs), path
    assert "{{7*7}}" in site.visit("/")[2]


# One thing and all that happened to it


def test_a_payment_tells_its_whole_story_in_order(site: Site) -> None:
    paths = site.a_day()
    page = site.visit(paths["payment"])[2]
    story = page[page.index("What happened") : page.index("As the API shows it")]
    order = [
        "createPaymentIntent",
        "Made:",
        "payment_intent.created",
        "order-1042-card-1",
        "card_declined",
        "order-1042-card-2",
        "fault: status=503",
        "fault: lost_response",
        "replayed",
        " charge",
        "payment_intent.succeeded",
        "http://localhost:8000/webhooks",
        "retrievePaymentIntent",
        "refund-1",
        "refund.created",
        "refund.succeeded",
    ]
    place = 0
    for word in order:
        place = story.index(word, place)
    assert story.count("Attempt 3") == 1, "a retry stands beside its original"
    assert "partly refunded" in page
    assert "USD\u00a05.00" in page


def test_what_comes_next_is_told_by_the_sandboxs_clock(site: Site) -> None:
    paths = site.a_day()
    page = site.visit(paths["held"])[2]
    assert "cancel: canceled" in page
    assert re.search(r"in 6 d 23 h", page)
    until = re.findall(r'name="until" value="(\d+)"', page)[0]
    assert site.visit(f"{PAGE}/clock", {"until": until, "back": paths["held"]})[0] == 303
    assert site.of(paths["held"].rpartition("/")[2]).body["status"] == "canceled"
    site.deliver()
    assert "Nothing more happens by itself." in site.visit(paths["held"])[2]


def tried(site: Site, id_: str, times: int) -> None:
    """Wait until the first event of an object was sent so often."""
    while len(site.core.search.events_of(id_)[0]["deliveries"][0]["attempts"]) < times:
        threading.Event().wait(0.01)


def test_a_delivery_that_is_tried_again_is_on_the_axis(site: Site) -> None:
    answers = iter([500, 204, 204])
    site.server._dispatcher._post = lambda *_: next(answers)
    site.core.outbox.subscribe("http://localhost:8000/webhooks", "whsec_1")
    intent = site.intent()
    path = f"{PAGE}/payment_intent/{intent['id']}"
    tried(site, intent["id"], 1)
    assert "attempt 2, to" in site.visit(path)[2]
    event = site.core.search.events_of(intent["id"])[0]["event"]["id"]
    assert "next " in site.visit(f"{PAGE}/events/{event}")[2]
    site.visit(f"{PAGE}/clock", {"step": "next", "back": path})
    tried(site, intent["id"], 2)
    page = site.visit(path)[2]
    assert page.index(">500<") < page.index("attempt 1 of") < page.index("attempt 2 of")


def test_the_picture_shows_the_way_and_leads_on(site: Site) -> None:
    paths = site.a_day()
    page = site.visit(paths["held"])[2]
    drawn = page[page.index("<svg") : page.index("</svg>")]
    assert 'class="state now"' in drawn
    assert re.findall(r'class="label taken">(\w+)<', drawn) == ["authorise"]
    tags = Tags(drawn)
    assert sorted(tags.all("a", "href")) == ["#do-cancel", "#do-capture"]
    assert 'id="do-capture"' in page


@pytest.mark.parametrize(
    ("start", "actions", "status"),
    [
        ("intent", ["challenge", "authorise", "capture"], "succeeded"),
        ("intent", ["challenge", "fail"], "failed"),
        ("intent", ["challenge", "cancel"], "canceled"),
        ("intent", ["refuse", "process", "authorise", "cancel"], "canceled"),
        ("intent", ["process", "fail"], "failed"),
        ("capturing", ["charge"], "succeeded"),
        ("payout", ["cancel"], "canceled"),
        ("payout", ["start", "send", "pay", "reverse"], "reversed"),
        ("payout", ["start", "fail"], "failed"),
        ("refund", ["settle"], "succeeded"),
        ("refund", ["fail"], "failed"),
    ],
)
def test_a_person_leads_an_object_through_its_life(
    site: Site, start: str, actions: list[str], status: str
) -> None:
    made: Any = {
        "intent": lambda: site.intent(),
        "capturing": lambda: site.intent(capture=True),
        "payout": lambda: site.payout().body,
        "refund": lambda: site.post(f"/v1/connect/charges/{site.paid()['charge_id']}/refund").body,
    }[start]()
    kind = site.of(made["id"]).kind
    path = f"{PAGE}/{kind}/{made['id']}"
    for action in actions:
        assert f'id="do-{action}"' in site.visit(path)[2]
        assert site.visit(f"{path}/{action}", {})[0] == 303
    thing = site.of(made["id"])
    assert thing.body["status"] == status
    way = [each["action"] for each in thing.hidden["history"]]
    assert way == ["create", *actions]
    assert site.visit(f"{path}/{actions[0]}", {})[0] == 409
    assert site.visit(f"{PAGE}/{kind}/nowhere/{actions[0]}", {})[0] == 404


def test_every_transition_of_every_life_has_a_button(site: Site) -> None:
    """No state is left without what its table says can come next."""
    for kind, life in LIVES.items():
        made = site.payout().body if kind == "payout" else site.intent(capture=True)
        thing = site.of(made["id"])
        for status in dict.fromkeys(before for before, _ in life):
            thing.body["status"] = status
            if kind == "refund":
                continue
            expected = {action for before, action in life if before == status} - {"authorise"}
            assert {each.action for each in steps_of(thing)} == expected


# Lists


def test_lists_are_searched_and_filtered(site: Site) -> None:
    paths = site.a_day()
    intent = paths["payment"].rpartition("/")[2]
    other = site.core.search.accounts()[1]

    def found(list_: str, **query: str) -> int:
        text = site.visit(f"{PAGE}/{list_}?{urlencode(query)}")[2]
        return text.count("<tr>") - 1 if "<tbody>" in text else 0

    assert found("payment_intent") == 3
    assert found("payment_intent", q=intent) == 1
    assert found("payment_intent", q="order 1042-a") == 1, "words are looked for in metadata"
    assert found("payment_intent", q="25.00") == 1
    assert found("payment_intent", q="2500") == 1
    assert found("payment_intent", q="100%") == 0
    assert found("payment_intent", q="Order", status="requires_capture") == 1
    assert found("payment_intent", account=other) == 1
    assert found("payout", time="5 min") == 1
    assert found("requests", key="order-1042-card-2") == 3
    assert found("requests", key="order-1042-card-2", status="5xx") == 1
    assert found("requests", status="4xx") == 1
    assert found("requests", type="createRefund") == 1
    assert found("requests", q="Commande") == 2
    assert found("events", type="payout.reversed") == 1
    assert found("events", q="Commande") == 2
    assert found("events", status="delivered", q="payout.rev") <= 1
    site.advance(86_400)
    assert found("payout", time="hour") == 0
    assert "Nothing matches." in site.visit(f"{PAGE}/payout?time=hour")[2]


def test_long_lists_have_pages(site: Site) -> None:
    for number in range(30):
        site.intent(description=f"Order {number:02}")
    first = site.visit(f"{PAGE}/payment_intent?q=Order")[2]
    assert ("Order 29" in first, "Order 05" in first, "Order 04" in first) == (True, True, False)
    older = next(url for url in Tags(first).all("a", "href") if "page=2" in url)
    second = site.visit(older)[2]
    assert "Order 04" in second
    assert "Order 00" in second
    assert "Older" not in second
    assert site.visit(f"{PAGE}/payment_intent?page=nonsense")[0] == 200


def test_accounts_are_told_apart(site: Site) -> None:
    site.a_day()
    page = site.visit(f"{PAGE}/payment_intent")[2]
    assert page.count(">Account B<") >= 1
    assert page.count(">Account A<") >= 2


# Requests


def test_an_unknown_field_is_shown_with_what_may_be_meant(site: Site) -> None:
    site.post(INTENTS, {"amount": 1, "currency": "USD", "descripton": "x", "nonsense": 1})
    page = site.visit(f"{PAGE}/requests/{site.core.requests(1)[0]['id']}")[2]
    assert "<code>descripton</code> is not in the document" in page
    assert "did you mean <code>description</code>?" in page
    assert "<code>nonsense</code> is not in the document." in page


def test_a_sensitive_value_is_on_no_page(site: Site) -> None:
    number = "40012345678"
    payout = site.payout(beneficiary={"type": "bank_account", "account_number": number}).body
    event = site.core.search.events_of(payout["id"])[0]["event"]["id"]
    for path in (
        f"{PAGE}/payout/{payout['id']}",
        f"{PAGE}/requests/{site.core.requests(1)[0]['id']}",
        f"{PAGE}/events/{event}",
        f"{PAGE}/requests",
    ):
        assert number not in site.visit(path)[2]
    assert "None yet" not in site.visit(f"{PAGE}/payout?q={number}")[2]
    assert "Nothing matches." in site.visit(f"{PAGE}/payout?q={number}")[2]


# Buttons and forms


def test_buttons_move_the_clock_and_resend_events(site: Site) -> None:
    site.core.outbox.subscribe("http://127.0.0.1:9/", "whsec_1")
    before = site.clock.now_ms()
    status, headers, _ = site.visit(f"{PAGE}/clock", {"step": "hour", "back": f"{PAGE}/events"})
    assert (status, headers["Location"]) == (303, f"{PAGE}/events")
    assert site.clock.now_ms() - before == 3_600_000
    assert site.visit(f"{PAGE}/clock", {"step": "year"})[0] == 422
    site.visit(f"{PAGE}/clock", {"step": "run"})
    assert not site.clock.frozen
    site.visit(f"{PAGE}/clock", {"step": "stop"})
    assert site.clock.frozen
    event = site.core.trigger("payout.paid")
    assert site.visit(f"{PAGE}/events/{event['id']}/resend", {})[0] == 303
    assert len(site.core.outbox.events()[0]["deliveries"]) == 2
    assert site.visit(f"{PAGE}/events/evt_nowhere/resend", {})[0] == 404


@pytest.mark.parametrize("place", ["//evil.example/", "https://evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_by_a_form(site: Site, place: str) -> None:
    headers = site.visit(f"{PAGE}/clock", {"step": "hour", "back": place})[1]
    assert headers["Location"] == "/"


def test_everything_can_be_tried_from_the_page(site: Site) -> None:
    """Create, confirm, capture, refund and pay out through the forms."""

    def send(operation: str, **told: str) -> dict[str, Any]:
        form = site.visit(f"{PAGE}/try/{operation}")[2]
        for name in told:
            assert f'name="{name}"' in form
        status, headers, _ = site.visit(f"{PAGE}/try/{operation}", told)
        assert status == 303
        sent = site.core.search.request(headers["Location"].rpartition("/")[2])
        assert sent is not None
        return sent

    made = send(
        "createPaymentIntent",
        amount="2500",
        currency="USD",
        metadata='{"order": 7}',
        capture="false",
        description="",
        _key="page-1",
    )
    assert made["body"] == {
        "amount": 2500,
        "currency": "USD",
        "metadata": {"order": 7},
        "capture": False,
    }
    assert (made["status"], made["idempotency_key"]) == (201, "page-1")
    intent = made["answer"]["id"]
    confirmed = send("confirmPaymentIntent", payment_intent_id=intent, payment_method="pm_success")
    assert confirmed["answer"]["status"] == "requires_capture"
    captured = send("capturePaymentIntent", payment_intent_id=intent, amount_to_capture="1000")
    assert captured["answer"]["amount_captured"] == 1000
    refund = send("createRefund", charge_id=captured["answer"]["charge_id"], amount="10")
    assert refund["status"] == 201
    payout = send(
        "createPayout",
        **{
            "origin_module": "connect",
            "origin_entity_id": "merchant_1",
            "amount": "12.50",
            "currency": "EUR",
            "beneficiary.type": "wallet",
            "beneficiary.wallet_id": "wal_1",
            "beneficiary.iban": "",
        },
    )
    assert payout["body"]["beneficiary"] == {"type": "wallet", "wallet_id": "wal_1"}
    listed = send("listRefunds", limit="5", charge_id="")
    assert (listed["query"], listed["answer"]["has_more"]) == ("limit=5", False)
    lost = send("createPaymentIntent", amount="1", currency="USD", _fault="reset=before")
    assert (lost["status"], lost["fault"]) == (None, "reset=before")
    refused = send("createPaymentIntent", amount="a lot", currency="USD")
    assert (refused["status"], refused["answer"]["error"]["param"]) == (422, "amount")


def test_a_form_says_what_it_cannot_send(site: Site) -> None:
    path = f"{PAGE}/try/createPaymentIntent"
    status, _, page = site.visit(path, {"amount": "1", "currency": "USD", "metadata": "{oops"})
    assert status == 422
    assert "metadata is no JSON" in page
    assert "{oops" in page, "what was written is kept"
    assert site.visit(f"{PAGE}/try/retrieveRefund", {"refund_id": ""})[0] == 422
    assert site.visit(f"{PAGE}/try/nothing")[0] == 404
    assert site.visit(f"{PAGE}/try/nothing", {})[0] == 404


def test_faults_are_scripted_and_their_code_is_shown(site: Site) -> None:
    status, headers, _ = site.visit(
        f"{PAGE}/faults", {"script": "status=503", "operation": "createRefund", "event": ""}
    )
    assert status == 303
    page = site.visit(headers["Location"])[2]
    assert "the next createRefund" in page
    assert "sandbox.fault(&#x27;status=503&#x27;, operation=&#x27;createRefund&#x27;)" in page
    assert "curl" in page
    assert site.core.faults() == [
        {"step": "status=503", "operation": "createRefund", "event": None}
    ]
    status, _, page = site.visit(f"{PAGE}/faults", {"script": "status=9"})
    assert (status, "is not understood" in page) == (422, True)
    site.visit(f"{PAGE}/faults", {"forget": "1"})
    assert site.core.faults() == []


@pytest.mark.parametrize(
    "path",
    [
        f"{PAGE}/nothing",
        f"{PAGE}/refund/ref_nowhere",
        f"{PAGE}/payout/pi_1",
        f"{PAGE}/requests/req_nowhere",
        f"{PAGE}/events/evt_nowhere",
    ],
)
def test_what_is_not_there_is_said(site: Site, path: str) -> None:
    assert site.visit(path)[0] == 404


def test_news_are_told_as_they_happen_and_end_with_the_server(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as wire:
        wire.sendall(f"GET {PAGE}/news HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        told = b""
        while b"retry:" not in told:
            told += wire.recv(4096)
        assert b"text/event-stream" in told
        site.intent()
        while b"data:" not in told:
            told += wire.recv(4096)
        site.server._uvicorn.should_exit = True
        while wire.recv(4096):
            pass
