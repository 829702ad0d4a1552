"""Small things that many pages show: states, amounts, times, code, tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from molam_overlays.money.amount import Money, MoneyError, format_money, to_minor_units
from molam_overlays.sandbox.answer import encode
from molam_overlays.sandbox.clock import rfc3339
from molam_overlays.sandbox.pages.markup import Content, Markup, code, link, tag

HOME: Final = "/_sandbox/page"
GOOD: Final = frozenset({"succeeded", "paid", "delivered"})
BAD: Final = frozenset({"failed", "canceled", "reversed", "dropped"})
MAJOR: Final = frozenset({"payout"})
"""Kinds whose amounts are decimal major units."""
NOUNS: Final = {"payment_intent": "Payment", "refund": "Refund", "payout": "Payout"}


def noun(kind: str) -> str:
    """Name a kind of object."""
    return NOUNS.get(kind, kind.replace("_", " ").capitalize())


def url_of(kind: str, id_: str | None = None, **query: Any) -> str:
    """Return the address of a list, or of one thing in it."""
    # Half a surrogate pair has no UTF-8; it may stand in a merchant's text all the same.
    place = f"{HOME}/{quote(kind)}"
    if id_ is not None:
        place += "/" + quote(id_, safe="", errors="replace")
    told = {name: value for name, value in query.items() if value}
    return place + (f"?{urlencode(told, errors='replace')}" if told else "")


def badge(word: str) -> Markup:
    """Show a state: its colour says whether it is good, its word what it is."""
    tone = "good" if word in GOOD else "bad" if word in BAD else "wait"
    return tag("span", word.replace("_", " "), class_=f"tag {tone}")


def answer_badge(status: int | None) -> Markup:
    """Show how a request or a delivery was answered."""
    tone = "good" if status is not None and 200 <= status < 300 else "bad"
    return tag("span", str(status or "no answer"), class_=f"tag {tone}")


def note(text: str, tone: str = "wait") -> Markup:
    """Show a remark in the form of a state."""
    return tag("span", text, class_=f"tag {tone}")


def money(kind: str, body: Mapping[str, Any], field: str = "amount", locale: str = "en") -> str:
    """Write an amount of an object: minor units, or major ones where the document has them."""
    amount, currency = body.get(field), str(body.get("currency", ""))
    if amount is None:
        return ""
    try:
        minor = to_minor_units(Decimal(str(amount)), currency) if kind in MAJOR else amount
        return format_money(Money(minor, currency), locale=locale)
    except MoneyError:
        return f"{amount} {currency}"


def moment(ms: int) -> Markup:
    """Show a time of the sandbox's clock."""
    text = rfc3339(ms)
    return tag("time", f"{text[:10]} {text[11:19]}", datetime=text)


def span(ms: int) -> str:
    """Write a length of time for people: the two largest units."""
    seconds = max(0, round(ms / 1000))
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    found: list[str] = []
    for name, size in units:
        if seconds >= size or (name == "s" and not found):
            found.append(f"{seconds // size} {name}")
            seconds %= size
    return " ".join([each for each in found if not each.startswith("0 ") or len(found) == 1][:2])


def pretty(data: Any) -> str:
    """Write JSON for people."""
    return json.dumps(json.loads(encode(data)), indent=2, ensure_ascii=False)


def json_block(data: Any, label: str) -> Markup:
    """Show JSON."""
    # Scrolls sideways, so the keyboard must reach it.
    return tag("pre", pretty(data), tabindex="0", role="region", aria_label=label)


def text_block(text: str, label: str) -> Markup:
    """Show a program or a command, to copy: by a button with scripts, else by one click that selects all."""
    return tag(
        "div",
        tag("pre", text, tabindex="0", role="region", aria_label=label, class_="copy"),
        tag("button", "Copy", type="button", class_="copier", aria_label=f"Copy: {label}"),
        class_="copied",
    )


def web(url: Any) -> str | None:
    """Return a URL that a browser may be sent to: http and https, never ``javascript:``."""
    if not isinstance(url, str):
        return None
    try:
        return url if urlsplit(url).scheme in {"http", "https"} else None
    except ValueError:
        return None


def table(heads: Sequence[str], rows: Iterable[Sequence[Content]], caption: str) -> Markup:
    """Show rows; on a narrow screen the cells of each flow like words."""
    return tag(
        "table",
        tag("caption", caption, class_="unseen"),
        tag("thead", tag("tr", [tag("th", head, scope="col") for head in heads])),
        tag("tbody", [tag("tr", [tag("td", cell) for cell in row]) for row in rows]),
    )


def facts(pairs: Iterable[tuple[str, Content]]) -> Markup:
    """Show names and values."""
    return tag("dl", [[tag("dt", name), tag("dd", value)] for name, value in pairs], class_="facts")


def section(title: str, *content: Content, id_: str | None = None, live: bool = False) -> Markup:
    """Make a part of a page; a live one is looked at again when there is news."""
    return tag("section", tag("h2", title), *content, id=id_, data_live=id_ if live else None)


def key_link(key: str | None) -> Content:
    """Show an idempotency key, which leads to all of its requests."""
    return (
        link(url_of("requests", key=key), code(key))
        if key
        else tag("span", "no key", class_="soft")
    )


def request_link(id_: str) -> Markup:
    """Lead to a request."""
    return link(url_of("requests", id_), code(id_))


def event_link(id_: str, label: str | None = None) -> Markup:
    """Lead to an event."""
    return link(url_of("events", id_), label or code(id_))
