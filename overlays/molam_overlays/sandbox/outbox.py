"""Events on their way out: subscriptions, signatures, deliveries, retries, and damage on request.

Nothing is sent here. A driver takes what is due with `take`, sends it, and tells with `report`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import attrs

from molam_overlays.message.media import JSON
from molam_overlays.sandbox.answer import encode
from molam_overlays.sandbox.clock import machine_ms
from molam_overlays.sandbox.fault_script import Step
from molam_overlays.sandbox.faults import Faults
from molam_overlays.sandbox.state import State, pack, unpack
from molam_overlays.sandbox.subscription import (
    DEFAULT_SECRET,
    Subscription,
    signature,
    subscription_of,
)
from molam_overlays.webhook.signature import SIGNATURE_HEADER

ANSWER_SECONDS: Final = 10.0
"""How long a receiver may take."""
RETRY_SECONDS: Final = (5, 30, 120, 600, 1800, 7200, 21600, 43200, 86400, 86400)
"""Waits between attempts: growing, for nearly three days."""
HOLD_MS: Final = 60_000
"""How long a reordered event waits for another one to overtake it."""


@attrs.frozen
class Delivery:
    """One event, ready to be posted."""

    number: int
    event_id: str
    event_type: str
    subscription_id: str
    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)
    attempt: int
    """1 for the first."""


class Outbox:
    """Keeps events and decides when each goes where, signed how."""

    def __init__(
        self,
        state: State,
        faults: Faults,
        now_ms: Callable[[], int],
        signing_ms: Callable[[], int] = machine_ms,
        signature_header: str = SIGNATURE_HEADER,
    ) -> None:
        self._state = state
        self._signature_header = signature_header
        self._faults = faults
        self._now_ms = now_ms
        self._signing_ms = signing_ms
        self.request_id: str | None = None
        """The request that is served now, None while a timer or a person acts."""
        self._step: Step | None = None
        state.run("UPDATE deliveries SET state = 'waiting' WHERE state = 'sending'")

    # Subscriptions

    def subscribe(
        self, url: str, secret: str | None = None, types: tuple[str, ...] = (), kid: str = "1"
    ) -> Subscription:
        """Send events to a URL from now on."""
        secret = secret or DEFAULT_SECRET
        id_ = f"sub_{secrets.token_hex(6)}"
        self._state.insert(
            "subscriptions",
            id=id_,
            url=url,
            types=pack(list(types)),
            secrets=pack([{"kid": kid, "secret": secret}]),
        )
        return self._required(id_)

    def subscriptions(self) -> list[Subscription]:
        """List the subscriptions, oldest first."""
        return [
            subscription_of(row)
            for row in self._state.rows("SELECT * FROM subscriptions ORDER BY seq")
        ]

    def subscription(self, id_: str) -> Subscription | None:
        """Return one subscription."""
        row = self._state.row("SELECT * FROM subscriptions WHERE id = ?", id_)
        return None if row is None else subscription_of(row)

    def unsubscribe(self, id_: str) -> bool:
        """Stop sending to a subscription; False if there is none."""
        with self._state.transaction():
            self._state.run(
                "UPDATE deliveries SET state = 'failed' WHERE subscription_id = ? "
                "AND state IN ('waiting', 'held')",
                id_,
            )
            return bool(self._state.run("DELETE FROM subscriptions WHERE id = ?", id_))

    def rotate(self, id_: str, secret: str | None = None) -> Subscription | None:
        """Give a subscription a new secret; the old one signs too for another day.

        Args:
            id_: the subscription.
            secret: the new secret; a random one by default.
        """
        with self._state.transaction():
            found = self.subscription(id_)
            if found is None:
                return None
            self._state.run(
                "UPDATE subscriptions SET secrets = ? WHERE id = ?",
                pack(found.rotated(secret, self._now_ms())),
                id_,
            )
            return self._required(id_)

    def _required(self, id_: str) -> Subscription:
        found = self.subscription(id_)
        assert found is not None
        return found

    # Events

    @contextmanager
    def during(self, request_id: str, step: Step | None) -> Generator[None, None, None]:
        """Note which request causes the events of a block, and what shall happen to them."""
        self.request_id, self._step = request_id, step
        try:
            yield
        finally:
            self.request_id = self._step = None

    def add(self, id_: str, type_: str, account: str, data: Any, at_ms: int) -> dict[str, Any]:
        """Keep an event and prepare its deliveries."""
        event = {
            "id": id_,
            "type": type_,
            "created": at_ms // 1000,
            "livemode": False,
            "data": data,
        }
        self._state.insert(
            "events",
            id=id_,
            account=account,
            type=type_,
            at_ms=at_ms,
            request_id=self.request_id,
            body=pack(event),
        )
        step = self._step if self._step and self._step.webhook else self._faults.of_event(type_)
        for subscription in self.subscriptions():
            if subscription.wants(type_):
                self._plan(id_, subscription.id, at_ms, step)
        return event

    def _plan(self, event_id: str, subscription_id: str, now: int, step: Step | None) -> None:
        kind = step.webhook if step else None
        state, due, mangle = planned(step, now)
        for _ in range(2 if kind == "duplicate" else 1):
            self._queue(event_id, subscription_id, state, due, mangle, kind)
        if state == "waiting":
            # What was held back lets this one pass, and follows it.
            held = self._state.rows(
                "SELECT * FROM deliveries WHERE state = 'held' AND subscription_id = ?",
                subscription_id,
            )
            for row in held:
                self._state.run("DELETE FROM deliveries WHERE seq = ?", row["seq"])
                self._queue(row["event_id"], subscription_id, "waiting", due, "", "reorder")

    def _queue(
        self, event_id: str, to: str, state: str, due: int, mangle: str, why: str | None
    ) -> int:
        return self._state.insert(
            "deliveries",
            event_id=event_id,
            subscription_id=to,
            state=state,
            due_ms=due,
            mangle=pack({"sign": mangle, "why": why}),
            attempts="[]",
        )

    def resend(self, event_id: str) -> int:
        """Send an event again, now, to every subscription; return how many those are."""
        with self._state.transaction():
            receivers = self.subscriptions()
            for subscription in receivers:
                self._queue(event_id, subscription.id, "waiting", self._now_ms(), "", "resent")
            return len(receivers)

    def events(self, limit: int = 100, after: str | None = None) -> list[dict[str, Any]]:
        """List events with their deliveries.

        Args:
            limit: how many at most.
            after: with an event id, those that followed it, oldest first; else the newest first.
        """
        if after is None:
            rows = self._state.rows("SELECT * FROM events ORDER BY seq DESC LIMIT ?", limit)
        else:
            rows = self._state.rows(
                "SELECT * FROM events WHERE seq > coalesce((SELECT seq FROM events WHERE id = ?), 0) "
                "ORDER BY seq LIMIT ?",
                after,
                limit,
            )
        return [self._event(row) for row in rows]

    def event(self, id_: str) -> dict[str, Any] | None:
        """Return one event with its deliveries."""
        row = self._state.row("SELECT * FROM events WHERE id = ?", id_)
        return None if row is None else self._event(row)

    def _event(self, row: Any) -> dict[str, Any]:
        urls = {each.id: each.url for each in self.subscriptions()}
        deliveries = self._state.rows(
            "SELECT * FROM deliveries WHERE event_id = ? ORDER BY seq", row["id"]
        )
        return {
            "event": unpack(row["body"]),
            "request_id": row["request_id"],
            "deliveries": [
                {
                    "url": urls.get(each["subscription_id"], "(unsubscribed)"),
                    "state": each["state"],
                    "fault": unpack(each["mangle"])["why"],
                    "due_ms": each["due_ms"] if each["state"] in {"waiting", "held"} else None,
                    "attempts": unpack(each["attempts"]),
                }
                for each in deliveries
            ],
        }

    # Deliveries

    def take(self, busy: frozenset[str] = frozenset()) -> list[Delivery]:
        """Take the deliveries that are due, oldest first, at most one for each subscription.

        Args:
            busy: subscriptions whose last delivery is not reported yet; they are left alone, so
                that events arrive in order.
        """
        taken: list[Delivery] = []
        seen = set(busy)
        with self._state.transaction():
            rows = self._state.rows(
                "SELECT * FROM deliveries WHERE state IN ('waiting', 'held') AND due_ms <= ? "
                "ORDER BY due_ms, seq",
                self._now_ms(),
            )
            for row in rows:
                if row["subscription_id"] in seen:
                    continue
                delivery = self._delivery(row)
                if delivery is not None:
                    seen.add(row["subscription_id"])
                    taken.append(delivery)
        return taken

    def _delivery(self, row: Any) -> Delivery | None:
        subscription = self.subscription(row["subscription_id"])
        event = self._state.row("SELECT * FROM events WHERE id = ?", row["event_id"])
        if subscription is None or event is None:
            self._state.run("UPDATE deliveries SET state = 'failed' WHERE seq = ?", row["seq"])
            return None
        self._state.run("UPDATE deliveries SET state = 'sending' WHERE seq = ?", row["seq"])
        content = encode(unpack(event["body"]))
        attempt = len(unpack(row["attempts"])) + 1
        # Damage is done once: what is sent again is in order, as with the real thing.
        damage = unpack(row["mangle"])["sign"] if attempt == 1 else ""
        return Delivery(
            number=row["seq"],
            event_id=row["event_id"],
            event_type=event["type"],
            subscription_id=subscription.id,
            url=subscription.url,
            headers={
                "Content-Type": f"{JSON}; charset=utf-8",
                "User-Agent": "Molam-Sandbox",
                self._signature_header: signature(
                    subscription,
                    content,
                    now_ms=self._now_ms(),
                    signing_ms=self._signing_ms(),
                    damage=damage,
                ),
            },
            content=content,
            attempt=attempt,
        )

    def report(
        self,
        delivery: Delivery,
        status: int | None,
        error: str | None = None,
        took_ms: int | None = None,
    ) -> None:
        """Tell how a delivery went: the receiver's status, or what kept it from answering."""
        with self._state.transaction():
            row = self._state.row("SELECT * FROM deliveries WHERE seq = ?", delivery.number)
            if row is None:
                return
            attempts = unpack(row["attempts"])
            at_ms = max(row["due_ms"], 0)
            told = {"at_ms": at_ms, "status": status, "error": error, "took_ms": took_ms}
            attempts.append(told)
            state, due = reported(status, len(attempts), row["due_ms"])
            self._state.run(
                "UPDATE deliveries SET state = ?, due_ms = ?, attempts = ? WHERE seq = ?",
                state,
                due,
                pack(attempts),
                delivery.number,
            )

    def busy(self) -> bool:
        """Tell whether something is due or on its way."""
        row = self._state.row(
            "SELECT 1 FROM deliveries WHERE state = 'sending' "
            "OR (state IN ('waiting', 'held') AND due_ms <= ?) LIMIT 1",
            self._now_ms(),
        )
        return row is not None

    def next_due_ms(self) -> int | None:
        """Return when the next delivery is due, None if none waits."""
        row = self._state.row(
            "SELECT min(due_ms) FROM deliveries WHERE state IN ('waiting', 'held')"
        )
        due: int | None = row[0] if row else None
        return due


def planned(step: Step | None, now_ms: int) -> tuple[str, int, str]:
    """Return state, due time and damage of a new delivery, as a fault has it."""
    kind = step.webhook if step else None
    if kind == "drop":
        return "dropped", now_ms, ""
    if kind == "reorder":
        return "held", now_ms + HOLD_MS, ""
    if kind == "delay" and step:
        return "waiting", now_ms + int(step.seconds * 1000), ""
    return "waiting", now_ms, kind if kind in {"stale", "bad_signature"} else ""


def reported(status: int | None, attempts: int, due_ms: int) -> tuple[str, int]:
    """Return state and due time of a delivery after so many attempts; None: no answer came."""
    if status is not None and 200 <= status <= 299:
        return "delivered", due_ms
    if attempts <= len(RETRY_SECONDS):
        return "waiting", due_ms + RETRY_SECONDS[attempts - 1] * 1000
    return "failed", due_ms
