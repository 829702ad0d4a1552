"""One call from its first attempt to its end, without I/O.

`flow` is a generator. It yields what should be done (`Send` a request, `Wait`, note the call in
the journal) and is sent what came of it; two short drivers in `clients` do the doing, one
blocking, one awaiting. Every decision is made here or in `retry`, once for both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

from molam_overlays.errors import (
    ApiError,
    Attempt,
    ClientClosedError,
    ConfigurationError,
    Delivery,
    MolamError,
    NetworkError,
    TimeoutError,  # noqa: A004
    delivery_of_status,
    error_class,
    is_own_refusal,
    is_unsent,
    name_of_failure,
    worst_delivery,
)
from molam_overlays.idempotency import REMEMBERED_SECONDS, watches_of
from molam_overlays.jsontext import loads
from molam_overlays.model import ResponseInfo
from molam_overlays.observe import CallInfo, Observer
from molam_overlays.operation import Call, UnreadableBodyError
from molam_overlays.redact import redact_text
from molam_overlays.retry import (
    RetryPolicy,
    RetryQuota,
    failure_is_repeatable,
    parse_retry_after,
    status_is_repeatable,
    wait_before_retry,
)
from molam_overlays.transport.adapter import ForeignError
from molam_overlays.wire import Request, Response

T = TypeVar("T")


class Send(NamedTuple):
    """Make one attempt. Send back the `Response`, or the `MolamError` or `ForeignError` of it."""

    request: Request


class Wait(NamedTuple):
    """Let time pass."""

    seconds: float


class WriteAhead(NamedTuple):
    """Put the call into the journal before it leaves. Send back the journal's token."""

    call: Call[Any]
    request: Request
    idempotency_key: str
    policy: RetryPolicy
    earlier: tuple[Attempt, ...] = ()
    """The attempts that `resume` goes on from: then the key must not be forgotten yet."""


class Settle(NamedTuple):
    """Tell the journal how the call ended. Send back False if the call's fate stays open there."""

    token: Any
    delivery: Delivery | None
    """None for a success; what is unknown stays open."""
    status: int | None
    result: Any = None
    """What a success gave."""

    def __repr__(self) -> str:
        return f"Settle(delivery={self.delivery!r}, status={self.status!r})"


Step: TypeAlias = Send | Wait | WriteAhead | Settle


class World(NamedTuple):
    """Clock and randomness, from outside."""

    monotonic: Callable[[], float]
    """Seconds that never jump."""
    now: Callable[[], datetime]
    """The time of day, aware."""
    random: Callable[[], float]
    """From 0 up to 1."""


