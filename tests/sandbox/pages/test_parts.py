"""What the pages are made of: markup that escapes, programs that run, pictures, forms, cards."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import Any

import pytest

from molam_overlays.errors import ConflictError
from molam_overlays.sandbox.life import LIVES
from molam_overlays.sandbox.pages import diagram, forms, hosted, samples
from molam_overlays.sandbox.pages.markup import Markup, html, link, tag
from molam_overlays.sandbox.pages.parts import money, span, web
from molam_overlays.sandbox.pages.timeline import timeline
from molam_overlays.sandbox.pages.words import ENGLISH, LANGUAGES, language_of
from tests.sandbox.conftest import INTENTS, KEY

from .visits import Site


def test_whatever_is_not_markup_is_escaped() -> None:
    made = tag("p", "<b>", Markup("<i>"), ['"', None, 7], title='"><script>', hidden=True, id=None)
    assert made == '<p title="&quot;&gt;&lt;script&gt;" hidden>&lt;b&gt;<i>&quot;7</p>'
    assert html(link("/?a=1&b=2", "x")) == '<a href="/?a=1&amp;b=2">x</a>'
    assert tag("input", name="n", aria_label="x") == '<input name="n" aria-label="x">'


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 s"),
        (59_000, "59 s"),
        (60_000, "1 min"),
        (3_661_000, "1 h 1 min"),
        (86_400_000, "1 d"),
        (604_799_000, "6 d 23 h"),
    ],
)
def test_times_are_told_in_two_units(ms: int, text: str) -> None:
    assert span(ms) == text


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("payment_intent", {"amount": 2500, "currency": "USD"}, "USD\u00a025.00"),
        ("payment_intent", {"amount": 2500, "currency": "XOF"}, "XOF\u00a02,500"),
        ("payout", {"amount": 12.5, "currency": "EUR"}, "EUR\u00a012.50"),
        ("payout", {"amount": 5, "currency": "ZZZ"}, "5 ZZZ"),
        ("payout", {"currency": "EUR"}, ""),
    ],
)
def test_amounts_are_written_as_the_kind_counts_them(
    kind: str, body: dict[str, Any], text: str
) -> None:
    assert money(kind, body) == text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,hi", None, "//x", "http://["]
)
def test_what_is_no_web_page_is_no_link(url: str | None) -> None:
    assert web(url) is None


# Programs


def test_the_programs_of_a_request_make_the_same_request(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run what the page shows: curl, and both clients."""
    site.a_day()
    monkeypatch.setenv("MOLAM_API_BASE", site.url)
    monkeypatch.setenv("MOLAM_API_KEY", KEY)
    told = [each for each in site.core.requests(1000) if each["account"] and not each["fault"]]
    told = [{"unknown": [], **each} for each in told if each["status"] < 400]
    own = {site.core.search.accounts()[0]}
    told = [each for each in told if each["account"] in own]
    assert {each["operation"] for each in told} >= {"createPaymentIntent", "createRefund"}
    for request in {each["operation"]: each for each in told}.values():
        if request["unknown"]:
            # What the clients have no argument for is left out: another body, so another key.
            request["idempotency_key"] = None
        programs = [
            samples.python(site.core.contract.document, request, asynchronous=each)
            for each in (False, True)
        ]
        for program in programs:
            assert program is not None
            # What is done already is refused; it is the same request all the same.
            with suppress(ConflictError):
                exec(compile(program, "page", "exec"), {})
            same(site, request)
        subprocess.run(
            ["sh", "-c", samples.curl(site.url, request)], check=True, capture_output=True
        )
        same(site, request)


def same(site: Site, request: dict[str, Any]) -> None:
    again = site.core.requests(1)[0]
    for name in ("operation", "path", "idempotency_key"):
        if request[name] or name != "idempotency_key":
            assert again[name] == request[name]
    unknown = {each["field"] for each in request["unknown"]}
    for name, value in (request["body"] or {}).items():
        if name not in unknown and "***" not in str(value):
            assert again["body"][name] == value


