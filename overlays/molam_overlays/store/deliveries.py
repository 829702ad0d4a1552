"""Which event a worker handles next, and what becomes of it: the inbox's decisions.

States of an event::

    pending --claim--> processing --success--> processed
       ^                   |  |
       |<-- failure, or ---'  '--the last try failed--> parked --replay--> pending
       |    lease over                                       '--skip--> skipped
       '-- replay, from anywhere

``due_at`` is when a pending event is tried, and until when a processing one is held. A claim
counts as a try at once, so that an event which kills its worker is parked as well in the end; that
of a batch at each event's end (see `batches`).

In order means: by the event's own time, then by arrival, and nothing of a resource is handled
while something earlier of it is unfinished; a parked event is unfinished until a person replays or
skips it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from typing import Any, Literal

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.errors import ClaimLostError
from molam_overlays.store.statement import Ask, Decision, Statement, at_once

State = Literal["pending", "processing", "processed", "parked", "skipped"]

MAX_TRIES = 10
LEASE_SECONDS = 300.0
"""How long a worker holds an event by default; another one takes it after that."""

_SECONDS_END = 1e11
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 3600.0


@attrs.frozen(kw_only=True)
class Received:
    """An event in the inbox, for listing; without its payload."""

    event_id: str
    type: str
    state: str
    """A `State`."""
    resource: str | None
    tries: int
    """How often a worker started on it."""
    received_at: float
    """Unix seconds."""
    due_at: float
    """Unix seconds: when it is tried next, or until when a worker holds it."""
    last_error: str | None
    seq: int
    """Its place in the order of arrival; `after` of the next page."""


@attrs.frozen(kw_only=True)
class Facts:
    """What a handler gets to know about an event."""

    event_id: str
    """``evt_…``; unique in the inbox."""
    type: str
    payload: bytes = attrs.field(repr=False)
    """The body as it was signed."""
    resource: str | None
    """What the event is about, as it was received with."""
    event_time: float | None
    """When the event was made, unix seconds, by its own account."""
    received_at: float
    """When it was stored, unix seconds."""
    tries: int
    """1 on the first try."""


@attrs.frozen(kw_only=True)
class Held(Facts):
    """An event in a worker's hands."""

    seq: int
    token: int
    uncounted: int = 0
    """1 where the try is yet to be counted."""


def moment_of(created: object) -> float | None:
    """Return an event's own time in unix seconds; None for what is no time at all.

    Seconds are what the document says. Milli-, micro- and nanoseconds are told by their size: as
    seconds they would lie beyond the year 5000, where databases know no time either.
    """
    if not isinstance(created, (int, float)) or isinstance(created, bool):
        return None
    if not 0 <= created < _SECONDS_END * 1e9:
        return None
    seconds = float(created)
    for _ in range(3):
        if seconds >= _SECONDS_END:
            seconds /= 1000
    return seconds


def backoff(tries: int, random: float) -> float:
    """Return how long to wait after the nth failed try, in seconds.

    ``min(3600, 5 * 2^(n-1))`` times a factor from 0.5 to 1; `random` is from 0 to 1.
    """
    return float(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries - 1, 30)) * (0.5 + random / 2))


def effect_key(event_id: str) -> str:
    """Return the idempotency key for what a handler does elsewhere because of this event."""
    key = f"molam-event-{event_id}"
    if len(key) <= 128 and key.isascii() and key.isprintable():
        return key
    return f"molam-event-{hashlib.sha256(event_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


_INSERT = """
INSERT INTO received_webhooks (event_id, type, payload, received_at, resource, event_time,
                               state, due_at)
VALUES (:event_id, :type, :payload, @now, :resource, @at(:event_time), 'pending', @now)
ON CONFLICT (event_id) DO NOTHING
"""

LISTEN = "LISTEN molam_inbox"
"""What a connection says that wants to hear of new events, on PostgreSQL."""

_NEXT = """
SELECT seq, event_id, type, payload, resource, @epoch(event_time), @epoch(received_at), tries,
       fence, state
FROM received_webhooks w
WHERE state IN ('pending', 'processing') AND due_at <= (SELECT @now)
"""

_NOTHING_EARLIER = """
AND (resource IS NULL OR NOT EXISTS (
    SELECT 1 FROM received_webhooks e
    WHERE e.resource = w.resource AND e.seq <> w.seq
      AND e.state IN ('pending', 'processing', 'parked')
      AND (coalesce(e.event_time, e.received_at) < coalesce(w.event_time, w.received_at)
           OR (coalesce(e.event_time, e.received_at) = coalesce(w.event_time, w.received_at)
               AND e.seq < w.seq))))
"""

