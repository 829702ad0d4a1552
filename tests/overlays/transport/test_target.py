"""The request as httpx's transports take it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from molam_overlays.transport.target import prepare, target_of
from molam_overlays.wire import Request

URL = "https://api.test/v1/x?limit=1"


def prepared() -> httpx.Request:
    headers = {"Authorization": "Bearer sk_test_canary", "Idempotency-Key": "k"}
    return prepare(Request("POST", URL, headers, b"{}"), target_of(URL))


def plain() -> httpx.Request:
    """Return the same, made by httpx from the same fields."""
    ready = prepared()
    return httpx.Request(
        ready.method, ready.url, headers=ready.headers.raw, stream=ready.stream,
        extensions=ready.extensions,
    )  # fmt: skip


@pytest.mark.parametrize(
    "look",
    [
        lambda request: request.headers.raw,
        lambda request: request.headers["idempotency-key"],
        lambda request: dict(request.headers),
        lambda request: request.headers.multi_items(),
        lambda request: request.headers.encoding,
        lambda request: "X-None" in request.headers,
        lambda request: repr(request.headers),
        lambda request: repr(request),
        lambda request: request.read(),
        lambda request: request.extensions,
        lambda request: copy.copy(request.headers).raw,
        lambda request: copy.deepcopy(request.headers).raw,
        lambda request: pickle.loads(pickle.dumps(request.headers)).raw,
        lambda request: httpx.Headers(request.headers).raw,
        lambda request: vars(request).keys(),
    ],
)
def test_it_looks_like_one_that_httpx_made(look: Callable[[httpx.Request], Any]) -> None:
    assert look(prepared()) == look(plain())


def test_a_hook_may_change_its_headers() -> None:
    request = prepared()
    request.headers["X-Trace"] = "1"
    del request.headers["Idempotency-Key"]
    assert (b"X-Trace", b"1") in request.headers.raw
    assert not [name for name, _ in request.headers.raw if name.lower() == b"idempotency-key"]
    assert "canary" not in repr(request.headers)


def test_a_name_that_headers_do_not_have_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="colour"):
        _ = prepared().headers.colour  # type: ignore[attr-defined]
