"""What is written and read of a journal's entries: the decisions, without a database.

An entry is open until `settled_at` is set. While its call may be under way it has a lease;
`leaving` ends the lease, so that a recovery may take the entry at once.

All that is written here is on disk when its commit returns, whatever a database's default is: what
PostgreSQL forgets under ``synchronous_commit = off`` would be a payment that left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.errors import StoreError
from molam_overlays.store import owner as owners
from molam_overlays.store.content import Decrypt, Entry, Stored, words_read
from molam_overlays.store.key_age import OLD, KeyAge, Use, age_of
from molam_overlays.store.statement import Decision, Statement, at_once

_FAR_SECONDS = 10 * 365 * 24 * 3600.0
"""No clock goes wrong by more; a time beyond is damage."""

FIRST = -(2**63)
"""Below every id there can be. We never write one below 1; a row that has one is damaged."""

WITHDRAWN = "not_sent"
"""The outcome of an entry that certainly never left: it says nothing of its key."""


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
    """With its query, unless that is encrypted."""
    account: str
    age: float
    """Seconds since its key can first have left."""
    outcome: str | None
    """What was last known, such as ``read timeout``; None when nothing was."""
    too_old: bool
    """True when the API no longer remembers the key: for a person, never sent."""


Fate = Literal[
    "settled",
    "rejected",
    "unknown",
    "too_old",
    "withheld",
    "in_progress",
    "unreadable",
    "other_account",
]
"""What recovery made of an entry.

``settled``: a 2xx. ``rejected``: the API did nothing, and no earlier attempt was of unknown fate.
``unknown``: no definite answer; it stays open. ``too_old``: its key is over 24 hours old; not sent.
``withheld``: nobody can tell whether it may be sent, because the clock was set back, or because its
process still runs and never said how the call ended; not sent. ``in_progress``: another process is
on it. ``unreadable``: it cannot be decrypted or is damaged. ``other_account``: written with another
API key, a rotated one included, or for another server; not sent.
"""


@attrs.frozen(kw_only=True)
class Recovered:
    """One entry after a recovery."""

    id: int
    key: str
    method: str
    path: str
    """With its query, unless that is encrypted."""
    age: float
    """Seconds since its key can first have left; negative when that lies in the future."""
    outcome: Fate
    status: int | None = None
    """The HTTP status of the repetition; None when none came, or nothing was sent."""
    detail: str = ""


_WRITE = """
INSERT INTO call_journal (idempotency_key, method, path, headers, body, encrypted, fingerprint,
                          account, owner, fence, lease_until, created_at)
VALUES (:key, :method, :path, :headers, :body, :encrypted, :fingerprint,
        :account, :owner, @micros, @now + @seconds(:lease), @now)
@durably(id, fence)
"""

# SQLite knows RETURNING since 3.35 only, and Pythons are about with older ones.
_WRITTEN = "SELECT id, fence FROM call_journal WHERE id = last_insert_rowid()"

# Never settled before it was written, even if the clock was set back: a purge goes by this.
_SETTLE = """
UPDATE call_journal SET settled_at = @greatest(@now, coalesce(created_at, @now)), outcome = :outcome, body = NULL,
                        lease_until = NULL
WHERE id = :id AND fence = :token AND settled_at IS NULL
"""

_NO_OTHER_OPEN = """
AND NOT EXISTS (SELECT 1 FROM call_journal o
                WHERE o.idempotency_key = call_journal.idempotency_key
                  AND o.method = call_journal.method AND o.settled_at IS NULL
                  AND @route(o.path) = @route(call_journal.path) AND o.id <> call_journal.id)
"""

_LEAVE = """
UPDATE call_journal SET outcome = :outcome, lease_until = NULL
WHERE id = :id AND fence = :token AND settled_at IS NULL
"""

# The open entries, each as often as its key has entries; and the latest entry that bears a time to
# come, unless it is nonsense: by then the clock was ahead, and has been set back since. A recovery
# that takes an entry leaves the time in its fence, in microseconds (and one more each time that the
# clock stands still).
_SEEN = """
WITH open AS (SELECT id, idempotency_key, method, path, account, owner, outcome, lease_until, fence
              FROM call_journal WHERE settled_at IS NULL AND id > :after
              ORDER BY id LIMIT :limit @skip_locked)
SELECT e.id, @raw(e.idempotency_key), @raw(e.method), @raw(e.path), @raw(e.account),
       @raw(e.owner), @raw(e.outcome), @moment(e.lease_until), @epoch(@now),
       (SELECT max(+l.id) FROM call_journal l
        WHERE l.settled_at > (SELECT @now) AND l.settled_at < (SELECT @now + @seconds(:far))),
       (SELECT max(+l.id) FROM call_journal l WHERE l.settled_at IS NULL
          AND l.created_at > (SELECT @now) AND l.created_at < (SELECT @now + @seconds(:far))),
       @flag(e.fence > @micros + 1000000),
       @raw(k.account), @raw(k.path), @moment(k.created_at), @raw(k.outcome)