_TAKE = """
UPDATE received_webhooks
SET state = 'processing', tries = tries + 1, fence = fence + 1, due_at = @now + @seconds(:lease)
WHERE seq = :seq
"""

_PARK_DEAD = """
UPDATE received_webhooks SET state = 'parked', fence = fence + 1,
    last_error = coalesce(last_error, 'the worker died each time')
WHERE seq = :seq
"""

_STILL_HELD = """
SELECT 1 FROM received_webhooks
WHERE seq = :seq AND fence = :token AND state = 'processing' @lock
"""

_DONE = """
UPDATE received_webhooks
SET state = 'processed', processed_at = @now, last_error = NULL, tries = tries + :uncounted
WHERE seq = :seq AND fence = :token AND state = 'processing'
"""

_RETRY = """
UPDATE received_webhooks
SET state = :state, due_at = @now + @seconds(:wait), last_error = :error, tries = tries - :refund
WHERE seq = :seq AND fence = :token AND state = 'processing'
"""

_REPLAY = """
UPDATE received_webhooks
SET state = 'pending', tries = 0, due_at = @now, fence = fence + 1, last_error = NULL
"""

_LIST = """
SELECT event_id, type, state, resource, tries, @epoch(received_at), @epoch(due_at), last_error, seq
FROM received_webhooks WHERE seq > :after
"""


@at_once
def receiving(
    event_id: str,
    event_type: str,
    payload: bytes,
    resource: str | None,
    event_time: float | None,
    notice: str = "",
) -> Decision[bool]:
    """Store an event; False if it is known already. `notice` goes with it."""
    inserted = yield Statement(
        _INSERT,
        {
            "event_id": event_id,
            "type": event_type,
            "payload": payload,
            "resource": resource,
            "event_time": event_time,
        },
        notice,
    )
    return inserted.count == 1


@at_once
def telling() -> Decision[None]:
    """Tell those who listen that there is something, on PostgreSQL.

    In a transaction of its own: one that also writes would keep all others that tell waiting until
    it is on disk.
    """
    yield Statement("NOTIFY molam_inbox")


def taking(in_order: bool, lease_seconds: float, max_tries: int) -> Decision[Held | None]:
    """Take the event that is due longest, skipping those in other workers' hands."""
    while True:
        found = yield Statement(due(in_order), {"most": 1})
        if not found.rows:
            return None
        seq, taken = found.rows[0][0], held(found.rows[0])
        # A worker that was killed could not count its failure.
        if taken is None or taken.tries > max_tries:
            yield Statement(_PARK_DEAD, {"seq": seq})
            continue
        yield Statement(_TAKE, {"seq": seq, "lease": lease_seconds})
        return taken


def due(in_order: bool) -> str:
    """Return the query for what is due longest, ``:most`` of it; see `held`."""
    return f"{_NEXT}{_NOTHING_EARLIER if in_order else ''}ORDER BY due_at, seq LIMIT :most @skip_locked"


def held(row: Sequence[Any], *, counted: bool = True) -> Held | None:
    """Return an event that was due, as it is once taken; None if its payload is gone."""
    seq, event_id, kind, payload, resource, event_time, received_at, tries, fence = row[:9]
    if payload is None:
        return None
    return Held(
        seq=seq,
        token=fence + 1,
        event_id=event_id,
        type=kind,
        payload=bytes(payload),
        resource=resource,
        event_time=event_time,
        received_at=received_at,
        tries=tries + 1,
        uncounted=0 if counted else 1,
    )


def confirming(held: Held) -> Decision[None]:
    """Lock the event in a handler's transaction, so that no other worker can take it meanwhile.

    Raises:
        ClaimLostError: the lease ended and another worker has it.
    """
    found = yield Statement(_STILL_HELD, {"seq": held.seq, "token": held.token})
    if not found.rows:
        raise lost(held)


@at_once
def finishing(held: Held, then: str = "") -> Decision[None]:
    """Mark the event as processed.

    Raises:
        ClaimLostError: the lease ended and another worker has it, or has finished it.
    """
    names = {"seq": held.seq, "token": held.token, "uncounted": held.uncounted}
    done = yield Statement(_DONE, names, then)
    if done.count != 1:
        raise lost(held)


@at_once
def failing(
    held: Held, error: str, max_tries: int, random: float, then: str = ""
) -> Decision[State]:
    """Put the event off, or park it after the last try."""
    state: State = "parked" if held.tries >= max_tries else "pending"
    yield Statement(
        _RETRY,
        {
            "seq": held.seq,
            "token": held.token,
            "state": state,
            "wait": backoff(held.tries, random),
            "error": error[:500],
            "refund": -held.uncounted,
        },
        then,
    )
    return state


