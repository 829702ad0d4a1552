"""Lists of objects, requests and events, with search, filters and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.ledger import Thing
from molam_overlays.sandbox.pages.layout import letter, name_of
from molam_overlays.sandbox.pages.markup import Content, Markup, button, code, link, soft, tag
from molam_overlays.sandbox.pages.parts import (
    answer_badge,
    badge,
    key_link,
    moment,
    money,
    note,
    table,
    url_of,
)
from molam_overlays.sandbox.search import Found, Query

SPANS: Final = {"5 min": 300, "hour": 3600, "day": 86400, "week": 604_800}
"""Times that a list can be narrowed to, in seconds back from the sandbox's now."""
DELIVERIES: Final = ("waiting", "held", "delivered", "failed", "dropped")
ANSWERS: Final = ("2xx", "4xx", "5xx", "none")


def query_of(told: Mapping[str, str], now_ms: int) -> Query:
    """Read what is looked for from an address."""
    page = told.get("page", "1")
    back = SPANS.get(told.get("time", ""))
    return Query(
        text=told.get("q", "")[:200],
        status=told.get("status", ""),
        type=told.get("type", ""),
        account=told.get("account", ""),
        key=told.get("key", ""),
        since_ms=None if back is None else now_ms - back * 1000,
        page=int(page) if page.isdecimal() and len(page) < 7 and int(page) else 1,
    )


def finder(
    name: str,
    told: Mapping[str, str],
    accounts: list[str],
    *,
    statuses: Sequence[str] = (),
    types: Sequence[str] = (),
    hint: str = "",
) -> Markup:
    """Draw the search of a list: a form that leads to an address, which can be kept and shared."""
    named = [(each, f"Account {name_of(accounts, each)}") for each in accounts]
    return tag(
        "form",
        _labelled(
            "Search",
            tag("input", type="search", name="q", value=told.get("q", ""), placeholder=hint),
        ),
        _choice("Status", "status", [(each, each.replace("_", " ")) for each in statuses], told),
        _choice("Type", "type", [(each, each) for each in types], told),
        _choice("Account", "account", named, told),
        _choice("Time", "time", [(each, f"last {each}") for each in SPANS], told),
        tag("input", type="hidden", name="key", value=told["key"]) if told.get("key") else None,
        button("Show"),
        link(url_of(name), "All") if any(told.values()) else None,
        method="get",
        action=url_of(name),
        class_="finder",
        role="search",
    )


def _labelled(label: str, control: Content) -> Markup:
    return tag("label", tag("span", label), control)


def _choice(
    label: str, name: str, options: Sequence[tuple[str, str]], told: Mapping[str, str]
) -> Content:
    if len(options) < 2:
        return None
    return _labelled(
        label,
        tag(
            "select",
            tag("option", "any", value=""),
            [
                tag("option", text, value=value, selected=told.get(name) == value)
                for value, text in options
            ],
            name=name,
        ),
    )


def pages(name: str, told: Mapping[str, str], found: Found, query: Query) -> Content:
    """Lead to newer and older rows."""
    if query.page == 1 and not found.more:
        return None
    kept = {key: value for key, value in told.items() if key != "page"}
    return tag(
        "p",
        link(url_of(name, **kept, page=query.page - 1), "Newer") if query.page > 1 else None,
        soft(f" page {query.page} "),
        link(url_of(name, **kept, page=query.page + 1), "Older") if found.more else None,
        class_="pages",
    )


def things(core: Core, kind: str, rows: Sequence[Thing], accounts: list[str]) -> Content:
    """Show objects of a kind."""
    if not rows:
        return None
    heads = ("State", "Amount", "What", "Made", "Whose")
    return table(
        heads,
        [
            (
                states(core, each),
                tag("strong", money(kind, each.body)),
                [
                    link(url_of(kind, each.id), code(each.id)),
                    tag("span", about(each), class_="words"),
                ],
                moment(each.hidden["history"][0]["at_ms"]),
                letter(accounts, each.account),
            )
            for each in rows
        ],
        f"{kind.replace('_', ' ')}s, newest first",
    )


def states(core: Core, thing: Thing) -> Content:
    """Show the state of an object, and what its refunds make of it."""
    found: list[Content] = [badge(thing.body["status"])]
    told = refunded(core, thing)
    if told:
        found += [" ", note(told[0], "bad" if told[0] == "refunded" else "wait")]
    return found


def refunded(core: Core, thing: Thing) -> tuple[str, int] | None:
    """Say how much of a payment was given back, or is on its way; None for nothing."""
    charge = thing.body.get("charge_id")
    if thing.kind != "payment_intent" or not charge:
        return None
    amount = core.ledger.refunded(charge)
    if not amount:
        return None
    whole = amount >= thing.body.get("amount_captured", 0)
    return ("refunded" if whole else "partly refunded"), amount


def about(thing: Thing) -> str:
    """Say in a few words what an object is for."""
    body = thing.body
    told = [body.get("description"), body.get("reference_code"), body.get("customer_id")]
    told += [body.get("origin_entity_id"), body.get("reason")]
    return " · ".join(str(each) for each in told if each)[:160]


def requests(rows: Sequence[Mapping[str, Any]], accounts: list[str]) -> Content:
    """Show requests."""
    if not rows:
        return None
    return table(
        ("Answer", "Request", "Key", "Time", "Whose"),
        [
            (
                [answer_badge(each["status"]), marks(each)],
                [
                    link(
                        url_of("requests", each["id"]),
                        tag("strong", each["operation"] or each["method"]),
                    ),
                    tag("span", code(f"{each['method']} {each['path']}"), class_="words"),
                ],
                key_link(each["idempotency_key"]),
                moment(each["at_ms"]),
                letter(accounts, each["account"]),
            )
            for each in rows
        ],
        "requests, newest first",
    )


def marks(request: Mapping[str, Any]) -> Content:
    """Say what is special about a request."""
    found: list[Content] = []
    if request["fault"] and request["fault"] != "ok":
        found += [" ", note(f"fault: {request['fault']}", "bad")]
    if request["replayed"]:
        found += [" ", note("replayed")]
    if request["unknown"]:
        found += [" ", note("unknown field")]
    return found


def events(rows: Sequence[Mapping[str, Any]], accounts: list[str]) -> Content:
    """Show events."""
    if not rows:
        return None
    return table(
        ("Event", "Of", "Deliveries", "Time", "Whose"),
        [
            (
                link(url_of("events", each["event"]["id"]), tag("strong", each["event"]["type"])),
                of_event(each["event"]),
                [[badge(delivery["state"]), " "] for delivery in each["deliveries"]]
                or soft("nobody subscribed"),
                moment(each["at_ms"]),
                letter(accounts, each["account"]),
            )
            for each in rows
        ],
        "events, newest first",
    )


def of_event(event: Mapping[str, Any]) -> Content:
    """Lead to the object that an event tells of."""
    id_ = event["data"].get("id")
    kind = str(event["type"]).partition(".")[0]
    return link(url_of(kind, str(id_)), code(id_)) if id_ else soft("nothing")
