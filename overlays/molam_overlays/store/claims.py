"""Who may work under an idempotency key: the decisions, without a database.

One row holds one key on one route. Its states, told apart by three columns:

================  ================  ==================================================
response          lease_until       then a claim is
================  ================  ==================================================
set               any               answered with the stored response, for good
NULL              in the future     told that another worker is on it
NULL              past, or NULL     granted, with a higher fencing token
================  ================  ==================================================

The last is refused once work first began longer ago than the API remembers keys: it may have
charged, and the API would not recognise the repetition.

The fencing token is ``max(token + 1, unix microseconds)``: it grows with each claim, and even a
row that was purged and made anew never hands out a token again.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import Any, TypeVar, cast

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.errors import (
    ClaimInFlightError,
    ClaimLostError,
    IdempotencyKeyExpiredError,
    IdempotencyKeyReusedError,
    MolamError,
    ResponseNotStoredError,
    StoreError,
    StoreUnavailableError,
)
from molam_overlays.home import home
from molam_overlays.message.idempotency import REMEMBERED_SECONDS, watching
from molam_overlays.store.arguments import check_key, check_seconds, failure_text
from molam_overlays.store.payload import decode, encode
from molam_overlays.store.statement import Ask, Decision, Statement, at_once

LOGGER = logging.getLogger(home().package)

E = TypeVar("E", bound=MolamError)

LEASE_SECONDS = 300.0
"""How long a claim holds by default: a call's four attempts of 30 s, with three waits of 60 s."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


@attrs.frozen
class Claim:
    """The right to work under a key, until the lease ends or another worker takes over."""

    key: str
    route: str
    token: int
    """The fencing token; it grows with each claim on this key and route."""
    lease_seconds: float
    """How long the claim holds, from when it was granted."""
    takeover: bool = False
    """True when an earlier worker may have begun: the API may know the key already."""


@attrs.frozen
class Replay:
    """The work is done; this is its answer."""

    key: str
    route: str
    response: Any = attrs.field(repr=False)
    """The stored response, as plain JSON data."""
    status: str
    """``completed``, or what it was stored with."""


@attrs.frozen
class InFlight:
    """Another worker is on it."""

    key: str
    route: str
    retry_after: float
    """Seconds until that worker's lease ends."""


ClaimResult = Claim | Replay | InFlight


_ROW = """
SELECT @text(response), status, fingerprint, fence,
       @epoch(lease_until), @epoch(claimed_at), @epoch(@now)
FROM server_idempotency WHERE idempotency_key = :key AND route = :route
"""

_INSERT = """
INSERT INTO server_idempotency (idempotency_key, route, status, fingerprint, fence,
                                lease_until, claimed_at, created_at, updated_at)
VALUES (:key, :route, 'in_progress', :fingerprint, @micros,
        @now + @seconds(:lease), @now, @now, @now)
ON CONFLICT (idempotency_key, route) DO NOTHING
"""

_TAKE = """
UPDATE server_idempotency
SET status = 'in_progress', fence = @greatest(fence + 1, @micros),
    fingerprint = coalesce(fingerprint, :fingerprint), lease_until = @now + @seconds(:lease),
    claimed_at = coalesce(claimed_at, @now), updated_at = @now
WHERE idempotency_key = :key AND route = :route
"""

_COMPLETE = """
UPDATE server_idempotency
SET response = @json(:response), status = :status, lease_until = NULL, last_error = NULL,
    updated_at = @now
WHERE idempotency_key = :key AND route = :route AND fence = :token AND response IS NULL
      AND status = 'in_progress'
"""

_GIVE_BACK = """
UPDATE server_idempotency
SET status = :status, lease_until = NULL, last_error = :error, updated_at = @now,
    claimed_at = CASE WHEN :forget = 1 THEN NULL ELSE claimed_at END
WHERE idempotency_key = :key AND route = :route AND fence = :token AND response IS NULL
      AND status = 'in_progress'
"""

_STORE = """
INSERT INTO server_idempotency (idempotency_key, route, status, response, fence,
                                created_at, updated_at)
VALUES (:key, :route, :status, @json(:response), @micros, @now, @now)
ON CONFLICT (idempotency_key, route) DO UPDATE
SET response = excluded.response, status = excluded.status, lease_until = NULL,
    fence = @greatest(server_idempotency.fence + 1, excluded.fence),
    updated_at = excluded.updated_at
"""


def asked(
    key: str, route: str, fingerprint: str | None, lease_seconds: float
) -> tuple[str, str, str | None, float]:
    """Return what `granting` and `claiming` go by, refusing what cannot be."""
    check_key(key, route)
    check_seconds("lease_seconds", lease_seconds)
    return key, route, fingerprint, lease_seconds