@at_once
def returning(held: Held) -> Decision[None]:
    """Put an event back as it was: its worker was told to stop."""
    yield Statement(
        _RETRY,
        {
            "seq": held.seq,
            "token": held.token,
            "state": "pending",
            "wait": 0.0,
            "error": None,
            "refund": 1 - held.uncounted,
        },
    )


def replaying(event_id: str) -> Decision[str]:
    """Make one event pending again; ``replayed``, ``unknown`` or ``emptied``."""
    changed = yield Statement(
        _REPLAY + "WHERE event_id = :event_id AND payload IS NOT NULL", {"event_id": event_id}
    )
    if changed.count == 1:
        return "replayed"
    found = yield Statement(
        "SELECT 1 FROM received_webhooks WHERE event_id = :event_id", {"event_id": event_id}
    )
    return "emptied" if found.rows else "unknown"


_REPLAYED_AT_ONCE = 500


def replaying_parked(event_type: str | None, after: int) -> Decision[tuple[int, int | None]]:
    """Make parked events (of a type) from ``seq`` `after` on pending again, some hundreds at most.

    Returns how many, and the last one's ``seq``; None for that at the end.
    """
    parked = "state = 'parked' AND payload IS NOT NULL AND seq > :after" + (
        "" if event_type is None else " AND type = :type"
    )
    asked: dict[str, Any] = {"type": event_type, "after": after, "most": _REPLAYED_AT_ONCE}
    found = yield Statement(
        "SELECT count(*), max(seq) FROM (SELECT seq FROM received_webhooks "  # noqa: S608 - ours
        f"WHERE {parked} ORDER BY seq LIMIT :most) AS following",
        asked,
    )
    count, last = found.rows[0]
    if not count:
        return 0, None
    changed = yield Statement(f"{_REPLAY} WHERE {parked} AND seq <= :last", {**asked, "last": last})
    return changed.count, last if count == _REPLAYED_AT_ONCE else None


def replaying_all(
    event_type: str | None, told: Callable[[int], object] = lambda count: None
) -> Generator[Ask, Any, int]:
    """Make all parked events (of a type) pending again, a transaction after the other.

    `told` is called with the count of each. Each is looked at once, also when it is parked anew.
    """
    total = 0
    after: int | None = 0
    while after is not None:
        step: tuple[int, int | None] = yield Ask(replaying_parked, (event_type, after))
        count, after = step
        told(count)
        total += count
    return total


@at_once
def skipping(event_id: str) -> Decision[bool]:
    """Give up on a parked or pending event."""
    changed = yield Statement(
        "UPDATE received_webhooks SET state = 'skipped', fence = fence + 1 "
        "WHERE event_id = :event_id AND state IN ('pending', 'parked')",
        {"event_id": event_id},
    )
    return changed.count == 1


@at_once
def listing(
    state: str | None, event_type: str | None, after: int, limit: int
) -> Decision[list[Received]]:
    """List events in the order of arrival."""
    query = _LIST
    if state is not None:
        query += " AND state = :state"
    if event_type is not None:
        query += " AND type = :type"
    found = yield Statement(
        query + " ORDER BY seq LIMIT :limit",
        {"after": after, "limit": limit, "state": state, "type": event_type},
    )
    return [
        Received(
            event_id=row[0],
            type=row[1],
            state=row[2],
            resource=row[3],
            tries=row[4],
            received_at=row[5],
            due_at=row[6],
            last_error=row[7],
            seq=row[8],
        )
        for row in found.rows
    ]


@at_once
def counting() -> Decision[dict[str, int]]:
    """Count events by state."""
    found = yield Statement("SELECT state, count(*) FROM received_webhooks GROUP BY state")
    return {state: int(count) for state, count in found.rows}


@at_once
def reading(event_id: str) -> Decision[bytes | None]:
    """Return an event's payload; None when it is unknown, or emptied by retention."""
    found = yield Statement(
        "SELECT payload FROM received_webhooks WHERE event_id = :event_id", {"event_id": event_id}
    )
    return None if not found.rows or found.rows[0][0] is None else bytes(found.rows[0][0])


def lost(held: Held) -> ClaimLostError:
    """Say that the event is another worker's by now."""
    return ClaimLostError(
        f"The event {held.event_id!r} is no longer this worker's: its lease ended before the "
        "handler did, and another worker took it. Nothing of this transaction was stored."
    )


at_home("molam_sdk.inbox", Received)
