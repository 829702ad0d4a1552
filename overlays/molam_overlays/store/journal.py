"""The call journal: what a client was about to send is on disk before it leaves.

A process that dies leaves its open calls behind. `Journal.recover` repeats each with its own key;
the API recognises the key and answers what it answered, or does the work now. Two dangers decide
the rules below.

- A call that still runs must be left alone: its caller may be told "not sent" in a moment, and a
  repetition would make that a lie. So an entry has a lease that outlasts the call, and is taken
  before that only from a process that is certainly gone.
- After 24 hours the API has forgotten the key, and a repetition may charge again. Such entries
  are listed for a person and never sent.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, Literal, cast

import attrs

from molam_overlays.errors import Delivery, MolamError
from molam_overlays.idempotency import REMEMBERED_SECONDS
from molam_overlays.store import owner as owners
from molam_overlays.store.awaiting import AsyncDatabase
from molam_overlays.store.blocking import Database
from molam_overlays.store.claims import (
    LEASE_SECONDS,
    Ask,
    check_seconds,
)
from molam_overlays.store.payload import fingerprint
from molam_overlays.store.statement import Decision, Statement

Encrypt = Callable[[bytes], bytes]
Decrypt = Callable[[bytes], bytes]

RETENTION_SECONDS = 30 * 24 * 3600.0
"""How long settled entries are kept by default; their bodies go when they are settled."""

# Recovery makes these anew; on disk they would be secrets lying about.
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


@attrs.frozen(kw_only=True)
class Entry:
    """A call, as much of it as it takes to repeat it."""

    key: str
    """The idempotency key it is sent with."""
    method: str
    """Upper case, such as ``POST``."""
    path: str
    """The path with its query, percent-encoded, such as ``/v1/treasury/payouts``."""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    """What the request needs beyond authorization, which is never kept."""
    body: bytes | None = attrs.field(default=None, repr=False)
    """The body as sent, None when there is none."""
    account: str = ""
    """Which server and account it is for: recovery never sends an entry of another one."""


@attrs.frozen
class Ticket:
    """An open entry, in the hands of whoever may settle it."""

    id: int
    token: int


@attrs.frozen(kw_only=True)
class Unsettled:
    """An open entry, for listing; without its body."""

    id: int
    key: str
    method: str
    path: str
    account: str
    age: float
    """Seconds since it was written."""
    outcome: str | None
    """What was last known, such as ``read timeout``; None when nothing was."""
    too_old: bool
    """True when the API no longer remembers the key: for a person, never sent."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What repeating a call gave."""

    status: int | None = None
    """The HTTP status; None when no response came."""
    delivery: Delivery = "maybe_processed"
    """What the error said; of no matter with a 2xx."""
    detail: str = ""
    """A few words for people, without anything of a body."""


Fate = Literal[
    "settled", "rejected", "unknown", "too_old", "in_progress", "unreadable", "other_account"
]
"""What recovery made of an entry.

``settled``: a 2xx. ``rejected``: the API did nothing. ``unknown``: no definite answer; it stays
open. ``too_old``: over 24 hours; not sent. ``in_progress``: another process is on it.
``unreadable``: its body cannot be decrypted or is damaged. ``other_account``: written with another
API key, a rotated one included, or for another server; not sent.
"""


@attrs.frozen(kw_only=True)
class Recovered:
    """One entry after a recovery."""

    id: int
    key: str
    method: str
    path: str
    age: float
    """Seconds since it was written."""
    outcome: Fate
    status: int | None = None
    """The HTTP status of the repetition; None when none came, or nothing was sent."""
    detail: str = ""


# Decisions ---------------------------------------------------------------------------------------

_WRITE = """
INSERT INTO call_journal (idempotency_key, method, path, headers, body, encrypted, fingerprint,
                          account, owner, fence, lease_until, created_at)
VALUES (:key, :method, :path, :headers, :body, :encrypted, :fingerprint,
        :account, :owner, @micros, @now + @seconds(:lease), @now)
@returning(id, fence)
"""

