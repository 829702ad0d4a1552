"""Orders under random faults: none charged twice, none lost, every unknown named as such.

``python -m benchmarks.random_faults [ORDERS] [SEED]`` runs 10,000 orders against a server that
remembers idempotency keys as Molam's does, and fails at random before or after it has done the
work. Nothing sleeps between attempts. The faults of one order are drawn in advance from the seed,
so a run can be repeated.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.exceptions import ApiError, MolamError, NetworkError, TimeoutError  # noqa: A004

FAULTS = (
    "none", "refused", "reset before", "reset after", "timeout before", "timeout after",
    "cut short", "garbage after", "429", "500 before", "500 after", "503", "in flight",
)  # fmt: skip
"""``after`` means that the charge stood before the answer was lost."""


@dataclass
class Bank:
    """A server in memory that keeps keys, charges, and what it was asked."""

    faults: Callable[[], str]
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    charges: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(
        self, method: str, url: str, headers: Any, json: Any = None, timeout: float = 10
    ) -> tuple[int, str, dict[str, str]]:
        with self.lock:
            return self._answer(headers["Idempotency-Key"], json)

    def _answer(self, key: str, body: Any) -> tuple[int, str, dict[str, str]]:
        fault = self.faults()
        order = body["metadata"]["order"]
        self.requests[order] += 1
        if fault == "refused":
            raise NetworkError("refused", delivery="not_sent")
        if fault == "reset before":
            raise NetworkError("reset")
        if fault == "timeout before":
            raise TimeoutError("no answer")
        if fault in ("429", "503"):
            return int(fault), "{}", {}
        if fault == "500 before":
            return 500, "oops", {}
        if fault == "in flight":
            return 409, '{"error": {"code": "idempotency_in_flight"}}', {}
        if key not in self.answers:
            self.charges[order] += 1
            self.answers[key] = {"id": f"pi_{len(self.answers)}", "status": "succeeded"}
        if fault == "reset after":
            raise NetworkError("reset")
        if fault == "timeout after":
            raise TimeoutError("no answer")
        if fault == "500 after":
            return 500, "oops", {}
        text = json.dumps(self.answers[key])
        if fault == "cut short":
            raise NetworkError("The response is cut short.")
        return 201, "<garbage>" if fault == "garbage after" else text, {}


@dataclass
class Outcome:
    """What became of all orders."""

    orders: int = 0
    paid: int = 0
    """The caller got a payment."""
    refused: int = 0
    """The caller was told that nothing was charged."""
    unknown: int = 0
    """The caller was told that it may have been charged."""
    settled: int = 0
    """Unknown ones that `resume` settled."""
    twice: list[str] = field(default_factory=list)
    """Charged more than once."""
    lost: list[str] = field(default_factory=list)
    """Charged, while the caller was told that nothing was."""
    unnamed: list[str] = field(default_factory=list)
    """Failed without saying under which key."""


class AsyncBank:
    """The same for the async client."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    async def send(self, **request: Any) -> tuple[int, str, dict[str, str]]:
        return self.bank.send(**request)


async def _no_pause(seconds: float) -> None:
    pass


async def arun(orders: int, seed: int, *, trouble: float = 0.6) -> Outcome:
    """Place so many orders with the async client; as `run`."""
    chance = random.Random(seed)
    bank = Bank(lambda: chance.choice(FAULTS) if chance.random() < trouble else "none")
    outcome = Outcome(orders)
    config = Config(api_key="sk_test_faults", api_base="http://localhost:1")
    for number in range(orders):
        order = f"order-{number}"
        client = MolamAsyncClient(config, AsyncBank(bank), sleep=_no_pause)
        error: MolamError | None = None
        try:
            await client.create_payment_intent(
                1000, "USD", metadata={"order": order}, idempotency_key=order
            )
        except MolamError as failure:
            error = failure
        _note(outcome, bank, order, error)
        for _ in range(20):
            if error is None or error.delivery != "maybe_processed":
                break
            try:
                await error.aresume()
                outcome.settled += 1
                error = None
            except MolamError as failure:
                error = failure
        if bank.charges[order] > 1:
            outcome.twice.append(order)
    return outcome


def run(orders: int, seed: int, *, trouble: float = 0.6) -> Outcome:
    """Place so many orders; `trouble` is the probability of a fault for each attempt."""
    chance = random.Random(seed)

    bank = Bank(lambda: chance.choice(FAULTS) if chance.random() < trouble else "none")
    outcome = Outcome(orders)
    config = Config(api_key="sk_test_faults", api_base="http://localhost:1")
    for number in range(orders):
        order = f"order-{number}"
        # A client for each order: the retry quota would end the experiment early.
        client = MolamClient(config, bank, sleep=lambda _: None)
        error: MolamError | None = None
        try:
            client.create_payment_intent(
                1000, "USD", metadata={"order": order}, idempotency_key=order
            )
        except MolamError as failure:
            error = failure
        _note(outcome, bank, order, error)
        for _ in range(20):
            if error is None or error.delivery != "maybe_processed":
                break
            try:
                error.resume()
                outcome.settled += 1
                error = None
            except MolamError as failure:
                error = failure
        if bank.charges[order] > 1:
            outcome.twice.append(order)
    return outcome


def _note(outcome: Outcome, bank: Bank, order: str, error: MolamError | None) -> None:
    charged = bank.charges[order] > 0
    if error is None:
        outcome.paid += 1
        if not charged:
            outcome.lost.append(order)
        return
    if error.idempotency_key != order or len(error.attempts) != bank.requests[order]:
        outcome.unnamed.append(order)
    if error.delivery == "maybe_processed":
        outcome.unknown += 1
    else:
        outcome.refused += 1
        if charged:
            outcome.lost.append(order)
    if isinstance(error, ApiError) and error.status_code is None:
        outcome.unnamed.append(order)


def main() -> None:
    """Run it and print the outcome; exit 1 if an order was charged twice, lost or unnamed."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    outcome = run(orders, seed)
    print(
        f"{outcome.orders} orders (seed {seed}): {outcome.paid} paid, {outcome.refused} not charged, "
        f"{outcome.unknown} unknown and named, of which {outcome.settled} settled by resume(); "
        f"{len(outcome.twice)} charged twice, {len(outcome.lost)} lost, "
        f"{len(outcome.unnamed)} unnamed"
    )
    if outcome.twice or outcome.lost or outcome.unnamed:
        sys.exit(1)


if __name__ == "__main__":
    main()
