"""Idempotency keys, as the sandbox remembers them: one answer for each, whoever asks again."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from molam_overlays.sandbox.answer import Answer, Refusal, encode
from molam_overlays.sandbox.clock import Clock
from molam_overlays.sandbox.served import Served
from molam_overlays.sandbox.state import State, pack, unpack

REMEMBERED_MS: Final = 24 * 3_600_000
"""How long an idempotency key is remembered."""
_HERE: Final = "account = ? AND method = ? AND path = ? AND key = ?"


class Keys:
    """Claims keys and remembers answers. A request without a key is let through."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def claim(self, served: Served, body: Any) -> Answer | None:
        """Claim the key of a request; return the remembered answer of an earlier one.

        Raises:
            Refusal: 409, the first request is running; 422, the key had another body.
        """
        if served.key is None:
            return None
        fingerprint = fingerprint_of(body)
        account, method, path, key = place = _place(served)
        with self._state.transaction():
            self._state.run(
                "DELETE FROM keys WHERE at_ms <= ? AND status IS NOT NULL",
                self._clock.now_ms() - REMEMBERED_MS,
            )
            row = self._state.row(f"SELECT * FROM keys WHERE {_HERE}", *place)  # noqa: S608 - ours
            if row is None:
                self._state.insert(
                    "keys",
                    account=account,
                    method=method,
                    path=path,
                    key=key,
                    fingerprint=fingerprint,
                    at_ms=self._clock.now_ms(),
                )
                return None
        if row["fingerprint"] != fingerprint:
            raise Refusal(422, "idempotency_key_reused")
        if row["status"] is None:
            raise Refusal(409, "idempotency_in_flight")
        served.replayed = True
        answered = None if row["body"] is None else unpack(row["body"])
        return Answer(row["status"], answered, {"Idempotency-Replayed": "true"})

    def remember(self, served: Served, answer: Answer) -> None:
        """Keep the answer for whoever comes with the key again."""
        if served.key is not None:
            self._state.run(
                f"UPDATE keys SET status = ?, body = ? WHERE {_HERE}",  # noqa: S608 - ours
                answer.status,
                None if answer.body is None else pack(answer.body),
                *_place(served),
            )

    def release(self, served: Served) -> None:
        """Let go of a key that was claimed and got no answer."""
        if served.key is not None:
            self._state.run(
                f"DELETE FROM keys WHERE {_HERE} AND status IS NULL",  # noqa: S608 - ours
                *_place(served),
            )


def _place(served: Served) -> tuple[str, str, str, str | None]:
    return served.account, served.asked.method, served.asked.path, served.key


def fingerprint_of(body: Any) -> str:
    """Tell bodies apart by what they say, not how they are written."""
    canonical = json.dumps(json.loads(encode(body or {})), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
