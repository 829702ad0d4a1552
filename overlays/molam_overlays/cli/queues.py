"""Whether a store keeps up: what ``molam doctor`` says of its queue, its purges and its leases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from molam_overlays.cli.finding import Finding
from molam_overlays.errors import MolamError

if TYPE_CHECKING:
    from molam_overlays.store.status import InboxStatus, UpkeepStatus


def examine_queues(url: str) -> Iterator[Finding]:
    """Look at the store at this URL; nothing is said where it cannot be read, which others tell."""
    from molam_overlays.store.blocking import Database
    from molam_overlays.store.retention import RETENTION
    from molam_overlays.store.status import of_inbox, of_upkeep
    from molam_overlays.store.upkeep import ages

    try:
        with closing(Database(url)) as database:
            inbox = database.run(of_inbox)
            upkeep = database.run(of_upkeep, dict(ages(RETENTION)))
    except MolamError as error:
        yield Finding("queue", "fail", str(error))
        return
    yield _queue(inbox)
    yield _lease(inbox)
    yield _purge(upkeep)


def _queue(inbox: InboxStatus) -> Finding:
    detail = (
        f"{inbox.due:,} due, the oldest for {inbox.oldest_seconds:.0f} s; a minute "
        f"{inbox.received_per_minute:,.0f} come in and {inbox.handled_per_minute:,.0f} are handled"
    )
    if inbox.grows:
        return Finding("queue", "warn", f"It grows: {detail}. Start more workers.")
    return Finding("queue", "ok", detail)


def _lease(inbox: InboxStatus) -> Finding:
    if inbox.late:
        return Finding(
            "lease",
            "warn",
            f"{inbox.late} of the last 1000 events were handled after their lease had ended, so another "
            "worker may have begun on them as well. Give the inbox a longer lease_seconds.",
        )
    return Finding("lease", "ok", "handlers end before their leases")


def _purge(upkeep: list[UpkeepStatus]) -> Finding:
    late = [each for each in upkeep if each.overdue]
    if not late:
        return Finding("purge", "ok", "nothing is kept for longer than by default")
    never = all(each.done_seconds is None for each in late)
    names = ", ".join(dict.fromkeys(each.name.removeprefix("full ") for each in late))
    return Finding(
        "purge",
        "warn",
        f"{'No purge ever ran' if never else 'Purges do not keep up'}: {names} are kept for longer than "
        "by default. Idle workers of an inbox purge by themselves; else run molam db purge once a day.",
    )
