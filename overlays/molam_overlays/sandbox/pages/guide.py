"""The home page, forms to try, faults with their code, test values, controls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

from molam_overlays.sandbox.control import CONTROLS
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.document import Operation
from molam_overlays.sandbox.fault_script import GUIDE, HEADER
from molam_overlays.sandbox.pages import forms, lists
from molam_overlays.sandbox.pages.calls import OWN_ACCOUNT
from molam_overlays.sandbox.pages.layout import KINDS, name_of
from molam_overlays.sandbox.pages.markup import Content, Markup, button, code, link, post, soft, tag
from molam_overlays.sandbox.pages.parts import HOME, noun, section, table, text_block, url_of
from molam_overlays.sandbox.search import Query
from molam_overlays.sandbox.values import VALUES

_NEWEST = 8


def home(core: Core, accounts: list[str]) -> Content:
    """Show what is new, and where to begin."""
    requests = core.search.requests(Query()).rows[:_NEWEST]
    events = core.search.events(Query()).rows[:_NEWEST]
    subscriptions = core.outbox.subscriptions()
    return [
        tag(
            "ul",
            [
                tag(
                    "li",
                    link(url_of(kind), tag("strong", core.search.count(kind)), f" {noun(kind)}s"),
                )
                for kind in KINDS
            ],
            class_="counts",
            id="counts",
            data_live="counts",
        ),
        section("Begin", _begin(core)) if not requests else None,
        section(
            "Payments",
            lists.things(
                core, KINDS[0], core.search.objects(KINDS[0], Query()).rows[:_NEWEST], accounts
            )
            or _nothing(KINDS[0]),
            id_="payments",
            live=True,
        ),
        section(
            "Requests",
            lists.requests(requests, accounts) or tag("p", soft("None yet.")),
            id_="requests",
            live=True,
        ),
        section(
            "Events",
            tag(
                "p",
                soft("To ", [[code(each.url), " "] for each in subscriptions])
                if subscriptions
                else soft(
                    "Nobody is subscribed: start with ",
                    code("--webhook-url"),
                    ", or ",
                    code("molam listen"),
                    ".",
                ),
            ),
            lists.events(events, accounts) or tag("p", soft("None yet.")),
            id_="events",
            live=True,
        ),
    ]


def _begin(core: Core) -> Content:
    words = (
        f"export MOLAM_API_BASE={core.base_url} MOLAM_API_KEY=sk_test_demo "
        "MOLAM_WEBHOOK_SECRET=whsec_sandbox"
    )
    begin = core.contract.document.doing("create_payment_intent")
    by_hand = ["Or ", link(f"{HOME}/try/{begin}", "make a payment from this page"), "."]
    return [
        tag(
            "p",
            "Point a program here; any key that starts with ",
            code("sk_test_"),
            " is an account.",
        ),
        text_block(words, "Environment"),
        tag("p", *by_hand) if begin else "",
    ]


def _nothing(kind: str) -> Markup:
    return tag(
        "p", soft("None yet. Make one with any key that starts with ", code("sk_test_"), ".")
    )


# Try it


def try_list(core: Core) -> Content:
    """Show the operations of the document."""
    return table(
        ("Operation", "Call"),
        [
            (
                link(f"{HOME}/try/{each.id}", tag("strong", each.id)),
                code(f"{each.method} {each.template}"),
            )
            for each in core.contract.document.operations
        ],
        "operations of the document",
    )


def try_form(
    core: Core,
    operation: Operation,
    accounts: Sequence[str],
    told: Mapping[str, str],
    key: str,
    complaint: str = "",
) -> Content:
    """Show the form of an operation, made from the document."""
    document = core.contract.document
    parameters = forms.parameters_of(document, operation)
    fields = forms.fields_of(document, operation)
    given = {**forms.example_of(document, operation), **told}
    known = list(accounts) or [OWN_ACCOUNT]
    return [
        tag("p", code(f"{operation.method} {operation.template}")),
        tag("p", complaint, class_="complaint", role="alert") if complaint else None,
        post(
            f"{HOME}/try/{operation.id}",
            forms.inputs(parameters, given),
            forms.inputs(fields, given),
            tag("h2", "The request itself"),
            _select(
                "account",
                "Account",
                [(each, f"Account {name_of(known, each)}") for each in known],
                told,
            ),
            _text(
                "_key",
                "Idempotency-Key",
                told.get("_key", key),
                "A second call with it is a replay.",
            )
            if operation.method == "POST"
            else None,
            _text(
                "_fault",
                HEADER,
                told.get("_fault", ""),
                "What shall go wrong; empty: nothing.",
                "faults",
            ),
            tag("datalist", [tag("option", value=_first(step)) for step, _ in GUIDE], id="faults"),
            button("Send it", class_="main"),
            class_="form",
        ),
    ]


def _select(
    name: str, label: str, options: Sequence[tuple[str, str]], told: Mapping[str, str]
) -> Markup:
    picked = told.get(name)
    return tag(
        "div",
        tag("label", label, for_=name),
        tag(
            "select",
            [tag("option", text, value=value, selected=value == picked) for value, text in options],
            id=name,
            name=name,
        ),
        class_="field",
    )


def _text(name: str, label: str, value: str, help_: str, list_: str | None = None) -> Markup:
    return tag(
        "div",
        tag("label", label, for_=name),
        tag("input", type="text", id=name, name=name, value=value, list=list_, autocomplete="off"),
        tag("small", help_),
        class_="field",
    )


def _first(step: str) -> str:
    return step.partition(", ")[0]


# Faults


def faults(core: Core, told: Mapping[str, str], complaint: str = "") -> Content:
    """Show what is scripted, a form for more, and the code that scripts it."""
    script = told.get("script") or "lost_response"
    operation, event = told.get("operation", ""), told.get("event", "")
    document = core.contract.document
    ahead = core.faults()
    return [
        section(
            "Scripted ahead",
            table(
                ("Step", "Meets"),
                [
                    (
                        code(each["step"]),
                        _meets(each),
                    )
                    for each in ahead
                ],
                "faults that are scripted",
            )
            if ahead
            else tag("p", soft("Nothing: all goes well.")),
            post(f"{HOME}/faults", button("Forget them", name="forget", value="1"))
            if ahead
            else None,
            id_="ahead",
            live=True,
        ),
        section(
            "Script one",
            tag("p", complaint, class_="complaint", role="alert") if complaint else None,
            post(
                f"{HOME}/faults",
                _text(
                    "script",
                    "Script",
                    script,
                    "Steps with commas; each meets one request.",
                    "steps",
                ),
                tag(
                    "datalist", [tag("option", value=_first(step)) for step, _ in GUIDE], id="steps"
                ),
                _select(
                    "operation",
                    "Only requests of",
                    [("", "any operation"), *((each.id, each.id) for each in document.operations)],
                    told,
                ),
                _select(
                    "event",
                    "Only events of (webhook= steps)",
                    [("", "any type"), *((each, each) for each in document.webhook_types())],
                    told,
                ),
                button("Script it", class_="main"),
                class_="form",
            ),
        ),
        section(
            "The code for it",
            [text_block(text, name) for name, text in _code(core, script, operation, event)],
        ),
        section(
            "What can go wrong",
            table(
                ("Step", "What happens"),
                [
                    (link(f"{HOME}/faults?script={quote_url(_first(step))}", code(step)), does)
                    for step, does in GUIDE
                ],
                "steps of a script",
            ),
        ),
    ]


def _meets(fault: Mapping[str, Any]) -> str:
    if fault["event"] is not None:
        return "the next event" if fault["event"] == "*" else f"the next {fault['event']}"
    return f"the next {fault['operation']}" if fault["operation"] else "the next request"


def quote_url(text: str) -> str:
    """Write a value for an address."""
    from urllib.parse import quote as quoted

    return quoted(text, safe="")


def _code(core: Core, script: str, operation: str, event: str) -> list[tuple[str, str]]:
    body = {"script": script, "operation": operation, "event": event}
    told = {name: value for name, value in body.items() if value}
    only = "".join(f", {name}={value!r}" for name, value in told.items() if name != "script")
    return [
        ("curl", f"curl {core.base_url}/_sandbox/faults -d {quote(json.dumps(told))}"),
        ("Python, in a test", f"sandbox.fault({script!r}{only})"),
        ("Python, for one call", f"client.METHOD(…, extra_headers={ {HEADER: script}!r})"),
    ]


# Tables


def values() -> Content:
    """Show the test values."""
    return [
        tag("p", "What these values do, wherever they are sent. Others succeed."),
        table(
            ("Field", "Value", "What happens"),
            [(code(each.field), code(each.value), each.does) for each in VALUES],
            "test values",
        ),
    ]


def controls(core: Core) -> Content:
    """Show the controls."""
    return [
        tag("p", "JSON over HTTP, from any program."),
        text_block(
            f"curl {core.base_url}/_sandbox/clock -d '{{\"advance_seconds\": 86400}}'", "an example"
        ),
        table(
            ("Control", "What it does"),
            [(code(f"{method} {path}"), does) for method, path, _, does in CONTROLS],
            "controls",
        ),
    ]
