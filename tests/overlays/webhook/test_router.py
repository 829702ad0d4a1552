"""Which handler gets which event."""

from __future__ import annotations

from typing import Any

import pytest

from molam_overlays.errors import ConfigurationError
from molam_overlays.webhook.router import EventRouter

Event = dict[str, Any]


class Events(EventRouter[Event]):
    """As the emitted one does, it knows some types."""

    event_types = frozenset({"payout.paid", "payout.failed", "refund.created"})

    def on(self, *types: str) -> Any:
        return self._on(*types)


def event(kind: str) -> Event:
    return {"id": "evt_1", "type": kind}


def test_an_event_goes_to_the_handlers_of_its_type_in_order() -> None:
    events, seen = Events(), []
    events.on("payout.paid")(lambda e: seen.append(("first", e["type"])))
    events.on("payout.paid", "payout.failed")(lambda e: seen.append(("both", e["type"])))
    assert events.dispatch(event("payout.paid")) is True
    assert events.dispatch(event("payout.failed")) is True
    assert events.dispatch(event("refund.created")) is False
    assert seen == [("first", "payout.paid"), ("both", "payout.paid"), ("both", "payout.failed")]


def test_the_default_gets_what_no_other_handler_takes() -> None:
    events, seen = Events(), []
    events.on("payout.paid")(lambda e: None)
    events.default(lambda e: seen.append(e["type"]))
    for kind in ("payout.paid", "refund.created", "brand.new"):
        assert events.dispatch(event(kind))
    assert seen == ["refund.created", "brand.new"]


def test_the_decorator_returns_the_function_it_was_given() -> None:
    events = Events()

    def ship(e: Event) -> str:
        return "shipped"

    assert events.on("payout.paid")(ship) is ship
    assert events.on_unknown("brand.new")(ship) is ship
    assert events.default(ship) is ship


def test_an_unknown_name_is_refused_when_registered_with_a_suggestion() -> None:
    with pytest.raises(ValueError, match=r"'payout.payed'.* Did you mean 'payout.paid'\?"):
        Events().on("payout.payed")
    with pytest.raises(ValueError, match="use on_unknown"):
        Events().on("zzz")
    with pytest.raises(ValueError, match="at least one"):
        Events().on()


def test_on_unknown_takes_any_name_even_one_that_a_later_release_knows() -> None:
    events, seen = Events(), []
    events.on_unknown("brand.new", "payout.paid")(lambda e: seen.append(e["type"]))
    events.dispatch(event("brand.new"))
    events.dispatch(event("payout.paid"))
    assert seen == ["brand.new", "payout.paid"]


def test_what_cannot_be_called_is_no_handler() -> None:
    with pytest.raises(TypeError, match="must be callable"):
        Events().on("payout.paid")("name")


def test_a_handler_that_raises_stops_the_rest() -> None:
    events, seen = Events(), []

    @events.on("payout.paid")
    def broken(e: Event) -> None:
        raise RuntimeError("no stock")

    events.on("payout.paid")(seen.append)
    with pytest.raises(RuntimeError, match="no stock"):
        events.dispatch(event("payout.paid"))
    assert seen == []


async def test_adispatch_awaits_coroutines_and_calls_functions_in_order() -> None:
    events, seen = Events(), []

    @events.on("payout.paid")
    async def awaited(e: Event) -> None:
        seen.append("awaited")

    @events.on("payout.paid")
    def plain(e: Event) -> None:
        seen.append("plain")

    class Both:
        async def __call__(self, e: Event) -> None:
            seen.append("object")

    events.on("payout.paid")(Both())
    events.on("payout.paid")(lambda e: awaited(e))
    assert await events.adispatch(event("payout.paid"))
    assert seen == ["awaited", "plain", "object", "awaited"]
    assert not await events.adispatch(event("payout.failed"))


async def test_adispatch_runs_blocking_handlers_through_the_thread_it_is_given() -> None:
    events, seen = Events(), []

    @events.on("payout.paid")
    async def awaited(e: Event) -> None:
        seen.append("awaited")

    events.on("payout.paid")(lambda e: seen.append("plain"))

    async def in_thread(function: Any, argument: Any) -> Any:
        seen.append("thread")
        return function(argument)

    await events.adispatch(event("payout.paid"), in_thread=in_thread)
    assert seen == ["awaited", "thread", "plain"]


def test_dispatch_refuses_a_handler_that_would_have_to_be_awaited() -> None:
    async def awaited(e: Event) -> None:
        raise AssertionError

    for handler in (awaited, lambda e: awaited(e)):
        events = Events()
        events.on("payout.paid")(handler)
        with pytest.raises(ConfigurationError, match="must be awaited"):
            events.dispatch(event("payout.paid"))


def test_the_public_place_is_named() -> None:
    assert EventRouter.__module__ == "molam_sdk.events"
