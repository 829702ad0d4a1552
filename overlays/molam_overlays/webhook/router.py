"""Handlers by event type.

The typed router, whose event names a type checker knows, is emitted from the document; it derives
from the one here.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar, cast

from molam_overlays.annotations import at_home
from molam_overlays.errors import ConfigurationError

E = TypeVar("E", bound=Mapping[str, Any])
R = TypeVar("R")
Handler = Callable[[E], R]
InThread = Callable[[Callable[..., Any], Any], Awaitable[Any]]
"""Calls a blocking function with one argument off the event loop."""


class EventRouter(Generic[E]):
    """Calls the handlers registered for an event's type.

    Several handlers of one type run in the order they were registered. One that raises stops the
    rest, and the receiver answers 500 so that Molam sends the event again: handlers must bear that.
    """

    event_types: ClassVar[frozenset[str]] = frozenset()
    """The types that the document knows."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Callable[[Any], Any]]] = {}
        self._default: list[Callable[[Any], Any]] = []

    def _on(self, *types: str) -> Callable[[Handler[Any, R]], Handler[Any, R]]:
        """Register a handler for types that the document knows."""
        for name in types:
            if name not in self.event_types:
                from difflib import get_close_matches  # slow to import, and for this alone

                close = get_close_matches(str(name), self.event_types, 1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise ValueError(
                    f"Unknown event type {name!r:.80}.{hint} For a type newer than this SDK use "
                    "on_unknown()."
                )
        return self._register(types)

    def on_unknown(self, *types: str) -> Callable[[Handler[E, R]], Handler[E, R]]:
        """Register a handler for types that this release of the SDK may not know yet.

        It gets a plain event; a typed one once a later release knows the type.
        """
        return self._register(types)

    def default(self, handler: Handler[E, R]) -> Handler[E, R]:
        """Register a handler for every event that no other handler takes."""
        self._default.append(_checked(handler))
        return handler

    def _register(self, types: tuple[str, ...]) -> Callable[[Handler[Any, R]], Handler[Any, R]]:
        if not types:
            raise ValueError(
                "Name at least one event type: @events.on('payment_intent.succeeded')."
            )

        def register(handler: Handler[Any, R]) -> Handler[Any, R]:
            for name in dict.fromkeys(types):
                self._handlers.setdefault(name, []).append(_checked(handler))
            return handler

        return register

    def handlers(self, event: E) -> tuple[Callable[[Any], Any], ...]:
        """Return the handlers that an event goes to, in order."""
        return tuple(self._handlers.get(event["type"], self._default))

    def dispatch(self, event: E) -> bool:
        """Call the event's handlers; return whether there were any.

        Raises:
            ConfigurationError: one of them is a coroutine function.
        """
        handlers = self.handlers(event)
        for handler in handlers:
            call(handler, event)
        return bool(handlers)

    async def adispatch(self, event: E, *, in_thread: InThread | None = None) -> bool:
        """Call or await the event's handlers; return whether there were any.

        Blocking handlers run through `in_thread` where it is given, else on the event loop.
        """
        handlers = self.handlers(event)
        for handler in handlers:
            await acall(handler, event, in_thread)
        return bool(handlers)


def call(handler: Callable[[Any], Any], event: Any) -> None:
    """Call a blocking handler; refuse one that would have to be awaited."""
    outcome: Any = None
    refused = is_async(handler)
    if not refused:
        outcome = handler(event)
        refused = inspect.isawaitable(outcome)
    if refused:
        if inspect.iscoroutine(outcome):
            outcome.close()
        raise ConfigurationError(
            f"The handler {_name_of(handler)} must be awaited, but this receiver is a blocking "
            "one. Use the async receiver, or a plain function."
        )


async def acall(
    handler: Callable[[Any], Any], event: Any, in_thread: InThread | None = None
) -> None:
    """Await a handler, or call it off the event loop if it is a blocking one."""
    if in_thread is None or is_async(handler):
        outcome = handler(event)
    else:
        outcome = await in_thread(handler, event)
    if inspect.isawaitable(outcome):
        await outcome


def is_async(handler: Callable[..., Any]) -> bool:
    """Tell whether a handler is a coroutine function, or an object that calls like one."""
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004
    )


def _checked(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if not callable(cast("object", handler)):
        raise TypeError(f"An event handler must be callable, got {type(handler).__name__}.")
    return handler


def _name_of(handler: Any) -> str:
    return getattr(handler, "__qualname__", None) or type(handler).__qualname__


at_home("molam_sdk.events", EventRouter)
