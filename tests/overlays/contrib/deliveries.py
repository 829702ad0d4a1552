"""Deliveries that every receiver must answer alike, whatever the framework."""

from __future__ import annotations

import json
from typing import Any

import pytest

from molam_overlays.schema.model import Model
from molam_overlays.webhook.events import construct_event as construct
from molam_overlays.webhook.receiver import MAX_BODY_BYTES
from molam_overlays.webhook.router import EventRouter
from molam_overlays.webhook.signature import generate_signature

SECRET = "whsec_receiver"
GOOD = '{"id": "evt_1", "type": "payout.paid", "note": "é"}'.encode()
BROKEN = json.dumps({"id": "evt_2", "type": "payout.failed"}).encode()
UNASKED = json.dumps({"id": "evt_3", "type": "brand.new"}).encode()


class Event(Model):
    """What a receiver hands over."""


class Events(EventRouter[Event]):
    event_types = frozenset({"payout.paid", "payout.failed"})

    def on(self, *types: str) -> Any:
        return self._on(*types)


def construct_event(header: str | None, body: bytes) -> Event:
    return construct({}, Event, header, body, SECRET)


def unavailable(header: str | None, body: bytes) -> Event:
    raise RuntimeError("the vault is down")


class Handlers:
    """A router that keeps what it was handed, and raises on ``payout.failed``."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.events = Events()
        self.events.on("payout.paid")(self.seen.append)
        self.events.on("payout.failed")(self.raises)

    def raises(self, event: Any) -> None:
        raise RuntimeError("no stock")


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {
        "Molam-Signature": generate_signature(body, secret),
        "Content-Type": "application/json",
    }


LARGE = b"[" + b" " * MAX_BODY_BYTES
ALIKE = [
    pytest.param(GOOD, signed, 200, "ok", id="handled"),
    pytest.param(UNASKED, signed, 200, "ok", id="nobody asked for it"),
    pytest.param(BROKEN, signed, 500, "not handled, send again", id="the handler raised"),
    pytest.param(b"not json", signed, 400, "not an event", id="not JSON"),
    pytest.param(b"\xff\xfe", signed, 400, "not an event", id="not UTF-8"),
    pytest.param(b"", signed, 400, "not an event", id="empty"),
    pytest.param(b'{"id": "evt_1"}', signed, 400, "not an event", id="no type"),
    pytest.param(GOOD, lambda body: {}, 401, "Missing signature header", id="not signed"),
    pytest.param(
        GOOD, lambda body: signed(body, "whsec_x"), 401, "Signature mismatch", id="another secret"
    ),
    pytest.param(
        GOOD, lambda body: signed(body + b" "), 401, "Signature mismatch", id="another body"
    ),
    pytest.param(
        GOOD,
        lambda body: {"Molam-Signature": generate_signature(body, SECRET, 1)},
        401,
        "Timestamp outside tolerance",
        id="a replay",
    ),
    pytest.param(
        GOOD,
        lambda body: {"Molam-Signature": "," * 5000},
        401,
        "Invalid signature header format",
        id="commas",
    ),
    pytest.param(LARGE, signed, 413, "body too large", id="too large"),
    pytest.param(
        GOOD,
        lambda body: {**signed(body), "Content-Type": "application/x-www-form-urlencoded"},
        200,
        "ok",
        id="sent as a form",
    ),
    pytest.param(
        GOOD,
        lambda body: {**signed(body), "Content-Type": "multipart/form-data; boundary=x"},
        200,
        "ok",
        id="sent as multipart",
    ),
]
