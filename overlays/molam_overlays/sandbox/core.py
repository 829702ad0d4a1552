"""The sandbox without any I/O: a request comes in, effects come out.

`Core.serve` is a generator: it decides, and its driver sleeps, sends or hangs up. Two drivers use
it: `server` over sockets, `adapter` straight into a test. Time passes in `Core.tick`.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Callable, Generator, Mapping
from typing import Any

from molam_overlays.frames import empty_for_log
from molam_overlays.redact import template
from molam_overlays.sandbox.answer import (
    Answer,
    Asked,
    Effect,
    Hangup,
    Pause,
    Refusal,
    Reply,
)
from molam_overlays.sandbox.behaviour import (
    BEHAVIOURS,
    Call,
    refusal_message,
    run_timer,
    take,
)
from molam_overlays.sandbox.clock import Clock, machine_ms
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.document import Operation
from molam_overlays.sandbox.fault_script import HEADER, FaultError, Step, parse
from molam_overlays.sandbox.faults import FAULT_CODES, WORDED
from molam_overlays.sandbox.keys import REMEMBERED_MS, fingerprint_of
from molam_overlays.sandbox.ledger import Ids, Ledger, Thing, random_id, wrong_state
from molam_overlays.sandbox.life import allowed
from molam_overlays.sandbox.masking import Masking
from molam_overlays.sandbox.outbox import Outbox
from molam_overlays.sandbox.records import KEPT_REQUESTS
from molam_overlays.sandbox.served import GoneError, Served
from molam_overlays.sandbox.state import State, pack, unpack

logger = logging.getLogger("molam.sandbox")
_KEY = re.compile(r"(sk_test_|sk_live_|jwt_)[!-~]+")


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
        self.outbox = Outbox(state, clock.now_ms, signing_ms)
        self.ledger = Ledger(contract, state, clock, self.outbox, ids)
        self.new_id = ids
        self.woken: Callable[[], None] = lambda: None
        """Called when something became due, so that a driver need not poll."""
        self.noted: Callable[[dict[str, Any]], None] | None = None
        """Called with the record of each request, for a console."""
        self.masking = Masking(contract.document)
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
        yield self._shaped(served, answer)

    def _answer(self, served: Served) -> Generator[Effect, None, Answer]:
        asked = served.asked
        operation, path, methods = self.contract.document.match(asked.method, asked.path)
        served.operation = operation
        served.account = self._authenticate(asked)
        if operation is None:
            if methods:
                raise Refusal(
                    405,
                    "method_not_allowed",
                    f"{asked.method} is not possible here; {', '.join(methods)} is.",
                    headers={"Allow": ", ".join(methods)},
                )
            raise Refusal(404, "unknown_path", "The API has nothing at this path.")
        served.step = step = self._scripted(served, operation)
        if step and not step.after:
            if step.hangup:
                self._note(served, None)
                yield Hangup(reset=step.hangup == "reset")
                raise GoneError
            if step.status:
                if step.latency:
                    yield Pause(step.latency)
                return self._told(served, step)
        values = self.contract.parameters(operation, asked, path)
        body = self.contract.body(operation, asked)
        if operation.method == "POST" and "Idempotency-Key" in asked.headers:
            served.key = asked.headers["Idempotency-Key"]
        print_ = fingerprint_of(body)
        known = self._claim(served, print_)
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
                self._release(served)
        return answer

    def _authenticate(self, asked: Asked) -> str:
        told = asked.headers.get("Authorization", "")
        scheme, _, key = told.partition(" ")
        headers = {"WWW-Authenticate": "Bearer"}
        if not told:
            raise Refusal(
                401,
                "missing_api_key",
                "No API key was sent. Send Authorization: Bearer sk_test_…",
                headers=headers,
            )
        if scheme.lower() != "bearer" or not _KEY.fullmatch(key):
            raise Refusal(
                401,
                "invalid_api_key",
                "The API key is not valid. Here any key that starts with sk_test_ or jwt_ is.",
                headers=headers,
            )
        if key.startswith("sk_live_"):
            logger.error(
                "A LIVE API KEY was sent to the sandbox and refused. Find out which program holds "
                "it; if anyone else can read this machine's traffic or logs, revoke it."
            )
            raise Refusal(
                401,
                "live_key_refused",
                "This is a sandbox, and that was a live API key: refused. Use a key that starts "
                "with sk_test_, and find out why this program has a live one.",
                headers=headers,
            )
        return "acct_" + hashlib.sha256(key.encode()).hexdigest()[:16]

    def _work(
        self, served: Served, operation: Operation, values: Mapping[str, Any], body: Any
    ) -> Answer:
        """Do what the operation does and remember the answer, both or neither."""
        behaviour = BEHAVIOURS.get(operation.id)
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
                self._remember(served, answer)
        except Refusal as raised:
            refusal = raised
        else:
            return answer
        answer = self.contract.error(operation, refusal)
        self._remember(served, answer)
        return answer

    def _example(self, operation: Operation) -> Answer:
        if operation.result is None:
            return Answer(operation.success)
        return Answer(operation.success, self.ledger.examples.of_media(operation.result))

    # Idempotency keys

    def _claim(self, served: Served, print_: str) -> Answer | None:
        """Claim the key of a request; return the remembered answer of an earlier one.

        Raises:
            Refusal: 409, the first request is running; 422, the key had another body.
        """
        if served.key is None:
            return None
        place = (served.account, served.asked.method, served.asked.path, served.key)
        with self.state.transaction():
            self.state.run(
                "DELETE FROM keys WHERE at_ms <= ? AND status IS NOT NULL",
                self.clock.now_ms() - REMEMBERED_MS,
            )
            row = self.state.row(
                "SELECT * FROM keys WHERE account = ? AND method = ? AND path = ? AND key = ?",
                *place,
            )
            if row is None:
                account, method, path, key = place
                self.state.insert(
                    "keys",
                    account=account,
                    method=method,
                    path=path,
                    key=key,
                    fingerprint=print_,
                    at_ms=self.clock.now_ms(),
                )
                return None
        if row["fingerprint"] != print_:
            raise Refusal(422, "idempotency_key_reused")
        if row["status"] is None:
            raise Refusal(409, "idempotency_in_flight")
        served.replayed = True
        body = None if row["body"] is None else unpack(row["body"])
        return Answer(row["status"], body, {"Idempotency-Replayed": "true"})

    def _remember(self, served: Served, answer: Answer) -> None:
        if served.key is not None:
            self.state.run(
                "UPDATE keys SET status = ?, body = ? "
                "WHERE account = ? AND method = ? AND path = ? AND key = ?",
                answer.status,
                None if answer.body is None else pack(answer.body),
                served.account,
                served.asked.method,
                served.asked.path,
                served.key,
            )

    def _release(self, served: Served) -> None:
        if served.key is not None:
            self.state.run(
                "DELETE FROM keys WHERE account = ? AND method = ? AND path = ? AND key = ? "
                "AND status IS NULL",
                served.account,
                served.asked.method,
                served.asked.path,
                served.key,
            )

    # Faults

    def _scripted(self, served: Served, operation: Operation) -> Step | None:
        """Return what shall go wrong with a request: by its header, else scripted ahead."""
        asked = served.asked
        script = asked.headers.get(HEADER)
        with self.state.transaction():
            if script is not None:
                try:
                    steps = parse(script)
                except FaultError as error:
                    raise Refusal(400, "fault_not_understood", str(error), HEADER) from None
                key = asked.headers.get("Idempotency-Key", "")
                place = pack([served.account, asked.method, asked.path, key, script])
                self.state.run(
                    "INSERT INTO scripts VALUES (?, 1) "
                    "ON CONFLICT (place) DO UPDATE SET used = used + 1",
                    place,
                )
                row = self.state.row("SELECT used FROM scripts WHERE place = ?", place)
                assert row is not None
                return steps[row["used"] - 1] if row["used"] <= len(steps) else None
            row = self.state.row(
                "SELECT * FROM faults WHERE event IS NULL AND (operation IS NULL OR operation = ?) "
                "ORDER BY seq LIMIT 1",
                operation.id,
            )
            if row is None:
                return None
            self.state.run("DELETE FROM faults WHERE seq = ?", row["seq"])
            return parse(row["step"])[0]

    def script(
        self, script: str, operation: str | None = None, event: str | None = None
    ) -> list[str]:
        """Script faults ahead: each step meets the next request, or the next event.

        Args:
            script: the steps, with commas between them; see `molam_overlays.sandbox.fault`.
            operation: only requests of this operationId.
            event: only events of this type, for ``webhook=`` steps; any by default.

        Returns:
            The steps, as they were understood.

        Raises:
            FaultError: the script is not understood, or there is no such operation or event.
        """
        steps = parse(script)
        known = {each.id for each in self.contract.document.operations}
        if operation is not None and operation not in known:
            raise FaultError(f"There is no operation {operation[:80]!r} in the document.")
        types = self.contract.document.webhook_types()
        if event is not None and event not in types:
            raise FaultError(f"There is no event {event[:80]!r} in the document.")
        with self.state.transaction():
            for step in steps:
                told = event or "*" if step.webhook else None
                self.state.insert("faults", step=step.text, operation=operation, event=told)
        return [step.text for step in steps]

    def faults(self) -> list[dict[str, Any]]:
        """List what is scripted ahead, next first."""
        rows = self.state.rows("SELECT step, operation, event FROM faults ORDER BY seq")
        return [dict(row) for row in rows]

    def forget_faults(self) -> None:
        """Drop everything that is scripted, and count header scripts from their start again."""
        with self.state.transaction():
            self.state.run("DELETE FROM faults")
            self.state.run("DELETE FROM scripts")

    def _told(self, served: Served, step: Step) -> Answer:
        """Make the answer that a fault orders."""
        assert step.status is not None
        headers = {} if step.retry_after is None else {"Retry-After": step.retry_after}
        if step.status < 400:
            return Answer(step.status, None if step.status == 204 else {}, headers)
        code = step.code or FAULT_CODES.get(step.status, "internal_error")
        message = None if code in WORDED else "The sandbox answers so because a fault told it to."
        return self.contract.error(
            served.operation, Refusal(step.status, code, message, headers=headers)
        )

    def _shaped(self, served: Served, answer: Answer) -> Effect:
        """Apply what shall happen to an answer on its way."""
        step = served.step or Step()
        if step.hangup and step.after:
            return Hangup(reset=step.hangup == "reset")
        if step.status and step.after:
            answer = self._told(served, step)
        if step.garbage == "http":
            return Reply(0, {}, b"\x00\x01\x02 this is not HTTP\r\n\r\n", raw=True)
        headers = {**answer.headers, "X-Request-Id": served.id}
        content = answer.content()
        if step.garbage:
            content = b"<!doctype html><title>502</title><h1>It works!</h1>"
            headers["Content-Type"] = "text/html; charset=utf-8"
            return Reply(200, headers, content)
        if content:
            headers["Content-Type"] = "application/json"
        cut = step.truncate
        if cut is not None:
            cut = len(content) // 2 if cut < 0 else min(cut, max(len(content) - 1, 0))
        return Reply(answer.status, headers, content, cut, step.drip)

    # The customer

    def customer(self, intent_id: str, action: str) -> Thing:
        """Act as the customer on the hosted page: ``pay``, ``decline`` or ``cancel``.

        Raises:
            Refusal: 404 no such intent, 409 it does not wait for the customer.
        """
        self.tick()
        with self.state.transaction():
            intent = self.waiting(intent_id)
            if action == "pay":
                method = intent.body.get("payment_method") or "pm_hosted_page"
                take(self.ledger, intent, payment_method=method)
            elif action == "decline":
                error = {"code": "card_declined", "message": refusal_message("card_declined")}
                self.ledger.move(intent, "fail", redirect_url=None, last_error=error)
            elif action == "cancel":
                self.ledger.move(intent, "cancel", redirect_url=None)
            else:
                raise Refusal(404, "unknown_path")
        self.woken()
        return intent

    def waiting(self, intent_id: str) -> Thing:
        """Return an intent that waits for its customer.

        Raises:
            Refusal: 404 no such intent, 409 it does not wait for the customer.
        """
        intent = self.ledger.get(intent_id)
        if intent is None or intent.kind != "payment_intent":
            raise Refusal(404, "resource_missing", "There is no such payment.")
        if not allowed(intent.kind, intent.body["status"], "authorise") or (
            intent.body["status"] == "processing"
        ):
            raise wrong_state(intent)
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
        asked = served.asked
        record = {
            "id": served.id,
            "method": asked.method,
            "path": asked.path,
            "query": asked.query,
            "operation": served.operation.id if served.operation else None,
            "account": served.account,
            "idempotency_key": served.key or asked.headers.get("Idempotency-Key"),
            "replayed": served.replayed,
            "fault": served.step.text if served.step else None,
            "status": answer.status if answer else None,
            "answer": answer.body if answer else None,
        }
        record = self.masking.record(record, asked.body)
        with self.state.transaction():
            seq = self.state.insert(
                "requests", id=served.id, at_ms=served.at_ms, record=pack(record)
            )
            self.state.run("DELETE FROM requests WHERE seq <= ?", seq - KEPT_REQUESTS)
        if self.noted is not None:
            self.noted(record)

    def requests(self, limit: int = 100) -> list[dict[str, Any]]:
        """List the last requests, newest first, sensitive fields masked."""
        rows = self.state.rows("SELECT * FROM requests ORDER BY seq DESC LIMIT ?", limit)
        return [{"at_ms": row["at_ms"], **unpack(row["record"])} for row in rows]

    def objects(self, kind: str, limit: int = 100) -> list[dict[str, Any]]:
        """List the newest objects of a kind, of all accounts, sensitive fields masked."""
        rows = self.state.rows(
            "SELECT body FROM objects WHERE kind = ? ORDER BY seq DESC LIMIT ?", kind, limit
        )
        return [self.masking.data(unpack(row["body"])) for row in rows]

    def events(self, limit: int = 100) -> list[dict[str, Any]]:
        """List the newest events and their deliveries, sensitive fields masked."""
        return [self.masking.data(each) for each in self.outbox.events(limit)]

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