# SQLite knows RETURNING since 3.35 only, and Pythons are about with older ones.
_WRITTEN = "SELECT id, fence FROM call_journal WHERE id = last_insert_rowid()"

_SETTLE = """
UPDATE call_journal SET settled_at = @now, outcome = :outcome, body = NULL, lease_until = NULL
WHERE id = :id AND fence = :token AND settled_at IS NULL
"""

_LEAVE = """
UPDATE call_journal SET outcome = :outcome, lease_until = NULL
WHERE id = :id AND fence = :token AND settled_at IS NULL
"""

_OPEN = """
SELECT id, idempotency_key, method, path, account, @epoch(created_at), @epoch(@now), outcome
FROM call_journal WHERE settled_at IS NULL AND id > :after ORDER BY id LIMIT :limit
"""

_NEXT = """
SELECT id, idempotency_key, method, path, account, @epoch(created_at), @epoch(@now),
       @epoch(lease_until), owner, headers, body, encrypted, fingerprint
FROM call_journal WHERE settled_at IS NULL AND id > :after ORDER BY id LIMIT 1 @skip_locked
"""

_TAKE = """
UPDATE call_journal SET owner = :owner, lease_until = @now + @seconds(:lease),
                        fence = @greatest(fence + 1, @micros)
WHERE id = :id
"""


# A rotated key is another one as well: nobody tells a client which account a key is for.
_OTHER_ACCOUNT = (
    "written with another API key or api_base: recover with those. If that key is revoked, look "
    "the payment up and close the entry with journal().dismiss(id, note)"
)


@attrs.frozen(kw_only=True)
class _Found:
    """The next open entry: taken when it has a ticket, else only seen."""

    row: Recovered
    ticket: Ticket | None = None
    entry: Entry | None = None
    encrypted: bool = False
    fingerprint: str = ""


def writing(entry: Entry, body: bytes | None, encrypted: bool, lease: float) -> Decision[Ticket]:
    """Write an entry; `body` is how it lies on disk."""
    headers = {k: v for k, v in entry.headers.items() if k.lower() not in _SECRET_HEADERS}
    written = yield Statement(
        _WRITE,
        {
            "key": entry.key,
            "method": entry.method,
            "path": entry.path,
            "headers": json.dumps(headers),
            "body": body,
            "encrypted": encrypted,
            "fingerprint": fingerprint(entry.body or b""),
            "account": entry.account,
            "owner": owners.current_owner(),
            "lease": lease,
        },
    )
    if not written.rows:
        written = yield Statement(_WRITTEN)
    return Ticket(*written.rows[0])


def settling(ticket: Ticket, outcome: str) -> Decision[bool]:
    """Close an entry and drop its body; False if it is settled, or another's by now."""
    changed = yield Statement(
        _SETTLE, {"id": ticket.id, "token": ticket.token, "outcome": outcome[:200]}
    )
    return changed.count == 1


def leaving(ticket: Ticket, outcome: str) -> Decision[bool]:
    """Leave an entry open for a recovery, which may take it at once."""
    changed = yield Statement(
        _LEAVE, {"id": ticket.id, "token": ticket.token, "outcome": outcome[:200]}
    )
    return changed.count == 1


def listing(after: int, limit: int) -> Decision[list[Unsettled]]:
    """List open entries in the order they were written."""
    found = yield Statement(_OPEN, {"after": after, "limit": limit})
    return [
        Unsettled(
            id=row[0],
            key=row[1],
            method=row[2],
            path=row[3],
            account=row[4],
            age=row[6] - row[5],
            outcome=row[7],
            too_old=row[6] - row[5] > REMEMBERED_SECONDS,
        )
        for row in found.rows
    ]


