"""A sandbox over the checked-in document, asked without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from ruamel.yaml import YAML

from molam_overlays.sandbox.answer import Asked, Effect, Hangup, Pause, Reply, encode
from molam_overlays.sandbox.clock import Clock
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.server import application
from molam_overlays.sandbox.state import State
from molam_overlays.wire import Headers

ROOT = Path(__file__).resolve().parents[2]
START_MS = 1_737_028_800_000
"""2025-01-16T12:00:00Z."""
KEY = "sk_test_shop"


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        json.dumps(YAML(typ="safe").load((ROOT / "openapi/molam.yaml").read_text("utf-8")))
    )
    return loaded


@pytest.fixture(scope="session")
def contract(document: dict[str, Any]) -> Contract:
    return Contract(document)


@attrs.frozen
class Answered:
    """What came back, and all that happened on the way."""

    effects: list[Effect]

    @property
    def reply(self) -> Reply:
        last = self.effects[-1]
        assert isinstance(last, Reply)
        return last

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def headers(self) -> Headers:
        return Headers(self.reply.headers)

    @property
    def body(self) -> Any:
        return json.loads(self.reply.content) if self.reply.content else None

    @property
    def error(self) -> dict[str, Any]:
        detail: dict[str, Any] = self.body["error"]
        return detail

    @property
    def pauses(self) -> list[float]:
        return [each.seconds for each in self.effects if isinstance(each, Pause)]

    @property
    def hung_up(self) -> bool:
        return isinstance(self.effects[-1], Hangup)


class World:
    """A core with a clock in the test's hands."""

    def __init__(self, contract: Contract, path: Path | None = None) -> None:
        self.machine_ms = START_MS
        self.state = State(path)
        self.clock = Clock(lambda: self.machine_ms)
        self.core = Core(
            contract,
            self.state,
            self.clock,
            base_url="http://localhost:4010",
            signing_ms=lambda: self.machine_ms,
        )
        self.checked = contract

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        key: str | None = None,
        fault: str | None = None,
        api_key: str = KEY,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answered:
        told = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        if key is not None:
            told["Idempotency-Key"] = key
        if fault is not None:
            told["Molam-Sandbox-Fault"] = fault
        told.update(headers or {})
        path, _, query = target.partition("?")
        raw = content if content is not None else b"" if body is None else encode(body)
        asked = Asked(method, path, query, Headers(told), raw)
        return Answered(list(self.core.serve(asked)))

    def post(self, target: str, body: Any = None, **options: Any) -> Answered:
        return self.ask("POST", target, body, **options)

    def get(self, target: str, **options: Any) -> Answered:
        return self.ask("GET", target, **options)

    # The steps of an order

    def intent(self, amount: int = 2500, **fields: Any) -> dict[str, Any]:
        answer = self.post(INTENTS, {"amount": amount, "currency": "USD", **fields})
        assert answer.status == 201, answer.body
        body: dict[str, Any] = answer.body
        return body

    def confirm(self, intent: Mapping[str, Any], method: str | None = "pm_success") -> Answered:
        body = {} if method is None else {"payment_method": method}
        return self.post(f"{INTENTS}/{intent['id']}/confirm", body)

    def paid(self, amount: int = 2500, **fields: Any) -> dict[str, Any]:
        confirmed = self.confirm(self.intent(amount, capture=True, **fields))
        assert confirmed.body["status"] == "succeeded"
        body: dict[str, Any] = confirmed.body
        return body

    def payout(self, **fields: Any) -> Answered:
        body = {
            "origin_module": "connect",
            "origin_entity_id": "merchant_123",
            "amount": 500,
            "currency": "USD",
            "beneficiary": {"type": "wallet", "wallet_id": "wal_1"},
            **fields,
        }
        return self.post(PAYOUTS, body)

    def advance(self, seconds: float) -> None:
        self.clock.advance(int(seconds * 1000))
        self.core.tick()

    def event_types(self) -> list[str]:
        return [each["event"]["type"] for each in reversed(self.core.outbox.events(1000))]


INTENTS = "/v1/connect/payment_intents"
PAYOUTS = "/v1/treasury/payouts"


@pytest.fixture
def world(contract: Contract) -> Iterator[World]:
    made = World(contract)
    yield made
    made.state.close()


class Visitor:
    """Asks an ASGI application, without a socket; what it raises becomes a 500."""

    def __init__(self, core: Core, base_url: str = "http://localhost", **settings: Any) -> None:
        self._application: Any = application(core, **settings)
        self._base_url = base_url

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            wire = httpx.ASGITransport(self._application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=wire, base_url=self._base_url) as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(ask())

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("GET", path, **arguments)

    def post(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("POST", path, **arguments)
