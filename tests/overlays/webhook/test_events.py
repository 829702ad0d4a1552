"""Webhooks as typed events: verified first, then read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from molam_overlays.errors import SignatureError, WebhookPayloadError
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import Const, String
from molam_overlays.webhook.events import construct_event, read_event
from molam_overlays.webhook.signature import generate_signature


class Event(Model):
    id: str = field(String())
    type: str = field(String())


class Data(Model):
    amount: int = field(Integer())


class Paid(Event):
    type: str = field(Const("paid"))
    data: Data = field(Data)


KNOWN: dict[str, type[Event]] = {"paid": Paid}


def test_a_known_type_is_its_own_class() -> None:
    event = read_event(KNOWN, Event, b'{"id":"e","type":"paid","data":{"amount":5}}')
    assert type(event) is Paid
    assert event.data.amount == 5


@pytest.mark.parametrize("kind", ["refunded", "", "paid ", "PAID", "__class__"])
def test_an_unknown_type_is_a_plain_event_with_all_its_fields(kind: str) -> None:
    event = read_event(KNOWN, Event, json.dumps({"type": kind, "data": {"x": 1}}).encode())
    assert type(event) is Event
    assert event["data"] == {"x": 1}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", b'{"type":null}', b'{"type":5}', b'{"type":{}}', b"\xff",
     b'{"type":"paid"} trailing', b'{"a":' * 300 + b"1" + b"}" * 300],
)  # fmt: skip
def test_what_is_no_event_is_one_error_without_the_body(body: bytes) -> None:
    with pytest.raises(WebhookPayloadError) as caught:
        read_event(KNOWN, Event, body)
    assert caught.value.__cause__ is None
    assert "Answer 400" in str(caught.value)


def test_a_known_type_with_odd_data_is_still_that_event() -> None:
    event: Any = read_event(KNOWN, Event, b'{"type":"paid","data":"odd"}')
    assert type(event) is Paid
    assert event.data == "odd"


def test_nothing_is_read_before_it_is_verified() -> None:
    body = b"not json"
    with pytest.raises(SignatureError):
        construct_event(KNOWN, Event, generate_signature(body, "other"), body, "secret")
    with pytest.raises(WebhookPayloadError):
        construct_event(KNOWN, Event, generate_signature(body, "secret"), body, "secret")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_the_body_may_be_any_kind_of_bytes(kind: Any) -> None:
    body = b'{"type":"paid"}'
    event = construct_event(KNOWN, Event, generate_signature(body, "s"), kind(body), "s")
    assert type(event) is Paid
