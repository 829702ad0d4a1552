"""The page of one payment, refund or payout: its life, what can come next, and all that happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.ledger import Thing
from molam_overlays.sandbox.life import LIVES
from molam_overlays.sandbox.pages import diagram
from molam_overlays.sandbox.pages.layout import letter, when
from molam_overlays.sandbox.pages.lists import marks, refunded, states
from molam_overlays.sandbox.pages.markup import Content, Markup, button, code, link, post, soft, tag
from molam_overlays.sandbox.pages.parts import (
    HOME,
    answer_badge,
    badge,
    event_link,
    facts,
    json_block,
    key_link,
    moment,
    money,
    note,
    section,
    url_of,
    web,
)
from molam_overlays.sandbox.pages.steps import Step, steps_of
from molam_overlays.sandbox.pages.timeline import Entry, timeline

_FIELDS: Final = ("description", "customer_id", "merchant_id", "origin_entity_id", "reference_code")
_TRIES: Final = {
    "payment_intent": ("confirmPaymentIntent", "capturePaymentIntent", "cancelPaymentIntent"),
    "payout": ("cancelPayout",),
}


def object_page(core: Core, thing: Thing, accounts: list[str]) -> Content:
    """Show one object."""
    history: list[Mapping[str, Any]] = thing.hidden["history"]
    requests = core.search.requests_about(thing)
    events = core.search.events_of(thing.id)
    if thing.kind == "payment_intent" and thing.body.get("charge_id"):
        # What comes back of a payment belongs to its story.
        for each in core.search.refunds_of(thing.body["charge_id"]):
            events += core.search.events_of(each.id)
    return [
        tag(
            "div",
            section("Now", _facts(core, thing, accounts), id_="now", live=True),
            section("Life", _life(thing, history), _next(core, thing), id_="life", live=True),
            class_="two",
        ),
        section(
            "What happened",
            axis(timeline(requests, history, events)),
            _coming(core, thing, events),
            id_="timeline",
            live=True,
        ),
        section("As the API shows it", json_block(thing.body, "JSON of the object"), id_="json"),
    ]


def _facts(core: Core, thing: Thing, accounts: list[str]) -> Markup:
    body = thing.body
    pairs: list[tuple[str, Content]] = [
        ("State", states(core, thing)),
        ("Amount", tag("strong", money(thing.kind, body))),
    ]
    if thing.kind == "payment_intent" and body.get("amount_captured"):
        pairs.append(("Taken", money(thing.kind, body, "amount_captured")))
    given = refunded(core, thing)
    if given:
        told = {"amount": given[1], "currency": body["currency"]}
        pairs.append(("Given back", f"{money('refund', told)}, {given[0]}"))
    if body.get("fee") is not None:
        pairs.append(("Fee", money(thing.kind, body, "fee")))
    pairs += [
        (name.replace("_", " ").capitalize(), str(body[name])) for name in _FIELDS if body.get(name)
    ]
    if body.get("last_error"):
        error = body["last_error"]
        pairs.append(("Last error", [code(error["code"]), " ", error["message"]]))
    if body.get("payment_method"):
        pairs.append(("Paid with", code(body["payment_method"])))
    if web(body.get("redirect_url")):
        pairs.append(("Customer", link(f"/pay/{thing.id}", "the hosted page waits")))
    pairs += _relatives(core, thing)
    pairs.append(("Whose", letter(accounts, thing.account)))
    return facts(pairs)


def _relatives(core: Core, thing: Thing) -> list[tuple[str, Content]]:
    charge = thing.body.get("charge_id")
    if thing.kind == "refund":
        id_ = str(thing.body.get("payment_intent_id"))
        return [("Payment", link(url_of("payment_intent", id_), code(id_)))]
    if thing.kind != "payment_intent" or not charge:
        return []
    found: list[tuple[str, Content]] = [("Charge", code(charge))]
    for each in core.search.refunds_of(charge):
        told = [link(url_of("refund", each.id), code(each.id)), " "]
        found.append(
            ("Refund", [*told, money("refund", each.body), " ", badge(each.body["status"])])
        )
    refund = core.contract.document.doing("create_refund")
    if (
        refund
        and thing.body.get("amount_captured")
        and (refunded(core, thing) or ("",))[0] != "refunded"
    ):
        url = f"{HOME}/try/{refund}?charge_id={charge}&account={thing.account}"
        found.append(("", link(url, "Refund it…")))
    return found


# The life


def _life(thing: Thing, history: Sequence[Mapping[str, Any]]) -> Markup:
    drawing = diagram.draw(LIVES[thing.kind], history[0]["after"])
    taken = [(each["before"], each["action"], each["after"]) for each in history if each["before"]]
    now = thing.body["status"]
    steps = {(now, each.action, each.after): f"#do-{each.action}" for each in steps_of(thing)}
    way = " to ".join(each["after"].replace("_", " ") for each in history)
    return diagram.picture(
        drawing, now=now, taken=taken, next_=steps, title=f"The way taken: {way}"
    )


def _next(core: Core, thing: Thing) -> Content:
    steps = steps_of(thing)
    if not steps:
        return tag("p", soft("This is an end: nothing comes after it."))
    tries = [each for each in _TRIES.get(thing.kind, ()) if _is_possible(each, steps)]
    return [
        tag("h3", "What can come next"),
        tag("div", [_step_form(thing, each) for each in steps], class_="steps"),
        tag(
            "p",
            "With other values: ",
            [
                [
                    link(
                        f"{HOME}/try/{each}?payment_intent_id={thing.id}&payout_id={thing.id}"
                        f"&account={thing.account}",
                        code(each),
                    ),
                    " ",
                ]
                for each in tries
            ],
        )
        if tries
        else None,
    ]


def _is_possible(operation: str, steps: Sequence[Step]) -> bool:
    return any(each.operation == operation for each in steps)


def _step_form(thing: Thing, step: Step) -> Markup:
    return post(
        f"{url_of(thing.kind, thing.id)}/{step.action}",
        button([step.label, " ", soft(f"→ {step.after.replace('_', ' ')}")]),
        id=f"do-{step.action}",
    )


def _coming(core: Core, thing: Thing, events: Sequence[Mapping[str, Any]]) -> Content:
    """Say what happens by itself, and when, by the sandbox's clock."""
    now = core.clock.now_ms()
    coming: list[tuple[int, Content]] = [
        (due, f"{action.replace('_', ' ')}: {_result(thing, action)}")
        for due, action in core.search.timers_of(thing)
    ]
    for event in events:
        for each in event["deliveries"]:
            if each["due_ms"] is not None and each["state"] in {"waiting", "held"}:
                number = len(each["attempts"]) + 1
                told = [event_link(event["event"]["id"], event["event"]["type"])]
                coming.append(
                    (each["due_ms"], [*told, f", attempt {number}, to ", code(each["url"])])
                )
    if not coming:
        return tag("p", soft("Nothing more happens by itself."))
    coming.sort(key=lambda each: each[0])
    return [
        tag("h3", "What comes by itself"),
        tag(
            "ul",
            [
                tag(
                    "li",
                    post(
                        f"{HOME}/clock",
                        tag(
                            "input", type="hidden", name="back", value=url_of(thing.kind, thing.id)
                        ),
                        tag("span", tag("strong", when(due, now)), " ", what),
                        " ",
                        button("Go there", name="until", value=str(due)) if due > now else None,
                    ),
                )
                for due, what in coming
            ],
            class_="coming",
        ),
    ]


