"""A client's calls in the journal: how one is written down, and how it is made again.

Imported only by a client that is given a store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from molam_overlays.call import Settle, WriteAhead
from molam_overlays.codec import AnyValue
from molam_overlays.config import Config
from molam_overlays.errors import ConfigurationError
from molam_overlays.model import Model, adopt
from molam_overlays.operation import Body, Call, Operation, Result
from molam_overlays.retry import RETRY_AFTER_LIMIT, RetryPolicy
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.journal import AsyncJournal, Entry, Journal, Outcome

_LEASE_SLACK: Final = 60.0
"""Seconds beyond what a call may take at most."""


def store_at(url: str, *, asynchronous: bool) -> Any:
    """Return a store for this client alone, which closes it."""
    return AsyncIdempotencyStore(url) if asynchronous else IdempotencyStore(url)


def journal_of(store: Any, *, asynchronous: bool) -> Any:
    """Return the journal of what a client was given: a store, or a journal.

    Raises:
        ConfigurationError: it is something else, or belongs to the other client.
    """
    stores = AsyncIdempotencyStore if asynchronous else IdempotencyStore
    journals = AsyncJournal if asynchronous else Journal
    if isinstance(store, stores):
        return store.journal()
    if isinstance(store, journals):
        return store
    raise ConfigurationError(
        f"idempotency_store must be an {stores.__name__}, its URL or its journal(), not "
        f"{type(store).__name__}."
    )


def account_of(config: Config) -> str:
    """Name the server and the key's account, without showing the key.

    The API tells nobody which account a key belongs to, so a key stands for its account: entries
    written with another key are listed by a recovery, never sent.
    """
    digest = hashlib.sha256(config.api_key.encode()).hexdigest()[:16]
    return f"{config.api_base} {digest}"


def entry_of(step: WriteAhead, account: str, own: Iterable[str]) -> Entry:
    """Return what has to be on disk before a call leaves.

    `own` names the header fields that any client sets itself: credentials, wherever the document
    puts them, are among them, and the recovering client makes its own.
    """
    request = step.request
    made_anew = {"idempotency-key", *(name.lower() for name in own)}
    server = step.call.operation.server
    # Where it went is where it has to go again; never with a key that is in the URL.
    elsewhere = server if server and request.url.startswith(server) else ""
    return Entry(
        key=step.idempotency_key,
        method=request.method,
        path=elsewhere + step.call.target,
        headers={
            name: value for name, value in request.headers.items() if name.lower() not in made_anew
        },
        body=request.content,
        account=account,
    )


def lease_of(policy: RetryPolicy) -> float:
    """Return more seconds than a call under this policy can take."""
    attempts = 1 + policy.max_retries
    return attempts * (policy.timeout + RETRY_AFTER_LIMIT) + _LEASE_SLACK


def is_known(step: Settle) -> bool:
    """Tell whether the call's fate is certain, so that its entry may be closed."""
    return step.delivery != "maybe_processed"


def outcome_text(step: Settle) -> str:
    """Return what the journal keeps of the end of a call."""
    return str(step.status) if step.status is not None else (step.delivery or "settled")


class _Anything(AnyValue):
    """Whatever a repeated call returns; nobody reads it, so no shape is wrong."""

    def decode(self, wire: Any, response: Any) -> Any:
        return adopt(Model, wire if isinstance(wire, dict) else {"body": wire}, response)


def call_of(entry: Entry) -> Call[Any]:
    """Return the call that an entry holds, byte for byte."""
    path, _, query = entry.path.partition("?")
    server = ""
    if path.startswith("https://"):
        parts = urlsplit(path)
        server, path = f"{parts.scheme}://{parts.netloc}", parts.path
    headers = dict(entry.headers)
    media = next((v for name, v in entry.headers.items() if name.lower() == "content-type"), None)
    operation: Operation[Any] = Operation(
        id=f"recover {entry.method}",
        method=entry.method,
        path=path,
        bodies=(Body(AnyValue(), media or "application/json"),),
        results=(Result(_Anything()),),
        keyed=True,
        server=server,
    )
    return Call(operation, path, query, headers, entry.body, _json_of(entry, media), media)


def _json_of(entry: Entry, media: str | None) -> Any:
    """Return the body as data, for an adapter that encodes JSON itself."""
    if entry.body is None or media != "application/json":
        return None
    return json.loads(entry.body)


def outcome_of(status: int) -> Outcome:
    """Return the outcome of a repetition that succeeded; errors speak for themselves."""
    return Outcome(status=status)