def flow(
    call: Call[T],
    request: Request,
    idempotency_key: str | None,
    policy: RetryPolicy,
    quota: RetryQuota,
    world: World,
    observer: Observer,
    earlier: tuple[Attempt, ...] = (),
    *,
    journaled: bool = False,
) -> Generator[Step, Any, T]:
    """Carry one call through its attempts; return its result.

    A driver throws into it what interrupts the call: a cancellation, ``KeyboardInterrupt``, a bug
    in an adapter.

    Args:
        earlier: the attempts of the same call, with the same key, that `resume` goes on from.
        journaled: whether to note the call in the journal.

    Raises:
        ApiError: the server refused, or went on failing.
        NetworkError: no usable response came.
        TimeoutError: time ran out.
    """
    operation = call.operation
    attempts = earlier
    spent: int | None = None
    last_chance = sending = False
    harmless = not earlier
    token: Any = None
    watches = watches_of(idempotency_key)
    foreign: Exception | None = None
    info = info_of(call, request, idempotency_key) if observer.active else None
    if info is not None:
        observer.call_started(info)
    try:
        started = world.monotonic()
        if journaled and idempotency_key is not None:
            token = yield WriteAhead(call, request, idempotency_key, policy, earlier)
        for watch in watches:
            watch.begun.append(None)
        while True:
            if info is not None:
                observer.request(info, len(attempts) + 1)
            began = world.now()
            before = world.monotonic()
            sending = True
            answer = yield Send(request)
            sending = False
            if isinstance(answer, ForeignError):
                # What a hook of the caller's own raised is told as it is; nothing is repeated.
                foreign = answer.error
                if idempotency_key is not None:
                    named = info or info_of(call, request, idempotency_key)
                    observer.interrupted(named, len(attempts) + 1)
                if info is not None:
                    observer.call_finished(info, foreign)
                fate, status = end_of(call, answer, attempts, world)
                if token is not None:
                    settled, token = token, None
                    yield Settle(settled, fate, status)
                if harmless and fate != "maybe_processed":
                    for watch in watches:
                        watch.harmless.append(None)
                break
            attempt = judge(answer, len(attempts) + 1, began, world.monotonic() - before)
            error: MolamError
            if attempt.delivery is None:
                try:
                    result: T = operation.decode(
                        answer,
                        ResponseInfo(
                            status=answer.status,
                            request_id=attempt.request_id,
                            headers=answer.headers,
                            attempts=(*attempts, attempt),
                            idempotency_key=idempotency_key,
                        ),
                    )
                except UnreadableBodyError as unreadable:
                    # No cause: a decoder's error holds the whole body.
                    error = NetworkError(
                        f"The answer to {operation.id} had status {answer.status}, but "
                        f"{unreadable}. The request may have been processed."
                    )
                    attempt = attempt._replace(delivery="maybe_processed")
                else:
                    quota.give_back(spent)
                    if info is not None:
                        observer.response(info, attempt)
                        observer.call_finished(info)
                    if token is not None:
                        settled, token = token, None
                        yield Settle(settled, None, attempt.status, result)
                    return result
            else:
                error = answer if isinstance(answer, MolamError) else api_error(call, answer, world)
                if attempt.delivery == "rejected" and not is_own_refusal(error):
                    harmless = False
                    if token is not None:
                        # Its entry stays open and is sent again by a recovery.
                        attempt = attempt._replace(delivery="maybe_processed")
            harmless = harmless and attempt.delivery != "maybe_processed"
            attempts = (*attempts, attempt)
            error._said = attempt.delivery
            error.attempts = attempts
            error.delivery = worst_delivery(attempts)
            error.idempotency_key = idempotency_key
            if info is not None:
                observer.response(info, attempt)
            pause, last_chance = next_pause(
                call,
                error,
                policy,
                world,
                retries=len(attempts) - len(earlier) - 1,
                elapsed=world.monotonic() - started,
                last_chance=last_chance,
            )
            if pause is not None:
                spent = quota.spend(after_timeout=isinstance(error, TimeoutError))
            if pause is not None and spent is not None:
                if info is not None:
                    observer.retry(info, attempt, pause)
                yield Wait(pause)
                elapsed = world.monotonic() - started
                if not operation.keyed or not is_forgotten(attempts, earlier, world, elapsed):
                    continue
            if token is not None:
                settled, token = token, None
                if (yield Settle(settled, error.delivery, attempt.status)) is False:
                    error.delivery = "maybe_processed"
            if harmless and error.delivery != "maybe_processed":
                for watch in watches:
                    watch.harmless.append(None)
            if info is not None:
                observer.error(info, error)
                observer.call_finished(info, error)
            break
    except MolamError as refused:  # by the journal: nothing more has left, and nothing will
        refused.idempotency_key = idempotency_key
        refused.attempts = attempts
        refused.delivery = worst_delivery(attempts)
        if info is not None:
            observer.error(info, refused)
            observer.call_finished(info, refused)
        raise
    except BaseException as interruption:
        unsent = worst_delivery(attempts) == "not_sent" and (not sending or is_unsent(interruption))
        ours = not isinstance(interruption, GeneratorExit)
        if ours and idempotency_key is not None and not unsent:
            observer.interrupted(
                info or info_of(call, request, idempotency_key), max(len(attempts), 1)
            )
        if info is not None:
            observer.call_finished(info, interruption)
        if token is not None and ours:
            # What never left is withdrawn; all else a recovery may take up at once.
            yield Settle(token, "not_sent" if unsent else "maybe_processed", None)
        raise
    # Outside of the handlers above, and without a context of its own.
    raise error if foreign is None else foreign


def end_of(
    call: Call[Any], foreign: ForeignError, attempts: tuple[Attempt, ...], world: World
) -> tuple[Delivery, int | None]:
    """Return what is certain of a call's end although somebody else's code raised, and the status.

    Only the API's own refusal, in its own error shape, says that nothing was done, or a request
    that never left.
    """
    answer = foreign.answer
    if answer is None:
        return "maybe_processed", None
    attempt = judge(answer, len(attempts) + 1, world.now(), 0.0)
    if isinstance(answer, Response) and (
        attempt.delivery != "rejected" or not is_own_refusal(api_error(call, answer, world))
    ):
        return "maybe_processed", None
    return worst_delivery((*attempts, attempt)), attempt.status


def info_of(call: Call[Any], request: Request, idempotency_key: str | None) -> CallInfo:
    """Return what may be shown of a call."""
    operation = call.operation
    parts = urlsplit(request.url)
    return CallInfo(
        operation_id=operation.id,
        method=operation.method,
        path_template=operation.path,
        idempotency_key=idempotency_key,
        host=parts.hostname or "",
        port=parts.port,
        scheme=parts.scheme,
    )


