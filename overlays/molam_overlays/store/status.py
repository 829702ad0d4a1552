"""How a queue and a journal stand: how much waits, since when, what comes in and what goes out.

Each look is answered by an index, or by the last `SAMPLE` rows, so that it costs the same among ten
million rows as among ten thousand; only what waits is counted to the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.store.statement import Decision, Statement
from molam_overlays.store.upkeep import CHORES, Chore, stepping_window

SAMPLE: Final = 1000
"""How many of the latest rows a rate is taken from."""

_MINUTE: Final = 60.0


@attrs.frozen(kw_only=True)
class InboxStatus:
    """How an inbox stands."""

    due: int
    """Events that wait for a worker, those of dead workers included."""
    later: int
    """Events in workers' hands, and put off after a failure."""
    oldest_seconds: float
    """How long the event that waits longest has been due; 0 when none is."""
    received_per_minute: float
    """Of the last minute, or of the last 1000 events where more came."""
    handled_per_minute: float
    parked: int
    parked_by_reason: dict[str, int]
    """By what the handler raised, of the newest 1000 parked ones."""
    late: int
    """Of the last 1000 handled events, those whose lease had ended before their handler did."""

    @property
    def grows(self) -> bool:
        """True when more comes in than goes out, and something has been due for over a minute."""
        return self.oldest_seconds > _MINUTE and self.received_per_minute > self.handled_per_minute


@attrs.frozen(kw_only=True)
class JournalStatus:
    """How a journal of calls stands."""

    open: int
    """Calls whose end is not known, those under way included."""
    oldest_seconds: float
    """How long the oldest of them has been open; 0 when none is."""
    calls_per_minute: float
    """Of the last minute, or of the last 1000 calls where more were made."""
    open_by_outcome: dict[str, int]
    """By what was last known, such as ``maybe_processed``; ``under way`` where nothing was said."""


@attrs.frozen(kw_only=True)
class UpkeepStatus:
    """When old rows of a kind were last removed."""

    name: str
    done_seconds: float | None
    """How long ago the last round ended; None when there has been none."""
    overdue: bool
    """True when there are rows that should be gone since yesterday."""


_OUT: Final = (
    "FROM received_webhooks WHERE payload IS NOT NULL AND state IN ('processed', 'skipped')"
)
_WAITING: Final = "FROM received_webhooks WHERE state IN ('pending', 'processing')"


def of_inbox() -> Decision[InboxStatus]:
    """Look at the inbox."""
    due = yield Statement(f"SELECT count(*) {_WAITING} AND due_at <= (SELECT @now)")
    later = yield Statement(f"SELECT count(*) {_WAITING} AND due_at > (SELECT @now)")
    oldest = yield Statement(
        f"SELECT @epoch(due_at), @epoch(@now) {_WAITING} ORDER BY due_at LIMIT 1"
    )
    came = yield _rate("received_at", "FROM received_webhooks ORDER BY seq DESC")
    went = yield _rate("processed_at", f"{_OUT} ORDER BY received_at DESC")
    late = yield Statement(
        f"SELECT count(*) FROM (SELECT processed_at, due_at {_OUT} ORDER BY received_at DESC "  # noqa: S608
        "LIMIT :sample) AS latest WHERE processed_at > due_at",
        {"sample": SAMPLE},
    )
    parked = yield Statement("SELECT count(*) FROM received_webhooks WHERE state = 'parked'")
    reasons = yield Statement(
        "SELECT last_error, count(*) FROM (SELECT last_error FROM received_webhooks "
        "WHERE state = 'parked' ORDER BY seq DESC LIMIT :sample) AS latest "
        "GROUP BY last_error ORDER BY 2 DESC",
        {"sample": SAMPLE},
    )
    return InboxStatus(
        due=due.rows[0][0],
        later=later.rows[0][0],
        oldest_seconds=_since(oldest.rows),
        received_per_minute=_per_minute(came.rows[0]),
        handled_per_minute=_per_minute(went.rows[0]),
        parked=parked.rows[0][0],
        parked_by_reason={reason or "": count for reason, count in reasons.rows},
        late=late.rows[0][0],
    )


def of_journal() -> Decision[JournalStatus]:
    """Look at the journal of calls."""
    opened = "FROM call_journal WHERE settled_at IS NULL"
    oldest = yield Statement(
        f"SELECT @epoch(created_at), @epoch(@now) {opened} ORDER BY id LIMIT 1"
    )
    outcomes = yield Statement(
        f"SELECT coalesce(outcome, 'under way'), count(*) {opened} GROUP BY 1 ORDER BY 2 DESC"
    )
    made = yield _rate("created_at", "FROM call_journal ORDER BY id DESC")
    return JournalStatus(
        open=sum(count for _, count in outcomes.rows),
        oldest_seconds=_since(oldest.rows),
        calls_per_minute=_per_minute(made.rows[0]),
        open_by_outcome=dict(outcomes.rows),
    )


def of_upkeep(chores: dict[Chore, float]) -> Decision[list[UpkeepStatus]]:
    """Look whether old rows go: `chores` with the age that their rows may have."""
    found = yield Statement("SELECT name, @epoch(done_at), @epoch(@now) FROM molam_upkeep")
    done = {name: None if at is None else now - at for name, at, now in found.rows}
    statuses = []
    for chore in CHORES:
        if chore in chores:
            sql, asked = stepping_window(chore, chores[chore] + 24 * 3600.0, 0.0, 1)
            left = yield Statement(f"SELECT {chore.id} {sql}", asked)
            statuses.append(
                UpkeepStatus(
                    name=chore.name, done_seconds=done.get(chore.name), overdue=bool(left.rows)
                )
            )
    return statuses


def _rate(moment: str, rows: str) -> Statement:
    """Ask how many of the latest rows are of the last minute, and since when."""
    return Statement(
        f"SELECT found, @epoch(@now), @epoch(first) FROM (SELECT count(*) AS found, min({moment}) AS first "  # noqa: S608
        f"FROM (SELECT {moment} {rows} LIMIT :sample) AS latest "
        f"WHERE {moment} > (SELECT @now - @seconds(:minute))) AS summed",
        {"sample": SAMPLE, "minute": _MINUTE},
    )


def _per_minute(row: Sequence[Any]) -> float:
    count, now, first = row
    return float(count) if count < SAMPLE else count * _MINUTE / max(now - first, 0.001)


def _since(rows: Sequence[Sequence[Any]]) -> float:
    return max(0.0, rows[0][1] - rows[0][0]) if rows else 0.0


at_home("molam_sdk.inbox", InboxStatus)
at_home("molam_sdk.idempotency", JournalStatus)
