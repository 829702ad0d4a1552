"""What a call tells about itself: log lines, hooks, and tracers such as OpenTelemetry.

Nothing told holds a body, a secret or a header. Path templates show no ids (only a request that the
document does not know is told with its path), and an error is named by its class, since a server's
words may repeat what was sent.

The call flow asks `Observer.active` first, so a call that nobody watches pays for one look.
"""

from __future__ import annotations

import inspect
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, TypeAlias, TypeVar, cast

import attrs

from molam_overlays.errors import ApiError, Attempt, ConfigurationError, Delivery, MolamError
from molam_overlays.redact import redact_text

logger: Final = logging.getLogger("molam_sdk")
"""Requests at debug; answers, retries and failures at info; what needs an eye at warning."""

LOG_VARIABLE: Final = "MOLAM_LOG"


@attrs.define(slots=True, eq=False, kw_only=True)
class CallInfo:
    """One call, as far as it may be shown."""

    operation_id: str
    """The document's operationId; method and path for a request the document does not know."""
    method: str
    """Upper case."""
    path_template: str
    """Such as ``/v1/connect/refunds/{refund_id}``; the path, ids and all, if it is not known."""
    idempotency_key: str | None = None
    """The same for all attempts; None for reads."""
    host: str = ""
    """The server's name, without port."""
    port: int | None = None
    scheme: str = "https"
    under_way: bool = attrs.field(default=False, init=False)
    """True from `Observer.call_started` to `Observer.call_finished`."""
    state: dict[object, Any] = attrs.field(factory=dict[object, Any], repr=False)
    """Room for tracers, each under itself."""

    @property
    def documented(self) -> bool:
        """Whether the document knows the operation; if not, its path may hold ids."""
        return " " not in self.operation_id


@attrs.frozen(kw_only=True)
class CallEvent:
    """What all events tell."""

    operation_id: str
    """The document's operationId; method and path for a request the document does not know."""
    method: str
    """Upper case."""
    path_template: str
    """The path without ids, where the document knows it."""
    host: str
    """The server's name."""
    idempotency_key: str | None
    """None for reads."""


@attrs.frozen(kw_only=True)
class RequestEvent(CallEvent):
    """An attempt is about to be sent."""

    attempt: int
    """1 for the first."""


@attrs.frozen(kw_only=True)
class ResponseEvent(CallEvent):
    """A response came, whatever its status."""

    attempt: int
    """1 for the first."""
    status: int
    """The HTTP status."""
    duration: float
    """Seconds this attempt took."""
    request_id: str | None
    """The server's ``X-Request-Id``."""


@attrs.frozen(kw_only=True)
class RetryEvent(CallEvent):
    """An attempt did not help; another follows after a pause."""

    attempt: int
    """The one that failed."""
    outcome: str
    """What came of it: a status, or such as ``read timeout``."""
    status: int | None
    """None when no response came."""
    duration: float
    """Seconds the failed attempt took."""
    request_id: str | None
    """The server's ``X-Request-Id``."""
    wait: float
    """Seconds until the next attempt."""


@attrs.frozen(kw_only=True)
class ErrorEvent(CallEvent):
    """A call failed for good; the caller gets an exception."""

    attempts: int
    """How many were made."""
    error: str
    """The exception's class, such as ``RateLimitError``."""
    status: int | None
    """None when the last attempt brought no response."""
    code: str | None
    """The API's machine-readable code."""
    duration: float
    """Seconds all attempts took, pauses not counted."""
    request_id: str | None
    """The server's ``X-Request-Id`` for the last attempt."""
    delivery: Delivery | None
    """What became of the request; None for an error that is not of this SDK."""


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


