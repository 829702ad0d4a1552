"""What a call tells about itself, and its log lines; `hooks` adds functions and tracers.

Nothing told holds a body, a secret or a header. Path templates show no ids (only a request that the
document does not know is told with its path), and an error is named by its class, since a server's
words may repeat what was sent.

The call flow asks `Observer.active` first, so a call that nobody watches pays for one look.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final

from molam_overlays.annotations import at_home
from molam_overlays.errors import ApiError, ConfigurationError, MolamError
from molam_overlays.home import home
from molam_overlays.outcome import Attempt
from molam_overlays.redact import redact_text

logger: Final = logging.getLogger(home().package)
"""Requests at debug; answers, retries and failures at info; what needs an eye at warning."""

LOG_VARIABLE: Final = "MOLAM_LOG"


class CallInfo:
    """One call, as far as it may be shown."""

    operation_id: str
    """The document's operationId; method and path for a request the document does not know."""
    method: str
    """Upper case."""
    path_template: str
    """Such as ``/v1/connect/refunds/{refund_id}``; the path, ids and all, if it is not known."""
    idempotency_key: str | None
    """The same for all attempts; None for reads."""
    host: str
    """The server's name, without port."""
    port: int | None
    scheme: str
    under_way: bool
    """True from `Observer.call_started` to `Observer.call_finished`."""
    state: dict[object, Any]
    """Room for tracers, each under itself."""

    def __init__(
        self,
        *,
        operation_id: str,
        method: str,
        path_template: str,
        idempotency_key: str | None = None,
        host: str = "",
        port: int | None = None,
        scheme: str = "https",
    ) -> None:
        self.operation_id = operation_id
        self.method = method
        self.path_template = path_template
        self.idempotency_key = idempotency_key
        self.host = host
        self.port = port
        self.scheme = scheme
        self.under_way = False
        self.state = {}

    def __repr__(self) -> str:
        return (
            f"CallInfo({self.operation_id!r}, {self.method} {self.path_template}, "
            f"idempotency_key={self.idempotency_key!r})"
        )

    @property
    def documented(self) -> bool:
        """Whether the document knows the operation; if not, its path may hold ids."""
        return " " not in self.operation_id


class Observer:
    """Tells the log what happens; `hooks.Teller` tells hooks and tracers as well."""

    __slots__ = ()

    @property
    def active(self) -> bool:
        """Whether anybody listens. When not, the other methods need not be called.

        `key_minted`, `not_settled` and `interrupted` log at warning and are called in any case.
        """
        return logger.isEnabledFor(logging.INFO)

    def call_started(self, call: CallInfo) -> None:
        """Tell that a call begins."""
        call.under_way = True

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
                extra={**_fields(call), **told_of(attempt)},
            )

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
                extra={**_fields(call), **told_of(attempt), "wait": wait},
            )

    def error(self, call: CallInfo, error: BaseException) -> None:
        """Tell that the call failed for good. The error's words are not told."""
        if not logger.isEnabledFor(logging.INFO):
            return
        facts = facts_of(error)
        logger.info(
            "%s %s: failed with %s (%s attempts, delivery %s, request id %s, key %s)",
            call.method,
            call.path_template,
            facts["error"],
            facts["attempts"],
            facts["delivery"],
            facts["request_id"],
            call.idempotency_key,
            extra={
                **_fields(call),
                "attempt": facts["attempts"],
                "status": facts["status"],
                "duration": facts["duration"],
                "request_id": facts["request_id"],
                "error": facts["error"],
                "delivery": facts["delivery"],
            },
        )

    def call_finished(self, call: CallInfo, error: BaseException | None = None) -> None:
        """Tell that the call ended, with an exception or without. Only the first time counts."""
        call.under_way = False

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


def facts_of(error: BaseException) -> dict[str, Any]:
    """Return what may be told of an exception that ended a call."""
    attempts = error.attempts if isinstance(error, MolamError) else ()
    last = attempts[-1] if attempts else None
    return {
        "attempts": len(attempts),
        "error": type(error).__name__,
        "status": last.status if last else getattr(error, "status_code", None),
        "code": error.code if isinstance(error, ApiError) else None,
        "duration": sum(attempt.duration for attempt in attempts),
        "request_id": last.request_id if last else getattr(error, "request_id", None),
        "delivery": error.delivery if isinstance(error, MolamError) else None,
    }


def shown_of(call: CallInfo) -> dict[str, Any]:
    """Return what every event tells of its call."""
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
    return {**shown_of(call), **unknown}


def told_of(attempt: Attempt) -> dict[str, Any]:
    """Return what log records and events tell of an attempt."""
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

_set_up = threading.Lock()


def _renew_lock() -> None:
    global _set_up
    _set_up = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def configure_logging(
    environ: Mapping[str, str] = os.environ, variable: str = LOG_VARIABLE
) -> None:
    """Make the log visible on standard error if ``MOLAM_LOG`` is ``debug`` or ``info``.

    Called when a client is built, never at import. Sets the level of the logger ``molam_sdk``; adds
    a handler only where the application has none that would show it.

    Raises:
        ConfigurationError: the variable has another value.
    """
    wanted = environ.get(variable, "").strip().lower()
    if not wanted:
        return
    levels = {"debug": logging.DEBUG, "info": logging.INFO}
    if wanted not in levels:
        raise ConfigurationError(f"{variable} must be debug or info, got {wanted!r:.40}.")
    with _set_up:
        logger.setLevel(levels[wanted])
        if not logger.hasHandlers():
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(
                logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s")
            )
            logger.addHandler(handler)


at_home("molam_sdk.observe", CallInfo, Observer, configure_logging)