def taking(
    after: int, account: str, lease: float, is_gone: Callable[[str], bool]
) -> Decision[_Found | None]:
    """Take the next open entry after this id, unless it must be left alone; None at the end."""
    found = yield Statement(_NEXT, {"after": after})
    if not found.rows:
        return None
    number, key, method, path, its_account, created, now, lease_until, owner = found.rows[0][:9]
    headers, body, encrypted, digest = found.rows[0][9:]
    row = Recovered(
        id=number, key=key, method=method, path=path, age=now - created, outcome="unknown"
    )
    if its_account != account:
        return _Found(row=attrs.evolve(row, outcome="other_account", detail=_OTHER_ACCOUNT))
    if lease_until is not None and lease_until > now and not is_gone(owner):
        detail = f"its lease ends in {lease_until - now:.0f} s"
        return _Found(row=attrs.evolve(row, outcome="in_progress", detail=detail))
    if row.age > REMEMBERED_SECONDS:
        detail = "over 24 hours old: look the payment up, do not repeat it"
        return _Found(row=attrs.evolve(row, outcome="too_old", detail=detail))
    yield Statement(_TAKE, {"id": number, "owner": owners.current_owner(), "lease": lease})
    taken = yield Statement("SELECT fence FROM call_journal WHERE id = :id", {"id": number})
    return _Found(
        row=row,
        ticket=Ticket(number, taken.rows[0][0]),
        entry=Entry(
            key=key,
            method=method,
            path=path,
            headers=cast("dict[str, str]", json.loads(headers)),
            body=None if body is None else bytes(body),
            account=its_account,
        ),
        encrypted=bool(encrypted),
        fingerprint=digest,
    )


def purging(older_than: float, *, by_function: bool) -> Decision[int]:
    """Remove settled entries; open ones stay, however old."""
    if by_function:
        found = yield Statement(
            "SELECT molam_purge_journal(@now - @seconds(:age))", {"age": older_than}
        )
        return int(found.rows[0][0])
    removed = yield Statement(
        "DELETE FROM call_journal WHERE settled_at < @now - @seconds(:age)", {"age": older_than}
    )
    return removed.count


def judge(outcome: Outcome) -> Fate:
    """Tell from a repetition what became of the call.

    A refusal settles it only if it is about the call itself. 401, 403 and 429 are about the
    recovering client, 408 and 409 in flight about the moment: they say nothing about the first
    attempt, and neither does a repetition that was not sent.
    """
    status = outcome.status
    if status is not None and 200 <= status <= 299:
        return "settled"
    about_the_call = status is not None and 400 <= status <= 499 and status not in (401, 403, 429)
    return "rejected" if about_the_call and outcome.delivery == "rejected" else "unknown"


# Recovery ----------------------------------------------------------------------------------------


@attrs.frozen
class Send:
    """Repeat this call with its own key, and tell the `Outcome`."""

    entry: Entry


Recovery = Generator[Ask | Send, Any, list[Recovered]]


def recovering(
    account: str, lease: float, decrypt: Decrypt | None, is_gone: Callable[[str], bool]
) -> Recovery:
    """Go through the open entries once, oldest first, and settle what can be settled."""
    rows: list[Recovered] = []
    after = 0
    while True:
        found = cast("_Found | None", (yield Ask(taking, (after, account, lease, is_gone))))
        if found is None:
            return rows
        after = found.row.id
        if found.ticket is None or found.entry is None:
            rows.append(found.row)
            continue
        body = _readable(found, decrypt)
        if isinstance(body, str):
            yield Ask(leaving, (found.ticket, body))
            rows.append(attrs.evolve(found.row, outcome="unreadable", detail=body))
            continue
        try:
            outcome = cast("Outcome", (yield Send(attrs.evolve(found.entry, body=body))))
        except GeneratorExit:
            raise
        except BaseException as error:
            if not isinstance(error, MolamError):
                yield Ask(leaving, (found.ticket, type(error).__name__))
                raise
            outcome = Outcome(
                status=getattr(error, "status_code", None),
                delivery=error.delivery,
                detail=type(error).__name__,
            )
        fate = judge(outcome)
        said = str(outcome.status or outcome.detail or "no response")
        ours = yield Ask(leaving if fate == "unknown" else settling, (found.ticket, said))
        detail = outcome.detail if ours else "another process settled it meanwhile"
        rows.append(attrs.evolve(found.row, outcome=fate, status=outcome.status, detail=detail))


