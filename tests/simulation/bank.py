"""The bank: the sandbox's core, and an account of what it did under which key."""

from __future__ import annotations

import functools
import random
from collections import Counter, defaultdict
from collections.abc import Generator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from molam_overlays.errors import NetworkError
from molam_overlays.sandbox import core as sandbox_core
from molam_overlays.sandbox.adapter import _response
from molam_overlays.sandbox.answer import Asked, Hangup, Pause, Refusal, Reply, encode
from molam_overlays.sandbox.clock import Clock
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.harness import contract_of
from molam_overlays.sandbox.state import State, unpack
from molam_overlays.wire import Headers, Request, Response
from molam_sdk._product import PRODUCT
from tests.simulation.kernel import EPOCH, Simulation

ACCOUNT = "acct_simulated"
DAY = 24 * 3600.0


class Arrival(NamedTuple):
    """A request that reached the bank."""

    at: float
    key: str | None
    operation: str
    api_key: str
    order: str | None
    by: str
    """Which process sent it."""
    recovering: bool
    """Whether a recovery or `resume` sent it."""
    decided: float
    """When whoever sent it could last look at a clock."""


@functools.cache
def _contract() -> Contract:
    contract = contract_of(PRODUCT)
    _remember_checks(contract)
    return contract


def _remember_checks(contract: Contract) -> None:
    # The same few bodies come by the thousand; the bank is not what is examined here.
    check, known = contract.body, {}

    def body(operation: Any, asked: Any) -> Any:
        place = (operation.id, asked.body, asked.headers.get("content-type"))
        if place not in known:
            if len(known) > 5000:
                known.clear()
            known[place] = check(operation, asked)
        found = known[place]
        return dict(found) if isinstance(found, dict) else found

    contract.body = body  # type: ignore[method-assign]


class _Now:
    """What one bank after the other tells the core: making a core anew takes longer than a story."""

    bank: Bank


@functools.cache
def _core() -> Core:
    core = Core(
        _contract(),
        State(None),
        Clock(lambda: _Now.bank.now_ms()),
        ids=lambda prefix: _Now.bank.new_id(prefix),
        signing_ms=lambda: _Now.bank.now_ms(),
    )
    core._note = lambda served, answer: None  # type: ignore[method-assign]
    remember = core._keys.remember

    def noted(served: Any, answer: Any) -> None:
        remember(served, answer)
        _Now.bank.note(served, answer)

    core._keys.remember = noted  # type: ignore[method-assign]
    return core


def operation_of(method: str, path: str) -> str:
    """Name what a request asks for, by the last word of its path: ``payouts``, ``refund``."""
    return f"{method} {path.partition('?')[0].rpartition('/')[2]}"


class Bank:
    """Serves requests, one at a time, and remembers what came of them."""

    def __init__(self, simulation: Simulation, seed: int) -> None:
        self.simulation = simulation
        self.dice = random.Random(seed)
        _Now.bank = self
        self.core = _core()
        self.core.state.clear()
        self.core.state.run("DELETE FROM sqlite_sequence")
        self.revoked: set[str] = set()
        self.arrivals: list[Arrival] = []
        self.first: dict[tuple[str, str], float] = {}
        """When a key first arrived for an operation."""
        self.executed: dict[tuple[str, str], list[str]] = defaultdict(list)
        """What was made under a key, by id: more than one is once too often."""
        self.effects: Counter[tuple[str, str]] = Counter()
        """How often money moved, by kind and order."""
        self.moved: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.changes = 0

    def new_id(self, prefix: str) -> str:
        return prefix + self.dice.randbytes(8).hex()

    def now_ms(self) -> int:
        return int((EPOCH + self.simulation.now) * 1000)

    def account_of(self, asked: Asked, *_: object) -> str:
        """Take every key of the merchant's for the merchant's; revoked ones for nobody's."""
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.revoked or not token.startswith("sk_test_"):
            raise Refusal(401, "invalid_api_key", "This API key was revoked.")
        return ACCOUNT

    def serve(
        self, request: Request, by: str, recovering: bool, decided: float
    ) -> Generator[float, None, Response | NetworkError]:
        """Serve a request; yields the seconds that it takes."""
        parts = urlsplit(request.url)
        headers = Headers(request.headers)
        content = request.content
        if content is None and request.json is not None:
            content = encode(request.json)
        asked = Asked(request.method, parts.path, parts.query, headers, content or b"")
        key, operation = headers.get("idempotency-key"), operation_of(asked.method, asked.path)
        api_key = headers.get("authorization", "").removeprefix("Bearer ")
        body = request.json if isinstance(request.json, dict) else {}
        order = (body.get("metadata") or {}).get("order")
        now = self.simulation.now
        self.arrivals.append(Arrival(now, key, operation, api_key, order, by, recovering, decided))
        if key is not None:
            self.first.setdefault((key, operation), now)
        outcome: Response | NetworkError | None = None
        effects = self.core.serve(asked)
        while True:
            self.simulation.deaf = True
            try:
                effect = next(effects, None)
            finally:
                self.simulation.deaf = False
            match effect:
                case None:
                    break
                case Pause(seconds):
                    yield seconds
                case Hangup():
                    outcome = NetworkError("The connection was reset.")
                case Reply():
                    outcome = _response(effect)
        assert outcome is not None
        self.look()
        return outcome

    def note(self, served: Any, answer: Any) -> None:
        """Note what was made under a key; a replayed answer makes nothing."""
        if served.key is not None and 200 <= answer.status <= 299:
            operation = operation_of(served.asked.method, served.asked.path)
            self.executed[served.key, operation].append(answer.body["id"])

    def look(self) -> None:
        """Count how often money moved for each order."""
        self.changes += 1
        self.moved.clear()
        rows = self.core.state.rows("SELECT id, kind, body FROM objects")
        for row in rows:
            body = unpack(row["body"])
            order = str(body.get("metadata", {}).get("order"))
            if row["kind"] == "payment_intent" and body["amount_captured"]:
                self.moved["charge", order].add(row["id"])
            elif row["kind"] in ("refund", "payout"):
                self.moved[row["kind"], order].add(row["id"])
        self.effects = Counter({place: len(ids) for place, ids in self.moved.items()})

    def objects(self, kind: str) -> dict[str, dict[str, Any]]:
        rows = self.core.state.rows("SELECT id, body FROM objects WHERE kind = ?", kind)
        return {row["id"]: unpack(row["body"]) for row in rows}


__all__ = ["ACCOUNT", "DAY", "Arrival", "Bank", "operation_of", "sandbox_core"]