class Observer:
    """Tells logger, hooks and tracers of one client what happens."""

    __slots__ = ("_hooked", "hooks")

    def __init__(self, hooks: Hooks | None = None) -> None:
        self.hooks = Hooks() if hooks is None else hooks
        self._hooked = bool(self.hooks)

    @property
    def active(self) -> bool:
        """Whether anybody listens. When not, the other methods need not be called.

        `key_minted` and `interrupted` log at warning and are called in any case.
        """
        return self._hooked or logger.isEnabledFor(logging.INFO)

    def call_started(self, call: CallInfo) -> None:
        """Tell that a call begins."""
        call.under_way = True
        for tracer in self.hooks.tracers:
            _safely(tracer.started, call)

    def request(self, call: CallInfo, attempt: int) -> None:
        """Tell that an attempt, 1 for the first, is about to be sent."""
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(
                "%s %s: attempt %d to %s",
                call.method,
                call.path_template,
                attempt,
                call.host,
                extra={**_fields(call), "attempt": attempt},
            )
        if self.hooks.on_request:
            event = RequestEvent(**_shown(call), attempt=attempt)
            for hook in self.hooks.on_request:
                _safely(hook, event)

    def response(self, call: CallInfo, attempt: Attempt) -> None:
        """Tell that an attempt ended: with a response, or without one if its status is None."""
        if logger.isEnabledFor(logging.INFO):
            logger.info(
                "%s %s: %s after %.3f s (attempt %d, request id %s, key %s)",
                call.method,
                call.path_template,
                attempt.outcome,
                attempt.duration,
                attempt.number,
                attempt.request_id,
                call.idempotency_key,
                extra={**_fields(call), **_of_attempt(attempt)},
            )
        if self.hooks.on_response and attempt.status is not None:
            event = ResponseEvent(
                **_shown(call),
                attempt=attempt.number,
                status=attempt.status,
                duration=attempt.duration,
                request_id=attempt.request_id,
            )
            for hook in self.hooks.on_response:
                _safely(hook, event)
        for tracer in self.hooks.tracers:
            _safely(tracer.attempted, call, attempt)

    def retry(self, call: CallInfo, attempt: Attempt, wait: float) -> None:
        """Tell that another attempt follows this one, after so many seconds."""
        if logger.isEnabledFor(logging.INFO):
            logger.info(
                "%s %s: retrying in %.3f s after %s (attempt %d, key %s)",
                call.method,
                call.path_template,
                wait,
                attempt.outcome,
                attempt.number,
                call.idempotency_key,
                extra={**_fields(call), **_of_attempt(attempt), "wait": wait},
            )
        if self.hooks.on_retry:
            event = RetryEvent(
                **_shown(call),
                attempt=attempt.number,
                outcome=attempt.outcome,
                status=attempt.status,
                duration=attempt.duration,
                request_id=attempt.request_id,
                wait=wait,
            )
            for hook in self.hooks.on_retry:
                _safely(hook, event)
        for tracer in self.hooks.tracers:
            _safely(tracer.retrying, call, attempt, wait)

    def error(self, call: CallInfo, error: BaseException) -> None:
        """Tell that the call failed for good. The error's words are not told."""
        attempts = error.attempts if isinstance(error, MolamError) else ()
        last = attempts[-1] if attempts else None
        event = ErrorEvent(
            **_shown(call),
            attempts=len(attempts),
            error=type(error).__name__,
            status=last.status if last else getattr(error, "status_code", None),
            code=error.code if isinstance(error, ApiError) else None,
            duration=sum(attempt.duration for attempt in attempts),
            request_id=last.request_id if last else getattr(error, "request_id", None),
            delivery=error.delivery if isinstance(error, MolamError) else None,
        )
        if logger.isEnabledFor(logging.INFO):
            logger.info(
                "%s %s: failed with %s (%s attempts, delivery %s, request id %s, key %s)",
                call.method,
                call.path_template,
                event.error,
                event.attempts,
                event.delivery,
                event.request_id,
                call.idempotency_key,
                extra={
                    **_fields(call),
                    "attempt": event.attempts,
                    "status": event.status,
                    "duration": event.duration,
                    "request_id": event.request_id,
                    "error": event.error,
                    "delivery": event.delivery,
                },
            )
        for hook in self.hooks.on_error:
            _safely(hook, event)

    def call_finished(self, call: CallInfo, error: BaseException | None = None) -> None:
        """Tell that the call ended, with an exception or without. Only the first time counts."""
        if not call.under_way:
            return
        call.under_way = False
        for tracer in self.hooks.tracers:
            _safely(tracer.finished, call, error)

    def key_minted(self, call: CallInfo) -> None:
        """Warn that the caller gave no idempotency key for a call that takes one."""
        logger.warning(
            "%s %s was called without an idempotency key; %s was made for this call alone. Pass "
            "idempotency_key to be safe against doing it twice from your side.",
            call.method,
            call.path_template,
            call.idempotency_key,
            extra=_fields(call),
        )

    def not_settled(self, error: BaseException) -> None:
        """Warn that the journal could not note the end of a call; a recovery will settle it."""
        logger.warning(
            "The end of a call could not be noted in the journal (%s). It stays open there, and "
            "recover() settles it with its own key.",
            type(error).__name__,
        )

    def interrupted(self, call: CallInfo, attempts: int) -> None:
        """Warn that a call was cancelled or interrupted, and name its key."""
        fields = {**_fields(call), "attempt": attempts}
        if call.idempotency_key is None:
            logger.warning(
                "%s %s was interrupted in attempt %d.",
                call.method,
                call.path_template,
                attempts,
                extra=fields,
            )
            return
        logger.warning(
            "%s %s was interrupted in attempt %d. It may have been carried out: repeat it with "
            "idempotency_key=%r to find out.",
            call.method,
            call.path_template,
            attempts,
            call.idempotency_key,
            extra=fields,
        )


