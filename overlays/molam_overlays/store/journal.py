"""The call journal: what a client was about to send is on disk before it leaves.

A process that dies leaves its open calls behind. `Journal.recover` repeats each with its own key;
the API recognises the key and answers what it answered, or does the work now. Two dangers decide
the rules below.

- A call that still runs must be left alone: its caller may be told "not sent" in a moment, and a
  repetition would make that a lie. So an entry has a lease that outlasts the call, and is taken
  before that only from a process that is certainly gone.
- After 24 hours the API has forgotten the key, and a repetition may charge again. Such entries
  are listed for a person and never sent. What counts is the age of the key (see `key_age`).

A call that was given up before it left is withdrawn. Whatever cannot be noted at once is owed, and
noted with the next step of this process; until then a recovery sees an entry whose process lives
and has not said how the call ended, and only lists it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.drive import adrive, drive
from molam_overlays.errors import StoreError
from molam_overlays.frames import sealed
from molam_overlays.store import owner as owners
from molam_overlays.store.arguments import check_seconds
from molam_overlays.store.awaiting import AsyncDatabase
from molam_overlays.store.blocking import Database
from molam_overlays.store.claims import LEASE_SECONDS
from molam_overlays.store.content import Decrypt, Encrypt, Entry, lay_down, words_at_rest
from molam_overlays.store.entries import (
    WITHDRAWN,
    Draft,
    Recovered,
    Ticket,
    Unsettled,
    aging,
    dismissing,
    leaving,
    listing,
    refusing,
    settling,
    writing,
)
from molam_overlays.store.key_age import KeyAge
from molam_overlays.store.retention import CALL_RETENTION_SECONDS
from molam_overlays.store.settlement import Outcome, recovering
from molam_overlays.store.statement import Ask, Decision
from molam_overlays.store.status import JournalStatus, of_journal
from molam_overlays.store.upkeep import CALLS, asweep, sweep

__all__ = ["AsyncJournal", "Entry", "Journal", "Outcome", "Recovered", "Unsettled"]

_OWED = 1000
"""How many notes are kept for a database that is out of reach."""


class _Note(NamedTuple):
    """What is to be written down of an entry."""

    decide: Callable[[Ticket, str], Decision[bool]]
    ticket: Ticket
    outcome: str


def _stopwatch() -> Callable[[], float]:
    """Return what tells the seconds since now, by the clock that says more.

    One stands still while a machine sleeps, the other may be set back.
    """
    steady, of_day = time.monotonic(), time.time()
    return lambda: max(time.monotonic() - steady, time.time() - of_day)


def _aged(entry: Entry, seconds: float) -> Entry:
    """Return an entry as old as it is by now: writing that it is taken may have taken long."""
    return attrs.evolve(entry, age=entry.age + seconds)


class _Face:
    """What both journals share: their callables, and the notes that are not on disk yet."""

    def __init__(self, *, encrypt: Encrypt | None, decrypt: Decrypt | None) -> None:
        self._encrypt = encrypt
        self._decrypt = decrypt
        self._owed: deque[_Note] = deque(maxlen=_OWED)

    def _owe(
        self, decide: Callable[[Ticket, str], Decision[bool]], ticket: Ticket, outcome: str
    ) -> _Note:
        note = _Note(decide, ticket, words_at_rest(outcome, self._encrypt, self._decrypt))
        self._owed.append(note)
        return note

    def _paid(self, note: _Note) -> None:
        with contextlib.suppress(ValueError):  # another thread was quicker
            self._owed.remove(note)

    def _give_up(self, draft: Draft) -> None:
        draft.given_up = True
        if draft.ticket is not None:
            self._owe(settling, draft.ticket, WITHDRAWN)

    def _dismissal(self, note: str) -> str:
        return f"dismissed: {words_at_rest(note, self._encrypt, self._decrypt)}"


@sealed
class Journal(_Face):
    """The open calls of a merchant's clients, in an idempotency store's database.

    `encrypt` and `decrypt` take and give bytes; with them bodies, header fields and queries lie
    encrypted. Get one from `IdempotencyStore.journal`.
    """

    def __init__(
        self,
        database: Database,
        *,
        encrypt: Encrypt | None = None,
        decrypt: Decrypt | None = None,
    ) -> None:
        super().__init__(encrypt=encrypt, decrypt=decrypt)
        self._database = database

    def write_ahead(self, entry: Entry, lease_seconds: float = LEASE_SECONDS) -> Ticket:
        """Put a call on disk before it leaves.

        `lease_seconds` must outlast the call with all its retries: until then only the end of this
        process lets a recovery touch the entry.

        Raises:
            StoreError: it could not be written, or not be encrypted. The request must not be sent.
        """
        check_seconds("lease_seconds", lease_seconds)
        stored, draft = lay_down(entry, self._encrypt), Draft()
        try:
            ticket = self._database.run(writing, entry, stored, lease_seconds, draft)
            if self._owed:
                self._pay()
            return ticket
        except BaseException:
            # Perhaps it is on disk all the same, and the call will not leave.
            self._give_up(draft)
            self._pay()
            raise

    def settle(self, ticket: Ticket, outcome: str) -> bool:
        """Close an entry whose end is known (``200``, ``not_sent``); its body goes.

        False when a recovery has taken it over or settled it.
        """
        return self._note(settling, ticket, outcome)

    def refuse(self, ticket: Ticket, outcome: str) -> bool:
        """Close an entry that the API refused (``402``), unless another one of its key is open.

        False when it stays open: what became of an earlier attempt is unknown.
        """
        return self._note(refusing, ticket, outcome)

    def leave(self, ticket: Ticket, outcome: str) -> bool:
        """Leave an entry whose end is unknown to `recover`, which may then take it at once."""
        return self._note(leaving, ticket, outcome)

    def age(self, entry: Entry) -> KeyAge | None:
        """Judge how old an entry's key is, by all that the journal has of it; None for nothing."""
        return self._database.run(aging, entry)

    def unsettled(self, *, after: int = 0, limit: int = 1000) -> list[Unsettled]:
        """List open entries in the order they were written, those after id `after`."""
        return self._database.run(listing, after, limit, self._decrypt)

    def too_old(self) -> list[Unsettled]:
        """List the open entries whose key the API no longer remembers; a person has to look."""
        return [entry for entry in self.unsettled(limit=100_000) if entry.too_old]

    def status(self) -> JournalStatus:
        """Look how the journal stands: what is open, since when, and how many calls are made."""
        return self._database.run_as("join", of_journal)

    def dismiss(self, entry_id: int, note: str) -> bool:
        """Close an entry by hand, after a person has looked; False if it is not open."""
        return self._database.run(dismissing, entry_id, self._dismissal(note))

    def recover(
        self,
        send: Callable[[Entry], Outcome],
        *,
        account: str = "",
        lease_seconds: float = LEASE_SECONDS,
        is_gone: Callable[[str], bool] = owners.is_gone,
        is_alive: Callable[[str], bool] = owners.is_alive,
    ) -> list[Recovered]:
        """Repeat open calls with `send`, each with its own key, and settle what is now known.

        Any number of processes may recover at once: each entry is one's at a time. An exception of
        `send` counts as an unknown outcome of that entry; one that ends the process, such as
        KeyboardInterrupt, goes on, and the entry stays open.
        """
        self._pay()
        flow = recovering(account, lease_seconds, self._encrypt, self._decrypt, is_gone, is_alive)
        since = _stopwatch()

        def act(step: Any) -> Any:
            nonlocal since
            if isinstance(step, Ask):
                since = _stopwatch()
                return self._database.run(step.decide, *step.arguments)
            return send(_aged(step.entry, since()))

        return drive(flow, act)

    def purge(self, older_than_seconds: float = CALL_RETENTION_SECONDS) -> int:
        """Remove entries settled longer ago than this, 24 hours at least; return how many."""
        check_seconds("older_than_seconds", older_than_seconds, zero=True)
        return sweep(self._database, (CALLS,), older_than_seconds)

    def _note(
        self, decide: Callable[[Ticket, str], Decision[bool]], ticket: Ticket, outcome: str
    ) -> bool:
        note = self._owe(decide, ticket, outcome)
        noted = self._database.run(note.decide, note.ticket, note.outcome)
        self._paid(note)
        if self._owed:
            self._pay()
        return noted

    def _pay(self) -> None:
        """Write down what is owed, if there is anything and the database is back."""
        for note in tuple(self._owed):
            try:
                self._database.run(note.decide, note.ticket, note.outcome)
            except StoreError:
                return
            self._paid(note)


