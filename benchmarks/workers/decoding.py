"""Decoding and verifying, without HTTP: ``python -m benchmarks.workers.decoding``.

An order names a subject and how often; the result is CPU microseconds for one, and for its anchor,
taken in turns in this same process. Nothing is looked up that a call would not look up.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from benchmarks.payload import ANSWER, event, page
from benchmarks.workers.loop import obey
from molam_overlays.outcome import ResponseInfo
from molam_overlays.wire import Headers, Response
from molam_sdk.api.payment_intents import list_payment_intents, retrieve_payment_intent
from molam_sdk.events import construct_event
from molam_sdk.utils.webhook import generate_signature, verify_signature

Subject = Callable[[], object]

_HEADERS = Headers([("Content-Type", "application/json")])
_INFO = ResponseInfo(status=200, headers=_HEADERS)
_ONE = Response(200, _HEADERS, ANSWER)
_PAGE = Response(200, _HEADERS, page(100))
_EVENT = event()
_SECRET = "whsec_0123456789abcdef0123456789abcdef"
_SIGNATURE = generate_signature(_EVENT, _SECRET)
_SIGNED = _SIGNATURE.partition("t=")[2].partition(",")[0].encode() + b"." + _EVENT
_RETRIEVE = retrieve_payment_intent("pi_1").operation
_LIST = list_payment_intents().operation


def decode_one() -> object:
    return _RETRIEVE.decode(_ONE, _INFO)


def decode_one_and_read() -> object:
    p = _RETRIEVE.decode(_ONE, _INFO)
    return (
        p.id, p.status, p.amount, p.amount_captured, p.currency, p.capture, p.charge_id,
        p.customer_id, p.merchant_id, p.description, p.metadata, p.locale, p.return_url,
        p.cancel_url, p.redirect_url, p.payment_method, p.last_error, p.livemode, p.created_at,
        p.updated_at,
    )  # fmt: skip


def decode_page() -> object:
    return _LIST.decode(_PAGE, _INFO).data


def loads_one() -> object:
    return json.loads(ANSWER)


def loads_page() -> object:
    return json.loads(_PAGE.content)


def digest() -> object:
    return hmac.digest(_SECRET.encode(), _SIGNED, "sha256")


def verify() -> object:
    # The signature keeps being near enough to now for the minutes that this takes.
    return verify_signature(_SIGNATURE, _EVENT, _SECRET)


def typed_event() -> object:
    return construct_event(_SIGNATURE, _EVENT, _SECRET)


SUBJECTS: dict[str, tuple[Subject, Subject]] = {
    "decode-one": (decode_one, loads_one),
    "decode-one-read": (decode_one_and_read, loads_one),
    "decode-page": (decode_page, loads_page),
    "webhook-verify": (verify, digest),
    "webhook-event": (typed_event, digest),
}


def cpu(subject: Subject, count: int) -> float:
    turns = range(count)
    begin = time.process_time()
    for _ in turns:
        subject()
    return (time.process_time() - begin) / count * 1e6


def run(order: dict[str, Any]) -> dict[str, Any]:
    subject, anchor = SUBJECTS[order["subject"]]
    theirs = cpu(anchor, order["count"])
    return {"cpu": cpu(subject, order["count"]), "anchor": theirs}


if __name__ == "__main__":
    obey(run)
