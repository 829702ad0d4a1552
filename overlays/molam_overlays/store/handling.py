"""What is decided around a handler: what it is given, what may come in, when a worker rests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, Protocol

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.errors import StoreError, StoreUnavailableError
from molam_overlays.frames import empty_for_log
from molam_overlays.store import deliveries
from molam_overlays.store.deliveries import Facts, Held
from molam_overlays.store.payload import encode
from molam_overlays.store.settings import LOGGER
from molam_overlays.store.statement import Ask
from molam_overlays.store.upkeep import Upkeep

_LONGEST_REST = 30.0


class Stop(Protocol):
    """A `threading.Event`, or asyncio's."""

    def is_set(self) -> bool: ...


@attrs.frozen(kw_only=True)
class Delivery(Facts):
    """An event in a handler's hands."""

    idempotency_key: str
    """For what the handler does elsewhere; the same on every try of this event."""

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
class AsyncDelivery(Facts):
    """An event in an async handler's hands."""

    idempotency_key: str
    """See `Delivery.idempotency_key`."""

    _begin: Callable[[], Awaitable[Any]] = attrs.field(alias="begin", repr=False, eq=False)

    async def connection(self) -> Any:
        """See `Delivery.connection`; psycopg's AsyncConnection, or sqlite3's Connection."""
        return await self._begin()


Handler = Callable[[Delivery], object]
AsyncHandler = Callable[[AsyncDelivery], Awaitable[object]]


def attending(
    stop: Stop, poll_seconds: float, upkeep: Upkeep
) -> Generator[float | Ask | None, Any, int]:
    """Decide what a worker does: handle events (None), ask the database, or rest, in seconds.

    The answer to None is how many events there were. Errors of a step are thrown in. Returns how many
    events there were in all.
    """
    handled, pause = 0, poll_seconds
    while not stop.is_set():
        try:
            found, pause = (yield None), poll_seconds
            if not found and (yield from upkeep.step()):
                pause = upkeep.pause
        except StoreUnavailableError as error:
            LOGGER.error("The inbox's database is out of reach; trying again. %s", error)
            found, pause = 0, min(pause * 2, _LONGEST_REST)
        handled += found
        if not found:
            yield pause
    return handled


Rules = tuple[bool, float, int]
"""What `deliveries.taking` goes by: in order or not, seconds of a lease, tries."""


def rules(max_tries: int, lease_seconds: float, in_order: bool) -> Rules:
    """Return what `deliveries.taking` goes by."""
    if max_tries < 1:
        raise ValueError("max_tries must be at least 1.")
    return in_order, lease_seconds, max_tries


def checked(
    event_id: str, event_type: str, payload: bytes, resource: str | None, created: float | None
) -> tuple[str, str, bytes, str | None, float | None]:
    """Return what `deliveries.receiving` stores of an event, refusing what cannot be."""
    names: tuple[tuple[str, object], ...] = (
        ("event_id", event_id),
        ("event_type", event_type),
        ("resource", resource or "-"),
    )
    for name, value in names:
        if not _is_storable(value):
            raise ValueError(f"{name} must be 1 to 500 characters without NUL or half a surrogate.")
    return event_id, event_type, bytes(payload), resource, deliveries.moment_of(created)


def event_facts(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `Inbox.receive` is given for an event as `construct_event` returns it."""
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


def facts_of(held: Held) -> dict[str, Any]:
    """Return what a handler gets to know."""
    known = {field.name: getattr(held, field.name) for field in attrs.fields(Facts)}
    return {**known, "idempotency_key": deliveries.effect_key(held.event_id)}


def log_failure(held: Held, state: str, error: Exception) -> None:
    """Log a handler's failure."""
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


def replayed(event_id: str, found: str) -> bool:
    """Tell whether an event is pending again; refuse one whose payload is gone."""
    if found == "emptied":
        raise StoreError(
            f"The event {event_id!r} cannot be replayed: its payload was removed by retention. "
            "Ask Molam to send it again."
        )
    return found == "replayed"


at_home("molam_sdk.inbox", Delivery, AsyncDelivery)
