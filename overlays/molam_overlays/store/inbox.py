"""The webhook inbox: events are stored first, then handled by any number of workers.

What a handler writes through `Delivery.connection` is committed together with "processed", so it
happens once. What it does elsewhere happens at least once; `Delivery.idempotency_key` is there to
make the repetition harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random as chance
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from molam_overlays.errors import StoreError, StoreUnavailableError
from molam_overlays.frames import empty_for_log, sealed
from molam_overlays.store import deliveries, fork
from molam_overlays.store.arguments import check_seconds, failure_text
from molam_overlays.store.awaiting import AsyncDatabase, AsyncTransaction
from molam_overlays.store.blocking import Clock, Database, Transaction
from molam_overlays.store.deliveries import (
    EVENT_RETENTION_SECONDS,
    LEASE_SECONDS,
    MAX_TRIES,
    PAYLOAD_RETENTION_SECONDS,
    Held,
    Received,
)
from molam_overlays.store.payload import encode

if TYPE_CHECKING:
    from typing_extensions import Self

LOGGER = logging.getLogger("molam_sdk")

POLL_SECONDS = 1.0
"""How long a worker rests by default when there is nothing to do."""

_LONGEST_REST = 30.0


class _Stop(Protocol):
    def is_set(self) -> bool: ...


@attrs.frozen(kw_only=True)
class _Event:
    """What a handler gets to know about an event."""

    event_id: str
    """``evt_…``; unique in the inbox."""
    type: str
    payload: bytes = attrs.field(repr=False)
    """The body as it was signed."""
    resource: str | None
    """What the event is about, as it was received with."""
    event_time: float | None
    """When the event was made, unix seconds, by its own account."""
    received_at: float
    """When it was stored, unix seconds."""
    tries: int
    """1 on the first try."""
    idempotency_key: str
    """For what the handler does elsewhere; the same on every try of this event."""


@attrs.frozen(kw_only=True)
class Delivery(_Event):
    """An event in a handler's hands."""

    _begin: Callable[[], Any] = attrs.field(alias="begin", repr=False, eq=False)

    def connection(self) -> Any:
        """Return a database connection inside the inbox's own transaction; do not commit it.

        What is written through it is stored together with the event's being processed, or not at
        all. The transaction begins with the first call, so a handler that never asks holds no
        lock. On SQLite it keeps other writers waiting until the handler returns.

        Raises:
            ClaimLostError: the lease ended, and another worker has the event.
        """
        return self._begin()


@attrs.frozen(kw_only=True)
class AsyncDelivery(_Event):
    """An event in an async handler's hands."""

    _begin: Callable[[], Awaitable[Any]] = attrs.field(alias="begin", repr=False, eq=False)

    async def connection(self) -> Any:
        """See `Delivery.connection`; psycopg's AsyncConnection, or sqlite3's Connection."""
        return await self._begin()


Handler = Callable[[Delivery], object]
AsyncHandler = Callable[[AsyncDelivery], Awaitable[object]]