def test_a_program_names_the_fault_and_what_it_cannot_send(site: Site) -> None:
    site.post(
        INTENTS,
        {"amount": 1, "currency": "USD", "descripton": "It's"},
        fault="status=503, ok",
        key="it's",
    )
    request = site.core.search.requests_about(site.of(site.intent()["id"]))[0]
    request = {**site.core.requests(5)[-1], "unknown": [{"field": "descripton", "meant": None}]}
    program = samples.python(site.core.contract.document, request, asynchronous=False)
    assert program is not None
    assert "extra_headers={'Molam-Sandbox-Fault': 'status=503'}" in program
    assert "'descripton' is not in the document" in program
    assert "Molam-Sandbox-Fault: status=503" in samples.curl(site.url, request)
    assert (
        samples.python(
            site.core.contract.document, {**request, "path": "/nothing"}, asynchronous=False
        )
        is None
    )


# The picture


@pytest.mark.parametrize("kind", LIVES)
def test_the_picture_has_every_state_and_lines_lead_down(kind: str) -> None:
    life = LIVES[kind]
    targets = set(life.values())
    first = next(before for before, _ in life if kind != "payout" or before == "scheduled")
    drawing = diagram.draw(life, first)
    reachable = {first}
    for _ in life:
        reachable |= {after for (before, _), after in life.items() if before in reachable}
    assert set(drawing.places) == reachable
    assert targets - reachable <= {"requires_payment_method"}
    for before, _, after in drawing.edges:
        if before != after:
            assert drawing.places[before].layer < drawing.places[after].layer
    boxes = [(round(place.x), round(place.y)) for place in drawing.places.values()]
    assert len(set(boxes)) == len(boxes)
    assert all(75 <= x <= drawing.width - 75 for x, _ in boxes)


def test_a_circle_of_states_is_drawn_as_well() -> None:
    life = {("on", "rest"): "off", ("off", "wake"): "on", ("off", "end"): "over"}
    drawing = diagram.draw(life, "on")
    assert {state: place.layer for state, place in drawing.places.items()} == {
        "on": 0,
        "off": 1,
        "over": 2,
    }


# Order


def test_where_the_clock_stands_still_causes_come_before_effects() -> None:
    requests = [
        {"id": f"req_{seq}", "seq": seq, "at_ms": 5, "account": "a", "method": "POST"}
        | {"path": path, "idempotency_key": key}
        for seq, path, key in [(1, "/a", "k"), (2, "/b", None), (3, "/a", "k")]
    ]
    history = [
        {"before": None, "after": "new", "at_ms": 5, "request_id": "req_1", "seen": 0},
        # By a person, after the second request.
        {"before": "new", "after": "done", "at_ms": 5, "request_id": None, "seen": 2},
        # By time.
        {"before": "done", "after": "gone", "at_ms": 9, "request_id": None, "seen": 3},
    ]

    def event(what: str, at: int, request: str | None) -> dict[str, Any]:
        attempts = [{"at_ms": at}, {"at_ms": at + 100}]
        body = {"id": what, "type": f"thing.{what}"}
        deliveries = [{"attempts": attempts}]
        return {"event": body, "at_ms": at, "request_id": request, "deliveries": deliveries}

    events = [event("created", 5, "req_1"), event("done", 5, None), event("gone", 9, None)]
    told = [
        each.data["after"]
        if each.kind == "change"
        else each.data["event"]["id"]
        if each.kind == "event"
        else each.kind
        for each in timeline(requests, history, events)
    ]
    assert told == [
        *("request", "new", "created", "attempt"),
        "request",
        *("done", "done", "attempt"),
        *("gone", "gone", "attempt"),
        *("attempt", "attempt", "attempt"),
    ]


# Forms


def test_a_form_has_every_field_of_the_document(site: Site) -> None:
    document = site.core.contract.document
    for operation in document.operations:
        if operation.body is None:
            continue
        fields = {each.name.partition(".")[0] for each in forms.fields_of(document, operation)}
        assert fields == set(document.properties(operation.body))
        told = forms.example_of(document, operation)
        body = forms.body_of(forms.fields_of(document, operation), told)
        assert site.core.contract.problems(operation.body, body) == []


# The card


