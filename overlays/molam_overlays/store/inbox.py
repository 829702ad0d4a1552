"""The webhook inbox: events are stored first, then handled by any number of workers.

What a handler writes through `Delivery.connection` is committed together with "processed", so it
happens once. What it does elsewhere happens at least once; `Delivery.idempotency_key` is there to
make the repetition harmless.
"""

from __future__ import annotations

import contextlib
import random as chance
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from molam_overlays.annotations import Self, at_home
from molam_overlays.drive import adrive, drive
from molam_overlays.errors import StoreError
from molam_overlays.frames import sealed
from molam_overlays.store import deliveries, status
from molam_overlays.store.arguments import check_crew, check_seconds
from molam_overlays.store.awaiting import AsyncDatabase
from molam_overlays.store.blocking import Clock, Database
from molam_overlays.store.crews import AsyncCrew, Crew
from molam_overlays.store.deliveries import (
    LEASE_SECONDS,
    MAX_TRIES,
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
from molam_overlays.store.status import InboxStatus
from molam_overlays.store.upkeep import (
    EVENTS,
    FULL_EVENTS,
    PAYLOADS,
    Upkeep,
    asweep,
    sweep,
)
from molam_overlays.store.waking import AsyncWatch, Watch
from molam_overlays.store.workers import AsyncWorker, Worker

__all__ = ["AsyncDelivery", "AsyncInbox", "Delivery", "Inbox"]

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
        self._worker = Worker(self._database, rules(max_tries, lease_seconds, in_order), random)
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
        notice = self._database.dialect.notice
        if connection is not None:
            return self._database.run_on(connection, deliveries.receiving, *event, notice)
        if self._database.given is not None:
            return self._database.run_as("commit", deliveries.receiving, *event, notice)
        new = self._database.run(deliveries.receiving, *event)
        if new and notice:
            with contextlib.suppress(StoreError):  # it is stored: a worker looks for itself, too
                self._database.run(deliveries.telling)
        return new

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
        return self._worker.process(handler)

    def run_worker(
        self,
        handler: Handler,
        stop: Stop,
        *,
        batch: int = 1,
        concurrency: int = 1,
        poll_seconds: float = POLL_SECONDS,
        sleep: Callable[[float], object] | None = None,
    ) -> int:
        """Handle events until `stop` (a `threading.Event`) is set; return how many.

        By default one event at a time: claimed, handled, committed. With `batch`, such as 100, up
        to so many are claimed at once, and handlers that write through `Delivery.connection` share
        a commit for as long as they are quick (50 ms in all); promises stay as they are. What is
        written is stored together with the event's being processed; an exception undoes and puts
        off its own event alone; what a handler does without asking for the connection is finished
        by itself, at once. For the price of that: the events of a worker that is killed, up to
        `batch`, wait for the end of its lease; what a handler has locked stays so until the
        commit; on SQLite other writers wait for as long, and a handler must not write to the
        inbox's file through a connection that is not a store's. A lease that a batch outlasts is
        renewed between two events.

        With `concurrency` so many threads do this at once, each with a connection and a batch of
        its own, and stop together; the handler must be fit for threads, and the inbox needs a URL.

        With nothing to do it rests for `poll_seconds`, or until it is told of a new event: at once
        on PostgreSQL (LISTEN, on a connection of its own), within 20 ms on SQLite. A database that is out of reach is waited
        for, at most 30 seconds at a time. A worker that is told to stop
        does so at once: it finishes the event at hand and puts the rest of its batch back. `sleep` is called
        instead of all waiting, with seconds.

        Raises:
            StoreError: for what does not pass by itself, such as missing tables.
        """
        check_crew(batch, concurrency, self._database.given is not None)
        database = self._database
        watch = Watch(database, poll_seconds)

        def work(crew: Crew) -> int:
            news: Any = None

            def act(step: float | Ask | None) -> Any:
                nonlocal news
                if isinstance(step, Ask):
                    return database.run(step.decide, *step.arguments)
                if step is not None:
                    return sleep(step) if sleep else crew.rest(news, step)
                news = crew.heed()
                if batch == 1:
                    return self.process(handler)
                return self._worker.process_batch(handler, batch, crew)

            return drive(attending(crew, poll_seconds, crew.upkeep(self._upkeep)), act)

        try:
            return Crew(stop, watch, concurrency).run(work)
        finally:
            watch.close()

    def replay(self, event_id: str) -> bool:
        """Make an event pending again, whatever became of it; False if it is unknown.

        Raises:
            StoreError: its payload is gone, retention has passed.
        """
        return replayed(event_id, self._database.run(deliveries.replaying, event_id))

    def replay_parked(self, event_type: str | None = None) -> int:
        """Make all parked events (of a type) pending again; return how many."""
        return drive(
            deliveries.replaying_all(event_type),
            lambda step: self._database.run(step.decide, *step.arguments),
        )

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

    def status(self) -> InboxStatus:
        """Look how the inbox stands: what waits, since when, what comes in and goes out, what is parked."""
        return self._database.run_as("join", status.of_inbox)

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
        limits = rules(max_tries, lease_seconds, in_order)
        self._worker = AsyncWorker(self._database, limits, random)
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
        notice = self._database.dialect.notice
        if connection is not None:
            return await self._database.run_on(connection, deliveries.receiving, *event, notice)
        if self._database.given is not None:
            return await self._database.run_as("commit", deliveries.receiving, *event, notice)
        new = await self._database.run_as("commit", deliveries.receiving, *event)
        if new and notice:
            with contextlib.suppress(StoreError):  # it is stored: a worker looks for itself, too
                await self._database.run(deliveries.telling)
        return new

    async def receive_event(
        self, event: Mapping[str, Any], *, connection: object | None = None
    ) -> bool:
        """See `Inbox.receive_event`."""
        return await self.receive(**event_facts(event), connection=connection)

    async def process(self, handler: AsyncHandler) -> bool:
        """See `Inbox.process`; the handler is awaited."""
        return await self._worker.process(handler)

    async def run_worker(
        self,
        handler: AsyncHandler,
        stop: Stop,
        *,
        batch: int = 1,
        concurrency: int = 1,
        poll_seconds: float = POLL_SECONDS,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> int:
        """Handle events until `stop` is set, as `Inbox.run_worker` does; the handler is awaited.

        `stop` is an `asyncio.Event`; `batch` is how many events are claimed at once, and `concurrency`
        how many tasks do so.
        """
        check_crew(batch, concurrency, self._database.given is not None)
        database = self._database
        watch = AsyncWatch(database, poll_seconds)

        async def work(crew: AsyncCrew) -> int:
            news: Any = None

            async def act(step: float | Ask | None) -> Any:
                nonlocal news
                if isinstance(step, Ask):
                    return await database.run(step.decide, *step.arguments)
                if step is not None:
                    return await (sleep(step) if sleep else crew.rest(news, step))
                news = crew.heed()
                if batch == 1:
                    return await self.process(handler)
                return await self._worker.process_batch(handler, batch, crew)

            return await adrive(attending(crew, poll_seconds, crew.upkeep(self._upkeep)), act)

        try:
            return await AsyncCrew(stop, watch, concurrency).run(work)
        finally:
            watch.close()

    async def replay(self, event_id: str) -> bool:
        """See `Inbox.replay`."""
        return replayed(event_id, await self._database.run(deliveries.replaying, event_id))

    async def replay_parked(self, event_type: str | None = None) -> int:
        """See `Inbox.replay_parked`."""
        return await adrive(
            deliveries.replaying_all(event_type),
            lambda step: self._database.run(step.decide, *step.arguments),
        )

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

    async def status(self) -> InboxStatus:
        """See `Inbox.status`."""
        return await self._database.run_as("join", status.of_inbox)

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