@sealed
class AsyncJournal(_Face):
    """The async twin of `Journal`; get one from `AsyncIdempotencyStore.journal`."""

    def __init__(
        self,
        database: AsyncDatabase,
        *,
        encrypt: Encrypt | None = None,
        decrypt: Decrypt | None = None,
    ) -> None:
        super().__init__(encrypt=encrypt, decrypt=decrypt)
        self._database = database
        self._paying: set[asyncio.Task[None]] = set()

    async def write_ahead(self, entry: Entry, lease_seconds: float = LEASE_SECONDS) -> Ticket:
        """See `Journal.write_ahead`. Cancelled, it withdraws what may be on disk by then."""
        check_seconds("lease_seconds", lease_seconds)
        stored, draft = lay_down(entry, self._encrypt), Draft()
        try:
            ticket = await self._database.run(writing, entry, stored, lease_seconds, draft)
            if self._owed:
                await self._pay()
            return ticket
        except GeneratorExit:  # nothing can be awaited any more
            self._give_up(draft)
            raise
        except BaseException:
            self._give_up(draft)
            await self._pay_despite_cancellation()
            raise

    async def settle(self, ticket: Ticket, outcome: str) -> bool:
        """See `Journal.settle`."""
        return await self._note(settling, ticket, outcome)

    async def refuse(self, ticket: Ticket, outcome: str) -> bool:
        """See `Journal.refuse`."""
        return await self._note(refusing, ticket, outcome)

    async def leave(self, ticket: Ticket, outcome: str) -> bool:
        """See `Journal.leave`."""
        return await self._note(leaving, ticket, outcome)

    async def age(self, entry: Entry) -> KeyAge | None:
        """See `Journal.age`."""
        return await self._database.run(aging, entry)

    async def unsettled(self, *, after: int = 0, limit: int = 1000) -> list[Unsettled]:
        """See `Journal.unsettled`; at most `limit` of them."""
        return await self._database.run(listing, after, limit, self._decrypt)

    async def too_old(self) -> list[Unsettled]:
        """See `Journal.too_old`."""
        return [entry for entry in await self.unsettled(limit=100_000) if entry.too_old]

    async def status(self) -> JournalStatus:
        """See `Journal.status`."""
        return await self._database.run_as("join", of_journal)

    async def dismiss(self, entry_id: int, note: str) -> bool:
        """See `Journal.dismiss`."""
        return await self._database.run(dismissing, entry_id, self._dismissal(note))

    async def recover(
        self,
        send: Callable[[Entry], Awaitable[Outcome]],
        *,
        account: str = "",
        lease_seconds: float = LEASE_SECONDS,
        is_gone: Callable[[str], bool] = owners.is_gone,
        is_alive: Callable[[str], bool] = owners.is_alive,
    ) -> list[Recovered]:
        """See `Journal.recover`; `send` is awaited."""
        await self._pay()
        flow = recovering(account, lease_seconds, self._encrypt, self._decrypt, is_gone, is_alive)
        since = _stopwatch()

        async def act(step: Any) -> Any:
            nonlocal since
            if isinstance(step, Ask):
                since = _stopwatch()
                return await self._database.run(step.decide, *step.arguments)
            return await send(_aged(step.entry, since()))

        return await adrive(flow, act)

    async def purge(self, older_than_seconds: float = CALL_RETENTION_SECONDS) -> int:
        """See `Journal.purge`."""
        check_seconds("older_than_seconds", older_than_seconds, zero=True)
        return await asweep(self._database, (CALLS,), older_than_seconds)

    async def _note(
        self, decide: Callable[[Ticket, str], Decision[bool]], ticket: Ticket, outcome: str
    ) -> bool:
        note = self._owe(decide, ticket, outcome)
        try:
            noted = await self._database.run(note.decide, note.ticket, note.outcome)
        except GeneratorExit:
            raise
        except Exception:
            raise
        except BaseException:
            await self._pay_despite_cancellation()
            raise
        self._paid(note)
        if self._owed:
            await self._pay()
        return noted

    async def _pay(self) -> None:
        """See `Journal._pay`."""
        for note in tuple(self._owed):
            try:
                await self._database.run(note.decide, note.ticket, note.outcome)
            except StoreError:
                return
            self._paid(note)

    async def _pay_despite_cancellation(self) -> None:
        # In a task of its own, which the next cancellation leaves alone.
        task = asyncio.ensure_future(self._pay())
        self._paying.add(task)
        task.add_done_callback(self._paying.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)


at_home("molam_sdk.idempotency", Journal, AsyncJournal)