def _result(thing: Thing, action: str) -> str:
    if action == "take":
        action = "charge" if thing.body.get("capture") else "authorise"
    after = LIVES[thing.kind].get((thing.body["status"], action), "nothing")
    return after.replace("_", " ")


# The axis


def axis(entries: Sequence[Entry]) -> Markup:
    """Draw what happened along a line."""
    return tag(
        "ol",
        [
            tag(
                "li", moment(each.at_ms), tag("div", _DRAWN[each.kind](each.data)), class_=each.kind
            )
            for each in entries
        ],
        class_="axis",
    )


def _requests(group: Sequence[Mapping[str, Any]]) -> Content:
    first = group[0]
    head = [tag("strong", first["operation"] or f"{first['method']} {first['path']}")]
    key = [" · key ", key_link(first["idempotency_key"])] if first["idempotency_key"] else None
    return [
        tag("p", head, key),
        tag(
            "div", [_attempt(number, each) for number, each in enumerate(group, 1)], class_="tries"
        ),
    ]


def _attempt(number: int, request: Mapping[str, Any]) -> Markup:
    error = request["answer"].get("error") if isinstance(request["answer"], dict) else None
    return tag(
        "div",
        link(url_of("requests", request["id"]), f"Attempt {number}"),
        " ",
        answer_badge(request["status"]),
        marks(request),
        tag("p", soft(error["code"])) if isinstance(error, dict) and "code" in error else None,
        tag("p", moment(request["at_ms"]), class_="soft") if number > 1 else None,
        class_="card",
    )


def _change(change: Mapping[str, Any]) -> Content:
    who = None if change["request_id"] else soft(" · by time, or by a person here")
    if change["before"] is None:
        return ["Made: ", badge(change["after"]), who]
    told = [badge(change["before"]), " → ", badge(change["after"]), soft(f" · {change['action']}")]
    return [*told, who]


def _event(event: Mapping[str, Any]) -> Content:
    body = event["event"]
    told: list[Content] = [tag("strong", "Event "), event_link(body["id"], body["type"])]
    if not event["deliveries"]:
        told.append(soft(" · nobody is subscribed"))
    for each in event["deliveries"]:
        if each["fault"] or each["state"] in {"dropped", "held"}:
            told += [" ", note(f"{each['state']}: {each['fault'] or ''}", "bad")]
    return told


def _delivery(told: Mapping[str, Any]) -> Content:
    attempt, delivery = told["attempt"], told["delivery"]
    return [
        "→ ",
        code(delivery["url"]),
        " ",
        answer_badge(attempt["status"]),
        took(attempt),
        soft(
            f" · attempt {told['number']} of ",
            event_link(told["event"]["id"], told["event"]["type"]),
        ),
        tag("p", soft(attempt["error"])) if attempt["error"] else None,
    ]


def took(attempt: Mapping[str, Any]) -> Content:
    """Say how long an endpoint took."""
    ms = attempt.get("took_ms")
    return None if ms is None else soft(f" in {ms} ms")


_DRAWN: Final[Mapping[str, Callable[[Any], Content]]] = {
    "request": _requests,
    "change": _change,
    "event": _event,
    "attempt": _delivery,
}
