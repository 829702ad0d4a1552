"""The webhook inbox: events are stored first, then handled by any number of workers.

What a handler writes through `Delivery.connection` is committed together with "processed", so it
happens once. What it does elsewhere happens at least once; `Delivery.idempotency_key` is there to
make the repetition harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import random as chance
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from molam_overlays.annotations import Self, at_home
from molam_overlays.drive import adrive, drive
from molam_overlays.errors import StoreError
from molam_overlays.frames import sealed
from molam_overlays.store import deliveries, fork
from molam_overlays.store.arguments import check_seconds, failure_text
from molam_overlays.store.awaiting import AsyncDatabase, AsyncTransaction
from molam_overlays.store.blocking import Clock, Database, Transaction
from molam_overlays.store.deliveries import (
    LEASE_SECONDS,
    MAX_TRIES,
    Held,
    Received,
)
from molam_overlays.store.handling import (
    AsyncDelivery,
    AsyncHandler,
    Delivery,
    Handler,
    Stop,
    attending,
    checked,
    event_facts,
    facts_of,
    log_failure,
    replayed,
    rules,
)
from molam_overlays.store.retention import (
    EVENT_RETENTION_SECONDS,
    PAYLOAD_RETENTION_SECONDS,
    RETENTION,
    Retention,
)
from molam_overlays.store.statement import Ask
from molam_overlays.store.upkeep import (
    EVENTS,
    FULL_EVENTS,
    PAYLOADS,
    Upkeep,
    asweep,
    sweep,
)

POLL_SECONDS = 1.0
"""How long a worker rests by default when there is nothing to do."""


@sealed
class Inbox:
    """Stores webhook events once and hands each to one worker at a time.

    `db_connection` is what `IdempotencyStore` takes: a URL, or a connection. Workers that run at
    once need a URL. `max_tries` failures park an event. With `in_order`, events of one resource
    are handled by their own time, one after the other, and a parked one holds back those behind
    it. `lease_seconds` must be longer than a handler takes. Workers with nothing to do remove what is
    older than `retention` says, in all tables of the stores; with None that is left to `purge`.
    """

    def __init__(
        self,
        db_connection: object,
        *,
        max_tries: int = MAX_TRIES,
        lease_seconds: float = LEASE_SECONDS,
        in_order: bool = False,
        retention: Retention | None = RETENTION,
        clock: Clock | None = None,
        random: Callable[[], float] = chance.random,
    ) -> None:
        check_seconds("lease_seconds", lease_seconds)
        self._database = Database(db_connection, clock)
        self._rules = rules(max_tries, lease_seconds, in_order)
        self._random = random
        self._upkeep = Upkeep(retention, self._database.dialect.row_seconds)

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
        event = checked(event_id, event_type, payload, resource, created)
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
        return self.receive(**event_facts(event), connection=connection)

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

        if self._database.ambient:
            begin()
        handler(Delivery(begin=begin, **facts_of(held)))
        if transaction.session is not None:
            transaction.run(deliveries.finishing, held)
            transaction.commit()
        else:
            self._database.run(deliveries.finishing, held)

    def _fail(self, held: Held, error: Exception) -> None:
        state = self._database.run(
            deliveries.failing, held, failure_text(error) or "", self._rules[2], self._random()
        )
        log_failure(held, state, error)

    def run_worker(
        self,
        handler: Handler,
        stop: Stop,
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

        def act(step: float | Ask | None) -> Any:
            if isinstance(step, Ask):
                return self._database.run(step.decide, *step.arguments)
            return self.process(handler) if step is None else rest(step)

        return drive(attending(stop, poll_seconds, self._upkeep), act)

    def replay(self, event_id: str) -> bool:
        """Make an event pending again, whatever became of it; False if it is unknown.

        Raises:
            StoreError: its payload is gone, retention has passed.
        """
        return replayed(event_id, self._database.run(deliveries.replaying, event_id))

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

        An event that was removed is no longer known as a duplicate. It goes in steps of some
        milliseconds each, and may be interrupted.
        """
        emptied = sweep(self._database, (PAYLOADS,), payloads_older_than_seconds)
        return emptied, sweep(self._database, (EVENTS, FULL_EVENTS), events_older_than_seconds)

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
        retention: Retention | None = RETENTION,
        clock: Clock | None = None,
        random: Callable[[], float] = chance.random,
    ) -> None:
        check_seconds("lease_seconds", lease_seconds)
        self._database = AsyncDatabase(db_connection, clock)
        self._rules = rules(max_tries, lease_seconds, in_order)
        self._random = random
        self._upkeep = Upkeep(retention, self._database.dialect.row_seconds)

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
        """See `Inbox.receive`; `created` is unix seconds."""
        event = checked(event_id, event_type, payload, resource, created)
        if connection is not None:
            return await self._database.run_on(connection, deliveries.receiving, *event)
        return await self._database.run_as("commit", deliveries.receiving, *event)

    async def receive_event(
        self, event: Mapping[str, Any], *, connection: object | None = None
    ) -> bool:
        """See `Inbox.receive_event`."""
        return await self.receive(**event_facts(event), connection=connection)

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

        if self._database.ambient:
            await begin()
        await handler(AsyncDelivery(begin=begin, **facts_of(held)))
        if transaction.begun:
            await transaction.run(deliveries.finishing, held)
            await transaction.commit()
        else:
            await self._database.run(deliveries.finishing, held)

    async def _fail(self, held: Held, error: Exception) -> None:
        state = await self._database.run(
            deliveries.failing, held, failure_text(error) or "", self._rules[2], self._random()
        )
        log_failure(held, state, error)

    async def run_worker(
        self,
        handler: AsyncHandler,
        stop: Stop,
        *,
        poll_seconds: float = POLL_SECONDS,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> int:
        """See `Inbox.run_worker`; `stop` is an `asyncio.Event`."""

        async def wait(seconds: float) -> None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)  # type: ignore[attr-defined]

        rest = sleep or wait

        async def act(step: float | Ask | None) -> Any:
            if isinstance(step, Ask):
                return await self._database.run(step.decide, *step.arguments)
            return await (self.process(handler) if step is None else rest(step))

        return await adrive(attending(stop, poll_seconds, self._upkeep), act)

    async def replay(self, event_id: str) -> bool:
        """See `Inbox.replay`."""
        return replayed(event_id, await self._database.run(deliveries.replaying, event_id))

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
        """See `Inbox.events`; at most `limit` of them."""
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
        emptied = await asweep(self._database, (PAYLOADS,), payloads_older_than_seconds)
        removed = await asweep(self._database, (EVENTS, FULL_EVENTS), events_older_than_seconds)
        return emptied, removed

    async def aclose(self) -> None:
        """Close the inbox's own connections; one that was handed in stays open."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


at_home("molam_sdk.inbox", Inbox, AsyncInbox)
