"""One call from its first attempt to its end, without I/O.

`flow` is a generator. It yields what should be done (`Send` a request, `Wait`, note the call in
the journal) and is sent what came of it; two short drivers in `clients` do the doing, one
blocking, one awaiting. Every decision is made here or in `retry`, once for both.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

from molam_overlays.calls.answer import (
    api_error,
    delivery_of_failure,
    judge,
)
from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import UnreadableBodyError
from molam_overlays.calls.quota import RetryQuota
from molam_overlays.calls.retry import (
    FORGOTTEN,
    RetryPolicy,
    next_pause,
)
from molam_overlays.calls.words import called
from molam_overlays.calls.world import World
from molam_overlays.errors import (
    MolamError,
    NetworkError,
    ResumeError,
    TimeoutError,  # noqa: A004
    is_own_refusal,
    is_unsent,
)
from molam_overlays.message.idempotency import REMEMBERED_SECONDS, watches_of
from molam_overlays.outcome import (
    Attempt,
    Delivery,
    ResponseInfo,
    worst_delivery,
)
from molam_overlays.transport.adapter import ForeignError
from molam_overlays.watch.observe import CallInfo, Observer
from molam_overlays.wire import Request, Response

T = TypeVar("T")


class Send(NamedTuple):
    """Make one attempt. Send back the `Response`, or the `MolamError` or `ForeignError` of it."""

    request: Request


class Wait(NamedTuple):
    """Let time pass."""

    seconds: float


class WriteAhead(NamedTuple):
    """Put the call into the journal before it leaves, and the journal's token into `held`."""

    call: Call[Any]
    request: Request
    idempotency_key: str
    policy: RetryPolicy
    held: list[Any]
    """Not sent back: a signal handler may raise at the very moment the flow goes on."""
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
    held: list[Any] = []
    answer: Any = None
    watches = watches_of(idempotency_key)
    info = info_of(call, request, idempotency_key) if observer.active else None
    if info is not None:
        observer.call_started(info)
    try:
        started = world.monotonic()
        if journaled and idempotency_key is not None:
            yield WriteAhead(call, request, idempotency_key, policy, held, earlier)
        if earlier and operation.keyed and is_forgotten(earlier, earlier, world, 0.0):
            # It was young enough when that was judged: the process or the database stood still since.
            for token in held:
                yield Settle(token, "not_sent", None)
            raise ResumeError(FORGOTTEN)
        for watch in watches:
            watch.begun.append(None)
        while True:
            if info is not None:
                observer.request(info, len(attempts) + 1)
            began = world.now()
            before = world.monotonic()
            answer, sending = None, True
            answer = yield Send(request)
            if isinstance(answer, ForeignError):
                # What a hook of the caller's own raised is told as it is; nothing is repeated.
                ending: Exception = answer.error
                if idempotency_key is not None:
                    named = info or info_of(call, request, idempotency_key)
                    observer.interrupted(named, len(attempts) + 1)
                if info is not None:
                    observer.call_finished(info, ending)
                fate, status = end_of(call, answer, attempts, world)
                for token in held:
                    yield Settle(token, fate, status)
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
                    perhaps = (
                        " The request may have been processed." if unreadable.repeatable else ""
                    )
                    error = NetworkError(
                        f"The answer to {called(operation.id)} had status {answer.status}, but "
                        f"{unreadable}.{perhaps}"
                    )
                    error.repeatable = unreadable.repeatable
                    attempt = attempt._replace(delivery="maybe_processed")
                else:
                    quota.give_back(spent)
                    if info is not None:
                        observer.response(info, attempt)
                        observer.call_finished(info)
                    for token in held:
                        yield Settle(token, None, attempt.status, result)
                    return result
            else:
                error = answer if isinstance(answer, MolamError) else api_error(call, answer, world)
                if attempt.delivery == "rejected" and not is_own_refusal(error):
                    harmless = False
                    if held:
                        # Its entry stays open and is sent again by a recovery.
                        attempt = attempt._replace(delivery="maybe_processed")
            harmless = harmless and attempt.delivery != "maybe_processed"
            attempts = (*attempts, attempt)
            sending = False  # not before: what was answered has left, whatever interrupts us here
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
            for token in held:
                if (yield Settle(token, error.delivery, attempt.status)) is False:
                    error.delivery = "maybe_processed"
            if harmless and error.delivery != "maybe_processed":
                for watch in watches:
                    watch.harmless.append(None)
            ending = error
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
        unsent = worst_delivery(attempts) == "not_sent" and (
            not sending
            or is_unsent(interruption)
            or (isinstance(answer, MolamError) and delivery_of_failure(answer) == "not_sent")
        )
        ours = not isinstance(interruption, GeneratorExit)
        if idempotency_key is not None and not unsent:
            observer.interrupted(
                info or info_of(call, request, idempotency_key), max(len(attempts), 1)
            )
        if info is not None:
            observer.call_finished(info, interruption)
        for token in held if ours else ():
            # What never left is withdrawn; all else a recovery may take up at once. An entry that
            # was settled before the interruption stays settled.
            yield Settle(token, "not_sent" if unsent else "maybe_processed", None)
        raise
    # Outside of the handlers above, and without a context of its own.
    raise ending


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
    began = attempts[len(earlier) :]
    before = (began[0].started_at - left[0]).total_seconds() if began else 0.0
    passed = (world.now() - left[0]).total_seconds()
    return max(before + elapsed, passed) >= REMEMBERED_SECONDS