@at_once
def granting(
    key: str, route: str, fingerprint: str | None, lease_seconds: float
) -> Decision[Claim | None]:
    """Grant a key that nobody has had, on PostgreSQL; else None, and `claiming` tells."""
    names = {"key": key, "route": route, "fingerprint": fingerprint, "lease": lease_seconds}
    inserted = yield Statement(f"{_INSERT} RETURNING fence", names)
    return Claim(key, route, inserted.rows[0][0], lease_seconds) if inserted.rows else None


def claiming(
    key: str, route: str, fingerprint: str | None, lease_seconds: float
) -> Decision[ClaimResult]:
    """Grant the key, answer from the store, or say that another works on it.

    Raises:
        IdempotencyKeyReusedError: the key stands for another body.
        IdempotencyKeyExpiredError: the API has forgotten the key, and what became of it is unknown.
    """
    names = {"key": key, "route": route}
    asked = {**names, "fingerprint": fingerprint, "lease": lease_seconds}
    while True:
        inserted = yield Statement(_INSERT, asked)
        found = yield Statement(_ROW + "@lock", names)
        if found.rows:  # else a purge or `forget` came between the two
            break
    response, status, known, fence, lease_until, claimed_at, now = found.rows[0]
    if inserted.count == 1:
        return Claim(key, route, fence, lease_seconds)
    if fingerprint is not None and known is not None and fingerprint != known:
        raise _about(
            key,
            IdempotencyKeyReusedError(
                f"The idempotency key {key!r} was used on route {route!r} with another body. "
                "Nothing was done. Use a new key for a new request."
            ),
        )
    if response is not None:
        return Replay(key, route, _answer(key, response), status)
    if lease_until is not None and lease_until > now:
        return InFlight(key, route, lease_until - now)
    if claimed_at is not None and now - claimed_at > REMEMBERED_SECONDS:
        hours = (now - claimed_at) / 3600
        raise _about(
            key,
            IdempotencyKeyExpiredError(
                f"Work under the idempotency key {key!r} on route {route!r} began {hours:.0f} "
                "hours ago and never reported its end, and the API remembers keys for 24 hours. "
                "Repeating it could charge twice. Look the payment up, then record its answer "
                "with store_response(), or clear the key with forget() if nothing happened."
            ),
        )
    if claimed_at is not None and claimed_at > now:
        raise _about(
            key,
            IdempotencyKeyExpiredError(
                f"Work under the idempotency key {key!r} on route {route!r} never reported its end, "
                "and began in the future by this clock, which was set back: nobody can tell whether "
                "the API still remembers the key. Repeating it could charge twice. Look the payment "
                "up, then record its answer with store_response(), or clear the key with forget() "
                "if nothing happened."
            ),
        )
    yield Statement(_TAKE, asked)
    taken = yield Statement(_ROW, names)
    return Claim(key, route, taken.rows[0][3], lease_seconds, takeover=claimed_at is not None)


def completing(claim: Claim, response: str, status: str) -> Decision[None]:
    """Store the answer of a claim; the same answer twice is no error.

    Raises:
        ClaimLostError: the claim is no longer its holder's.
    """
    done = yield Statement(_COMPLETE, {**_held(claim), "response": response, "status": status})
    if done.count == 1:
        return
    found = yield Statement(_ROW, _held(claim))
    if found.rows:
        stored, its_status, _, fence = found.rows[0][:4]
        # A completion whose commit went unacknowledged is repeated by its worker.
        if (fence, stored, its_status) == (claim.token, response, status):
            return
    raise _lost(claim, "complete", found.rows)


def giving_back(claim: Claim, status: str, error: str | None, *, forget: bool) -> Decision[None]:
    """End a claim without an answer, so that the next claim is granted at once.

    Raises:
        ClaimLostError: the claim is no longer its holder's.
    """
    parameters = {"status": status, "error": error, "forget": int(forget)}
    done = yield Statement(_GIVE_BACK, {**_held(claim), **parameters})
    if done.count != 1:
        found = yield Statement(_ROW, _held(claim))
        raise _lost(claim, "release" if status == "released" else "fail", found.rows)


def storing(key: str, route: str, response: str, status: str) -> Decision[None]:
    """Store an answer whoever holds the key; an earlier answer is replaced."""
    yield Statement(_STORE, {"key": key, "route": route, "response": response, "status": status})


@at_once
def looking_up(key: str, route: str) -> Decision[dict[str, Any] | None]:
    """Return the stored answer, None while there is none."""
    found = yield Statement(_ROW, {"key": key, "route": route})
    if not found.rows or found.rows[0][0] is None:
        return None
    response, status = found.rows[0][:2]
    return {"response": _answer(key, response), "status": status}


def _answer(key: str, response: str) -> Any:
    try:
        return decode(response)
    except ValueError:
        pass  # its error would hold the whole answer
    raise _about(
        key,
        StoreError(
            f"The answer stored under the idempotency key {key!r} is damaged: it is not JSON. Look "
            "the payment up, then record its answer with store_response()."
        ),
    )


