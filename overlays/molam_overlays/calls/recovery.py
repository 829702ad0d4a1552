"""A client's calls in the journal: how one is written down, and how it is made again.

Imported only by a client that is given a store.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from molam_overlays.calls.call import Call
from molam_overlays.calls.flow import Settle, WriteAhead
from molam_overlays.calls.operation import Body, Operation, Result
from molam_overlays.calls.retry import FORGOTTEN, RETRY_AFTER_LIMIT, SET_BACK, RetryPolicy
from molam_overlays.config import Config
from molam_overlays.errors import ConfigurationError, MolamError, ResumeError
from molam_overlays.message.idempotency import KEY_HEADER, idempotency_key_problem
from molam_overlays.message.media import JSON, STREAMS
from molam_overlays.message.streams import Streamed
from molam_overlays.message.styles import header_problem
from molam_overlays.outcome import Attempt
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.digits import Origin
from molam_overlays.schema.model import Model, adopt
from molam_overlays.store.content import Entry
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.journal import AsyncJournal, Journal, Outcome
from molam_overlays.store.key_age import KeyAge
from molam_overlays.store.pool import Pool
from molam_overlays.wire import METHODS, SAFE_METHODS

_LEASE_SLACK: Final = 60.0
"""Seconds beyond what a call may take at most."""

_MEANINGLESS: Final = frozenset(
    {
        *("accept", "accept-language", "baggage", "b3", "elastic-apm-traceparent", "sentry-trace"),
        *("traceparent", "tracestate", "uber-trace-id", "user-agent", "x-amzn-trace-id"),
        *("x-b3-flags", "x-b3-parentspanid", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid"),
        *("x-cloud-trace-context", "x-correlation-id", "x-request-id", "x-trace-id"),
        *("x-datadog-parent-id", "x-datadog-sampling-priority", "x-datadog-trace-id"),
    }
)
"""Header fields, lower case, without which a repeated call is the same call."""
_SANDBOX: Final = "molam-sandbox-"
_VOUCHED: Final = ":server"
"""No header's name: beside it stands the voucher for the server of a call that went elsewhere."""


def store_at(url: str | Pool, *, asynchronous: bool) -> Any:
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


def entry_of(step: WriteAhead, account: str, own: Iterable[str], api_key: str) -> Entry:
    """Return what has to be on disk before a call leaves.

    `own` names the header fields that any client sets itself: credentials, wherever the document
    puts them, are among them, and the recovering client makes its own. With `api_key` it vouches for
    a server that is not the client's usual one.
    """
    request = step.request
    made_anew = {KEY_HEADER.lower(), *(name.lower() for name in own)}
    server = step.call.operation.server
    # Where it went is where it has to go again; never with a key that is in the URL.
    elsewhere = server if server and request.url.startswith(server) else ""
    headers: dict[str, str] = {}
    extra: dict[str, str] = {}
    for name, value in request.headers.items():
        lowered = name.lower()
        if lowered in made_anew:
            continue
        # What is not of the document is the caller's own, whatever it may hold.
        if lowered == "content-type" or step.call.headers.get(name) == value:
            headers[name] = value
        elif lowered not in _MEANINGLESS and not lowered.startswith(_SANDBOX):
            extra[name] = value
    if elsewhere:
        headers[_VOUCHED] = _voucher(elsewhere, api_key)
    return Entry(
        key=step.idempotency_key,
        method=request.method,
        path=elsewhere + step.call.target,
        headers=headers,
        extra_headers=extra,
        body=request.content,
        account=account,
        identified=answers_with_an_id(step.call.operation),
    )


def _voucher(server: str, api_key: str) -> str:
    """Return what only a client with this key can have written beside the server of a call."""
    return hmac.new(api_key.encode(), server.encode(), hashlib.sha256).hexdigest()[:32]


def answers_with_an_id(operation: Operation[Any]) -> bool:
    """Tell whether whoever does what this operation asks for answers with an ``id``."""
    if any(isinstance(result, Streamed) for result in operation.results):
        return False
    found = [getattr(result.type, "model", result.type) for result in operation.results]
    return bool(found) and all(
        isinstance(model, type) and issubclass(model, Model) and "id" in model.__fields__
        for model in found
    )


def lease_of(policy: RetryPolicy) -> float:
    """Return more seconds than a call under this policy can take."""
    attempts = 1 + policy.max_retries
    return attempts * (policy.timeout + RETRY_AFTER_LIMIT) + _LEASE_SLACK


def note_of(step: Settle) -> tuple[str, str]:
    """Return which of the journal's methods notes the end of a call, and with what words."""
    words = str(step.status) if step.status is not None else (step.delivery or "settled")
    if step.delivery is None:
        # Another server's JSON may look like a success; the API's own names what was made.
        stranger = isinstance(step.result, Model) and _lacks_its_id(step.result)
        return ("leave" if stranger else "settle"), words
    if step.delivery == "rejected":
        return "refuse", words
    return ("settle" if step.delivery == "not_sent" else "leave"), words