def _readable(found: _Found, decrypt: Decrypt | None) -> bytes | str | None:
    """Return the body in clear, or a text that says why it cannot be had."""
    assert found.entry is not None
    body = found.entry.body
    if found.encrypted and body is not None:
        if decrypt is None:
            return "the body is encrypted: give the journal its decrypt callable"
        try:
            body = decrypt(body)
        except Exception as error:  # noqa: BLE001 - a user's callable, and any failure is the same
            return f"the body cannot be decrypted ({type(error).__name__})"
    if fingerprint(body or b"") != found.fingerprint:
        return "the body is not what was written: wrong decrypt callable, or damage"
    return body


# The two faces -----------------------------------------------------------------------------------


class Journal:
    """The open calls of a merchant's clients, in an idempotency store's database.

    `encrypt` and `decrypt` take and give the bytes of a body; with them bodies lie encrypted.
    Get one from `IdempotencyStore.journal`.
    """

    def __init__(
        self,
        database: Database,
        *,
        encrypt: Encrypt | None = None,
        decrypt: Decrypt | None = None,
    ) -> None:
        self._database = database
        self._encrypt = encrypt
        self._decrypt = decrypt

    def write_ahead(self, entry: Entry, lease_seconds: float = LEASE_SECONDS) -> Ticket:
        """Put a call on disk before it leaves.

        `lease_seconds` must outlast the call with all its retries: until then only the end of this
        process lets a recovery touch the entry.

        Raises:
            StoreError: it could not be written. The request must not be sent.
        """
        check_seconds("lease_seconds", lease_seconds)
        body, encrypted = _at_rest(entry.body, self._encrypt)
        return self._database.run(writing, entry, body, encrypted, lease_seconds)

    def settle(self, ticket: Ticket, outcome: str) -> bool:
        """Close an entry whose end is known (``200``, ``402``, ``not_sent``); its body goes.

        False when a recovery has taken it over or settled it.
        """
        return self._database.run(settling, ticket, outcome)

    def leave(self, ticket: Ticket, outcome: str) -> bool:
        """Leave an entry whose end is unknown to `recover`, which may then take it at once."""
        return self._database.run(leaving, ticket, outcome)

    def unsettled(self, *, after: int = 0, limit: int = 1000) -> list[Unsettled]:
        """List open entries in the order they were written, those after id `after`."""
        return self._database.run(listing, after, limit)

    def too_old(self) -> list[Unsettled]:
        """List the open entries whose key the API no longer remembers; a person has to look."""
        return [entry for entry in self.unsettled(limit=100_000) if entry.too_old]

    def dismiss(self, entry_id: int, note: str) -> bool:
        """Close an entry by hand, after a person has looked; False if it is not open."""
        return self._database.run(dismissing, entry_id, note)

    def recover(
        self,
        send: Callable[[Entry], Outcome],
        *,
        account: str = "",
        lease_seconds: float = LEASE_SECONDS,
        is_gone: Callable[[str], bool] = owners.is_gone,
    ) -> list[Recovered]:
        """Repeat open calls with `send`, each with its own key, and settle what is now known.

        Any number of processes may recover at once: each entry is one's at a time. A `MolamError`
        of `send` counts as its outcome; another exception stops the recovery, and the entry stays
        open.
        """
        flow = recovering(account, lease_seconds, self._decrypt, is_gone)
        step = next(flow)
        try:
            while True:
                try:
                    if isinstance(step, Ask):
                        heard: Any = self._database.run(step.decide, *step.arguments)
                    else:
                        heard = send(step.entry)
                except BaseException as error:  # noqa: BLE001 - the flow decides, and raises it again
                    step = flow.throw(error)
                else:
                    step = flow.send(heard)
        except StopIteration as done:
            return cast("list[Recovered]", done.value)

    def purge(self, older_than_seconds: float = RETENTION_SECONDS) -> int:
        """Remove entries settled longer ago than this; return how many."""
        check_seconds("older_than_seconds", older_than_seconds, zero=True)
        by_function = self._database.dialect == "postgresql"
        return self._database.run(purging, older_than_seconds, by_function=by_function)


