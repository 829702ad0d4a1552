"""Hooks: functions, and tracers such as OpenTelemetry, that are told what calls do.

Loaded by whoever makes `Hooks`; a client without them has no use for this module.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import attrs

from molam_overlays.annotations import at_home
from molam_overlays.errors import ConfigurationError
from molam_overlays.frames import sealed
from molam_overlays.home import home
from molam_overlays.outcome import Attempt
from molam_overlays.watch.events import (
    CallEvent,
    ErrorEvent,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
)
from molam_overlays.watch.observe import CallInfo, Observer, facts_of, logger, shown_of, told_of


class Tracer(Protocol):
    """Follows calls from start to end, as tracing systems need it."""

    def started(self, call: CallInfo) -> None:
        """Note that a call begins."""

    def attempted(self, call: CallInfo, attempt: Attempt) -> None:
        """Note that an attempt ended, well or not."""

    def retrying(self, call: CallInfo, attempt: Attempt, wait: float) -> None:
        """Note that another attempt follows after so many seconds."""

    def finished(self, call: CallInfo, error: BaseException | None) -> None:
        """Note that the call ended."""


Told = TypeVar("Told", bound=CallEvent)
OneOrMore: TypeAlias = Callable[[Told], object] | Iterable[Callable[[Told], object]]


def _several(given: OneOrMore[Told]) -> tuple[Callable[[Told], object], ...]:
    if not callable(given) and not isinstance(cast("object", given), Iterable):
        raise ConfigurationError(f"A hook must be a function, or several; got {given!r:.60}.")
    hooks = (given,) if callable(given) else tuple(given)
    for hook in hooks:
        if not callable(hook):
            raise ConfigurationError(f"A hook must be a function; got {type(hook).__name__}.")
        if inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(
            getattr(hook, "__call__", None)  # noqa: B004
        ):
            raise ConfigurationError(
                f"The hook {_name_of(hook)} is a coroutine function. Hooks are plain functions on "
                "both clients; start a task from one if you must await."
            )
    return hooks


def _name_of(hook: Any) -> str:
    return getattr(hook, "__qualname__", None) or type(hook).__qualname__


@attrs.frozen(init=False)
class Hooks:
    """Functions to be told what calls do. Each field takes one function or several.

    They run in the caller's thread, in order. One that raises is logged with its traceback, and
    the call goes on; ``KeyboardInterrupt`` and its kind pass through.
    """

    on_request: tuple[Callable[[RequestEvent], object], ...]
    """Called before each attempt."""
    on_response: tuple[Callable[[ResponseEvent], object], ...]
    """Called after each response, whatever its status; not for an attempt that got none."""
    on_retry: tuple[Callable[[RetryEvent], object], ...]
    """Called before the pause that precedes another attempt."""
    on_error: tuple[Callable[[ErrorEvent], object], ...]
    """Called once for a call that fails."""
    tracers: tuple[Tracer, ...]
    """Such as the one of ``molam_sdk.contrib.opentelemetry``."""

    def __init__(
        self,
        *,
        on_request: OneOrMore[RequestEvent] = (),
        on_response: OneOrMore[ResponseEvent] = (),
        on_retry: OneOrMore[RetryEvent] = (),
        on_error: OneOrMore[ErrorEvent] = (),
        tracers: Iterable[Tracer] = (),
    ) -> None:
        # Written out, since mypy refuses generic converters; this keeps lambdas typed.
        self.__attrs_init__(  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            _several(on_request),
            _several(on_response),
            _several(on_retry),
            _several(on_error),
            tuple(tracers),
        )

    def __bool__(self) -> bool:
        return bool(
            self.on_request or self.on_response or self.on_retry or self.on_error or self.tracers
        )


# Not as a decorator: attrs' plugin for mypy would no longer know the class.
sealed(Hooks)


class Teller(Observer):
    """Tells log, hooks and tracers of one client what happens."""

    __slots__ = ("hooks",)

    def __init__(self, hooks: Hooks) -> None:
        self.hooks = hooks

    @property
    def active(self) -> bool:
        return True

    def call_started(self, call: CallInfo) -> None:
        super().call_started(call)
        for tracer in self.hooks.tracers:
            _safely(tracer.started, call)

    def request(self, call: CallInfo, attempt: int) -> None:
        super().request(call, attempt)
        if self.hooks.on_request:
            event = RequestEvent(**shown_of(call), attempt=attempt)
            for hook in self.hooks.on_request:
                _safely(hook, event)

    def response(self, call: CallInfo, attempt: Attempt) -> None:
        super().response(call, attempt)
        if self.hooks.on_response and attempt.status is not None:
            event = ResponseEvent(**shown_of(call), **told_of(attempt))
            for hook in self.hooks.on_response:
                _safely(hook, event)
        for tracer in self.hooks.tracers:
            _safely(tracer.attempted, call, attempt)

    def retry(self, call: CallInfo, attempt: Attempt, wait: float) -> None:
        super().retry(call, attempt, wait)
        if self.hooks.on_retry:
            event = RetryEvent(
                **shown_of(call), **told_of(attempt), outcome=attempt.outcome, wait=wait
            )
            for hook in self.hooks.on_retry:
                _safely(hook, event)
        for tracer in self.hooks.tracers:
            _safely(tracer.retrying, call, attempt, wait)

    def error(self, call: CallInfo, error: BaseException) -> None:
        super().error(call, error)
        if self.hooks.on_error:
            event = ErrorEvent(**shown_of(call), **facts_of(error))
            for hook in self.hooks.on_error:
                _safely(hook, event)

    def call_finished(self, call: CallInfo, error: BaseException | None = None) -> None:
        if not call.under_way:
            return
        super().call_finished(call, error)
        for tracer in self.hooks.tracers:
            _safely(tracer.finished, call, error)


def _safely(hook: Callable[..., object], *arguments: object) -> None:
    try:
        hook(*arguments)
    except Exception:  # noqa: BLE001 - a payment must not fail for want of a counter
        logger.exception("A hook raised: %s. The call goes on.", _name_of(hook))


def observer_of(hooks: Hooks) -> Observer:
    """Return what tells a client's hooks.

    Raises:
        ConfigurationError: they are not `Hooks`.
    """
    if not isinstance(hooks, Hooks):
        raise ConfigurationError(
            f"hooks= takes a {home().package}.observe.Hooks, not {type(hooks).__name__}: "
            "Hooks(on_request=…, on_response=…, on_retry=…, on_error=…)."
        )
    return Teller(hooks) if hooks else Observer()


at_home(
    "molam_sdk.observe",
    CallEvent,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
    ErrorEvent,
    Hooks,
    Tracer,
)