FROM open e JOIN call_journal k ON k.idempotency_key = e.idempotency_key AND k.method = e.method
WHERE k.settled_at IS NULL OR k.outcome IS NULL OR k.outcome <> 'not_sent'
ORDER BY e.id, k.id
"""

_USES = """
SELECT @raw(k.account), @raw(k.path), @moment(k.created_at), @raw(k.outcome), @epoch(@now)
FROM call_journal k
WHERE k.idempotency_key = :key AND k.method = :method
  AND (k.settled_at IS NULL OR k.outcome IS NULL OR k.outcome <> 'not_sent')
"""

_TAKE = """
UPDATE call_journal SET owner = :owner, lease_until = @now + @seconds(:lease),
                        fence = @greatest(fence + 1, @micros)
WHERE id = :id @durably(id)
"""

_TAKEN = """
SELECT fence, @raw(path), @raw(headers), @raw(body), @flag(encrypted), @raw(fingerprint)
FROM call_journal WHERE id = :id
"""

_SEEN_OLD = """
UPDATE call_journal SET outcome = :old || coalesce(outcome, '') WHERE id = :id @durably(id)
"""

# A rotated key is another one as well: nobody tells a client which account a key is for.
_OTHER_ACCOUNT = (
    "written with another API key or api_base: recover with those. If that key is revoked, look "
    "the payment up and close the entry with journal().dismiss(id, note)"
)
_NEVER_REPORTED = (
    "its process still runs and has not said how the call ended, so nobody can tell whether it "
    "left: look the payment up, or recover again when that process has ended"
)


class Draft:
    """An entry on its way to disk, and whether its caller still wants it."""

    def __init__(self) -> None:
        self.ticket: Ticket | None = None
        self.given_up = False


@attrs.frozen(kw_only=True)
class _Seen:
    """An open entry, and what its key's entries say of its age."""

    id: int
    key: str
    method: str
    path: str
    account: str
    owner: str
    outcome: str | None
    lease_until: float | None
    now: float
    age: KeyAge


@attrs.frozen(kw_only=True)
class Found:
    """The next open entry: taken when it has a ticket, else only seen."""

    row: Recovered
    ticket: Ticket | None = None
    entry: Entry | None = None
    stored: Stored | None = None


def writing(entry: Entry, stored: Stored, lease: float, draft: Draft) -> Decision[Ticket]:
    """Write an entry, unless its caller gave up in the meantime; `stored` is how it lies on disk."""
    written = yield Statement(
        _WRITE,
        {
            "key": entry.key,
            "method": entry.method,
            "path": stored.path,
            "headers": stored.headers,
            "body": stored.body,
            "encrypted": stored.encrypted,
            "fingerprint": stored.fingerprint,
            "account": entry.account,
            "owner": owners.current_owner(),
            "lease": lease,
        },
    )
    if not written.rows:
        written = yield Statement(_WRITTEN)
    # In this order, and the other way round where it is given up: one of the two sees the other.
    draft.ticket = Ticket(*written.rows[0][:2])
    if draft.given_up:
        raise StoreError("The call was given up before it left. Nothing was sent.")
    return draft.ticket


def settling(ticket: Ticket, outcome: str) -> Decision[bool]:
    """Close an entry and drop its body; False if it is settled, or another's by now."""
    changed = yield _about(_SETTLE, ticket, outcome)
    return changed.count == 1


def refusing(ticket: Ticket, outcome: str) -> Decision[bool]:
    """Close an entry unless an earlier attempt of its key is open; then leave it, and say False."""
    changed = yield _about(_SETTLE + _NO_OTHER_OPEN, ticket, outcome)
    if changed.count != 1:
        yield _about(_LEAVE, ticket, outcome)
    return changed.count == 1


def leaving(ticket: Ticket, outcome: str) -> Decision[bool]:
    """Leave an entry open for a recovery, which may take it at once."""
    changed = yield _about(_LEAVE, ticket, outcome)
    return changed.count == 1


def _about(sql: str, ticket: Ticket, outcome: str) -> Statement:
    return Statement(
        f"{sql} @durably(id)", {"id": ticket.id, "token": ticket.token, "outcome": outcome}
    )


@at_once
def aging(entry: Entry) -> Decision[KeyAge | None]:
    """Judge the age of a key before it is sent again; None when it is not in the journal."""
    found = yield Statement(_USES, {"key": entry.key, "method": entry.method})
    if not found.rows:
        return None
    now = found.rows[0][4]
    return age_of(entry.account, entry.path, [_use(row) for row in found.rows], now)


def listing(after: int, limit: int, decrypt: Decrypt | None) -> Decision[list[Unsettled]]:
    """List open entries in the order they were written, damaged ones below id 1 first."""
    asked = _asked(after if after > 0 else FIRST, limit)
    found = yield Statement(_SEEN.replace("@skip_locked", ""), asked)
    return [
        Unsettled(
            id=seen.id,
            key=seen.key,
            method=seen.method,
            path=seen.path,
            account=seen.account,
            age=seen.age.seconds,
            outcome=words_read((seen.outcome or "").removeprefix(OLD) or None, decrypt),
            too_old=seen.age.fate == "too_old",
        )
        for seen in _seen(found.rows)
    ]


