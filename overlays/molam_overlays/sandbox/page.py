"""What people see: the page at ``/``, and the hosted checkout behind ``redirect_url``.

Server-rendered; everything is a link or a form, so nothing needs a script. Merchants' texts are
untrusted: templates escape every value, and the content security policy forbids scripts.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from molam_overlays.money.amount import Money, MoneyError, format_money, to_minor_units
from molam_overlays.sandbox.answer import Refusal, encode
from molam_overlays.sandbox.clock import rfc3339
from molam_overlays.sandbox.control import CONTROLS
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.customer import waiting
from molam_overlays.sandbox.fault_script import GUIDE
from molam_overlays.sandbox.values import VALUES

# Styles are inline in the templates. Forms may lead to the merchant's own pages.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
_SHOWN = 50
_ACTIONS = {"pay", "decline", "cancel"}


def page_routes(core: Core, version: str) -> list[Route]:
    """Return the routes that people visit."""
    pages = Pages(core, version)
    return [
        Route("/", pages.overview, methods=["GET"]),
        Route("/_sandbox/page/events/{id}/resend", pages.resend, methods=["POST"]),
        Route("/_sandbox/page/clock", pages.advance, methods=["POST"]),
        Route("/pay/{id}", pages.checkout, methods=["GET"]),
        Route("/pay/{id}", pages.decide, methods=["POST"]),
    ]


class Pages:
    """Renders the pages and carries out their buttons."""

    def __init__(self, core: Core, version: str) -> None:
        self._core = core
        self._version = version
        self._templates = Environment(
            loader=PackageLoader("molam_overlays.sandbox", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        filters: dict[str, Any] = {
            "json": _pretty,
            "minor": _minor,
            "major": _major,
            "moment": rfc3339,
            "web": _web,
        }
        self._templates.filters.update(filters)

    def _render(self, name: str, status: int = 200, **values: Any) -> Response:
        text = self._templates.get_template(name).render(values)
        return HTMLResponse(
            text.encode("utf-8", "replace"),
            status,
            headers={
                "Content-Security-Policy": _POLICY,
                "X-Content-Type-Options": "nosniff",
                # "no-referrer" would make browsers send the origin of our own forms as null.
                "Referrer-Policy": "same-origin",
                "Cache-Control": "no-store",
            },
        )

    async def overview(self, _: Request) -> Response:
        """Show what there is and what happened."""
        core = self._core
        core.tick()
        return self._render(
            "overview.html",
            version=self._version,
            base_url=core.base_url,
            now=rfc3339(core.clock.now_ms()),
            frozen=core.clock.frozen,
            payments=core.objects("payment_intent", _SHOWN),
            refunds=core.objects("refund", _SHOWN),
            payouts=core.objects("payout", _SHOWN),
            requests=core.requests(_SHOWN),
            events=core.events(_SHOWN),
            subscriptions=core.outbox.subscriptions(),
            faults=core.faults(),
            values=VALUES,
            guide=GUIDE,
            controls=CONTROLS,
        )

    async def resend(self, request: Request) -> Response:
        """Send an event again."""
        if self._core.outbox.event(request.path_params["id"]) is None:
            return self._render("problem.html", 404, message="There is no such event.")
        self._core.outbox.resend(request.path_params["id"])
        self._core.woken()
        return RedirectResponse("/#events", 303)

    async def advance(self, request: Request) -> Response:
        """Move the clock by one of the buttons."""
        seconds = {"minute": 60, "hour": 3600, "day": 86400}
        step = (await _form(request)).get("step", "")
        try:
            self._core.clock.advance(seconds[step] * 1000)
        except (KeyError, ValueError):
            return self._render("problem.html", 422, message="The clock cannot move so.")
        self._core.tick()
        self._core.woken()
        return RedirectResponse("/", 303)

    async def checkout(self, request: Request) -> Response:
        """Show the hosted page of a payment."""
        core = self._core
        core.tick()
        intent = core.ledger.get(request.path_params["id"])
        if intent is None or intent.kind != "payment_intent":
            return self._render("problem.html", 404, message="There is no such payment.")
        try:
            waiting(core.ledger, intent.id)
        except Refusal:
            return self._render("checkout.html", payment=intent.body, open=False)
        return self._render("checkout.html", payment=intent.body, open=True)

    async def decide(self, request: Request) -> Response:
        """Carry out the customer's decision, and send them back to the merchant."""
        action = (await _form(request)).get("action", "")
        if action not in _ACTIONS:
            return self._render("problem.html", 422, message="Choose pay, decline or cancel.")
        try:
            intent = self._core.customer(request.path_params["id"], action)
        except Refusal as refusal:
            message = refusal.message or "This payment does not wait for you."
            return self._render("problem.html", refusal.status, message=message)
        url = intent.body["return_url" if action == "pay" else "cancel_url"]
        if _web(url):
            return RedirectResponse(url, 303)
        return self._render("checkout.html", payment=intent.body, open=False)


Endpoint = Callable[[Request], Awaitable[Response]]


async def _form(request: Request) -> dict[str, str]:
    from urllib.parse import parse_qsl

    content = await request.body()
    return dict(parse_qsl(content[:10_000].decode("utf-8", "replace")))


def _pretty(data: Any) -> str:
    return json.dumps(json.loads(encode(data)), indent=2, ensure_ascii=False)


def _web(url: Any) -> str | None:
    """Return a URL that a browser may be sent to: http and https, never ``javascript:``."""
    if not isinstance(url, str):
        return None
    return url if urlsplit(url).scheme in {"http", "https"} else None


def _minor(amount: int, currency: str) -> str:
    try:
        return format_money(Money(amount, currency))
    except MoneyError:
        return f"{amount} {currency} (minor units)"


def _major(amount: Decimal | int, currency: str) -> str:
    try:
        return _minor(to_minor_units(Decimal(str(amount)), currency), currency)
    except MoneyError:
        return f"{amount} {currency}"
