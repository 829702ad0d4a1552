"""The pages of one request and of one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.pages import samples
from molam_overlays.sandbox.pages.layout import letter, when
from molam_overlays.sandbox.pages.lists import events, marks, of_event, requests
from molam_overlays.sandbox.pages.markup import (
    Content,
    Markup,
    button,
    code,
    joined,
    link,
    post,
    soft,
    tag,
)
from molam_overlays.sandbox.pages.object import took
from molam_overlays.sandbox.pages.parts import (
    HOME,
    answer_badge,
    badge,
    facts,
    json_block,
    key_link,
    moment,
    request_link,
    section,
    table,
    text_block,
    url_of,
)


def request_page(core: Core, request: Mapping[str, Any], accounts: list[str]) -> Content:
    """Show one request: what was asked and answered, its other attempts, and how to make it."""
    attempts = core.search.attempts_of(dict(request))
    caused = core.search.events_by(request["id"])
    return [
        section(
            "Now",
            facts(
                [
                    ("Answer", [answer_badge(request["status"]), marks(request)]),
                    ("Call", code(f"{request['method']} {request['path']}")),
                    ("Query", code(request["query"]) if request["query"] else soft("none")),
                    ("Key", key_link(request["idempotency_key"])),
                    ("Of", _objects(core, request) or soft("no object")),
                    ("Time", moment(request["at_ms"])),
                    ("Whose", letter(accounts, request["account"])),
                ]
            ),
            _unknown(request),
        ),
        section("Body", json_block(request["body"], "JSON of the request"))
        if request["body"] is not None
        else None,
        section(
            "Answer",
            json_block(request["answer"], "JSON of the answer")
            if request["answer"] is not None
            else tag("p", soft("None: the connection ended, or the answer has no body.")),
        ),
        section("All attempts with this key", requests(attempts, accounts))
        if len(attempts) > 1
        else None,
        section("Events", events(caused, accounts)) if caused else None,
        section("The same call", _samples(core, request), id_="code"),
    ]


def _unknown(request: Mapping[str, Any]) -> Content:
    if not request["unknown"]:
        return None
    return tag(
        "ul",
        [
            tag(
                "li",
                code(each["field"]),
                " is not in the document",
                [", did you mean ", code(each["meant"]), "?"] if each["meant"] else ".",
            )
            for each in request["unknown"]
        ],
        class_="remarks",
    )


def _objects(core: Core, request: Mapping[str, Any]) -> Content:
    answer = request["answer"]
    names = [answer.get("id")] if isinstance(answer, dict) else []
    names += request["path"].split("/")
    found = [core.search.thing(str(each)) for each in dict.fromkeys(names) if each]
    return joined([link(url_of(each.kind, each.id), code(each.id)) for each in found if each])


def _samples(core: Core, request: Mapping[str, Any]) -> Content:
    document = core.contract.document
    programs = (
        ("curl", samples.curl(core.base_url, request)),
        ("Python", samples.python(document, request, asynchronous=False)),
        ("Python, async", samples.python(document, request, asynchronous=True)),
    )
    return [
        soft("Sensitive values are masked; put your own in their place."),
        [
            tag(
                "details",
                tag("summary", name),
                text_block(text, f"{name} of this call"),
                open=not number,
            )
            for number, (name, text) in enumerate(programs)
            if text
        ],
    ]


def event_page(core: Core, event: Mapping[str, Any], accounts: list[str]) -> Content:
    """Show one event: what it tells, who caused it, and what became of it."""
    body = event["event"]
    cause = (
        request_link(event["request_id"]) if event["request_id"] else soft("time, or a person here")
    )
    return [
        section(
            "Now",
            facts(
                [
                    ("Type", tag("strong", body["type"])),
                    ("Tells of", of_event(body)),
                    ("Caused by", cause),
                    ("Time", moment(event["at_ms"])),
                    ("Whose", letter(accounts, event["account"])),
                ]
            ),
            post(f"{url_of('events', body['id'])}/resend", button("Send it again, to everybody")),
        ),
        section("Deliveries", _deliveries(core, event), id_="deliveries", live=True),
        section("What is sent", json_block(body, "JSON of the event"), id_="json"),
    ]


def _deliveries(core: Core, event: Mapping[str, Any]) -> Content:
    if not event["deliveries"]:
        return tag("p", soft("Nobody was subscribed when it happened."))
    now = core.clock.now_ms()
    return table(
        ("State", "To", "Attempts"),
        [
            (
                [badge(each["state"]), soft(f" {each['fault']}") if each["fault"] else None],
                code(each["url"]),
                [_attempts(each), _due(each, now, url_of("events", event["event"]["id"]))],
            )
            for each in event["deliveries"]
        ],
        "deliveries of this event",
    )


def _attempts(delivery: Mapping[str, Any]) -> Content:
    return tag(
        "ol",
        [
            tag(
                "li",
                moment(each["at_ms"]),
                " ",
                answer_badge(each["status"]),
                took(each),
                soft(f" {each['error']}") if each["error"] else None,
            )
            for each in delivery["attempts"]
        ],
        class_="plain",
    )


def _due(delivery: Mapping[str, Any], now: int, back: str) -> Markup | None:
    if delivery["due_ms"] is None:
        return None
    return post(
        f"{HOME}/clock",
        tag("input", type="hidden", name="back", value=back),
        f"next {when(delivery['due_ms'], now)} ",
        button("Go there", name="until", value=str(delivery["due_ms"]))
        if delivery["due_ms"] > now
        else None,
    )
