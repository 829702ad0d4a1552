"""The bank's deliveries of webhooks, and the network between it and a receiver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from molam_overlays.sandbox.outbox import Delivery
from molam_overlays.webhook.signature import SIGNATURE_HEADER

if TYPE_CHECKING:
    from tests.simulation.merchant import Shop, Worker

POST = frozenset({"lost", "unanswered", "twice", "forged", "replayed"})
ATTEMPTS = 12
Handler = Callable[[str, bytes], int]


class Postman:
    """Delivers what the outbox has, one at a time, again until it is answered 2xx."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.off = False
        self._receiver: tuple[Worker, Handler] | None = None
        self.accepted: set[str] = set()
        shop.postman = self
        from tests.simulation.merchant import WEBHOOK_SECRET

        shop.bank.core.outbox.subscribe("https://shop.example/hook", WEBHOOK_SECRET)
        shop.simulation.spawn(shop.elsewhere_process, "the postman", self._run)

    def serve(self, worker: Worker, handler: Handler, seconds: float) -> None:
        """Receive in a process, for so long."""
        self._receiver = (worker, handler)
        worker.rest(seconds)
        self._receiver = None

    def _run(self) -> None:
        simulation, core = self.shop.simulation, self.shop.bank.core
        for _ in range(ATTEMPTS):
            simulation.wait(simulation.now + 5.0)
            core.tick()
            for delivery in core.outbox.take():
                core.outbox.report(delivery, self._post(delivery))

    def _post(self, delivery: Delivery) -> int | None:
        simulation = self.shop.simulation
        fault = simulation.step("post", delivery.event_type, own=POST)
        kind = fault.kind if fault is not None else ""
        headers, content = delivery.headers, delivery.content
        if kind == "lost":
            return None
        if kind == "forged":
            status = self._hand_over(headers, content.replace(b'"id"', b'"ID"', 1))
            self._refused(status, "forged")
        if kind == "twice":
            self._hand_over(headers, content)
        status = self._hand_over(headers, content)
        if status is not None and 200 <= status <= 299:
            self.accepted.add(delivery.event_id)
        if kind == "replayed":
            simulation.wait(simulation.now + 600.0)
            self._refused(self._hand_over(headers, content), "ten minutes old")
        return None if kind == "unanswered" else status

    def _refused(self, status: int | None, what: str) -> None:
        accepted = status is not None and 200 <= status <= 299
        if accepted and "clock" not in self.shop.excuses:
            self.shop.simulation.fail(f"a webhook that was {what} was accepted")

    def _hand_over(self, headers: Mapping[str, str], content: bytes) -> int | None:
        """Let the receiver have it in a thread of its own; None if no answer comes."""
        if self._receiver is None or not self._receiver[0].process.runs:
            return None
        worker, handler = self._receiver
        answers: list[int] = []

        def handle() -> None:
            answers.append(handler(headers[SIGNATURE_HEADER], content))

        task = self.shop.simulation.spawn(
            worker.process, f"{worker.process.name}, a request", handle
        )
        self.shop.simulation.wait(None, lambda: task.done)
        return answers[0] if answers else None


def facts_of(postman: Any) -> set[str]:
    return set(postman.accepted)