def judge(answer: Response | MolamError, number: int, began: datetime, duration: float) -> Attempt:
    """Say what came of one attempt."""
    if isinstance(answer, MolamError):
        return Attempt(
            number=number,
            started_at=began,
            duration=duration,
            outcome=name_of_failure(answer),
            status=answer.status_code if isinstance(answer, ApiError) else None,
            delivery=delivery_of_failure(answer),
        )
    status = answer.status
    delivery: Delivery | None = None
    if not 200 <= status <= 299:
        delivery = delivery_of_status(status, error_code(answer) if status == 409 else None)
    return Attempt(
        number=number,
        started_at=began,
        duration=duration,
        outcome=str(status),
        status=status,
        request_id=answer.headers.get("x-request-id"),
        delivery=delivery,
    )


def is_forgotten(
    attempts: tuple[Attempt, ...], earlier: tuple[Attempt, ...], world: World, elapsed: float
) -> bool:
    """Tell whether the API has forgotten the key since it first left: a repetition would pay again.

    `elapsed` is the call's age in seconds. Both clocks are asked: the monotonic one stops while a
    machine sleeps, the time of day may be set back.
    """
    left = [each.started_at for each in attempts if each.delivery != "not_sent"]
    if not left:
        return False
    before = (attempts[len(earlier)].started_at - left[0]).total_seconds()
    passed = (world.now() - left[0]).total_seconds()
    return max(before + elapsed, passed) >= REMEMBERED_SECONDS


def delivery_of_failure(error: MolamError) -> Delivery:
    """Return what an adapter's error says about the fate of the request.

    An error that makes no statement of its own, raised in the middle of an exchange, says nothing.
    """
    speaks = isinstance(
        error, (NetworkError, TimeoutError, ApiError, ClientClosedError, ConfigurationError)
    )
    return (error._said or error.delivery) if speaks else "maybe_processed"


def next_pause(
    call: Call[Any],
    error: MolamError,
    policy: RetryPolicy,
    world: World,
    *,
    retries: int,
    elapsed: float,
    last_chance: bool,
) -> tuple[float | None, bool]:
    """Return the seconds to wait before another attempt, None for no more attempts.

    The second value tells that the next attempt is the last one, allowed past the deadline
    because what became of the request is unknown.
    """
    if last_chance or retries >= policy.max_retries:
        return None, last_chance
    retry_after = None
    repeatable = call.operation.repeatable
    if isinstance(error, ApiError):
        retry_after = error.retry_after
        can_repeat = repeatable and status_is_repeatable(error.status_code or 0, error.code)
    else:
        can_repeat = failure_is_repeatable(error, repeatable_call=repeatable)
    pause = wait_before_retry(retries, retry_after, world.random) if can_repeat else None
    if pause is None or policy.deadline is None or elapsed + pause < policy.deadline:
        return pause, False
    left = max(0.0, policy.deadline - elapsed)
    fate_unknown = call.operation.keyed and error.delivery == "maybe_processed"
    if not fate_unknown or (retry_after or 0.0) > left:
        return None, False
    return min(pause, left), True


def api_error(call: Call[Any], response: Response, world: World) -> ApiError:
    """Make the error for a response that is not 2xx. Its message never holds the body.

    Of the server's words only its short message is quoted, in one line, without what this request
    sent that is sensitive, and without anything that looks like a key.
    """
    status = response.status
    payload = payload_of(response)
    request_id = response.headers.get("x-request-id")
    retry_after = parse_retry_after(response.headers.get("retry-after"), world.now())
    detail = payload.get("error")
    told = detail if isinstance(detail, dict) else {}
    code, message, param = told.get("code"), told.get("message"), told.get("param")
    said = ""
    if isinstance(code, str):
        said += f" ({code})"
    if isinstance(message, str):
        said += f": {message}"
    if isinstance(param, str):
        said += f" [param: {param}]"
    summary = f"{call.operation.id} was answered with status {status}"
    if 300 <= status <= 399:
        summary += "; redirects are never followed, check api_base"
    summary += quotable(call.without_sensitive_values(said))
    if request_id is not None:
        summary += f" [request id: {quotable(request_id)}]"
    return error_class(status)(
        summary,
        status_code=status,
        payload=payload,
        request_id=request_id,
        retry_after=retry_after,
    )


QUOTED: Final = 500
"""Characters of a server's words that an error message holds at most."""


def quotable(text: str) -> str:
    """Return a text fit for a message: one line, not long, without keys and secrets."""
    shown = redact_text(text[: 2 * QUOTED])
    line = "".join(character if character.isprintable() else " " for character in shown)
    return line if len(line) <= QUOTED else f"{line[:QUOTED]}…"


def payload_of(response: Response) -> dict[str, Any]:
    """Return the body of an error response; never None, and never an error of its own."""
    if not response.content:
        return {}
    try:
        data = loads(response.content)
    except ValueError:
        data = None
    if isinstance(data, dict):
        return data
    return {"body": response.content.decode("utf-8", "replace")}


def error_code(response: Response) -> str | None:
    """Return the code in an error body, if it has one."""
    detail = payload_of(response).get("error")
    code = detail.get("code") if isinstance(detail, dict) else None
    return code if isinstance(code, str) else None