@sealed
class Inbox:
    """Stores webhook events once and hands each to one worker at a time.

    `db_connection` is what `IdempotencyStore` takes: a URL, or a connection. Workers that run at
    once need a URL. `max_tries` failures park an event. With `in_order`, events of one resource
    are handled by their own time, one after the other, and a parked one holds back those behind
    it. `lease_seconds` must be longer than a handler takes.
    """

    def __init__(
        self,
        db_connection: object,
        *,
        max_tries: int = MAX_TRIES,
        lease_seconds: float = LEASE_SECONDS,
        in_order: bool = False,
        clock: Clock | None = None,
        random: Callable[[], float] = chance.random,
    ) -> None:
        check_seconds("lease_seconds", lease_seconds)
        self._database = Database(db_connection, clock)
        self._rules = _rules(max_tries, lease_seconds, in_order)
        self._random = random

    def receive(
        self,
        event_id: str,
        event_type: str,
        payload: bytes,
        *,
        created: float | None = None,
        resource: str | None = None,
        connection: object | None = None,
    ) -> bool:
        """Store an event that verified; True the first time, False for a duplicate.

        `created` is the event's own time, unix seconds (milli-, micro- and nanoseconds are told by
        their size, and what is no time is left out); `resource` what it is about
        (``event.data.id``). With `connection` it becomes part of that connection's transaction.

        Raises:
            StoreError: it could not be stored. Answer 5xx, so that Molam sends it again.
        """
        event = _checked(event_id, event_type, payload, resource, created)
        if connection is not None:
            return self._database.run_on(connection, deliveries.receiving, *event)
        return self._database.run_as("commit", deliveries.receiving, *event)

    def receive_event(self, event: Mapping[str, Any], *, connection: object | None = None) -> bool:
        """Store an event as `construct_event` returns it; True the first time. See `receive`.

        A receiver takes it as its handler: ``webhook_endpoint(client.construct_event,
        inbox.receive_event)``. The resource is ``data.id``. What is stored is the event's JSON, to
        the digit; `molam_sdk.events.read_event` makes the typed event of it again.

        Raises:
            ValueError: the event has no id.
        """
        return self.receive(**_event_facts(event), connection=connection)

    def process(self, handler: Handler) -> bool:
        """Handle the next event that is due; False when there is none.

        An exception of the handler rolls its transaction back and puts the event off, or parks it
        after the last try; it is logged, not raised. One that ends the process, such as
        KeyboardInterrupt, puts the event back and goes on.

        Raises:
            StoreError: the database fails.
        """
        held = self._database.run(deliveries.taking, *self._rules)
        if held is None:
            return False
        generation = fork.generation()
        transaction = self._database.transaction()
        try:
            try:
                self._handle(handler, held, transaction)
            finally:
                transaction.end()
        except BaseException as error:
            if fork.generation() != generation:
                raise  # the event is the parent's still
            if isinstance(error, Exception):  # whatever a user's handler raises
                self._fail(held, error)
                return True
            with contextlib.suppress(StoreError):  # then its lease brings the event back
                self._database.run(deliveries.returning, held)
            raise
        finally:
            transaction.end()
        return True

    def _handle(self, handler: Handler, held: Held, transaction: Transaction) -> None:
        def begin() -> Any:
            if transaction.session is None:
                transaction.begin()
                try:
                    transaction.run(deliveries.confirming, held)
                except StoreError:
                    transaction.end()
                    raise
            return transaction.connection

        handler(Delivery(begin=begin, **_facts(held)))
        if transaction.session is not None:
            transaction.run(deliveries.finishing, held)
            transaction.commit()
        else:
            self._database.run(deliveries.finishing, held)

    def _fail(self, held: Held, error: Exception) -> None:
        state = self._database.run(
            deliveries.failing, held, failure_text(error) or "", self._rules[2], self._random()
        )
        _log_failure(held, state, error)

    def run_worker(
        self,
        handler: Handler,
        stop: _Stop,
        *,
        poll_seconds: float = POLL_SECONDS,
        sleep: Callable[[float], object] | None = None,
    ) -> int:
        """Handle events until `stop` (a `threading.Event`) is set; return how many.

        With nothing to do it rests for `poll_seconds`. A database that is out of reach is waited
        for, at most 30 seconds at a time. `sleep` defaults to ``stop.wait``, so that a worker
        stops at once.

        Raises:
            StoreError: for what does not pass by itself, such as missing tables.
        """
        rest: Callable[[float], object] = sleep or stop.wait  # type: ignore[attr-defined]
        handled, pause = 0, poll_seconds
        while not stop.is_set():
            try:
                found = self.process(handler)
                pause = poll_seconds
            except StoreUnavailableError as error:
                LOGGER.error("The inbox's database is out of reach; trying again. %s", error)
                found, pause = False, min(pause * 2, _LONGEST_REST)
            if found:
                handled += 1
            else:
                rest(pause)
        return handled

    def replay(self, event_id: str) -> bool:
        """Make an event pending again, whatever became of it; False if it is unknown.

        Raises:
            StoreError: its payload is gone, retention has passed.
        """
        return _replayed(event_id, self._database.run(deliveries.replaying, event_id))

    def replay_parked(self, event_type: str | None = None) -> int:
        """Make all parked events (of a type) pending again; return how many."""
        return self._database.run(deliveries.replaying_parked, event_type)

    def skip(self, event_id: str) -> bool:
        """Give up on a parked or pending event, so that those behind it go on; False if it is neither."""
        return self._database.run(deliveries.skipping, event_id)

    def events(
        self,
        *,
        state: str | None = None,
        event_type: str | None = None,
        after: int = 0,
        limit: int = 50,
    ) -> list[Received]:
        """List events in the order of arrival; `after` is the last page's last ``seq``."""
        return self._database.run_as("join", deliveries.listing, state, event_type, after, limit)

    def counts(self) -> dict[str, int]:
        """Count events by state."""
        return self._database.run_as("join", deliveries.counting)

    def payload(self, event_id: str) -> bytes | None:
        """Return an event's body; None if it is unknown, or emptied by retention."""
        return self._database.run_as("join", deliveries.reading, event_id)

    def purge(
        self,
        payloads_older_than_seconds: float = PAYLOAD_RETENTION_SECONDS,
        events_older_than_seconds: float = EVENT_RETENTION_SECONDS,
    ) -> tuple[int, int]:
        """Empty payloads and remove events that are finished and older; return how many of each.

        An event that was removed is no longer known as a duplicate.
        """
        return self._database.run(
            deliveries.purging,
            payloads_older_than_seconds,
            events_older_than_seconds,
            by_function=self._database.dialect == "postgresql",
        )

    def close(self) -> None:
        """Close the inbox's own connections; one that was handed in stays open."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


@sealed
class AsyncInbox:
    """The async twin of `Inbox`, on asyncio; takes what `AsyncIdempotencyStore` takes."""

    def __init__(
        self,
        db_connection: object,
        *,
        max_tries: int = MAX_TRIES,
        lease_seconds: float = LEASE_SECONDS,
        in_order: bool = False,
        clock: Clock | None = None,
        random: Callable[[], float] = chance.random,
    ) -> None:
        check_seconds("lease_seconds", lease_seconds)
        self._database = AsyncDatabase(db_connection, clock)
        self._rules = _rules(max_tries, lease_seconds, in_order)
        self._random = random

    async def receive(
        self,
        event_id: str,
        event_type: str,
        payload: bytes,
        *,
        created: float | None = None,
        resource: str | None = None,
        connection: object | None = None,
    ) -> bool:
        """See `Inbox.receive`."""
        event = _checked(event_id, event_type, payload, resource, created)
        if connection is not None:
            return await self._database.run_on(connection, deliveries.receiving, *event)
        return await self._database.run_as("commit", deliveries.receiving, *event)

    async def receive_event(
        self, event: Mapping[str, Any], *, connection: object | None = None
    ) -> bool:
        """See `Inbox.receive_event`."""
        return await self.receive(**_event_facts(event), connection=connection)

    async def process(self, handler: AsyncHandler) -> bool:
        """See `Inbox.process`; the handler is awaited."""
        held = await self._database.run(deliveries.taking, *self._rules)
        if held is None:
            return False
        generation = fork.generation()
        try:
            async with self._database.transaction() as transaction:
                await self._handle(handler, held, transaction)
        except GeneratorExit:  # nothing can be awaited: its lease brings the event back
            raise
        except BaseException as error:
            if fork.generation() != generation:
                raise  # the event is the parent's still
            if isinstance(error, Exception):  # whatever a user's handler raises
                await self._fail(held, error)
                return True
            with contextlib.suppress(StoreError):  # then its lease brings the event back
                await self._database.run(deliveries.returning, held)
            raise
        return True

    async def _handle(
        self, handler: AsyncHandler, held: Held, transaction: AsyncTransaction
    ) -> None:
        async def begin() -> Any:
            if not transaction.begun:
                await transaction.begin()
                try:
                    await transaction.run(deliveries.confirming, held)
                except StoreError:
                    await transaction.end()
                    raise
            return transaction.connection

        await handler(AsyncDelivery(begin=begin, **_facts(held)))
        if transaction.begun:
            await transaction.run(deliveries.finishing, held)
            await transaction.commit()
        else:
            await self._database.run(deliveries.finishing, held)

    async def _fail(self, held: Held, error: Exception) -> None:
        state = await self._database.run(
            deliveries.failing, held, failure_text(error) or "", self._rules[2], self._random()
        )
        _log_failure(held, state, error)

    async def run_worker(
        self,
        handler: AsyncHandler,
        stop: _Stop,
        *,
        poll_seconds: float = POLL_SECONDS,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> int:
        """See `Inbox.run_worker`; `stop` is an `asyncio.Event`."""

        async def wait(seconds: float) -> None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)  # type: ignore[attr-defined]

        rest = sleep or wait
        handled, pause = 0, poll_seconds
        while not stop.is_set():
            try:
                found = await self.process(handler)
                pause = poll_seconds
            except StoreUnavailableError as error:
                LOGGER.error("The inbox's database is out of reach; trying again. %s", error)
                found, pause = False, min(pause * 2, _LONGEST_REST)
            if found:
                handled += 1
            else:
                await rest(pause)
        return handled

    async def replay(self, event_id: str) -> bool:
        """See `Inbox.replay`."""
        return _replayed(event_id, await self._database.run(deliveries.replaying, event_id))

    async def replay_parked(self, event_type: str | None = None) -> int:
        """See `Inbox.replay_parked`."""
        return await self._database.run(deliveries.replaying_parked, event_type)

    async def skip(self, event_id: str) -> bool:
        """See `Inbox.skip`."""
        return await self._database.run(deliveries.skipping, event_id)

    async def events(
        self,
        *,
        state: str | None = None,
        event_type: str | None = None,
        after: int = 0,
        limit: int = 50,
    ) -> list[Received]:
        """See `Inbox.events`."""
        return await self._database.run_as(
            "join", deliveries.listing, state, event_type, after, limit
        )

    async def counts(self) -> dict[str, int]:
        """See `Inbox.counts`."""
        return await self._database.run_as("join", deliveries.counting)

    async def payload(self, event_id: str) -> bytes | None:
        """See `Inbox.payload`."""
        return await self._database.run_as("join", deliveries.reading, event_id)

    async def purge(
        self,
        payloads_older_than_seconds: float = PAYLOAD_RETENTION_SECONDS,
        events_older_than_seconds: float = EVENT_RETENTION_SECONDS,
    ) -> tuple[int, int]:
        """See `Inbox.purge`."""
        return await self._database.run(
            deliveries.purging,
            payloads_older_than_seconds,
            events_older_than_seconds,
            by_function=self._database.dialect == "postgresql",
        )

    async def aclose(self) -> None:
        """Close the inbox's own connections; one that was handed in stays open."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def _rules(max_tries: int, lease_seconds: float, in_order: bool) -> tuple[bool, float, int]:
    if max_tries < 1:
        raise ValueError("max_tries must be at least 1.")
    return in_order, lease_seconds, max_tries


