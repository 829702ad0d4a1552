"""Requests, objects and events as people are shown them, without what is sensitive."""

from __future__ import annotations

from typing import Any, Final

from molam_overlays.message.idempotency import KEY_HEADER
from molam_overlays.sandbox.answer import Answer
from molam_overlays.sandbox.document import Document
from molam_overlays.sandbox.masking import Masking
from molam_overlays.sandbox.outbox import Outbox
from molam_overlays.sandbox.served import Served
from molam_overlays.sandbox.state import State, pack, unpack

KEPT_REQUESTS: Final = 1000
"""How many requests the page and ``/_sandbox/requests`` can show."""


class Records:
    """Keeps what was asked and answered, and shows what there is."""

    def __init__(self, state: State, outbox: Outbox, document: Document) -> None:
        self._state = state
        self._outbox = outbox
        self.masking = Masking(document)
        """What hides sensitive values, by the document."""

    def note(self, served: Served, answer: Answer | None) -> dict[str, Any]:
        """Keep and return the record of a request; None for no answer."""
        asked = served.asked
        record = {
            "id": served.id,
            "method": asked.method,
            "path": asked.path,
            "query": asked.query,
            "operation": served.operation.id if served.operation else None,
            "account": served.account,
            "idempotency_key": served.key or asked.headers.get(KEY_HEADER),
            "replayed": served.replayed,
            "unknown": served.unknown,
            "fault": served.step.text if served.step else None,
            "status": answer.status if answer else None,
            "answer": answer.body if answer else None,
        }
        record = self.masking.record(record, asked.body)
        with self._state.transaction():
            seq = self._state.insert(
                "requests", id=served.id, at_ms=served.at_ms, record=pack(record)
            )
            self._state.run("DELETE FROM requests WHERE seq <= ?", seq - KEPT_REQUESTS)
        return record

    def requests(self, limit: int) -> list[dict[str, Any]]:
        """List the last requests, newest first."""
        rows = self._state.rows("SELECT * FROM requests ORDER BY seq DESC LIMIT ?", limit)
        return [{"at_ms": row["at_ms"], **unpack(row["record"])} for row in rows]

    def objects(self, kind: str, limit: int) -> list[dict[str, Any]]:
        """List the newest objects of a kind, of all accounts."""
        rows = self._state.rows(
            "SELECT body FROM objects WHERE kind = ? ORDER BY seq DESC LIMIT ?", kind, limit
        )
        return [self.masking.data(unpack(row["body"])) for row in rows]

    def events(self, limit: int) -> list[dict[str, Any]]:
        """List the newest events and their deliveries."""
        return [self.masking.data(each) for each in self._outbox.events(limit)]