def _lacks_its_id(result: Model) -> bool:
    return "id" in type(result).__fields__ and not _is_named(result)


def _is_named(result: Any) -> bool:
    """Tell whether an answer names what was made as the API does, with a text."""
    found = result.get("id")
    return isinstance(found, str) and bool(found.strip())


def refuse_forgotten(age: KeyAge | None) -> None:
    """Refuse to go on with a call whose key the API may have forgotten, by all the journal has.

    Raises:
        ResumeError: it has, or nobody can tell.
    """
    if age is not None and age.fate is not None:
        raise ResumeError(FORGOTTEN if age.fate == "too_old" else SET_BACK)


class _Anything(AnyValue):
    """Whatever a repeated call returns; nobody reads it, so no shape is wrong."""

    def decode(self, wire: Any, origin: Origin) -> Any:
        return adopt(Model, wire if isinstance(wire, dict) else {"body": wire}, origin)


def call_of(entry: Entry, extra: Mapping[str, str], api_key: str) -> Call[Any]:
    """Return the call that an entry holds, byte for byte.

    `extra` are the header fields that the recovering client adds to all its calls. `api_key` is never
    sent to a server that no client with this key has vouched for: anybody may have written the row.

    Raises:
        MolamError: it cannot be made again; the message says why, and holds nothing of the entry.
    """
    added = {name.lower() for name in extra}
    missing = [name for name in entry.missing if name.lower() not in added]
    if missing:
        raise MolamError(
            f"it was sent with the header field {missing[0]}, whose value is not kept: recover "
            "with client.with_options(extra_headers=…), or give the journal an encrypt callable"
        )
    headers = {**entry.headers, **entry.extra_headers}
    vouched = headers.pop(_VOUCHED, "")
    path, _, query = entry.path.partition("?")
    server = ""
    if "://" in path and not path.startswith("/"):
        server, path = _divided(path, vouched, api_key)
    if (
        not path.startswith("/")
        or not (path + query).isascii()
        or not (path + query).isprintable()
        or " " in path + query
        or entry.method not in METHODS
        or entry.method in SAFE_METHODS
        or idempotency_key_problem(entry.key) is not None
        or any(header_problem(value) is not None for value in headers.values())
    ):
        # Above all, whatever is added to the host must not make another host of it.
        raise MolamError("its row is damaged: this is no call that was ever made")
    media = next((v for name, v in headers.items() if name.lower() == "content-type"), None)
    operation: Operation[Any] = Operation(
        id=f"recover {entry.method}",
        method=entry.method,
        path=path,
        bodies=(Body(AnyValue(), media or JSON),),
        results=(Result(_Anything()), *map(_as_text, STREAMS)),
        keyed=True,
        server=server,
    )
    operation.accept = JSON
    return Call(operation, path, query, headers, entry.body, _json_of(entry, media), media)


def _divided(path: str, vouched: str, api_key: str) -> tuple[str, str]:
    """Return the server that a call went to and the path there."""
    for at in (each.start() for each in re.finditer("/|$", path)):
        if hmac.compare_digest(_voucher(path[:at], api_key).encode(), vouched.encode()):
            return path[:at], path[at:]
    raise MolamError("its row names a server that no call of this client went to")


def _as_text(media: str) -> Result:
    """Return what an answer is that comes item by item: nobody reads its items."""
    result = Result(_Anything(), media=media)
    result.kind = "text"
    return result


def earlier_attempt(entry: Entry, now: datetime) -> tuple[Attempt, ...]:
    """Return the attempt that left the entry open: nobody knows what became of it."""
    began = now - timedelta(seconds=entry.age)
    return (Attempt(1, began, 0.0, "unknown", delivery="maybe_processed"),)


def _json_of(entry: Entry, media: str | None) -> Any:
    """Return the body as data, for an adapter that encodes JSON itself."""
    if entry.body is None or media != JSON:
        return None
    try:
        return json.loads(entry.body)
    except (ValueError, RecursionError):
        raise MolamError("its body is damaged: it is not JSON") from None


def outcome_of(entry: Entry, result: Any) -> Outcome:
    """Return the outcome of a repetition that succeeded; errors speak for themselves."""
    own = not entry.identified or _is_named(result)
    detail = "" if own else "a success without an id is not the API's own answer"
    return Outcome(status=result.response.status, own=own, detail=detail)


def not_made(error: MolamError) -> Outcome:
    """Return the outcome of an entry of which no call could be made."""
    return Outcome(delivery="not_sent", detail=str(error))
