"""A recovery: goes through a journal's open entries and settles what can be settled.

No I/O: `recovering` yields what to ask the database and which call to repeat.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Any, cast

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.errors import MolamError, StoreError, is_own_refusal
from molam_overlays.outcome import Delivery
from molam_overlays.store.content import (
    Decrypt,
    Encrypt,
    Entry,
    UnreadableError,
    pick_up,
    words_at_rest,
)
from molam_overlays.store.entries import (
    FIRST,
    Fate,
    Found,
    Recovered,
    Ticket,
    following,
    leaving,
    settling,
    taking,
)
from molam_overlays.store.statement import Ask

_REFUSED_NOW = (
    "{name}: the API refuses it now, but what became of an earlier attempt is unknown: look the "
    "payment up"
)


@attrs.frozen(kw_only=True)
class Outcome:
    """What repeating a call gave."""

    status: int | None = None
    """The HTTP status; None when no response came."""
    delivery: Delivery = "maybe_processed"
    """What is known of the key after it, earlier attempts included; of no matter with a 2xx."""
    detail: str = ""
    """A few words for people, without anything of a body."""
    own: bool = True
    """Whether it is the API's own answer. A proxy's page settles nothing, whatever its status."""


def judge(outcome: Outcome) -> Fate:
    """Tell from a repetition what became of the call.

    Only the API's own answer tells anything. A refusal settles it only if it is about the call
    itself: 401, 403 and 429 are about the recovering client, 408 and 409 in flight about the
    moment. They say nothing about the first attempt, and neither does a repetition not sent.
    """
    status = outcome.status
    if not outcome.own or status is None:
        return "unknown"
    if 200 <= status <= 299:
        return "settled"
    about_the_call = 400 <= status <= 499 and status not in (401, 403, 429)
    return "rejected" if about_the_call and outcome.delivery == "rejected" else "unknown"


@attrs.frozen
class Send:
    """Repeat this call with its own key, and tell the `Outcome`."""

    entry: Entry


Recovery = Generator[Ask | Send, Any, list[Recovered]]


def recovering(
    account: str,
    lease: float,
    encrypt: Encrypt | None,
    decrypt: Decrypt | None,
    is_gone: Callable[[str], bool],
    is_alive: Callable[[str], bool],
) -> Recovery:
    """Go through the open entries once, oldest first, and settle what can be settled.

    An entry that cannot be dealt with is listed with the reason, and those behind it go on.
    """
    rows: list[Recovered] = []
    sent: set[tuple[str, str, str]] = set()
    after = FIRST
    while True:
        try:
            asked = (after, account, lease, is_gone, is_alive)
            found = cast("Found | None", (yield Ask(taking, asked)))
        except StoreError as error:
            # This row's fault, or the database's: then it cannot tell what comes next, either.
            skipped = cast("int | None", (yield Ask(following, (after,))))
            if skipped is None:
                raise
            after = skipped
            rows.append(_unreadable(skipped, error))
            continue
        if found is None:
            return rows
        row, after = found.row, found.row.id
        place = (row.method, row.path.partition("?")[0], row.key)
        if found.ticket is None or found.entry is None or found.stored is None:
            if row.outcome == "too_old" and place in sent:
                # It grew too old while this recovery was on it: one verdict for one key.
                row = attrs.evolve(row, outcome="unknown")
            rows.append(row)
            continue
        said: str
        try:
            entry = pick_up(found.stored, found.entry, decrypt)
        except UnreadableError as error:
            row, said = attrs.evolve(row, outcome="unreadable", detail=str(error)), "unreadable"
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            why = f"it is damaged ({type(error).__name__})"
            row, said = attrs.evolve(row, outcome="unreadable", detail=why), "unreadable"
        else:
            sent.add(place)
            outcome = yield from _sent(found.ticket, entry)
            row = attrs.evolve(
                row, outcome=judge(outcome), status=outcome.status, detail=outcome.detail
            )
            said = str(outcome.status or outcome.detail or "no response")
        closes = row.outcome in ("settled", "rejected")
        try:
            words = said if said == "unreadable" else words_at_rest(said, encrypt, decrypt)
            ours = yield Ask(settling if closes else leaving, (found.ticket, words))
            if not ours:
                row = attrs.evolve(row, detail="another process settled it meanwhile")
        except StoreError as error:
            lost = f"this could not be noted ({type(error).__name__}), so it stays open"
            row = attrs.evolve(row, detail=f"{row.detail}; {lost}" if row.detail else lost)
        rows.append(row)


def _sent(ticket: Ticket, entry: Entry) -> Generator[Ask | Send, Any, Outcome]:
    """Repeat a call; whatever comes of it is an outcome, unless this process is told to stop."""
    try:
        return cast("Outcome", (yield Send(entry)))
    except GeneratorExit:
        raise
    except MolamError as error:
        name, status = type(error).__name__, getattr(error, "status_code", None)
        own = is_own_refusal(error)
        about_the_call = own and error.delivery == "rejected"
        # It is open because an earlier attempt is of unknown fate: a refusal now changes nothing.
        return Outcome(
            status=status,
            detail=_REFUSED_NOW.format(name=name) if about_the_call else name,
            own=own,
        )
    except Exception as error:  # noqa: BLE001 - an adapter's or a hook's: those behind it go on
        return Outcome(detail=type(error).__name__)
    except BaseException:
        with contextlib.suppress(StoreError):  # then its lease brings it back
            yield Ask(leaving, (ticket, "interrupted"))
        raise


def _unreadable(number: int, error: StoreError) -> Recovered:
    return Recovered(
        id=number,
        key="",
        method="",
        path="",
        age=0.0,
        outcome="unreadable",
        detail=f"its row cannot be read or written ({type(error).__name__})",
    )


at_home("molam_sdk.idempotency", Outcome)
