"""What every page has: head, navigation, the clock, the accounts."""

from __future__ import annotations

from typing import Final

import attrs

from molam_overlays.sandbox.clock import rfc3339
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.life import LIVES
from molam_overlays.sandbox.pages.markup import Content, Markup, button, code, html, link, post, tag
from molam_overlays.sandbox.pages.parts import HOME, moment, noun, span, url_of

KINDS: Final = tuple(LIVES)
MENU: Final = (
    ("/", "Home"),
    *((url_of(kind), f"{noun(kind)}s") for kind in KINDS),
    (url_of("requests"), "Requests"),
    (url_of("events"), "Events"),
    (f"{HOME}/try", "Try it"),
    (f"{HOME}/faults", "Faults"),
    (f"{HOME}/values", "Test values"),
    (f"{HOME}/controls", "Controls"),
)
STYLE: Final = "/_sandbox/page/style.css"
SCRIPT: Final = "/_sandbox/page/live.js"
ICON: Final = "/_sandbox/page/icon.svg"


@attrs.frozen
class Frame:
    """What the frame of a page shows of the sandbox."""

    core: Core
    version: str
    path: str
    """Where the visitor is, for the navigation and for coming back."""


def document(title: str, *body: Content, lang: str = "en", script: bool = False) -> Markup:
    """Make a whole HTML document."""
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href=ICON, type="image/svg+xml"),
        tag("link", rel="stylesheet", href=STYLE),
        tag("script", src=SCRIPT, defer=True) if script else None,
    )
    return Markup("<!doctype html>" + tag("html", tag("head", head), tag("body", body), lang=lang))


def page(frame: Frame, title: str, *content: Content) -> Markup:
    """Make a page of the sandbox."""
    return document(
        f"{title} · Molam sandbox",
        link("#content", "To the content", class_="skip"),
        tag("header", _head(frame), _menu(frame.path)),
        tag("main", tag("h1", title), *content, id="content", tabindex="-1"),
        tag(
            "footer",
            f"Molam sandbox {frame.version} · no real money · ",
            code(frame.core.base_url),
        ),
        script=True,
    )


def _menu(path: str) -> Markup:
    return tag(
        "nav",
        [
            link(url, name, aria_current="page" if _is_here(url, path) else None)
            for url, name in MENU
        ],
        aria_label="Pages",
    )


def _is_here(url: str, path: str) -> bool:
    return path == url if url == "/" else path == url or path.startswith(f"{url}/")


def _head(frame: Frame) -> Content:
    core = frame.core
    now, due = core.clock.now_ms(), core.next_due_ms()
    steps: list[Content] = [
        button(label, name="step", value=step)
        for step, label in (("minute", "+1 min"), ("hour", "+1 h"), ("day", "+1 day"))
    ]
    if due is not None and due > now:
        steps.append(button(f"to the next, in {span(due - now)}", name="step", value="next"))
    held = "run" if core.clock.frozen else "stop"
    steps.append(button("Let it run" if core.clock.frozen else "Stop it", name="step", value=held))
    return tag(
        "div",
        link("/", tag("strong", "Molam"), " sandbox", class_="brand"),
        post(
            f"{HOME}/clock",
            tag("span", moment(now), " UTC", ", stands still" if core.clock.frozen else ""),
            tag("input", type="hidden", name="back", value=frame.path),
            steps,
            class_="clock",
            data_live="clock",
            id="clock",
            aria_label="Clock",
        ),
        class_="top",
    )


def letter(accounts: list[str], account: str) -> Content:
    """Tell accounts apart: a letter each, in the order of their coming; it leads to its rows."""
    if account not in accounts:
        return tag("span", "no account", class_="soft")
    name = f"Account {name_of(accounts, account)}"
    return link(url_of(KINDS[0], account=account), name, class_="account", title=account)


def name_of(accounts: list[str], account: str) -> str:
    """Return the letter of an account, AA after Z."""
    number, name = accounts.index(account) + 1, ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def problem(title: str, message: str) -> Markup:
    """Make a page that says what went wrong."""
    return document(
        title,
        tag(
            "main",
            tag("h1", title),
            tag("p", message, id="outcome"),
            tag("p", link("/", "The sandbox's page")),
            class_="alone",
        ),
    )


def text_of(content: Content) -> bytes:
    """Encode a page; half a surrogate pair becomes a question mark."""
    return html(content).encode("utf-8", "replace")


def when(ms: int, now: int) -> str:
    """Say when something will be, by the sandbox's clock."""
    return f"{rfc3339(ms)[:16].replace('T', ' ')}, in {span(ms - now)}" if ms > now else "now"
