"""What must be right before real money moves: ``molam doctor --live``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final

from molam_overlays.cli.finding import Finding
from molam_overlays.errors import MolamError
from molam_overlays.sandbox.subscription import DEFAULT_SECRET

TRIED: Final = ((3, 10), (3, 13))
"""The Python releases that the tests run on, first and last."""
CHECKS: Final = {
    "live key": "the key starts with `sk_live_`",
    "server": "`api_base` is Molam's live server",
    "secret": "a webhook secret is set, and it is not the sandbox's",
    "log": "`MOLAM_LOG` is not left on `debug`",
    "python": "this Python is one that our tests run on",
    "store": "the store named with `--store` has its tables, no open call and no parked event",
}
"""What is looked at, as the checklist of the documentation words it."""


def examine_live(
    config: Any, store: str | None, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """Look at what tells a live set-up from a test.

    Args:
        config: the settings that a client would have.
        store: the URL of the store; None to be told that none was named.
        environment: the process's variables.
    """
    live = config.api_key.startswith("sk_live_")
    yield _finding(
        "live key", live, "live: real money moves", "A key that starts with sk_live_ is needed."
    )
    yield _finding(
        "server",
        config.api_base == config.server,
        config.server,
        f"{config.api_base} is not {config.server}. Leave MOLAM_API_BASE and api_base out.",
    )
    yield _secret(config.webhook_secret)
    yield _finding(
        "log",
        environment.get("MOLAM_LOG", "").lower() != "debug",
        "quiet",
        "MOLAM_LOG=debug writes a line for each attempt. Leave it out.",
        state="warn",
    )
    told = ".".join(map(str, sys.version_info[:2]))
    first, last = (".".join(map(str, release)) for release in TRIED)
    yield _finding(
        "python",
        TRIED[0] <= sys.version_info[:2] <= TRIED[1],
        told,
        f"{told} is not among {first} to {last}, which the SDK's tests run on.",
        state="warn",
    )
    if store is None:
        detail = "None was named. With --store URL its tables, open calls and events are looked at."
        yield Finding("store", "warn", detail)
    else:
        yield from _store(store)


def _finding(what: str, fine: bool, good: str, bad: str, *, state: str = "fail") -> Finding:
    return Finding(what, "ok", good) if fine else Finding(what, state, bad)


def _secret(secret: Any) -> Finding:
    if secret is None:
        said = "None is set (MOLAM_WEBHOOK_SECRET). Fine only where no webhook is received."
        return Finding("secret", "warn", said)
    fine = DEFAULT_SECRET not in _texts(secret)
    return _finding(
        "secret", fine, "set", f"It is the sandbox's, {DEFAULT_SECRET}: anybody has it."
    )


def _texts(secret: Any) -> list[Any]:
    if isinstance(secret, (str, bytes)):
        return [secret]
    if isinstance(secret, Mapping):
        return [text for each in secret.values() for text in _texts(each)]
    return [] if callable(secret) or secret is None else list(secret)


def _store(url: str) -> Iterator[Finding]:
    from molam_overlays.store.idempotency import IdempotencyStore
    from molam_overlays.store.inbox import Inbox

    try:
        with closing(IdempotencyStore(url)) as store, closing(Inbox(url)) as inbox:
            opened = len(store.journal().unsettled())
            parked = inbox.counts().get("parked", 0)
    except MolamError as error:
        yield Finding("store", "fail", str(error))
        return
    waiting = [
        f"{count} {what}"
        for count, what in ((opened, "open calls"), (parked, "parked events"))
        if count
    ]
    yield _finding(
        "store",
        not waiting,
        "tables in place, nothing open, nothing parked",
        f"{' and '.join(waiting)}: see molam recover, molam inbox list --state parked.",
        state="warn",
    )
