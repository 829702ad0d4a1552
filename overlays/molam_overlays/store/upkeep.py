"""What keeps the tables small: old rows go in steps, so short that nobody has to wait for one.

A step is a transaction that changes the oldest rows of one kind which are due, as many as fit into
`AIM_SECONDS`, and passes over what others hold. What is left is what a next step finds, so that a
purge may end anywhere, be taken up by another process, or run twice at once.

A worker with nothing to do takes single steps. ``molam_upkeep`` has a row for each chore: whoever
locks it is at it, `reached` says how far this round has come, `done_at` when the last one ended.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Final

import attrs

from molam_overlays.drive import adrive, drive
from molam_overlays.errors import StoreError, StoreUnavailableError
from molam_overlays.message.idempotency import REMEMBERED_SECONDS
from molam_overlays.store.awaiting import AsyncDatabase
from molam_overlays.store.blocking import Database
from molam_overlays.store.claims import Pause
from molam_overlays.store.retention import Retention
from molam_overlays.store.settings import LOGGER
from molam_overlays.store.statement import Ask, Decision, Statement
from molam_overlays.transport.pause import sleep as asleep

AIM_SECONDS: Final = 0.015
"""How long a step should take: a third of what a lock may be held for, since disks are moody."""

ROUND_SECONDS: Final = 3600.0
"""How long after the end of a round workers begin the next."""

_FEWEST, _FIRST, _MOST = 20, 200, 5000


@attrs.frozen
class Chore:
    """One kind of rows that get too old."""

    name: str
    """Its row in ``molam_upkeep``."""
    table: str
    id: str
    moment: str
    """The column that its index is sorted by."""
    due: str
    """What holds of a row that may go."""
    change: str


_FINISHED: Final = "state IN ('processed', 'skipped')"
_INBOX: Final = ("received_webhooks", "seq", "received_at")

PAYLOADS: Final = Chore(
    "payloads",
    *_INBOX,
    f"payload IS NOT NULL AND {_FINISHED}",
    "UPDATE received_webhooks SET payload = NULL",
)
EVENTS: Final = Chore(
    "events", *_INBOX, f"payload IS NULL AND {_FINISHED}", "DELETE FROM received_webhooks"
)
FULL_EVENTS: Final = Chore(
    "full events", *_INBOX, f"payload IS NOT NULL AND {_FINISHED}", "DELETE FROM received_webhooks"
)
# By the age of the row, which an index has; `updated_at` changes with each claim and is in none, so
# that PostgreSQL need not touch an index to store an answer.
ANSWERS: Final = Chore(
    "answers",
    "server_idempotency",
    "id",
    "created_at",
    "updated_at < @now - @seconds(:age) AND (response IS NOT NULL OR status = 'released')",
    "DELETE FROM server_idempotency",
)
# What an open entry goes by stays as long as it is open.
CALLS: Final = Chore(
    "calls",
    "call_journal",
    "id",
    "settled_at",
    "settled_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM call_journal o WHERE "
    "o.settled_at IS NULL AND o.idempotency_key = call_journal.idempotency_key)",
    "DELETE FROM call_journal",
)
CHORES: Final = (PAYLOADS, EVENTS, FULL_EVENTS, ANSWERS, CALLS)


def ages(retention: Retention) -> Iterator[tuple[Chore, float]]:
    """Yield each chore with the age in seconds that its rows may have; none that are kept for good."""
    for chore, age in (
        (PAYLOADS, retention.payload_seconds),
        (EVENTS, retention.event_seconds),
        (FULL_EVENTS, retention.event_seconds),
        (ANSWERS, retention.answer_seconds),
        (CALLS, retention.call_seconds),
    ):
        if age is not None:
            yield chore, age


@attrs.frozen(kw_only=True)
class Step:
    """What a step came to."""

    changed: int
    reached: float | None
    """The time of the last row that it saw, unix seconds; None when all is done."""


@attrs.define
class Pace:
    """How many rows a step takes, by what the last ones took."""

    rows: int = _FIRST

    def took(self, seconds: float) -> None:
        """Note what a step took: at most twice as many next time, or a quarter."""
        share = AIM_SECONDS / max(seconds, AIM_SECONDS / 100)
        self.rows = round(min(max(self.rows * min(max(share, 0.25), 2.0), _FEWEST), _MOST))


def stepping_window(
    chore: Chore, age: float, reached: float, rows: int
) -> tuple[str, dict[str, Any]]:
    """Return what a query for the oldest rows of a chore goes on with, and its parameters."""
    floor = REMEMBERED_SECONDS if chore in (ANSWERS, CALLS) else 0.0
    # As a query of its own the clock is read once, and bounds what is looked at in the index.
    return (
        f"FROM {chore.table} WHERE {chore.due} AND {chore.moment} >= @at(:reached) "
        f"AND {chore.moment} < (SELECT @now - @seconds(:age)) ORDER BY {chore.moment} LIMIT :rows",
        {"age": max(age, floor), "reached": reached, "rows": rows},
    )


def stepping(chore: Chore, age: float, reached: float, rows: int) -> Decision[Step]:
    """Change at most so many of the rows that are over `age` seconds old, from `reached` on."""
    window, asked = stepping_window(chore, age, reached, rows)
    found = yield Statement(
        "SELECT found, @epoch(latest) FROM (SELECT count(*) AS found, max(moment) AS latest FROM "  # noqa: S608 - all of it is ours
        f"(SELECT {chore.moment} AS moment {window}) AS due) AS summed",
        asked,
    )
    count, latest = found.rows[0]
    if not count:
        return Step(changed=0, reached=None)
    changed = yield Statement(
        # sqlite3 counts rows for statements that begin with UPDATE or DELETE; PostgreSQL looks into a
        # WITH once, and into a bare subquery perhaps once a row.
        f"{chore.change} WHERE {chore.id} IN (WITH due AS "  # noqa: S608 - all of it is ours
        f"(SELECT {chore.id} AS id {window} @skip_locked) SELECT id FROM due)",
        asked,
    )
    stuck = not changed.count and latest <= reached
    return Step(changed=changed.count, reached=None if count < rows or stuck else latest)


def taking_turns(chore: Chore, age: float, rows: int, every: float) -> Decision[Step | None]:
    """Take a step of a chore whose round is due; None when it is not, or another process is at it."""
    found = yield Statement(
        "SELECT coalesce(@epoch(reached), 0) FROM molam_upkeep WHERE name = :name AND "
        "(done_at IS NULL OR done_at <= @now - @seconds(:every) OR done_at > @now) @skip_locked",
        {"name": chore.name, "every": every},
    )
    if not found.rows:
        return None
    step = yield from stepping(chore, age, found.rows[0][0], rows)
    if step.reached is None:
        yield from finishing(chore)
    else:
        yield Statement(
            "UPDATE molam_upkeep SET reached = @at(:reached) WHERE name = :name",
            {"name": chore.name, "reached": step.reached},
        )
    return step


def finishing(chore: Chore) -> Decision[None]:
    """Note that a round has ended."""
    yield Statement(
        "UPDATE molam_upkeep SET reached = NULL, done_at = @now WHERE name = :name",
        {"name": chore.name},
    )


Flow = Generator[Ask | Pause, Any, int]


def sweeping(chore: Chore, age: float, row_seconds: float, told: Callable[[int], object]) -> Flow:
    """Do a chore to its end; return the count.

    `told` is called with the number of rows after each step. Then it rests: as long as the step took,
    and at least `row_seconds` for each row (see `Dialect.row_seconds`).
    """
    pace, total, reached = Pace(), 0, 0.0
    while True:
        began = time.monotonic()
        step: Step = yield Ask(stepping, (chore, age, reached, pace.rows))
        took = time.monotonic() - began
        pace.took(took)
        total += step.changed
        told(step.changed)
        if step.reached is None:
            break
        reached = step.reached
        yield Pause(max(took, step.changed * row_seconds))
    yield Ask(finishing, (chore,))
    return total


class Upkeep:
    """What one worker does for the tables while it has nothing else to do."""

    def __init__(self, retention: Retention | None, row_seconds: float) -> None:
        self.pause = 0.0
        """Seconds to rest after the last step."""
        self._row_seconds = row_seconds
        self._chores = dict(ages(retention)) if retention is not None else {}
        self._paces = {chore: Pace() for chore in self._chores}
        self._left: list[Chore] = []
        self._again = -math.inf

    def step(self) -> Generator[Ask, Any, bool]:
        """Take one step of what is due; False when nothing is. Errors are thrown in at its ``yield``.

        A chore that the database refuses, for want of a table or a right, is logged and left to others.
        """
        if not self._left:
            if time.monotonic() < self._again:
                return False
            self._left = list(self._chores)
            self._again = time.monotonic() + ROUND_SECONDS
        while self._left:
            chore = self._left[0]
            step = yield from self._turn(chore)
            if step is None or step.reached is None:
                self._left.remove(chore)
            if step is not None and step.changed:
                return True
        return False

    def _turn(self, chore: Chore) -> Generator[Ask, Any, Step | None]:
        pace, began = self._paces[chore], time.monotonic()
        asked = (chore, self._chores[chore], pace.rows, ROUND_SECONDS)
        try:
            step: Step | None = yield Ask(taking_turns, asked)
        except StoreUnavailableError:
            raise
        except StoreError as error:
            LOGGER.warning("This worker leaves old %s to `molam db purge`. %s", chore.name, error)
            del self._chores[chore]
            return None
        took = time.monotonic() - began
        pace.took(took)
        self.pause = max(took, step.changed * self._row_seconds if step is not None else 0.0)
        return step


def _untold(rows: int) -> None:
    """Tell nobody."""


def sweep(
    database: Database,
    chores: Iterable[Chore],
    age: float,
    told: Callable[[int], object] = _untold,
    sleep: Callable[[float], object] = time.sleep,
) -> int:
    """Do chores to their end; return how many rows they changed."""

    def act(step: Ask | Pause) -> Any:
        if isinstance(step, Ask):
            return database.run(step.decide, *step.arguments)
        return sleep(step.seconds)

    seconds = database.dialect.row_seconds
    return sum(drive(sweeping(chore, age, seconds, told), act) for chore in chores)


async def asweep(database: AsyncDatabase, chores: Iterable[Chore], age: float) -> int:
    """Do chores to their end; see `sweep`."""

    async def act(step: Ask | Pause) -> Any:
        if isinstance(step, Ask):
            return await database.run(step.decide, *step.arguments)
        return await asleep(step.seconds)

    seconds = database.dialect.row_seconds
    return sum([await adrive(sweeping(chore, age, seconds, _untold), act) for chore in chores])