def forgetting(key: str, route: str) -> Decision[bool]:
    """Remove a key; tell whether it was there."""
    removed = yield Statement(
        "DELETE FROM server_idempotency WHERE idempotency_key = :key AND route = :route",
        {"key": key, "route": route},
    )
    return removed.count == 1


@attrs.frozen
class Pause:
    """Wait, in seconds."""

    seconds: float


@attrs.frozen
class Work:
    """Do the caller's work under this claim."""

    claim: Claim


Flow = Generator[Ask | Pause | Work, Any, Any]


def working(
    key: str, route: str, fingerprint: str | None, lease_seconds: float, wait_seconds: float
) -> Flow:
    """Claim, work, store the answer; or wait for whoever does. Returns the answer as JSON data.

    Errors of a step are thrown in at its ``yield``.
    """
    check_key(key, route)
    check_seconds("lease_seconds", lease_seconds)
    check_seconds("wait_seconds", wait_seconds, zero=True)
    waited, pause = 0.0, _FIRST_PAUSE
    lost: ClaimLostError | None = None
    while True:
        found = cast("ClaimResult", (yield Ask(claiming, (key, route, fingerprint, lease_seconds))))
        if isinstance(found, Replay):
            return found.response
        if isinstance(found, Claim):
            try:
                return (yield from _under(found))
            except ClaimLostError as error:
                # The lease ended during the work and a successor, with the same key, is on it.
                lost = error
        if waited >= wait_seconds:
            raise lost or _still_in_flight(key, route, found)
        rest = min(pause, wait_seconds - waited)
        yield Pause(rest)
        waited, pause = waited + rest, min(pause * 2, _LONGEST_PAUSE)


def _under(claim: Claim) -> Flow:
    with watching(claim.key) as watch:
        try:
            answer = yield Work(claim)
        except GeneratorExit:
            raise
        except BaseException as error:
            # The error tells of one call; work may have made others before, under the same key.
            harmless = (
                isinstance(error, MolamError)
                and error.idempotency_key == claim.key
                and error.delivery != "maybe_processed"
                and watch.nothing_done
            )
            status = "released" if harmless else "failed"
            forget = harmless and not claim.takeover
            yield from _give_back(claim, status, error, forget=forget)
            raise
    try:
        text = encode(answer)
    except (TypeError, ValueError) as error:
        yield from _give_back(claim, "failed", error, forget=False)
        raise _unstored(claim, answer, error) from error
    try:
        try:
            yield Ask(completing, (claim, text, "completed"))
        except StoreUnavailableError:
            # The money has moved: one more try, on a new connection, before giving up.
            yield Ask(completing, (claim, text, "completed"))
    except ClaimLostError:
        raise
    except StoreError as error:
        raise _unstored(claim, answer, error) from error
    return decode(text)


def _give_back(claim: Claim, status: str, error: BaseException, *, forget: bool) -> Flow:
    try:
        yield Ask(_giving_back, (claim, status, failure_text(error), forget))
    except StoreError as problem:
        # What the caller needs is the work's own error: the successor decides now, or the lease.
        LOGGER.warning("A failed claim on %r was not given back: %s", claim.key, problem)


def _unstored(claim: Claim, answer: Any, error: Exception) -> ResponseNotStoredError:
    unstored = ResponseNotStoredError(
        "The work was done, but its answer could not be stored; it is in this error's `response`. "
        f"Another worker may repeat it with the same key. {error}"
    )
    unstored.response = answer
    return _about(claim.key, unstored)


def _giving_back(claim: Claim, status: str, error: str | None, forget: bool) -> Decision[None]:
    return giving_back(claim, status, error, forget=forget)


def _held(claim: Claim) -> dict[str, Any]:
    return {"key": claim.key, "route": claim.route, "token": claim.token}


def _lost(claim: Claim, verb: str, rows: Any) -> ClaimLostError:
    if not rows:
        why = "the key is no longer in the store"
    elif rows[0][3] != claim.token:
        why = "the lease ended and another worker took over"
    elif rows[0][0] is not None:
        why = "an answer is already stored"
    else:
        why = "it was failed or released before"
    return _about(
        claim.key,
        ClaimLostError(
            f"Cannot {verb} the claim on {claim.key!r} (route {claim.route!r}, token "
            f"{claim.token}): {why}. Claim again, or read the stored response."
        ),
    )


def _still_in_flight(key: str, route: str, found: ClaimResult) -> ClaimInFlightError:
    retry_after = found.retry_after if isinstance(found, InFlight) else None
    error = ClaimInFlightError(
        f"Another worker is on the idempotency key {key!r} (route {route!r}) and did not finish "
        "in time. Try again later with the same key."
    )
    error.retry_after = retry_after
    return _about(key, error)


def _about(key: str, error: E) -> E:
    error.idempotency_key = key
    return error


at_home("molam_sdk.idempotency", Claim, Replay, InFlight)
