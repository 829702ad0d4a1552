"""The sandbox without any I/O: a request comes in, effects come out.

`Core.serve` is a generator: it decides, and its driver sleeps, sends or hangs up. Two drivers use
it: `server` over sockets, `adapter` straight into a test. Time passes in `Core.tick`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping
from typing import Any

from molam_overlays.frames import empty_for_log
from molam_overlays.message.idempotency import KEY_HEADER
from molam_overlays.redact import template
from molam_overlays.sandbox import customer
from molam_overlays.sandbox.accounts import account_of
from molam_overlays.sandbox.answer import Answer, Asked, Effect, Hangup, Pause, Refusal
from molam_overlays.sandbox.behaviour import BEHAVIOURS, Call, run_timer
from molam_overlays.sandbox.clock import Clock, machine_ms
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.document import Operation
from molam_overlays.sandbox.faults import Faults, ordered, shaped
from molam_overlays.sandbox.keys import Keys
from molam_overlays.sandbox.ledger import Ids, Ledger, Thing, random_id
from molam_overlays.sandbox.outbox import Outbox
from molam_overlays.sandbox.records import Records
from molam_overlays.sandbox.search import Search
from molam_overlays.sandbox.served import GoneError, Served
from molam_overlays.sandbox.state import State, unpack
from molam_overlays.sandbox.unknown import unknown_fields

logger = logging.getLogger("molam.sandbox")


class Core:
    """The API, its state, and what can be done to both."""

    def __init__(
        self,
        contract: Contract,
        state: State,
        clock: Clock,
        *,
        base_url: str = "http://localhost",
        ids: Ids = random_id,
        signing_ms: Callable[[], int] = machine_ms,
    ) -> None:
        self.contract = contract
        self.state = state
        self.clock = clock
        self.base_url = base_url
        self._keys = Keys(state, clock)
        self._faults = Faults(state, contract.document)
        self.outbox = Outbox(
            state, self._faults, clock.now_ms, signing_ms, contract.signature_header
        )
        self._records = Records(state, self.outbox, contract.document)
        self.ledger = Ledger(contract, state, clock, self.outbox, ids)
        self.search = Search(state, self.ledger, self._records.masking)
        """Finds objects, requests and events, for pages."""
        self.new_id = ids
        self.woken: Callable[[], None] = lambda: None
        """Called when something became due, so that a driver need not poll."""
        self.noted: Callable[[dict[str, Any]], None] | None = None
        """Called with the record of each request, for a console."""
        self._ticking = threading.Lock()

    # Requests

    def serve(self, asked: Asked) -> Generator[Effect, None, None]:
        """Serve one request of the API: yields what to do, in order."""
        self.tick()
        served = Served(self.new_id("req_"), asked, self.clock.now_ms())
        try:
            answer = yield from self._answer(served)
        except GoneError:
            return
        except Refusal as refusal:
            answer = self.contract.error(served.operation, refusal)
        except Exception as error:
            # The sandbox is at fault: say so as the API would, and leave the details to the log.
            place = served.operation.template if served.operation else template(asked.path)
            logger.error(
                "The sandbox failed at %s %s", asked.method, place, exc_info=empty_for_log(error)
            )
            answer = self.contract.error(
                served.operation, Refusal(500, "internal_error", "The sandbox itself failed.")
            )
        self._note(served, answer)
        self.woken()
        yield shaped(self.contract, served, answer)

    def _answer(self, served: Served) -> Generator[Effect, None, Answer]:
        asked = served.asked
        operation, path, methods = self.contract.document.match(asked.method, asked.path)
        served.operation = operation
        served.account = account_of(asked, self.contract.document.key_of(operation))
        if operation is None:
            if methods:
                raise Refusal(
                    405,
                    "method_not_allowed",
                    f"{asked.method} is not possible here; {', '.join(methods)} is.",
                    headers={"Allow": ", ".join(methods)},
                )
            raise Refusal(404, "unknown_path", "The API has nothing at this path.")
        served.step = step = self._faults.of_request(served, operation)
        if step and not step.after:
            if step.hangup:
                self._note(served, None)
                yield Hangup(reset=step.hangup == "reset")
                raise GoneError
            if step.status:
                if step.latency:
                    yield Pause(step.latency)
                return ordered(self.contract, served, step)
        values = self.contract.parameters(operation, asked, path)
        body = self.contract.body(operation, asked)
        if operation.body is not None:
            served.unknown = unknown_fields(self.contract.document, operation.body, body)
        if operation.method == "POST" and KEY_HEADER in asked.headers:
            served.key = asked.headers[KEY_HEADER]
        known = self._keys.claim(served, body)
        if known is not None:
            if step and step.latency:
                yield Pause(step.latency)
            return known
        done = False
        try:
            if step and step.latency:
                yield Pause(step.latency)
            answer = self._work(served, operation, values, body or {})
            done = True
        finally:
            if not done:
                self._keys.release(served)
        return answer

    def _work(
        self, served: Served, operation: Operation, values: Mapping[str, Any], body: Any
    ) -> Answer:
        """Do what the operation does and remember the answer, both or neither."""
        behaviour = BEHAVIOURS.get(operation.behaviour)
        refusal: Refusal | None = None
        try:
            with self.state.transaction(), self.outbox.during(served.id, served.step):
                if behaviour is None:
                    answer = self._example(operation)
                else:
                    call = Call(operation, served.account, values, body, self.ledger, self.base_url)
                    result = behaviour(call)
                    if isinstance(result, Refusal):
                        answer = self.contract.error(operation, result)
                    else:
                        answer = Answer(operation.success, result)
                self._keys.remember(served, answer)
        except Refusal as raised:
            refusal = raised
        else:
            return answer
        answer = self.contract.error(operation, refusal)
        self._keys.remember(served, answer)
        return answer

    def _example(self, operation: Operation) -> Answer:
        if operation.result is None:
            return Answer(operation.success)
        return Answer(operation.success, self.ledger.examples.of_media(operation.result))

    # Faults

    def script(
        self, script: str, operation: str | None = None, event: str | None = None
    ) -> list[str]:
        """Script faults ahead: each step meets the next request, or the next event.

        Args:
            script: the steps, with commas between them; see `molam_overlays.sandbox.fault_script`.
            operation: only requests of this operationId.
            event: only events of this type, for ``webhook=`` steps; any by default.

        Returns:
            The steps, as they were understood.

        Raises:
            FaultError: the script is not understood, or there is no such operation or event.
        """
        return self._faults.script(script, operation, event)

    def faults(self) -> list[dict[str, Any]]:
        """List what is scripted ahead, next first."""
        return self._faults.ahead()

    def forget_faults(self) -> None:
        """Drop everything that is scripted, and count header scripts from their start again."""
        self._faults.forget()

    # The customer

    def customer(self, intent_id: str, action: str, method: str | None = None) -> Thing:
        """Act as the customer on the hosted page: ``pay``, ``decline`` or ``cancel``.

        Raises:
            Refusal: 404 no such intent, 409 it does not wait for the customer.
        """
        self.tick()
        with self.state.transaction():
            intent = customer.waiting(self.ledger, intent_id)
            customer.decide(self.ledger, intent, action, method)
        self.woken()
        return intent

    def customer_refused(self, intent_id: str, code: str) -> Thing:
        """Let a card or a phone be refused on the hosted page, which goes on waiting.

        Raises:
            Refusal: 404 no such intent, 409 it does not wait for the customer.
        """
        with self.state.transaction():
            intent = customer.waiting(self.ledger, intent_id)
            customer.note_refusal(self.ledger, intent, code)
        return intent

    # Time

    def tick(self) -> None:
        """Do everything that was due by now, in order."""
        if self._next_timer() is None:
            return
        with self._ticking:
            while True:
                with self.state.transaction():
                    row = self._next_timer()
                    if row is None:
                        return
                    self.state.run("DELETE FROM timers WHERE seq = ?", row["seq"])
                    subject = unpack(row["subject"])
                    thing = self.ledger.get(subject["id"])
                    if thing is not None and thing.hidden["turn"] == subject["turn"]:
                        with self.ledger.moment(row["due_ms"]):
                            run_timer(self.ledger, thing, row["action"])

    def _next_timer(self) -> Any:
        return self.state.row(
            "SELECT * FROM timers WHERE due_ms <= ? ORDER BY due_ms, seq LIMIT 1",
            self.clock.now_ms(),
        )

    def next_due_ms(self) -> int | None:
        """Return when something happens next by itself, None if nothing will."""
        row = self.state.row("SELECT min(due_ms) FROM timers")
        timer: int | None = row[0] if row else None
        both = [due for due in (timer, self.outbox.next_due_ms()) if due is not None]
        return min(both, default=None)

    # Events

    def trigger(self, type_: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send an event made from the document's example.

        Args:
            type_: an event type of the document.
            data: fields of the resource that replace those of the example.

        Raises:
            LookupError: the document has no such event.
        """
        event = example_event(self.contract, self.ledger, type_, data)
        with self.state.transaction():
            made = self.outbox.add(
                self.new_id("evt_"), type_, "", event["data"], self.clock.now_ms()
            )
        self.woken()
        return made

    # The log

    def _note(self, served: Served, answer: Answer | None) -> None:
        record = self._records.note(served, answer)
        if self.noted is not None:
            self.noted(record)

    def requests(self, limit: int = 100) -> list[dict[str, Any]]:
        """List the last requests, newest first, sensitive fields masked."""
        return self._records.requests(limit)

    def objects(self, kind: str, limit: int = 100) -> list[dict[str, Any]]:
        """List the newest objects of a kind, of all accounts, sensitive fields masked."""
        return self._records.objects(kind, limit)

    def events(self, limit: int = 100) -> list[dict[str, Any]]:
        """List the newest events and their deliveries, sensitive fields masked."""
        return self._records.events(limit)

    def reset(self) -> None:
        """Forget everything but the subscriptions."""
        self.state.clear(keep=("subscriptions",))


def example_event(
    contract: Contract, ledger: Ledger, type_: str, data: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Make an event from the document's example, some fields of its resource replaced.

    Raises:
        LookupError: the document has no such event.
    """
    if type_ not in contract.document.webhook_types():
        raise LookupError(type_)
    event: dict[str, Any] = ledger.examples.of_media(contract.document.webhook_example(type_))
    event["data"] = {**event["data"], **(data or {})}
    return event