@pytest.mark.parametrize(
    ("told", "errors"),
    [
        ({"number": "4242 4242 4242 4242", "expiry": "01/25", "cvc": "123"}, {}),
        ({"number": "4242424242424242", "expiry": "1225", "cvc": "1234"}, {}),
        ({"number": "4242-4242-4242-4242", "expiry": "12 / 2025", "cvc": " 123 "}, {}),
        ({"number": "", "expiry": "", "cvc": ""}, {"number", "expiry", "cvc"}),
        ({"number": "4242 4242 4242 4241", "expiry": "01/25", "cvc": "123"}, {"number"}),
        ({"number": "5555 5555 5555 4444", "expiry": "01/25", "cvc": "123"}, {"number"}),
        ({"number": "4242 4242 4242 4242", "expiry": "12/24", "cvc": "123"}, {"expiry"}),
        ({"number": "4242 4242 4242 4242", "expiry": "13/25", "cvc": "12"}, {"expiry", "cvc"}),
    ],
)
def test_a_card_is_judged_field_by_field(told: dict[str, str], errors: set[str]) -> None:
    outcome = hosted.card(told, 1_737_028_800_000)
    assert set(outcome.errors) == set(errors)
    assert (outcome.method == "pm_card_4242") is not bool(errors)
    assert set(outcome.errors.values()) <= set(ENGLISH)


@pytest.mark.parametrize(("number", "does", "follows"), hosted.NUMBERS)
def test_each_test_number_does_what_stands_beside_it(
    site: Site, number: str, does: str, follows: str | None
) -> None:
    intent = site.intent(capture=True)
    site.confirm(intent, None)
    path = f"/pay/{intent['id']}"
    form = {"action": "card", "number": number, "expiry": "12/40", "cvc": "123"}
    assert number in site.visit(path)[2]
    status, headers, page = site.visit(path, form)
    now = site.get(f"{INTENTS}/{intent['id']}").body
    if follows is None:
        assert (status, now["status"], now["payment_method"]) == (200, "succeeded", "pm_card_4242")
    elif follows == "bank":
        assert (status, headers["Location"]) == (303, f"{path}?step=bank")
        assert site.visit(path, {"action": "refuse"})[0] == 303
        assert ENGLISH["authentication_failed"] in site.visit(path)[2]
        assert site.visit(path, {"action": "approve"})[0] == 200
        assert site.of(intent["id"]).body["status"] == "succeeded"
    else:
        assert (status, now["status"], now["last_error"]["code"]) == (
            402,
            "requires_action",
            follows,
        )
        assert ENGLISH[follows] in page
    assert number.replace(" ", "") not in str(site.state.rows("SELECT * FROM objects")[0]["body"])


def test_a_phone_is_asked_and_may_refuse(site: Site) -> None:
    intent = site.intent(capture=True)
    site.confirm(intent, None)
    path = f"/pay/{intent['id']}"
    status, _, page = site.visit(path, {"action": "phone", "phone": "77"})
    assert (status, ENGLISH["bad_phone"] in page) == (422, True)
    status, _, page = site.visit(path, {"action": "phone", "phone": "+00000000000"})
    assert (status, ENGLISH["authentication_failed"] in page) == (402, True)
    status, headers, _ = site.visit(path, {"action": "phone", "phone": "+221 77 000 00 42"})
    assert (status, headers["Location"]) == (303, f"{path}?step=phone42")
    assert "ends in 42" in site.visit(headers["Location"])[2]


def test_nobody_is_sent_to_what_is_no_web_page(site: Site) -> None:
    for url in ("javascript:alert(1)", "data:text/html,hi", None):
        intent = site.intent(capture=True, **({"return_url": url} if url else {}))
        site.confirm(intent, None)
        status, headers, page = site.visit(f"/pay/{intent['id']}", {"action": "pay"})
        assert (status, headers["Location"]) == (200, None)
        assert 'href="javascript' not in page
        assert 'href="data' not in page


def test_a_page_says_when_there_is_nothing_to_pay(site: Site) -> None:
    assert site.visit("/pay/pi_nowhere")[0] == 404
    assert site.visit("/pay/pi_nowhere", {"action": "pay"})[0] == 404
    assert site.visit(f"/pay/{site.paid()['id']}", {"action": "pay"})[0] == 409
    intent = site.intent()
    site.confirm(intent, None)
    assert site.visit(f"/pay/{intent['id']}", {"action": "steal"})[0] == 422
    site.visit(f"/pay/{intent['id']}", {"action": "pay"})
    assert "nothing to do here" in site.visit(f"/pay/{intent['id']}")[2]


def test_every_language_says_everything() -> None:
    for words in LANGUAGES.values():
        assert set(words) == set(ENGLISH)
    told = [language_of(each) for each in ("fr-SN", "FR_fr", "en", "wo", None, "", "français")]
    assert told == ["fr", "fr", "en", "en", "en", "en", "en"]