def _safely(hook: Callable[..., object], *arguments: object) -> None:
    try:
        hook(*arguments)
    except Exception:
        # A payment must not fail for want of a counter.
        logger.exception("A hook raised: %s. The call goes on.", _name_of(hook))


def _shown(call: CallInfo) -> dict[str, Any]:
    return {
        "operation_id": call.operation_id,
        "method": call.method,
        "path_template": call.path_template,
        "host": call.host,
        "idempotency_key": call.idempotency_key,
    }


def _fields(call: CallInfo) -> dict[str, Any]:
    """Return the structured fields of a log record; all of them, so that formatters may rely."""
    unknown = {"status": None, "attempt": None, "duration": None, "request_id": None}
    return {**_shown(call), **unknown}


def _of_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.number,
        "status": attempt.status,
        "duration": attempt.duration,
        "request_id": attempt.request_id,
    }


class _Redaction(logging.Filter):
    """Masks keys and secrets in what the SDK itself logs, should one ever slip in."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        redacted = redact_text(text)
        if redacted != text:
            record.msg, record.args = redacted, None
        return True


logger.addFilter(_Redaction())

_set_up: Final = threading.Lock()


def configure_logging(environ: Mapping[str, str] = os.environ) -> None:
    """Make the log visible on standard error if ``MOLAM_LOG`` is ``debug`` or ``info``.

    Called when a client is built, never at import. Sets the level of the logger ``molam_sdk``; adds
    a handler only where the application has none that would show it.

    Raises:
        ConfigurationError: the variable has another value.
    """
    wanted = environ.get(LOG_VARIABLE, "").strip().lower()
    if not wanted:
        return
    levels = {"debug": logging.DEBUG, "info": logging.INFO}
    if wanted not in levels:
        raise ConfigurationError(f"{LOG_VARIABLE} must be debug or info, got {wanted!r:.40}.")
    with _set_up:
        logger.setLevel(levels[wanted])
        if not logger.hasHandlers():
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(
                logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s")
            )
            logger.addHandler(handler)


for _public in (
    CallInfo,
    CallEvent,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
    ErrorEvent,
    Hooks,
    Tracer,
    Observer,
    configure_logging,
):
    _public.__module__ = "molam_sdk.observe"