def _asked(after: int, limit: int) -> dict[str, Any]:
    return {"after": after, "limit": limit, "far": _FAR_SECONDS}


def taking(
    after: int,
    account: str,
    lease: float,
    is_gone: Callable[[str], bool],
    is_alive: Callable[[str], bool],
) -> Decision[Found | None]:
    """Take the next open entry after this id, unless it must be left alone; None at the end."""
    found = yield Statement(_SEEN, _asked(after, 1))
    seen = next(_seen(found.rows), None)
    if seen is None:
        return None
    row = Recovered(
        id=seen.id,
        key=seen.key,
        method=seen.method,
        path=seen.path,
        age=seen.age.seconds,
        outcome="unknown",
    )
    kept_back = _kept_back(seen, account, is_gone, is_alive)
    if kept_back is not None:
        fate, detail = kept_back
        if fate == "too_old" and not (seen.outcome or "").startswith(OLD):
            # Whatever the clock says next time.
            yield Statement(_SEEN_OLD, {"id": seen.id, "old": OLD})
        return Found(row=attrs.evolve(row, outcome=fate, detail=detail))
    yield Statement(_TAKE, {"id": seen.id, "owner": owners.current_owner(), "lease": lease})
    taken = yield Statement(_TAKEN, {"id": seen.id})
    fence, path, headers, body, encrypted, digest = taken.rows[0]
    return Found(
        row=row,
        ticket=Ticket(seen.id, fence),
        entry=Entry(
            key=seen.key,
            method=seen.method,
            path=seen.path,
            account=seen.account,
            age=seen.age.seconds,
        ),
        stored=Stored(
            path=_text(path),
            headers=_text(headers),
            body=None if body is None else bytes(body),
            encrypted=encrypted is None or bool(encrypted),
            fingerprint=_text(digest),
        ),
    )


def _kept_back(
    seen: _Seen, account: str, is_gone: Callable[[str], bool], is_alive: Callable[[str], bool]
) -> tuple[Fate, str] | None:
    """Return why an entry is not sent, and the fate to list it with; None if it may be."""
    if seen.id < 1:
        return "unreadable", "its row is damaged: no entry was ever given this id"
    if seen.account != account:
        return "other_account", _OTHER_ACCOUNT
    if seen.age.fate == "withheld":
        return "withheld", seen.age.reason
    gone = seen.lease_until is None or is_gone(seen.owner)
    if not gone and seen.lease_until is not None and seen.lease_until > seen.now:
        return "in_progress", f"its lease ends in {seen.lease_until - seen.now:.0f} s"
    if seen.age.fate is not None:
        return seen.age.fate, seen.age.reason
    if not gone and is_alive(seen.owner):
        return "withheld", _NEVER_REPORTED
    return None


def _seen(rows: Sequence[tuple[Any, ...]]) -> Iterator[_Seen]:
    """Put together what `_SEEN` found: consecutive rows are of one entry."""
    by_entry: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_entry.setdefault(row[0], []).append(row)
    for number, its in by_entry.items():
        key, method, path, account, owner, outcome = map(_text, its[0][1:7])
        lease_until, now, *to_come, taken_later = its[0][7:12]
        uses = [_use(row[12:]) for row in its]
        set_back = bool(taken_later) or any(each is not None and each > number for each in to_come)
        age = age_of(account, path, uses, now, set_back=set_back)
        assert age is not None, "an open entry is one of its key's"
        yield _Seen(
            id=number,
            key=key,
            method=method,
            path=path,
            account=account,
            owner=owner,
            outcome=outcome or None,
            lease_until=lease_until,
            now=now,
            age=age,
        )


def _use(row: Sequence[Any]) -> Use:
    account, path, created, outcome = row[:4]
    return Use(
        account=_text(account),
        path=_text(path),
        created=created,
        seen_old=_text(outcome).startswith(OLD),
    )


def _text(value: Any) -> str:
    """Return a text as it can be shown, whatever lies in its column."""
    if value is None or isinstance(value, str):
        return value or ""
    return bytes(value).decode("utf-8", "backslashreplace")


def following(after: int) -> Decision[int | None]:
    """Return the id of the next open entry, and nothing else of it."""
    found = yield Statement(
        "SELECT id FROM call_journal WHERE settled_at IS NULL AND id > :after ORDER BY id LIMIT 1",
        {"after": after},
    )
    return found.rows[0][0] if found.rows else None


def dismissing(entry_id: int, outcome: str) -> Decision[bool]:
    """Close an entry whoever holds it."""
    changed = yield Statement(
        "UPDATE call_journal SET settled_at = @greatest(@now, coalesce(created_at, @now)), "
        "outcome = :outcome, "
        "body = NULL, lease_until = NULL, fence = fence + 1 "
        "WHERE id = :id AND settled_at IS NULL @durably(id)",
        {"id": entry_id, "outcome": outcome},
    )
    return changed.count == 1


at_home("molam_sdk.idempotency", Recovered, Unsettled)
