"""The pages' routes: what is shown where, and what the buttons do."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from molam_overlays.sandbox.answer import Refusal
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.document import Operation, path_of
from molam_overlays.sandbox.fault_script import FaultError
from molam_overlays.sandbox.ledger import Thing
from molam_overlays.sandbox.life import LIVES
from molam_overlays.sandbox.pages import forms, guide, lists
from molam_overlays.sandbox.pages.calls import OWN_ACCOUNT, call
from molam_overlays.sandbox.pages.checkout import Checkout
from molam_overlays.sandbox.pages.layout import Frame, page, problem
from molam_overlays.sandbox.pages.markup import Content, soft, tag
from molam_overlays.sandbox.pages.object import object_page
from molam_overlays.sandbox.pages.parts import HOME, noun, url_of
from molam_overlays.sandbox.pages.records import event_page, request_page
from molam_overlays.sandbox.pages.reply import HEADERS, back, form_of, shown
from molam_overlays.sandbox.pages.steps import force, steps_of
from molam_overlays.sandbox.search import Found, Query

_FILES: Final = {
    f"{HOME}/style.css": ("style.css", "text/css"),
    f"{HOME}/live.js": ("live.js", "text/javascript"),
    f"{HOME}/icon.svg": ("icon.svg", "image/svg+xml"),
    "/favicon.ico": ("icon.svg", "image/svg+xml"),
}
_ASKED_BY_BROWSERS: Final = (
    "/apple-touch-icon.png",
    "/apple-touch-icon-precomposed.png",
    "/robots.txt",
    "/.well-known/appspecific/com.chrome.devtools.json",
)
_NEWS_SECONDS: Final = 0.25
_STEPS: Final = {"minute": 60, "hour": 3600, "day": 86400}
_MISSING: Final = (
    "There is no such thing here. After a reset, and without --state, all is forgotten."
)


def page_routes(core: Core, version: str, ended: Callable[[], bool] = lambda: False) -> list[Route]:
    """Return the routes that people visit.

    Args:
        core: the sandbox.
        version: shown on every page.
        ended: whether the server ends, so that nobody waits for news any more.
    """
    site, checkout = Site(core, version, ended), Checkout(core)
    gets = {
        "/": site.home,
        f"{HOME}/news": site.news,
        f"{HOME}/requests": site.requests,
        f"{HOME}/requests/{{id}}": site.request,
        f"{HOME}/events": site.events,
        f"{HOME}/events/{{id}}": site.event,
        f"{HOME}/try": site.try_list,
        f"{HOME}/try/{{operation}}": site.try_form,
        f"{HOME}/faults": site.faults,
        f"{HOME}/values": site.values,
        f"{HOME}/controls": site.controls,
        f"{HOME}/{{kind}}": site.objects,
        f"{HOME}/{{kind}}/{{id}}": site.object,
        "/pay/{id}": checkout.show,
    }
    posts = {
        f"{HOME}/clock": site.set_clock,
        f"{HOME}/faults": site.script,
        f"{HOME}/try/{{operation}}": site.send,
        f"{HOME}/events/{{id}}/resend": site.resend,
        f"{HOME}/{{kind}}/{{id}}/{{action}}": site.step,
        "/pay/{id}": checkout.decide,
    }
    return [
        *(Route(path, site.file, methods=["GET"]) for path in _FILES),
        *(Route(path, site.nothing, methods=["GET"]) for path in _ASKED_BY_BROWSERS),
        *(Route(path, endpoint, methods=["GET"]) for path, endpoint in gets.items()),
        *(Route(path, endpoint, methods=["POST"]) for path, endpoint in posts.items()),
    ]


@cache
def content_of(name: str) -> bytes:
    """Return a file that pages need."""
    return (Path(__file__).parent / "files" / name).read_bytes()


class Site:
    """Shows the pages, and does what their forms ask for."""

    def __init__(self, core: Core, version: str, ended: Callable[[], bool]) -> None:
        self._core = core
        self._version = version
        self._ended = ended

    def _page(self, request: Request, title: str, content: Content, status: int = 200) -> Response:
        frame = Frame(self._core, self._version, request.url.path)
        return shown(page(frame, title, content), status)

    async def file(self, request: Request) -> Response:
        """Serve a style, a script, an icon."""
        name, kind = _FILES[request.url.path]
        return Response(content_of(name), media_type=kind, headers=HEADERS)

    async def nothing(self, _: Request) -> Response:
        """Have nothing of what browsers ask for by themselves."""
        return Response(status_code=404, headers=HEADERS)

    async def news(self, request: Request) -> Response:
        """Say when something has changed, as server-sent events."""

        async def told() -> AsyncIterator[str]:
            seen = self._core.state.changes()
            yield "retry: 1000\n\n"
            while not self._ended() and not await request.is_disconnected():
                await asyncio.sleep(_NEWS_SECONDS)
                if (now := self._core.state.changes()) != seen:
                    seen = now
                    yield f"data: {now}\n\n"

        return StreamingResponse(told(), media_type="text/event-stream", headers=HEADERS)

    # Lists

    async def home(self, request: Request) -> Response:
        """Show what is new."""
        self._core.tick()
        return self._page(request, "Home", guide.home(self._core, self._core.search.accounts()))

    async def objects(self, request: Request) -> Response:
        """Show the objects of a kind."""
        kind = request.path_params["kind"]
        if kind not in LIVES:
            return shown(problem("Not found", _MISSING), 404)
        return self._list(
            request,
            kind,
            f"{noun(kind)}s",
            partial(self._core.search.objects, kind),
            partial(lists.things, self._core, kind),
            statuses=list(dict.fromkeys(name for both in _states(kind) for name in both)),
            hint="id, amount, text, metadata",
        )

    async def requests(self, request: Request) -> Response:
        """Show requests."""
        key = request.query_params.get("key")
        return self._list(
            request,
            "requests",
            f"Requests with the key {key}" if key else "Requests",
            self._core.search.requests,
            lists.requests,
            statuses=lists.ANSWERS,
            types=[each.id for each in self._core.contract.document.operations],
            hint="id, key, path, text",
        )

    async def events(self, request: Request) -> Response:
        """Show events."""
        return self._list(
            request,
            "events",
            "Events",
            self._core.search.events,
            lists.events,
            statuses=lists.DELIVERIES,
            types=self._core.contract.document.webhook_types(),
            hint="id, type, text",
        )

    def _list(
        self,
        request: Request,
        name: str,
        title: str,
        search: Callable[[Query], Found],
        rows: Callable[[list[Any], list[str]], Content],
        **finder: Any,
    ) -> Response:
        self._core.tick()
        told = dict(request.query_params)
        query = lists.query_of(told, self._core.clock.now_ms())
        accounts = self._core.search.accounts()
        found = search(query)
        content = [
            lists.finder(name, told, accounts, **finder),
            self._rows(rows(found.rows, accounts), told),
            lists.pages(name, told, found, query),
        ]
        return self._page(request, title, content)

    def _rows(self, rows: Content, told: dict[str, Any]) -> Content:
        empty = "Nothing matches." if any(told.values()) else "None yet."
        return tag("div", rows or tag("p", soft(empty)), id="rows", data_live="rows")

    # One thing

    async def object(self, request: Request) -> Response:
        """Show one object."""
        self._core.tick()
        thing = self._thing(request)
        if thing is None:
            return shown(problem("Not found", _MISSING), 404)
        content = object_page(self._core, thing, self._core.search.accounts())
        return self._page(request, f"{noun(thing.kind)} {thing.id}", content)

    def _thing(self, request: Request) -> Thing | None:
        found = self._core.search.thing(request.path_params["id"])
        return found if found is not None and found.kind == request.path_params["kind"] else None

    async def request(self, request: Request) -> Response:
        """Show one request."""
        found = self._core.search.request(request.path_params["id"])
        if found is None:
            return shown(problem("Not found", _MISSING), 404)
        content = request_page(self._core, found, self._core.search.accounts())
        return self._page(request, f"Request {found['id']}", content)

    async def event(self, request: Request) -> Response:
        """Show one event."""
        self._core.tick()
        found = self._core.search.event(request.path_params["id"])
        if found is None:
            return shown(problem("Not found", "There is no such event."), 404)
        content = event_page(self._core, found, self._core.search.accounts())
        return self._page(request, f"Event {found['event']['id']}", content)

    # Buttons

    async def resend(self, request: Request) -> Response:
        """Send an event again."""
        id_ = request.path_params["id"]
        if self._core.outbox.event(id_) is None:
            return shown(problem("Not found", "There is no such event."), 404)
        self._core.outbox.resend(id_)
        self._core.woken()
        return RedirectResponse(f"{url_of('events', id_)}#deliveries", 303)

    async def step(self, request: Request) -> Response:
        """Take a next step of an object's life."""
        self._core.tick()
        thing = self._thing(request)
        if thing is None:
            return shown(problem("Not found", _MISSING), 404)
        action = request.path_params["action"]
        step = next((each for each in steps_of(thing) if each.action == action), None)
        if step is None:
            return shown(
                problem("Not possible", f"It is {thing.body['status']}: this cannot come next."),
                409,
            )
        try:
            if step.way == "customer":
                self._core.customer(thing.id, step.customer)
            elif step.way == "itself":
                force(self._core, thing, action)
            else:
                operation = self._operation(step.operation)
                assert operation is not None
                name = next(each.name for each in operation.parameters if each.place == "path")
                path = path_of(operation, {name: thing.id})
                key = f"page-{secrets.token_hex(4)}"
                body = step.body or None
                await call(self._core, thing.account, operation.method, path, body=body, key=key)
        except Refusal as refusal:
            return shown(problem("Not possible", refusal.message or refusal.code), refusal.status)
        return RedirectResponse(url_of(thing.kind, thing.id), 303)

    async def set_clock(self, request: Request) -> Response:
        """Move the clock, stop it, or let it run."""
        told = await form_of(request)
        clock, step = self._core.clock, told.get("step", "")
        try:
            if step in {"stop", "run"}:
                (clock.freeze if step == "stop" else clock.thaw)()
            elif step == "next" or told.get("until", "").isdecimal():
                due = self._core.next_due_ms() if step == "next" else int(told["until"])
                clock.advance(max(0, (due or 0) - clock.now_ms()))
            else:
                clock.advance(_STEPS[step] * 1000)
        except (KeyError, ValueError):
            return shown(problem("Not possible", "The clock cannot move so."), 422)
        self._core.tick()
        self._core.woken()
        return back(told)

    # Trying

    async def try_list(self, request: Request) -> Response:
        """Show what can be tried."""
        return self._page(request, "Try it", guide.try_list(self._core))

    def _operation(self, id_: str) -> Operation | None:
        return next(
            (each for each in self._core.contract.document.operations if each.id == id_), None
        )

    def _form(self, request: Request, told: dict[str, str], complaint: str = "") -> Response:
        operation = self._operation(request.path_params["operation"])
        if operation is None:
            return shown(problem("Not found", _MISSING), 404)
        accounts = self._core.search.accounts()
        key = f"try-{secrets.token_hex(4)}"
        content = guide.try_form(self._core, operation, accounts, told, key, complaint)
        return self._page(request, operation.id, content, 422 if complaint else 200)

    async def try_form(self, request: Request) -> Response:
        """Show the form of an operation."""
        return self._form(request, dict(request.query_params))

    async def send(self, request: Request) -> Response:
        """Send what a form says, and show the request."""
        operation = self._operation(request.path_params["operation"])
        if operation is None:
            return shown(problem("Not found", _MISSING), 404)
        told = await form_of(request)
        document = self._core.contract.document
        named = {each.name: each.place for each in operation.parameters}
        paths = {name: told.get(name, "") for name, place in named.items() if place == "path"}
        if not all(paths.values()):
            return self._form(request, told, "The path has an empty place.")
        try:
            body = forms.body_of(forms.fields_of(document, operation), told)
        except forms.FormError as error:
            return self._form(request, told, str(error))
        queries = {n: told[n] for n, place in named.items() if place == "query" and told.get(n)}
        account = told.get("account", "")
        id_ = await call(
            self._core,
            account if account in self._core.search.accounts() else OWN_ACCOUNT,
            operation.method,
            path_of(operation, paths),
            body=body if operation.body is not None and (body or operation.body_required) else None,
            query=queries,
            key=told.get("_key", "") if operation.method == "POST" else "",
            fault=told.get("_fault", ""),
        )
        return RedirectResponse(url_of("requests", id_), 303)

    # Faults and tables

    async def faults(self, request: Request) -> Response:
        """Show what is scripted, and how."""
        return self._page(request, "Faults", guide.faults(self._core, dict(request.query_params)))

    async def script(self, request: Request) -> Response:
        """Script a fault, or forget them all."""
        told = await form_of(request)
        if told.get("forget"):
            self._core.forget_faults()
            return RedirectResponse(f"{HOME}/faults", 303)
        try:
            self._core.script(
                told.get("script", ""), told.get("operation") or None, told.get("event") or None
            )
        except FaultError as error:
            content = guide.faults(self._core, told, str(error))
            return self._page(request, "Faults", content, 422)
        kept = {name: told.get(name, "") for name in ("script", "operation", "event")}
        return RedirectResponse(url_of("faults", **kept), 303)

    async def values(self, request: Request) -> Response:
        """Show the test values."""
        return self._page(request, "Test values", guide.values())

    async def controls(self, request: Request) -> Response:
        """Show the controls."""
        return self._page(request, "Controls", guide.controls(self._core))


def _states(kind: str) -> list[tuple[str, str]]:
    return [(before, after) for (before, _), after in LIVES[kind].items()]
