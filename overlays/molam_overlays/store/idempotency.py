"""The idempotency store, blocking and async, over the decisions of `claims`."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, overload

from molam_overlays.annotations import Self, at_home
from molam_overlays.drive import adrive, drive
from molam_overlays.frames import sealed
from molam_overlays.store import claims
from molam_overlays.store.arguments import check_key, check_seconds, failure_text
from molam_overlays.store.awaiting import AsyncDatabase
from molam_overlays.store.blocking import Clock, Database
from molam_overlays.store.claims import LEASE_SECONDS, Claim, ClaimResult, Pause
from molam_overlays.store.content import Decrypt, Encrypt
from molam_overlays.store.journal import AsyncJournal, Journal
from molam_overlays.store.payload import call_fingerprint, encode
from molam_overlays.store.retention import ANSWER_RETENTION_SECONDS
from molam_overlays.store.statement import Ask
from molam_overlays.store.upkeep import ANSWERS, asweep, sweep

P = ParamSpec("P")
T = TypeVar("T")

WAIT_SECONDS = 30.0
"""How long `IdempotencyStore.run` waits by default for another worker's answer."""


@sealed
class IdempotencyStore:
    """Remembers, for all of a merchant's workers, what was done under an idempotency key.

    `db_connection` is a connection of sqlite3, psycopg or psycopg2, or a URL:
    ``sqlite:///molam.db`` for one machine, ``postgresql://host/database`` (psycopg 3, extra
    ``postgres``) for a fleet. With a URL the store opens and keeps its own connections, serves any
    number of threads and works on in a forked child. Tables come from the migrations. `clock` gives unix
    seconds; by default SQLite goes by this machine's clock and PostgreSQL by its own.

    A key belongs to a route: the same key on another route is another claim.

    Raises:
        ConfigurationError: the connection or URL is of another kind, or psycopg is not installed.
    """

    def __init__(self, db_connection: object, *, clock: Clock | None = None) -> None:
        self._database = Database(db_connection, clock)

    def __repr__(self) -> str:
        return _shown(self)

    def store_response(
        self, idempotency_key: str, route: str, response: Any, status: str = "completed"
    ) -> None:
        """Store an answer, whoever holds the key, and commit. An earlier answer is replaced.

        `response` is JSON data (dicts, lists, strings, numbers, Decimal, None) or one of the SDK's
        objects. On a connection that was handed in, the commit takes along what the caller wrote.

        Raises:
            TypeError: the response is not JSON data.
            StoreError: the database cannot store it.
        """
        check_key(idempotency_key, route)
        text = encode(response)
        self._database.run_as("commit", claims.storing, idempotency_key, route, text, status)

    def get_cached_response(self, idempotency_key: str, route: str) -> dict[str, Any] | None:
        """Return ``{"response": …, "status": …}``, or None while no response is stored.

        A claim in progress is not an answer.
        """
        check_key(idempotency_key, route)
        return self._database.run_as("join", claims.looking_up, idempotency_key, route)

    def claim(
        self,
        key: str,
        route: str,
        fingerprint: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> ClaimResult:
        """Claim the key on this route, atomically: of any number of callers one gets a `Claim`.

        The others get a `Replay` with the stored response, or `InFlight`. `fingerprint` tells
        bodies apart (see `fingerprint`); None is not compared. After `lease_seconds` another
        caller may take over; it uses the same key towards the API, which recognises it.

        Raises:
            IdempotencyKeyReusedError: the key stands for another body.
            IdempotencyKeyExpiredError: work began over 24 hours ago and never ended.
            StoreError: the claim could not be written. Nothing may be sent then.
        """
        run, asked = self._database.run, claims.asked(key, route, fingerprint, lease_seconds)
        fresh = run(claims.granting, *asked) if self._database.implicit else None
        return run(claims.claiming, *asked) if fresh is None else fresh

    def complete(
        self,
        claim: Claim,
        response: Any,
        status: str = "completed",
        *,
        connection: object | None = None,
    ) -> None:
        """Store the answer of a claim.

        With `connection`, a connection to the store's own database, this becomes part of that
        connection's transaction: it is stored if and when the caller commits.

        Raises:
            ClaimLostError: another worker took over, or an answer is stored. Roll back.
            TypeError: the response is not JSON data.
        """
        text = encode(response)
        if connection is not None:
            self._database.run_on(connection, claims.completing, claim, text, status)
        else:
            self._database.run_as("commit", claims.completing, claim, text, status)

    def fail(self, claim: Claim, error: object = None) -> None:
        """Give a claim back after work that may have had effects; the next claim is granted.

        `error`, an exception or a short text, is noted in the row, exceptions by their name alone.
        To store a failure as the final answer, use ``complete(claim, answer, status="failed")``.

        Raises:
            ClaimLostError: another worker took over, or an answer is stored.
        """
        self._give_back(claim, "failed", failure_text(error), forget=False)

    def release(self, claim: Claim) -> None:
        """Give a claim back before anything was sent; the next claim is granted.

        Raises:
            ClaimLostError: another worker took over, or an answer is stored.
        """
        self._give_back(claim, "released", None, forget=not claim.takeover)

    def _give_back(self, claim: Claim, status: str, error: str | None, *, forget: bool) -> None:
        self._database.run_as("commit", claims.giving_back, claim, status, error, forget=forget)

    @overload
    def run(
        self,
        key: str,
        route: str,
        work: Callable[[], Any],
        *,
        fingerprint: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
    ) -> Any: ...
    @overload
    def run(
        self,
        key: str,
        route: str,
        work: Callable[[], Any],
        *,
        decode: Callable[[Any], T],
        fingerprint: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
    ) -> T: ...
    def run(
        self,
        key: str,
        route: str,
        work: Callable[[], Any],
        *,
        decode: Callable[[Any], Any] | None = None,
        fingerprint: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
    ) -> Any:
        """Do `work` once under this key, and give every caller its answer.

        All callers get the same thing, the worker too: the answer as plain JSON data, or what
        `decode` makes of it (``PaymentIntent.from_dict``). `work` must use the same key towards
        the API: a successor of a worker that died runs it again. While another worker is on it,
        wait up to `wait_seconds`; 0 does not wait.

        An exception of `work` gives the claim back and goes on to the caller. Calls that it left to
        other processes are not seen, save that a fork counts as one of unknown fate: have `work` wait
        for them, and end without an exception if they may have done something.

        Raises:
            ClaimInFlightError: another worker did not finish in time.
            ResponseNotStoredError: the work was done; the answer is on the error.
            IdempotencyKeyReusedError, IdempotencyKeyExpiredError, StoreError: as for `claim`;
                nothing was done.
        """
        flow = claims.working(key, route, fingerprint, lease_seconds, wait_seconds)

        def act(step: Any) -> Any:
            if isinstance(step, Ask):
                return self._database.run(step.decide, *step.arguments)
            return sleep(step.seconds) if isinstance(step, Pause) else work()

        answer: Any = drive(flow, act)
        return answer if decode is None else decode(answer)

    def idempotent(
        self,
        *,
        route: str,
        key: Callable[..., str],
        fingerprint: Callable[..., str | None] | None = None,
        lease_seconds: float = LEASE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
        """Decorate a function so that it runs once for each key; see `run`.

        `key` and `fingerprint` are called with the function's arguments. By default the
        fingerprint is that of all arguments, which must be JSON data then.
        """

        def decorate(function: Callable[P, Any]) -> Callable[P, Any]:
            @sealed
            @functools.wraps(function)
            def once(*args: P.args, **kwargs: P.kwargs) -> Any:
                return self.run(
                    key(*args, **kwargs),
                    route,
                    lambda: function(*args, **kwargs),
                    fingerprint=call_fingerprint(function, fingerprint, args, kwargs),
                    lease_seconds=lease_seconds,
                    wait_seconds=wait_seconds,
                )

            return once

        return decorate

    def forget(self, key: str, route: str) -> bool:
        """Remove a key and its answer, so that it may be used afresh; False if it was not there.

        For a person who has seen that nothing was charged.
        """
        check_key(key, route)
        return self._database.run(claims.forgetting, key, route)

    def purge(self, older_than_seconds: float = ANSWER_RETENTION_SECONDS) -> int:
        """Remove answers older than this, 24 hours at least; return how many. Unfinished claims stay."""
        check_seconds("older_than_seconds", older_than_seconds, zero=True)
        return sweep(self._database, (ANSWERS,), older_than_seconds)

    def journal(self, *, encrypt: Encrypt | None = None, decrypt: Decrypt | None = None) -> Journal:
        """Return the call journal in the same database."""
        return Journal(self._database, encrypt=encrypt, decrypt=decrypt)

    def close(self) -> None:
        """Close the store's own connections; one that was handed in stays open."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _shown(store: IdempotencyStore | AsyncIdempotencyStore) -> str:
    database = vars(store).get("_database")  # missing where `__init__` has raised
    known = database.shown or database.dialect.name if database else "unfinished"
    return f"{type(store).__name__}({known!r})"


@sealed
class AsyncIdempotencyStore:
    """The async twin of `IdempotencyStore`, on asyncio.

    Takes a URL, a psycopg AsyncConnection, or a sqlite3 connection opened with
    ``check_same_thread=False`` (SQLite's steps run in worker threads).
    """

    def __init__(self, db_connection: object, *, clock: Clock | None = None) -> None:
        self._database = AsyncDatabase(db_connection, clock)

    def __repr__(self) -> str:
        return _shown(self)

    async def store_response(
        self, idempotency_key: str, route: str, response: Any, status: str = "completed"
    ) -> None:
        """See `IdempotencyStore.store_response`."""
        check_key(idempotency_key, route)
        text = encode(response)
        await self._database.run_as("commit", claims.storing, idempotency_key, route, text, status)

    async def get_cached_response(self, idempotency_key: str, route: str) -> dict[str, Any] | None:
        """See `IdempotencyStore.get_cached_response`."""
        check_key(idempotency_key, route)
        return await self._database.run_as("join", claims.looking_up, idempotency_key, route)

    async def claim(
        self,
        key: str,
        route: str,
        fingerprint: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> ClaimResult:
        """See `IdempotencyStore.claim`."""
        run, asked = self._database.run, claims.asked(key, route, fingerprint, lease_seconds)
        fresh = await run(claims.granting, *asked) if self._database.implicit else None
        return await run(claims.claiming, *asked) if fresh is None else fresh

    async def complete(
        self,
        claim: Claim,
        response: Any,
        status: str = "completed",
        *,
        connection: object | None = None,
    ) -> None:
        """See `IdempotencyStore.complete`."""
        text = encode(response)
        if connection is not None:
            await self._database.run_on(connection, claims.completing, claim, text, status)
        else:
            await self._database.run_as("commit", claims.completing, claim, text, status)

    async def fail(self, claim: Claim, error: object = None) -> None:
        """See `IdempotencyStore.fail`."""
        await self._give_back(claim, "failed", failure_text(error), forget=False)

    async def release(self, claim: Claim) -> None:
        """See `IdempotencyStore.release`."""
        await self._give_back(claim, "released", None, forget=not claim.takeover)

    async def _give_back(
        self, claim: Claim, status: str, error: str | None, *, forget: bool
    ) -> None:
        await self._database.run_as(
            "commit", claims.giving_back, claim, status, error, forget=forget
        )

    @overload
    async def run(
        self,
        key: str,
        route: str,
        work: Callable[[], Awaitable[Any]],
        *,
        fingerprint: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> Any: ...
    @overload
    async def run(
        self,
        key: str,
        route: str,
        work: Callable[[], Awaitable[Any]],
        *,
        decode: Callable[[Any], T],
        fingerprint: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> T: ...
    async def run(
        self,
        key: str,
        route: str,
        work: Callable[[], Awaitable[Any]],
        *,
        decode: Callable[[Any], Any] | None = None,
        fingerprint: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> Any:
        """See `IdempotencyStore.run`; `work` and `sleep` are awaited."""
        flow = claims.working(key, route, fingerprint, lease_seconds, wait_seconds)

        async def act(step: Any) -> Any:
            if isinstance(step, Ask):
                return await self._database.run(step.decide, *step.arguments)
            return await (sleep(step.seconds) if isinstance(step, Pause) else work())

        answer: Any = await adrive(flow, act)
        return answer if decode is None else decode(answer)

    def idempotent(
        self,
        *,
        route: str,
        key: Callable[..., str],
        fingerprint: Callable[..., str | None] | None = None,
        lease_seconds: float = LEASE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> Callable[[Callable[P, Awaitable[Any]]], Callable[P, Awaitable[Any]]]:
        """See `IdempotencyStore.idempotent`; for coroutine functions."""

        def decorate(function: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[Any]]:
            @sealed
            @functools.wraps(function)
            async def once(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await self.run(
                    key(*args, **kwargs),
                    route,
                    lambda: function(*args, **kwargs),
                    fingerprint=call_fingerprint(function, fingerprint, args, kwargs),
                    lease_seconds=lease_seconds,
                    wait_seconds=wait_seconds,
                )

            return once

        return decorate

    async def forget(self, key: str, route: str) -> bool:
        """See `IdempotencyStore.forget`."""
        check_key(key, route)
        return await self._database.run(claims.forgetting, key, route)

    async def purge(self, older_than_seconds: float = ANSWER_RETENTION_SECONDS) -> int:
        """See `IdempotencyStore.purge`."""
        check_seconds("older_than_seconds", older_than_seconds, zero=True)
        return await asweep(self._database, (ANSWERS,), older_than_seconds)

    def journal(
        self, *, encrypt: Encrypt | None = None, decrypt: Decrypt | None = None
    ) -> AsyncJournal:
        """Return the call journal in the same database."""
        return AsyncJournal(self._database, encrypt=encrypt, decrypt=decrypt)

    async def aclose(self) -> None:
        """Close the store's own connections; one that was handed in stays open."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


at_home("molam_sdk.utils.idempotency", IdempotencyStore, AsyncIdempotencyStore)
