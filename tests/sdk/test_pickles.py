"""A pickle of every public class, made once and kept: a queue or a cache may hold it for years.

`pickles.json` grows and never changes. For a class that it lacks, `python tests/sdk/test_pickles.py`
adds a line.
"""

from __future__ import annotations

import base64
import functools
import importlib
import inspect
import json
import pickle
import pkgutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import molam_sdk
from molam_sdk.exceptions import ApiError, Attempt, ValidationError
from molam_sdk.http import File
from molam_sdk.http.adapter import Headers, Request, Response
from molam_sdk.idempotency import (
    Claim,
    Entry,
    InFlight,
    JournalStatus,
    Outcome,
    Recovered,
    Replay,
    Unsettled,
)
from molam_sdk.inbox import InboxStatus, Received, Retention
from molam_sdk.models import Model, ResponseInfo
from molam_sdk.money import Money
from molam_sdk.observe import (
    CallEvent,
    ErrorEvent,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
)
from molam_sdk.webhooks import Answer

RECORD = Path(__file__).with_name("pickles.json")

NEVER = {
    "AsyncDelivery AsyncInbox AsyncIdempotencyStore AsyncJournal Delivery IdempotencyStore Inbox "
    "Journal": "a database's connections",
    "AsyncHttpxAdapter AsyncPyreqwestAdapter HttpxAdapter MolamAsyncClient MolamClient "
    "PyreqwestAdapter": "connections",
    "Pool": "a database's password",
    "CallInfo": "what tracers keep of a call under way",
    "Config": "the API key",
    "EventRouter Hooks OpenTelemetryTracer": "a program's functions",
    "Sandbox": "a server",
    "AsyncHTTPAdapter HTTPAdapter Tracer": "nothing: it is for others to derive from",
    "CallOptions SandboxOptions": "keywords: it is a plain dict",
}
"""Classes that nobody can pickle, by what they hold."""

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
ATTEMPT = Attempt(1, MOMENT, 0.25, "503", 503, "req_1", "maybe_processed")
CALL: dict[str, Any] = {
    "operation_id": "create_refund",
    "method": "POST",
    "path_template": "/v1/refunds",
}
EVENT: dict[str, Any] = {**CALL, "host": "api.molam.com", "idempotency_key": "key-1"}

SAMPLES: tuple[Any, ...] = (
    Answer(200, "ok"),
    ATTEMPT,
    CallEvent(**EVENT),
    Claim("key-1", "POST /checkout", 7, 30.0),
    Entry(key="key-1", method="POST", path="/v1/refunds", body=b"{}"),
    ErrorEvent(
        **EVENT, attempts=1, error="ServerError", status=503, code=None, duration=1.5,
        request_id=None, delivery="maybe_processed",
    ),
    File(b"%PDF", "proof.pdf", "application/pdf"),
    Headers([("X-Request-Id", "req_1"), ("Set-Cookie", "a"), ("Set-Cookie", "b")]),
    InboxStatus(
        due=1, later=0, oldest_seconds=2.5, received_per_minute=60.0, handled_per_minute=59.0, parked=1,
        parked_by_reason={"ValueError": 1}, late=0,
    ),
    InFlight("key-1", "POST /checkout", 2.5),
    JournalStatus(
        open=1, oldest_seconds=2.5, calls_per_minute=60.0, open_by_outcome={"under way": 1}
    ),
    Model.from_dict({"id": "x_1", "exact": 1}),
    Money(2500, "XOF"),
    Outcome(status=200, delivery="rejected"),
    Received(
        event_id="evt_1", type="refund.created", state="parked", resource=None, tries=10,
        received_at=1.0, due_at=2.0, last_error="ValueError", seq=3,
    ),
    Recovered(id=1, key="key-1", method="POST", path="/v1/refunds", age=60.0, outcome="settled"),
    Retention(payload_seconds=None),
    Replay("key-1", "POST /checkout", {"id": "pi_1"}, "completed"),
    Request("POST", "https://api.molam.com/v1/refunds", {"Accept": "*/*"}, b"{}", {}, 10.0),
    RequestEvent(**EVENT, attempt=1),
    Response(200, Headers([("Content-Length", "2")]), b"{}"),
    ResponseEvent(**EVENT, attempt=1, status=200, duration=0.5, request_id="req_1"),
    ResponseInfo(200, "req_1", Headers([("X-Request-Id", "req_1")]), (ATTEMPT,), "key-1"),
    RetryEvent(
        **EVENT, attempt=1, outcome="503", status=503, duration=0.5, request_id=None, wait=0.5
    ),
    Unsettled(
        id=1, key="key-1", method="POST", path="/v1/refunds", account="", age=60.0, outcome=None,
        too_old=False,
    ),
    ValidationError({"amount": "is required"}),
)  # fmt: skip


def name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def public() -> Iterator[type]:
    """Find each class that users import, in every module that can be imported here."""
    for found in pkgutil.walk_packages(molam_sdk.__path__, "molam_sdk."):
        if found.name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(found.name)
        except ImportError:  # an extra that this environment lacks
            continue
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isclass(value) and value.__module__.startswith("molam_sdk"):
                yield value


@functools.cache
def samples() -> dict[str, Any]:
    """Return an object of each class that can be pickled, by the class's name."""
    never = {name for names in NEVER for name in names.split()}
    made = {name_of(type(each)): each for each in SAMPLES}
    for kind in public():
        if kind.__name__ in never or name_of(kind) in made:
            continue
        if issubclass(kind, ApiError):
            made[name_of(kind)] = kind(
                "declined", status_code=402, payload={"error": {"code": "x"}}
            )
        elif issubclass(kind, Exception):
            made[name_of(kind)] = kind("words")
        elif hasattr(kind, "from_dict"):
            made[name_of(kind)] = kind.from_dict({"id": "x_1", "data": [], "has_more": False})
    return made


def shown(value: Any) -> Any:
    """Return what must be the same of an object and its pickle."""
    said = [type(value), repr(value)]
    if isinstance(value, BaseException):
        return [*said, str(value), vars(value)]
    return [*said, value, getattr(value, "response", None)]


def recorded() -> dict[str, str]:
    return dict(json.loads(RECORD.read_text(encoding="ascii"))) if RECORD.exists() else {}


@pytest.mark.parametrize("name", recorded())
def test_a_pickle_of_then_loads_now(name: str) -> None:
    assert shown(pickle.loads(base64.b64decode(recorded()[name]))) == shown(samples()[name])


def test_every_public_class_is_in_the_record_or_cannot_be_pickled() -> None:
    never = {name for names in NEVER for name in names.split()}
    wanted = {name_of(kind) for kind in public() if kind.__name__ not in never}
    assert wanted <= recorded().keys(), "run: python tests/sdk/test_pickles.py"


@pytest.mark.parametrize("name", samples())
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_keeps_all_of_it(name: str, protocol: int) -> None:
    value = samples()[name]
    assert shown(pickle.loads(pickle.dumps(value, protocol))) == shown(value)


def record() -> None:
    """Add what is missing. What is there stays: it stands for the pickles that users hold."""
    made = {
        name: base64.b64encode(pickle.dumps(each, 4)).decode() for name, each in samples().items()
    }
    kept = dict(sorted({**made, **recorded()}.items()))
    RECORD.write_text(json.dumps(kept, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    record()
