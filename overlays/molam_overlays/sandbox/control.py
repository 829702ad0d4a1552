"""Controls under ``/_sandbox``: the clock, faults, subscriptions, events, requests. JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from molam_overlays.message.media import JSON
from molam_overlays.sandbox.answer import Refusal, decode, encode
from molam_overlays.sandbox.clock import machine_ms, parse_rfc3339, rfc3339
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.fault_script import FaultError
from molam_overlays.sandbox.subscription import Subscription
from molam_overlays.sandbox.values import VALUES

Handler = Callable[[Request, dict[str, Any]], Any]


class Controls:
    """One method for each control; each returns JSON data."""

    def __init__(self, core: Core, version: str) -> None:
        self._core = core
        self._version = version

    def status(self, _: Request, __: dict[str, Any]) -> Any:
        return {
            "sandbox": "molam",
            "version": self._version,
            "api_version": self._core.contract.document.root["info"]["version"],
            "base_url": self._core.base_url,
            "clock": self._clock(),
            "subscriptions": [_shown(each) for each in self._core.outbox.subscriptions()],
            "events": self._core.contract.document.webhook_types(),
            "operations": [each.id for each in self._core.contract.document.operations],
        }

    def _clock(self) -> dict[str, Any]:
        clock = self._core.clock
        return {
            "now": rfc3339(clock.now_ms()),
            "now_ms": clock.now_ms(),
            "frozen": clock.frozen,
            "ahead_ms": clock.ahead_ms,
            "machine_ms": machine_ms(),
        }

    def clock(self, _: Request, __: dict[str, Any]) -> Any:
        return self._clock()

    def set_clock(self, _: Request, told: dict[str, Any]) -> Any:
        clock = self._core.clock
        _only(told, "frozen", "advance_seconds", "advance_to")
        frozen = told.get("frozen")
        if frozen is not None and not isinstance(frozen, bool):
            raise ValueError("frozen must be true or false.")
        if frozen:
            clock.freeze()
        seconds = told.get("advance_seconds")
        if seconds is not None:
            clock.advance(int(_number(seconds, "advance_seconds") * 1000))
        moment = told.get("advance_to")
        if moment is not None:
            clock.advance(parse_rfc3339(str(moment)) - clock.now_ms())
        if frozen is False:
            clock.thaw()
        self._core.tick()
        self._core.woken()
        return self._clock()

    def faults(self, _: Request, __: dict[str, Any]) -> Any:
        return {"data": self._core.faults()}

    def add_fault(self, _: Request, told: dict[str, Any]) -> Any:
        _only(told, "script", "operation", "event")
        script = told.get("script")
        if not isinstance(script, str) or not script.strip():
            raise ValueError('script is required, such as {"script": "reset=after"}.')
        operation, event = told.get("operation"), told.get("event")
        if not all(isinstance(name, (str, type(None))) for name in (operation, event)):
            raise ValueError("operation and event must be text.")
        steps = self._core.script(script, operation, event)
        return {"scripted": steps, "data": self._core.faults()}

    def drop_faults(self, _: Request, __: dict[str, Any]) -> Any:
        self._core.forget_faults()
        return {"data": []}

    def subscriptions(self, _: Request, __: dict[str, Any]) -> Any:
        return {"data": [_shown(each) for each in self._core.outbox.subscriptions()]}

    def subscribe(self, _: Request, told: dict[str, Any]) -> Any:
        _only(told, "url", "secret", "types", "kid")
        types = told.get("types", [])
        if not isinstance(types, list):
            raise ValueError("types must be a list of event types.")
        known = self._core.contract.document.webhook_types()
        for each in types:
            if each not in known:
                raise ValueError(f"There is no event {str(each)[:80]!r} in the document.")
        return _shown(
            self._core.outbox.subscribe(
                checked_url(told.get("url")),
                checked_secret(told.get("secret")),
                tuple(cast("list[str]", types)),
                checked_kid(told.get("kid", "1")),
            )
        )

    def unsubscribe(self, request: Request, _: dict[str, Any]) -> Any:
        if not self._core.outbox.unsubscribe(request.path_params["id"]):
            raise LookupError
        return {"deleted": True}

    def rotate(self, request: Request, told: dict[str, Any]) -> Any:
        _only(told, "secret")
        found = self._core.outbox.rotate(
            request.path_params["id"], checked_secret(told.get("secret"))
        )
        if found is None:
            raise LookupError
        return _shown(found)

    def events(self, request: Request, _: dict[str, Any]) -> Any:
        limit = min(int(request.query_params.get("limit", "100")), 1000)
        return {"data": self._core.outbox.events(limit, request.query_params.get("after"))}

    def trigger(self, _: Request, told: dict[str, Any]) -> Any:
        _only(told, "type", "data")
        data = told.get("data")
        if data is not None and not isinstance(data, dict):
            raise ValueError("data must be an object: fields that replace the example's.")
        try:
            return self._core.trigger(str(told.get("type")), cast("dict[str, Any] | None", data))
        except LookupError:
            known = ", ".join(self._core.contract.document.webhook_types())
            raise ValueError(f"type must be an event of the document: {known}.") from None

    def resend(self, request: Request, _: dict[str, Any]) -> Any:
        if self._core.outbox.event(request.path_params["id"]) is None:
            raise LookupError
        count = self._core.outbox.resend(request.path_params["id"])
        self._core.woken()
        return {"deliveries": count}

    def requests(self, request: Request, _: dict[str, Any]) -> Any:
        return {
            "data": self._core.requests(min(int(request.query_params.get("limit", "100")), 1000))
        }

    def values(self, _: Request, __: dict[str, Any]) -> Any:
        rows = [attrs.asdict(each) for each in VALUES]
        return {"data": [{name: row[name] for name in ("field", "value", "does")} for row in rows]}

    def customer(self, request: Request, _: dict[str, Any]) -> Any:
        return self._core.customer(request.path_params["id"], request.path_params["action"]).body

    def reset(self, _: Request, __: dict[str, Any]) -> Any:
        self._core.reset()
        return {"reset": True}


CONTROLS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (
        "GET",
        "/_sandbox",
        "status",
        "address, clock, subscriptions, operations, events",
    ),
    (
        "GET",
        "/_sandbox/clock",
        "clock",
        "the time, and whether it stands still",
    ),
    (
        "POST",
        "/_sandbox/clock",
        "set_clock",
        '{"frozen": true}, {"advance_seconds": 86400}, {"advance_to": "2030-01-01T00:00:00Z"}; what is due by then happens',
    ),
    (
        "GET",
        "/_sandbox/faults",
        "faults",
        "what is scripted ahead",
    ),
    (
        "POST",
        "/_sandbox/faults",
        "add_fault",
        '{"script": "lost_response, ok", "operation": "createRefund", "event": "payout.paid"}; the last two may be left out',
    ),
    (
        "DELETE",
        "/_sandbox/faults",
        "drop_faults",
        "nothing goes wrong any more",
    ),
    (
        "GET",
        "/_sandbox/subscriptions",
        "subscriptions",
        "who gets events, with secrets",
    ),
    (
        "POST",
        "/_sandbox/subscriptions",
        "subscribe",
        '{"url": "http://localhost:8000/webhooks", "secret": "whsec_…", "types": ["payout.paid"], "kid": "1"}; only url is required',
    ),
    (
        "DELETE",
        "/_sandbox/subscriptions/{id}",
        "unsubscribe",
        "no more events",
    ),
    (
        "POST",
        "/_sandbox/subscriptions/{id}/rotate",
        "rotate",
        'a new secret, random unless {"secret": "whsec_…"} is given',
    ),
    (
        "GET",
        "/_sandbox/events",
        "events",
        "events and deliveries, newest first; ?limit=100, ?after=evt_…",
    ),
    (
        "POST",
        "/_sandbox/events",
        "trigger",
        '{"type": "payout.paid", "data": {"id": "po_1"}}: an event made from the example in the document',
    ),
    (
        "POST",
        "/_sandbox/events/{id}/resend",
        "resend",
        "send an event again, to everybody",
    ),
    (
        "GET",
        "/_sandbox/requests",
        "requests",
        "requests with key, body, answer and fault, newest first",
    ),
    (
        "GET",
        "/_sandbox/values",
        "values",
        "the test values",
    ),
    (
        "POST",
        "/_sandbox/payments/{id}/{action}",
        "customer",
        "be the customer on the hosted page: pay, decline or cancel",
    ),
    (
        "POST",
        "/_sandbox/reset",
        "reset",
        "forget everything but the subscriptions",
    ),
)
"""Method, path, the method of `Controls`, and what it does: also shown on the page and in the docs."""


def control_routes(core: Core, version: str) -> list[Route]:
    """Return the routes under ``/_sandbox``."""
    controls = Controls(core, version)
    return [
        Route(path, _endpoint(getattr(controls, name)), methods=[method])
        for method, path, name, _ in CONTROLS
    ]


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            told: dict[str, Any] = {}
            content = await request.body()
            if content:
                decoded = decode(content.decode("utf-8"))
                if not isinstance(decoded, dict):
                    raise ValueError("The body must be a JSON object.")
                told = decoded
            return _json(200, handler(request, told))
        except Refusal as refusal:
            return _json(refusal.status, {"error": refusal.message or refusal.code})
        except LookupError:
            return _json(404, {"error": "There is no such thing here."})
        except UnicodeError:
            return _json(422, {"error": "The body must be UTF-8, without half surrogate pairs."})
        except (FaultError, ValueError, OverflowError) as error:
            return _json(422, {"error": str(error)})

    return endpoint


def _json(status: int, data: Any) -> Response:
    return Response(encode(data), status, media_type=JSON)


def _shown(subscription: Subscription) -> dict[str, Any]:
    # The secret is shown: a person has to give it to the receiver, and nothing here is real.
    return {
        "id": subscription.id,
        "url": subscription.url,
        "types": list(subscription.types),
        "secrets": [dict(each) for each in subscription.secrets],
    }


def _only(told: dict[str, Any], *names: str) -> None:
    unknown = sorted(set(told) - set(names))
    if unknown:
        raise ValueError(f"Unknown field {unknown[0][:40]!r}. Known fields: {', '.join(names)}.")


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise ValueError(f"{name} must be a number.")
    return float(value)


def checked_url(url: Any) -> str:
    """Return a URL that events can be sent to.

    Raises:
        ValueError: it is not an absolute http or https URL.
    """
    from urllib.parse import urlsplit

    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("The URL of a receiver must be absolute, http or https.")
    return cast("str", url)


def checked_secret(secret: Any) -> str | None:
    """Return a secret, None for the default.

    Raises:
        ValueError: it is not text.
    """
    if secret is not None and (not isinstance(secret, str) or not secret):
        raise ValueError("secret must be text.")
    return secret


def checked_kid(kid: Any) -> str:
    """Return a key id.

    Raises:
        ValueError: it cannot stand in a signature header.
    """
    if not isinstance(kid, str) or not kid.isascii() or not kid.isalnum() or len(kid) > 64:
        raise ValueError("kid must be 1 to 64 letters and digits.")
    return kid
