"""Every error the SDK raises, and what each one knows about the call behind it.

A merchant must be able to tell "not charged" from "may be charged". That is `delivery`, and it
is on every error of a call, whichever class it is.
"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from molam_overlays.annotations import at_home
from molam_overlays.home import home
from molam_overlays.outcome import (
    Attempt,
    Delivery,
    ruling_of,
)
from molam_overlays.redact import redact_json


class MolamError(Exception):
    """The root of every error this SDK raises."""

    delivery: Delivery = "not_sent"
    """What became of the request, the worst over all attempts."""
    idempotency_key: str | None = None
    """The key the call was sent with; None for reads and for errors outside a call."""
    attempts: tuple[Attempt, ...] = ()
    """What was tried, in order."""

    _said: Delivery | None = None
    """`delivery` as the adapter said it, of its own attempt: one error may be raised many times."""
    _resume: Callable[[], Any] | None = None
    _aresume: Callable[[], Awaitable[Any]] | None = None

    def resume(self) -> Any:
        """Repeat the very same call with the very same idempotency key, and return its result.

        Raises:
            ResumeError: the error does not belong to a call of a blocking client that is still
                open in this process, or the key is older than the server remembers (24 hours).
        """
        if self._resume is None:
            raise self._refusal(self._cannot_resume("resume"))
        return self._resume()

    async def aresume(self) -> Any:
        """Repeat the very same call with the very same idempotency key, on the async client.

        Raises:
            ResumeError: as for `resume`.
        """
        if self._aresume is None:
            raise self._refusal(self._cannot_resume("aresume"))
        return await self._aresume()

    def _refusal(self, why: str) -> ResumeError:
        refusal = ResumeError(why)
        refusal.delivery = self.delivery
        refusal.attempts = self.attempts
        refusal.idempotency_key = self.idempotency_key
        return refusal

    def _cannot_resume(self, method: str) -> str:
        if method == "resume" and self._aresume is not None:
            return "This error comes from the async client: use `await error.aresume()`."
        if method == "aresume" and self._resume is not None:
            return "This error comes from the blocking client: use `error.resume()`."
        if self.idempotency_key is not None:
            return (
                "This error no longer holds its call (it was pickled or built by hand). Make the "
                f"call again with idempotency_key={self.idempotency_key!r}."
            )
        return "This error does not belong to a call that can be repeated."

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name not in _BOUND}
        return _restore, (_pickled_class(type(self)), self.args, state)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()


MolamError.__name__ = MolamError.__qualname__ = home().error
_BOUND = frozenset({"_resume", "_aresume", "_said"})
"""What an error knows of the process it happened in."""


def _pickled_class(cls: type[MolamError]) -> str | type[MolamError]:
    # By name: `__module__` says where users import it from, and an emitted package may have
    # another name.
    return cls.__name__ if globals().get(cls.__name__) is cls else cls


def _restore(
    cls: str | type[MolamError], args: tuple[Any, ...], state: dict[str, Any]
) -> MolamError:
    if isinstance(cls, str):
        cls = cast("type[MolamError]", globals()[cls])
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ResumeError(MolamError):
    """A failed call cannot be repeated from this error. Nothing was sent now.

    `delivery`, `attempts` and `idempotency_key` are still those of the call that failed.
    """


class PaginationError(MolamError):
    """The server announces more pages but repeats what it already sent, or none can be asked."""


class ConfigurationError(MolamError, ValueError):
    """A setting is missing or malformed."""


class ClientClosedError(MolamError, RuntimeError):
    """A client was used after it was closed, or where its connections cannot be."""


class ValidationError(MolamError, ValueError):
    """Arguments break the document's rules. Nothing was sent.

    `errors` maps each field, nested ones as ``beneficiary.account_number``, to what is wrong.
    """

    errors: dict[str, str]

    def __init__(self, errors: Mapping[str, str], message: str | None = None) -> None:
        self.errors = dict(errors)
        if message is None:
            listed = "; ".join(
                f"{name}: {problem}" if name else problem for name, problem in self.errors.items()
            )
            message = f"Invalid arguments, nothing was sent. {listed}"
        super().__init__(message)


class NetworkError(MolamError):
    """No usable response came: connection, protocol or certificate trouble.

    An adapter raises it with a message. `delivery` says whether the request may have arrived:
    ``maybe_processed`` unless the adapter knows better. `repeatable` is False when another attempt
    cannot help, as with a certificate that is not trusted.
    """

    delivery: Delivery = "maybe_processed"
    repeatable: bool = True

    def __init__(
        self,
        message: str = "The connection failed.",
        *,
        delivery: Delivery | None = None,
        repeatable: bool | None = None,
    ) -> None:
        super().__init__(message)
        if delivery is not None:
            self.delivery = delivery
        if repeatable is not None:
            self.repeatable = repeatable


class ResponseTooLargeError(NetworkError):
    """A response is larger than the client is willing to read."""

    repeatable = False


class TimeoutError(MolamError, builtins.TimeoutError):
    """An attempt ran out of time. Not a `NetworkError`.

    `delivery` is ``not_sent`` when the time ran out before a connection stood.
    """

    delivery: Delivery = "maybe_processed"

    def __init__(
        self, message: str = "The request timed out.", *, delivery: Delivery | None = None
    ) -> None:
        super().__init__(message)
        if delivery is not None:
            self.delivery = delivery


class DownloadError(MolamError):
    """What came could not be written, or an attempt cannot start over. The file holds a part."""


class ApiError(MolamError):
    """The server answered with an error status.

    `payload` is never None: the decoded body, ``{}`` if it was empty, ``{"body": text}`` if it
    was not JSON.
    """

    status_code: int | None
    """The HTTP status."""
    payload: dict[str, Any]
    """The response body as it came; in a pickle, keys and secrets in it are masked."""
    request_id: str | None
    """The server's ``X-Request-Id``."""
    retry_after: float | None
    """Seconds the server asked to wait, from ``Retry-After``; None when it did not say."""

    def __init__(
        self,
        message: str = "The API answered with an error.",
        status_code: int | None = None,
        payload: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.payload = dict(payload) if payload is not None else {}
        self.request_id = request_id
        self.retry_after = retry_after
        if retry_after is None:
            self.retry_after = seconds_told(self._detail("retry_after"))
        if status_code is not None:
            self.delivery = ruling_of(status_code, self.code).delivery

    def __reduce__(self) -> tuple[Any, ...]:
        # A proxy's page may echo what it was sent. Keys and secrets never enter a pickle.
        restore, (cls, args, state) = super().__reduce__()
        return restore, (cls, args, {**state, "payload": redact_json(self.payload, ())})

    def _detail(self, name: str) -> Any:
        detail = self.payload.get("error")
        return cast("Mapping[str, Any]", detail).get(name) if isinstance(detail, Mapping) else None

    def _text(self, name: str) -> str | None:
        value = self._detail(name)
        return value if isinstance(value, str) else None

    @property
    def code(self) -> str | None:
        """The machine-readable code, such as ``idempotency_in_flight``."""
        return self._text("code")

    @property
    def param(self) -> str | None:
        """The field the server objects to."""
        return self._text("param")

    @property
    def type(self) -> str | None:
        """The family of the error, such as ``invalid_request_error``."""
        return self._text("type")


class InvalidRequestError(ApiError):
    """400 or 422: malformed, or a value is not acceptable."""


class AuthenticationError(ApiError):
    """401: the key is not accepted."""


class PaymentDeclinedError(ApiError):
    """402: the payment was refused."""


class PermissionDeniedError(ApiError):
    """403: the key may not do this."""


class NotFoundError(ApiError):
    """404: no such object."""


class ConflictError(ApiError):
    """409: the object is in another state, or the first call with this key is still running."""


class RateLimitError(ApiError):
    """429: too many requests; `retry_after` says how long to wait."""


class ServerError(ApiError):
    """5xx: the server failed; the request may have been carried out."""


class StoreError(MolamError):
    """The idempotency store, the journal or the inbox cannot do what was asked."""


class StoreUnavailableError(StoreError):
    """The database of a store is out of reach, busy, restarting or out of space; it may recover."""


class StoreNotMigratedError(StoreError):
    """The tables of a store are missing, or older than this SDK."""


class IdempotencyKeyReusedError(StoreError, ValueError):
    """A key came back on the same route with another body."""


class ClaimInFlightError(StoreError):
    """Another worker holds the claim on this key. `retry_after` is when its lease ends, seconds."""

    retry_after: float | None = None


class ClaimLostError(StoreError):
    """A claim is no longer its holder's: another took over, or an answer is stored."""


class IdempotencyKeyExpiredError(StoreError):
    """Work under this key began longer ago than the API remembers keys; its end is unknown.

    Repeating it could charge twice, so nothing was claimed. A person has to look.
    """

    delivery: Delivery = "maybe_processed"


class ResponseNotStoredError(StoreError):
    """The work was done, but its answer could not be stored. The answer is `response`."""

    delivery: Delivery = "maybe_processed"
    response: Any = None


class SignatureError(MolamError):
    """A webhook's signature does not verify. Treat the request as forged."""


class WebhookPayloadError(MolamError):
    """A webhook verified, but its body is not an event."""


_LONGEST_TOLD = 2.0**31
"""Seconds. Nobody waits longer, and no number is too long to be read as this one."""


def seconds_told(value: Any) -> float | None:
    """Return the seconds that a body asks to wait; None for what is no number of seconds."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= 0:
        return None
    return float(min(value, _LONGEST_TOLD))


def is_own_refusal(error: MolamError) -> bool:
    """Tell whether the API itself refused: ``{"error": {"type", "code", "message"}}``, all texts.

    Anybody on the way may answer with a 4xx: a proxy, a firewall, a portal that wants a login. Only
    the API knows that it did nothing.
    """
    detail = error.payload.get("error") if isinstance(error, ApiError) else None
    return isinstance(detail, Mapping) and all(
        isinstance(detail.get(name), str) and detail[name] for name in ("type", "code", "message")
    )


def mark_unsent(interruption: BaseException) -> None:
    """Note on what interrupts an attempt that no byte of the request had left by then."""
    with contextlib.suppress(AttributeError, TypeError):  # an exception with slots of its own
        interruption._molam_unsent = True  # type: ignore[attr-defined]


def is_unsent(interruption: BaseException) -> bool:
    """Tell whether an interruption is known to have come before the first byte."""
    return getattr(interruption, "_molam_unsent", False) is True


_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: PaymentDeclinedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidRequestError,
    429: RateLimitError,
}


def error_class(status: int) -> type[ApiError]:
    """Return the error class for an HTTP status."""
    if 500 <= status <= 599:
        return ServerError
    return _BY_STATUS.get(status, ApiError)


def name_of_failure(error: MolamError) -> str:
    """Name what went wrong on the wire in a few words that hold nothing of the request.

    An adapter's own message may quote anything, so it is never logged.
    """
    early = (error._said or error.delivery) == "not_sent"
    if isinstance(error, TimeoutError):
        return "connect timeout" if early else "response timeout"
    if isinstance(error, ResponseTooLargeError):
        return "response too large"
    if isinstance(error, NetworkError):
        if not early:
            return "connection lost"
        return "no connection" if error.repeatable else "nothing could be sent"
    return type(error).__name__


PUBLIC = (
    MolamError,
    ResumeError,
    PaginationError,
    ConfigurationError,
    ClientClosedError,
    ValidationError,
    NetworkError,
    ResponseTooLargeError,
    TimeoutError,
    DownloadError,
    ApiError,
    InvalidRequestError,
    AuthenticationError,
    PaymentDeclinedError,
    PermissionDeniedError,
    NotFoundError,
    ConflictError,
    RateLimitError,
    ServerError,
    StoreError,
    StoreUnavailableError,
    StoreNotMigratedError,
    IdempotencyKeyReusedError,
    ClaimInFlightError,
    ClaimLostError,
    IdempotencyKeyExpiredError,
    ResponseNotStoredError,
    SignatureError,
    WebhookPayloadError,
)
at_home("molam_sdk.exceptions", *PUBLIC)
