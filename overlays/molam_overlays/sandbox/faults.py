"""Scripted faults: which is next, and what it does to an answer."""

from __future__ import annotations

from typing import Any, Final

from molam_overlays.message.idempotency import KEY_HEADER
from molam_overlays.message.media import JSON
from molam_overlays.sandbox.answer import Answer, Effect, Hangup, Refusal, Reply
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.document import Document, Operation
from molam_overlays.sandbox.fault_script import HEADER, FaultError, Step, parse
from molam_overlays.sandbox.served import Served
from molam_overlays.sandbox.state import State, pack

FAULT_CODES: Final = {
    400: "malformed_body",
    401: "invalid_api_key",
    402: "insufficient_funds",
    403: "not_allowed",
    404: "resource_missing",
    409: "idempotency_in_flight",
    422: "invalid_value",
    429: "rate_limited",
}
"""The error code of a status, unless the fault names one."""
WORDED: Final = {
    *FAULT_CODES.values(),
    "internal_error",
    "idempotency_key_reused",
    "insufficient_balance",
}
"""Error codes that the document has words for."""


class Faults:
    """What was scripted ahead, and how far the scripts in headers have come."""

    def __init__(self, state: State, document: Document) -> None:
        self._state = state
        self._document = document

    def script(self, script: str, operation: str | None, event: str | None) -> list[str]:
        """Script faults ahead; see `Core.script`.

        Raises:
            FaultError: the script is not understood, or there is no such operation or event.
        """
        steps = parse(script)
        known = {each.id for each in self._document.operations}
        if operation is not None and operation not in known:
            raise FaultError(f"There is no operation {operation[:80]!r} in the document.")
        if event is not None and event not in self._document.webhook_types():
            raise FaultError(f"There is no event {event[:80]!r} in the document.")
        with self._state.transaction():
            for step in steps:
                told = event or "*" if step.webhook else None
                self._state.insert("faults", step=step.text, operation=operation, event=told)
        return [step.text for step in steps]

    def ahead(self) -> list[dict[str, Any]]:
        """List what is scripted ahead, next first."""
        rows = self._state.rows("SELECT step, operation, event FROM faults ORDER BY seq")
        return [dict(row) for row in rows]

    def forget(self) -> None:
        """Drop everything that is scripted, and count header scripts from their start again."""
        with self._state.transaction():
            self._state.run("DELETE FROM faults")
            self._state.run("DELETE FROM scripts")

    def of_request(self, served: Served, operation: Operation) -> Step | None:
        """Take what shall go wrong with a request: by its header, else scripted ahead.

        Raises:
            Refusal: 400, the script in its header is not understood.
        """
        script = served.asked.headers.get(HEADER)
        with self._state.transaction():
            if script is not None:
                return self._told_by_header(served, script)
            return self._next(
                "event IS NULL AND (operation IS NULL OR operation = ?)", operation.id
            )

    def of_event(self, type_: str) -> Step | None:
        """Take what was scripted ahead for the next event of a type."""
        return self._next("event = ? OR event = '*'", type_)

    def _told_by_header(self, served: Served, script: str) -> Step | None:
        try:
            steps = parse(script)
        except FaultError as error:
            raise Refusal(400, "fault_not_understood", str(error), HEADER) from None
        asked = served.asked
        key = asked.headers.get(KEY_HEADER, "")
        place = pack([served.account, asked.method, asked.path, key, script])
        self._state.run(
            "INSERT INTO scripts VALUES (?, 1) ON CONFLICT (place) DO UPDATE SET used = used + 1",
            place,
        )
        row = self._state.row("SELECT used FROM scripts WHERE place = ?", place)
        assert row is not None
        return steps[row["used"] - 1] if row["used"] <= len(steps) else None

    def _next(self, where: str, value: str) -> Step | None:
        row = self._state.row(
            f"SELECT * FROM faults WHERE {where} ORDER BY seq LIMIT 1",  # noqa: S608 - our own
            value,
        )
        if row is None:
            return None
        self._state.run("DELETE FROM faults WHERE seq = ?", row["seq"])
        return parse(row["step"])[0]


def ordered(contract: Contract, served: Served, step: Step) -> Answer:
    """Return the answer that a fault with a status orders."""
    assert step.status is not None
    headers = {} if step.retry_after is None else {"Retry-After": step.retry_after}
    if step.status < 400:
        return Answer(step.status, None if step.status == 204 else {}, headers)
    code = step.code or FAULT_CODES.get(step.status, "internal_error")
    message = None if code in WORDED else "The sandbox answers so because a fault told it to."
    refusal = Refusal(step.status, code, message, headers=headers)
    return contract.error(served.operation, refusal)


def shaped(contract: Contract, served: Served, answer: Answer) -> Effect:
    """Return what becomes of an answer on its way."""
    step = served.step or Step()
    if step.hangup and step.after:
        return Hangup(reset=step.hangup == "reset")
    if step.status and step.after:
        answer = ordered(contract, served, step)
    if step.garbage == "http":
        return Reply(0, {}, b"\x00\x01\x02 this is not HTTP\r\n\r\n", raw=True)
    headers = {**answer.headers, "X-Request-Id": served.id}
    content = answer.content()
    if step.garbage:
        content = b"<!doctype html><title>502</title><h1>It works!</h1>"
        headers["Content-Type"] = "text/html; charset=utf-8"
        return Reply(200, headers, content)
    if content:
        headers["Content-Type"] = JSON
    cut = step.truncate
    if cut is not None:
        cut = len(content) // 2 if cut < 0 else min(cut, max(len(content) - 1, 0))
    return Reply(answer.status, headers, content, cut, step.drip)
