"""Requests, responses and headers, as adapters get and give them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from molam_overlays.calls.call import Call
from molam_overlays.calls.flow import Send
from molam_overlays.calls.operation import Body, Operation
from molam_overlays.message.body import Encoded
from molam_overlays.outcome import ResponseInfo
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.files import File
from molam_overlays.wire import Headers, Request, Response

SECRET = {"Authorization": "Bearer sk_test_canary"}
BODY = b'{"iban":"canary"}'
REQUEST = Request("POST", "https://api.test/v1/x", SECRET, BODY, {"iban": "canary"})
OPERATION: Operation[Any] = Operation(
    id="x", method="POST", path="/v1/x", bodies=(Body(AnyValue()),)
)


@pytest.mark.parametrize(
    "value",
    [
        REQUEST,
        Send(REQUEST),
        Response(200, Headers(SECRET), BODY),
        ResponseInfo(status=200, headers=Headers(SECRET)),
        Encoded(BODY, "application/json", {"iban": "canary"}, {"iban": "canary"}),
        Call(OPERATION, "/v1/x", "", {"X-Canary": "canary"}, BODY, {"iban": "canary"}),
        File(BODY),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_repr_shows_no_secret_and_no_body(value: Any) -> None:
    """Debuggers and error trackers print the local variables of every frame."""
    assert "canary" not in repr(value)
    assert "canary" not in f"{value}"


def test_a_request_cannot_change_between_attempts() -> None:
    with pytest.raises(AttributeError):
        REQUEST.url = "https://elsewhere.test"  # type: ignore[misc]


def test_headers_read_without_regard_to_case_and_join_what_came_twice() -> None:
    headers = Headers([("X-A", "1"), ("x-a", "2"), ("X-B", "3")])
    assert headers["X-a"] == headers.get("x-A") == "1, 2"
    assert (headers.get("x-c"), headers.get("x-c", "none"), "X-b" in headers) == (
        None,
        "none",
        True,
    )
    assert headers.pairs == (("X-A", "1"), ("x-a", "2"), ("X-B", "3"))
    assert dict(pickle.loads(pickle.dumps(headers))) == {"x-a": "1, 2", "x-b": "3"}