def _checked(
    event_id: str, event_type: str, payload: bytes, resource: str | None, created: float | None
) -> tuple[str, str, bytes, str | None, float | None]:
    names: tuple[tuple[str, object], ...] = (
        ("event_id", event_id),
        ("event_type", event_type),
        ("resource", resource or "-"),
    )
    for name, value in names:
        if not _is_storable(value):
            raise ValueError(f"{name} must be 1 to 500 characters without NUL or half a surrogate.")
    return event_id, event_type, bytes(payload), resource, deliveries.moment_of(created)


def _event_facts(event: Mapping[str, Any]) -> dict[str, Any]:
    data, created = event.get("data"), event.get("created")
    about = data.get("id") if isinstance(data, Mapping) else None
    return {
        "event_id": event.get("id") or "",
        "event_type": event.get("type") or "",
        "payload": encode(event).encode("ascii"),
        "created": created,
        # An event that verified is stored, whatever its data is about.
        "resource": about if _is_storable(about) else None,
    }


def _is_storable(value: object) -> bool:
    if not isinstance(value, str) or not 1 <= len(value) <= 500 or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)


def _facts(held: Held) -> dict[str, Any]:
    return {
        "event_id": held.event_id,
        "type": held.type,
        "payload": held.payload,
        "resource": held.resource,
        "event_time": held.event_time,
        "received_at": held.received_at,
        "tries": held.tries,
        "idempotency_key": deliveries.effect_key(held.event_id),
    }


def _log_failure(held: Held, state: str, error: Exception) -> None:
    # The traceback says where; the message may quote a payload, so it stays out of the database.
    LOGGER.warning(
        "Handling event %s (%s) failed on try %d and it is %s: %s",
        held.event_id,
        held.type,
        held.tries,
        "parked" if state == "parked" else "put off",
        type(error).__name__,
        exc_info=empty_for_log(error),
    )


def _replayed(event_id: str, found: str) -> bool:
    if found == "emptied":
        raise StoreError(
            f"The event {event_id!r} cannot be replayed: its payload was removed by retention. "
            "Ask Molam to send it again."
        )
    return found == "replayed"


for _public in (Inbox, AsyncInbox, Delivery, AsyncDelivery):
    _public.__module__ = "molam_sdk.inbox"
