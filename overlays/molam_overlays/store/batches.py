"""Many events at a time: one claim, and one commit for what their handlers wrote.

A batch is claimed with one statement. Handlers run one after the other, and those that ask for
the inbox's connection share one transaction::

    BEGIN; lock all events that are left; SAVEPOINT
      event 1: the handler writes
      note that event 1 is processed; SAVEPOINT
      event 2: the handler raises -> ROLLBACK TO SAVEPOINT; note the failure; SAVEPOINT
      ...
    COMMIT

An event's end is noted before the next handler is given the connection, so that writes and end are
stored together whatever a handler does to the transaction. When it cannot be committed, its events
are handled again one by one: nothing of them was stored.

A handler that does not ask works elsewhere. What is open is committed first, then its event is
finished by itself, at once. The transaction is committed, too, once it has been open for
`OPEN_SECONDS`: others wait for what it has locked. So slow handlers have a commit each.

The claim of a batch does not count as a try of each event: a worker that is killed has started on
one of them only. Whatever lay in a dead worker's hands is claimed by itself afterwards, and counted.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, Literal, Protocol

import attrs

from molam_overlays.errors import StoreError
from molam_overlays.store import deliveries, fork
from molam_overlays.store.arguments import failure_text
from molam_overlays.store.blocking import Database, Transaction
from molam_overlays.store.deliveries import Held, lost
from molam_overlays.store.handling import Rules, Stop, log_failure
from molam_overlays.store.settings import LOGGER
from molam_overlays.store.statement import Ask, Decision, Statement

OPEN_SECONDS = 0.05
"""How long a batch's transaction may be open when another handler is called."""

_MARK = "SAVEPOINT molam_event"
_NEXT_MARK = f"RELEASE {_MARK}; {_MARK}"

_HOLD = """
SELECT seq, fence FROM received_webhooks
WHERE seq @among(:seqs) AND state = 'processing' ORDER BY seq @lock
"""
_TAKE = """
UPDATE received_webhooks SET state = 'processing', fence = fence + 1, due_at = @now + @seconds(:lease)
WHERE seq @among(:seqs)
"""
_RENEW = "UPDATE received_webhooks SET due_at = @now + @seconds(:lease) WHERE seq @among(:seqs)"
_RETURN = "UPDATE received_webhooks SET state = 'pending', due_at = @now WHERE seq @among(:seqs)"


def taking(in_order: bool, lease_seconds: float, max_tries: int, most: int) -> Decision[list[Held]]:
    """Take the events that are due longest, at most this many; one whose worker died, by itself."""
    found = yield Statement(deliveries.due(in_order), {"most": most})
    fresh: list[Held] = []
    for row in found.rows:
        held = deliveries.held(row, counted=False)
        if held is None or held.tries > max_tries or row[-1] != "pending":
            break
        fresh.append(held)
    if len(fresh) > 1:
        yield Statement(_TAKE, {"seqs": _seqs(fresh), "lease": lease_seconds})
        return fresh
    alone = yield from deliveries.taking(in_order, lease_seconds, max_tries)
    return [] if alone is None else [alone]


def holding(events: Sequence[Held], then: str = "") -> Decision[set[int]]:
    """Lock those events that are still this worker's; return their ``seq``."""
    found = yield Statement(_HOLD, {"seqs": _seqs(events)}, then)
    tokens = {held.seq: held.token for held in events}
    return {seq for seq, fence in found.rows if tokens[seq] == fence}


def renewing(events: Sequence[Held], lease_seconds: float) -> Decision[set[int]]:
    """Let the lease of what is still this worker's begin anew; return their ``seq``."""
    ours = yield from holding(events)
    if ours:
        yield Statement(_RENEW, {"seqs": json.dumps(sorted(ours)), "lease": lease_seconds})
    return ours


def returning(events: Sequence[Held]) -> Decision[None]:
    """Put back what is still this worker's and was not finished: no try of it counts."""
    ours = yield from holding(events)
    if ours:
        yield Statement(_RETURN, {"seqs": json.dumps(sorted(ours))})