class AsyncJournal:
    """The async twin of `Journal`; get one from `AsyncIdempotencyStore.journal`."""

    def __init__(
        self,
        database: AsyncDatabase,
        *,
        encrypt: Encrypt | None = None,
        decrypt: Decrypt | None = None,
    ) -> None:
        self._database = database
        self._encrypt = encrypt
        self._decrypt = decrypt

    async def write_ahead(self, entry: Entry, lease_seconds: float = LEASE_SECONDS) -> Ticket:
        """See `Journal.write_ahead`."""
        check_seconds("lease_seconds", lease_seconds)
        body, encrypted = _at_rest(entry.body, self._encrypt)
        return await self._database.run(writing, entry, body, encrypted, lease_seconds)

    async def settle(self, ticket: Ticket, outcome: str) -> bool:
        """See `Journal.settle`."""
        return await self._database.run(settling, ticket, outcome)

    async def leave(self, ticket: Ticket, outcome: str) -> bool:
        """See `Journal.leave`."""
        return await self._database.run(leaving, ticket, outcome)

    async def unsettled(self, *, after: int = 0, limit: int = 1000) -> list[Unsettled]:
        """See `Journal.unsettled`."""
        return await self._database.run(listing, after, limit)

    async def too_old(self) -> list[Unsettled]:
        """See `Journal.too_old`."""
        return [entry for entry in await self.unsettled(limit=100_000) if entry.too_old]

    async def dismiss(self, entry_id: int, note: str) -> bool:
        """See `Journal.dismiss`."""
        return await self._database.run(dismissing, entry_id, note)

    async def recover(
        self,
        send: Callable[[Entry], Awaitable[Outcome]],
        *,
        account: str = "",
        lease_seconds: float = LEASE_SECONDS,
        is_gone: Callable[[str], bool] = owners.is_gone,
    ) -> list[Recovered]:
        """See `Journal.recover`; `send` is awaited."""
        flow = recovering(account, lease_seconds, self._decrypt, is_gone)
        step = next(flow)
        try:
            while True:
                try:
                    if isinstance(step, Ask):
                        heard: Any = await self._database.run(step.decide, *step.arguments)
                    else:
                        heard = await send(step.entry)
                except BaseException as error:  # noqa: BLE001 - the flow decides, and raises it again
                    step = flow.throw(error)
                else:
                    step = flow.send(heard)
        except StopIteration as done:
            return cast("list[Recovered]", done.value)

    async def purge(self, older_than_seconds: float = RETENTION_SECONDS) -> int:
        """See `Journal.purge`."""
        check_seconds("older_than_seconds", older_than_seconds, zero=True)
        by_function = self._database.dialect == "postgresql"
        return await self._database.run(purging, older_than_seconds, by_function=by_function)


def dismissing(entry_id: int, note: str) -> Decision[bool]:
    """Close an entry whoever holds it."""
    changed = yield Statement(
        "UPDATE call_journal SET settled_at = @now, outcome = :outcome, body = NULL, "
        "lease_until = NULL, fence = fence + 1 WHERE id = :id AND settled_at IS NULL",
        {"id": entry_id, "outcome": f"dismissed: {note}"[:200]},
    )
    return changed.count == 1


def _at_rest(body: bytes | None, encrypt: Encrypt | None) -> tuple[bytes | None, bool]:
    if body is None or encrypt is None:
        return body, False
    return encrypt(body), True


for _public in (Journal, AsyncJournal, Entry, Outcome, Recovered, Unsettled):
    _public.__module__ = "molam_sdk.idempotency"
