"""Adapters that somebody else wrote."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from molam_overlays import errors
from molam_overlays.errors import MolamError, NetworkError
from molam_overlays.transport import exchange
from molam_overlays.transport.adapter import HTTPAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request

REQUEST = Request("POST", "https://api.molam.com/v1/x", {"A": "b"}, b'{"a":1}', {"a": 1}, 7)


class Canned:
    def send(self, **arguments: Any) -> Any:
        self.arguments = arguments
        return 200, '{"ok":true}', {"X-Request-Id": "r"}


def test_four_lines_with_send_are_an_adapter() -> None:
    canned = Canned()
    response = exchange.exchange_of(canned)(REQUEST)
    assert (response.status, response.content) == (200, b'{"ok":true}')
    assert response.headers["x-request-id"] == "r"
    assert canned.arguments == {
        "method": "POST",
        "url": "https://api.molam.com/v1/x",
        "headers": {"A": "b"},
        "json": {"a": 1},
        "timeout": 7,
    }


def test_an_async_client_takes_a_plain_send_too() -> None:
    async def send(**_: Any) -> Any:
        return 201, "", None

    class Async:
        pass

    adapter = Async()
    adapter.send = send  # type: ignore[attr-defined]
    assert asyncio.run(_once(adapter)).status == 201
    assert asyncio.run(_once(Canned())).status == 200


async def _once(adapter: Any) -> Any:
    return await exchange.async_exchange_of(adapter)(REQUEST)


@pytest.mark.parametrize(
    ("raised", "kind", "delivery"),
    [
        (OSError("x"), NetworkError, "maybe_processed"),
        (ConnectionResetError("x"), NetworkError, "maybe_processed"),
        (TimeoutError("x"), errors.TimeoutError, "maybe_processed"),
        (asyncio.TimeoutError(), errors.TimeoutError, "maybe_processed"),
        (httpx.ConnectError("x"), NetworkError, "not_sent"),
        (NetworkError("mine", delivery="not_sent"), NetworkError, "not_sent"),
    ],
)
def test_what_an_adapter_raises_is_put_into_our_terms(
    raised: Exception, kind: type[MolamError], delivery: str
) -> None:
    class Failing:
        def send(self, **_: Any) -> Any:
            raise raised

    with pytest.raises(kind) as caught:
        exchange.exchange_of(Failing())(REQUEST)
    assert type(caught.value) is kind
    assert caught.value.delivery == delivery
    with pytest.raises(kind):
        asyncio.run(_once(Failing()))


def test_a_bug_in_an_adapter_passes_unchanged() -> None:
    class Broken:
        def send(self, **_: Any) -> Any:
            raise KeyError("bug")

    for call in (
        lambda: exchange.exchange_of(Broken())(REQUEST),
        lambda: asyncio.run(_once(Broken())),
    ):
        with pytest.raises(KeyError, match="bug"):
            call()


def test_a_subclass_that_overrides_send_is_asked_by_send() -> None:
    class Wrapped(HttpxAdapter):
        def send(self, *args: Any, **arguments: Any) -> Any:
            return 299, "", {}

    assert exchange.exchange_of(Wrapped())(REQUEST).status == 299
    plain = HttpxAdapter()
    assert exchange.exchange_of(plain) == plain.exchange


def test_close_is_called_if_it_exists() -> None:
    closed: list[str] = []

    class Closing(Canned):
        def close(self) -> None:
            closed.append("close")

    class AsyncClosing(Canned):
        async def aclose(self) -> None:
            closed.append("aclose")

    class Minimal(HTTPAdapter):
        def send(self, *args: Any, **arguments: Any) -> Any:
            return 200, "", {}

    exchange.close(Closing())
    exchange.close(Canned())
    exchange.close(Minimal())
    asyncio.run(exchange.aclose(AsyncClosing()))
    asyncio.run(exchange.aclose(Closing()))
    asyncio.run(exchange.aclose(Canned()))
    assert closed == ["close", "aclose", "close"]