def undoing() -> Decision[None]:
    """Undo what the last handler wrote."""
    yield Statement(f"ROLLBACK TO {_MARK}")


def _seqs(events: Sequence[Held]) -> str:
    return json.dumps([held.seq for held in events])


@attrs.frozen
class Call:
    """Hand an event to the handler."""

    held: Held


@attrs.frozen
class Alone:
    """Handle an event in a transaction of its own, failure included."""

    held: Held


@attrs.frozen
class Within:
    """Run a decision in the batch's transaction."""

    decide: Callable[..., Decision[Any]]
    arguments: tuple[Any, ...] = ()


@attrs.frozen
class Do:
    """Begin, commit or end the batch's transaction; abandon it after an interruption."""

    verb: Literal["begin", "commit", "end", "abandon"]


Step = Ask | Call | Alone | Within | Do
Steps = Generator[Step, Any, None]


class Shared(Protocol):
    """The batch's transaction, as far as one can look at it."""

    @property
    def is_open(self) -> bool: ...
    @property
    def is_failed(self) -> bool: ...


class Batch:
    """The events of one claim on their way through a handler."""

    def __init__(
        self,
        events: Sequence[Held],
        rules: Rules,
        random: Callable[[], float],
        shared: Shared,
        age: Callable[[], Callable[[], float]],
    ) -> None:
        self._events = list(events)
        self._waiting = deque(events)
        self._again: deque[Held] = deque()
        """Events of a transaction that could not be committed."""
        self._rules, self._random, self._shared = rules, random, shared
        self._stopwatch, self._leased = age, age()
        self._generation = fork.generation()
        self._began: float | None = None
        self._ours: set[int] = set()
        self._noted: list[Held] = []
        self._unnoted: Held | None = None
        self._current: Held | None = None
        self._asked = False
        self._count = 0

    def working(self, stop: Stop) -> Generator[Step, Any, int]:
        """Handle the events; once `stop` is set, put back those that are left. Return how many."""
        try:
            while not stop.is_set() and (self._again or self._waiting):
                yield from self._next_again() if self._again else self._next()
            yield from self.closing()
            while not stop.is_set() and self._again:
                yield from self._next_again()
            if self._again or self._waiting:
                yield Ask(returning, ((*self._again, *self._waiting),))
            return self._count
        except GeneratorExit:
            raise
        except BaseException:
            if fork.generation() == self._generation:  # else the events are the parent's still
                with contextlib.suppress(StoreError):  # then their lease brings them back
                    yield Do("abandon")
                    yield Ask(returning, (self._events,))
            raise

    def asking(self, held: Held) -> Steps:
        """Give a handler the transaction.

        Raises:
            ClaimLostError: the lease ended, and another worker has the event.
        """
        if held is not self._current:
            raise lost(held)
        if self._asked:
            return
        self._asked = True  # from here on no other step of this handler's ends it, see `yielding`
        try:
            yield from self._give(held)
        except BaseException:
            self._asked = False
            raise

    def _give(self, held: Held) -> Steps:
        if not self._shared.is_open:
            yield from self.closing()
        if self._began is None:
            yield from self._begin(held)
        elif self._unnoted is not None:
            try:
                yield Within(deliveries.finishing, (self._unnoted, _NEXT_MARK))
            except StoreError:
                yield from self._break()
                raise
            self._noted.append(self._unnoted)
            self._unnoted = None

    def _begin(self, held: Held) -> Steps:
        yield Do("begin")
        self._began = time.monotonic()
        try:
            self._ours = yield Within(holding, ((held, *self._waiting), _MARK))
            if held.seq not in self._ours:
                raise lost(held)
        except StoreError:
            self._began = None
            yield Do("end")
            raise

    def yielding(self) -> Steps:
        """Make way: another step of this handler's needs what the transaction has locked."""
        if not self._asked:
            yield from self.closing()

    def closing(self) -> Steps:
        """Commit what is open; what cannot be committed is handled again, one by one."""
        if self._began is None:
            return
        noted, unnoted = self._noted, self._unnoted
        self._began, self._noted, self._unnoted = None, [], None
        events = [*noted, unnoted] if unnoted is not None else noted
        try:
            if not self._shared.is_open:
                # A handler has ended it. What it made of its own event is its own affair.
                events = noted
                if unnoted is not None:
                    yield Do("end")
                    yield Ask(deliveries.finishing, (unnoted,))
                    self._count += 1
                raise StoreError("A handler has ended the inbox's transaction.")
            if unnoted is not None:
                yield Within(deliveries.finishing, (unnoted,))
            yield Do("commit")
            self._count += len(events)
        except StoreError as error:
            if events:
                LOGGER.warning("A batch of events is handled again one by one. %s", error)
            self._again.extend(events)
        yield Do("end")

    def _next_again(self) -> Steps:
        yield from self.closing()
        held = self._again.popleft()
        if (yield Ask(holding, ((held,),))):  # else it was committed after all
            yield Alone(held)
        self._count += 1

    def _next(self) -> Steps:
        if self._began is not None and time.monotonic() - self._began > OPEN_SECONDS:
            yield from self.closing()
        held = self._waiting.popleft()
        self._current, self._asked = held, False
        if not (yield from self._is_ours(held)):
            return
        try:
            yield Call(held)
            if not self._asked:
                yield from self.closing()
                yield Ask(deliveries.finishing, (held,))
                self._count += 1
            elif self._shared.is_failed:
                raise StoreError(
                    "A statement of the handler failed, or its connection was closed, and it went on."
                )
            else:
                self._unnoted = held
        except Exception as error:  # whatever a user's handler raises
            if fork.generation() != self._generation:
                raise
            yield from self._fail(held, error)
        self._current = None

    def _is_ours(self, held: Held) -> Generator[Step, Any, bool]:
        """Tell whether no other worker can have the event; see to it that none will."""
        if self._began is not None:
            return held.seq in self._ours
        if self._leased() < self._rules[1] / 2:
            return True
        since = self._stopwatch()
        left = (held, *self._waiting)
        ours = yield Ask(renewing, (left, self._rules[1]))
        self._leased = since
        self._waiting = deque(each for each in self._waiting if each.seq in ours)
        return held.seq in ours

    def _fail(self, held: Held, error: Exception) -> Steps:
        words = (held, failure_text(error) or "", self._rules[2], self._random())
        if not self._shared.is_open:
            yield from self.closing()
        state = yield from self._note_failure(words)
        if state is None:
            state = yield Ask(deliveries.failing, words)
            self._count += 1
        log_failure(held, state, error)

    def _note_failure(self, words: tuple[Held, str, int, float]) -> Generator[Step, Any, Any]:
        """Undo what the handler wrote, and note the failure beside the others' ends, if that works."""
        if self._began is None:
            return None
        try:
            if self._asked:
                yield Within(undoing)
            state = yield Within(deliveries.failing, (*words, _NEXT_MARK))
        except StoreError:
            yield from self._break()
            return None
        self._noted.append(words[0])
        return state

    def _break(self) -> Steps:
        """Undo everything, to handle it again one by one."""
        self._again += [*self._noted, *([self._unnoted] if self._unnoted is not None else [])]
        self._began, self._noted, self._unnoted = None, [], None
        yield Do("end")


def carry_out(step: Any, database: Database, transaction: Transaction) -> Any:
    """Do a step of a batch that needs the database alone."""
    if isinstance(step, Ask):
        return database.run(step.decide, *step.arguments)
    if isinstance(step, Within):
        return transaction.run(step.decide, *step.arguments)
    if step.verb == "begin":
        return transaction.begin()
    return transaction.commit() if step.verb == "commit" else transaction.end()
