"""All that happened to an object, in order, on one axis. Decides the order; draws nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

Kind = Literal["request", "change", "event", "attempt"]
_LAST = 1 << 62


@attrs.frozen
class Entry:
    """One thing that happened."""

    kind: Kind
    at_ms: int
    """The sandbox's clock."""
    data: Any
    """A list of attempts with one key, a change, an event, or an event with a delivery attempt."""


def timeline(
    requests: Sequence[Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
) -> list[Entry]:
    """Put what happened in order: by the clock, and where that stands still by what caused what.

    Requests with one key come together, where the first of them was: a retry beside its original.
    """
    order = {each["id"]: each["seq"] for each in requests}
    placed: list[tuple[tuple[int, int, int, int], Entry]] = []
    for group in _groups(requests):
        first = group[0]
        place = (first["at_ms"], first["seq"], 0, 0)
        placed.append((place, Entry("request", first["at_ms"], group)))
    for number, change in enumerate(history):
        seq = order.get(change["request_id"] or "", change["seen"])
        placed.append(
            ((change["at_ms"], seq, 1, 2 * number), Entry("change", change["at_ms"], change))
        )
    places = _of_changes(history, order)
    for number, event in enumerate(events):
        seq, turn = places.get(_mark(event), (order.get(event["request_id"] or "", _LAST), number))
        place = (event["at_ms"], seq, 1, 2 * turn + 1)
        placed.append((place, Entry("event", event["at_ms"], event)))
        for delivery in event["deliveries"]:
            for tried, attempt in enumerate(delivery["attempts"]):
                same = attempt["at_ms"] == event["at_ms"]
                where = place if same else (attempt["at_ms"], _LAST, 2, place[3])
                told = {
                    "event": event["event"],
                    "delivery": delivery,
                    "attempt": attempt,
                    "number": tried + 1,
                }
                placed.append((where, Entry("attempt", attempt["at_ms"], told)))
    return [entry for _, entry in sorted(placed, key=lambda each: each[0])]


def _groups(requests: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    found: dict[Any, list[Mapping[str, Any]]] = {}
    for each in requests:
        key = each["idempotency_key"]
        place = (each["account"], each["method"], each["path"], key) if key else each["id"]
        found.setdefault(place, []).append(each)
    yield from found.values()


def _mark(event: Mapping[str, Any]) -> tuple[int, str]:
    body = event["event"]
    return event["at_ms"], str(body["type"]).partition(".")[2]


def _of_changes(
    history: Sequence[Mapping[str, Any]], order: Mapping[str, int]
) -> dict[tuple[int, str], tuple[int, int]]:
    """Map time and name of an event to the place of the change that it tells of."""
    found: dict[tuple[int, str], tuple[int, int]] = {}
    for number, change in enumerate(history):
        what = "created" if change["before"] is None else change["after"]
        seq = order.get(change["request_id"] or "", change["seen"])
        found.setdefault((change["at_ms"], what), (seq, number))
    return found
