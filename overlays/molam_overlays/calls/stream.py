"""Answers that come item by item, as users read them: ``with client.stream_…() as items``.

The request leaves when the block begins, and is repeated by the rules of every call until the first
item has come. From then on nothing is repeated: an answer that breaks off says so, with all that is
known about the fate of the call. Leaving the block early closes the connection.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from molam_overlays.annotations import Self
from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import Operation
from molam_overlays.calls.started import Started, attach
from molam_overlays.errors import (
    ClientClosedError,
    MolamError,
    NetworkError,
    TimeoutError,  # noqa: A004
)
from molam_overlays.frames import sealed
from molam_overlays.message.streams import Reading
from molam_overlays.outcome import NO_RESPONSE, Attempt, ResponseInfo
from molam_overlays.schema.digits import Origin
from molam_overlays.transport.adapter import ForeignError
from molam_overlays.transport.opened import AsyncOpened, Opened
from molam_overlays.wire import Request, Response

if TYPE_CHECKING:
    from types import TracebackType

    from molam_overlays.calls.awaiting import Awaiting
    from molam_overlays.calls.blocking import Blocking
    from molam_overlays.config import CallOptions

T_co = TypeVar("T_co", covariant=True)

Source = tuple[Reading, Any]
"""What is read, and where it comes from: an `Opened` or `AsyncOpened`, None for what came whole."""


class _Stream(Generic[T_co]):
    """What both faces share: all but the waiting."""

    def __init__(
        self,
        client: Any,
        call: Call[T_co],
        idempotency_key: str | None,
        options: CallOptions | None,
        earlier: tuple[Attempt, ...] | None = None,
    ) -> None:
        self._client = client
        self._call = call
        self._key = idempotency_key
        self._options = options
        self._earlier = earlier
        self._started: Started | None = None
        self._reading: Reading | None = None
        self._source: Any = None
        self._count = 0
        self._closed = False
        self.event: str | None = None
        """The name of the event that brought the last item; None for one without a name."""
        self.last_event_id = ""
        """The id that the API gave the last item, or the one before."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._call.operation.id!r})"

    @property
    def response(self) -> ResponseInfo:
        """Status, headers, attempts and key of the answer."""
        return NO_RESPONSE if self._reading is None else cast("ResponseInfo", self._reading.info)

    @property
    def done(self) -> bool:
        """Whether the API itself has said that nothing follows (``data: [DONE]``)."""
        return self._reading is not None and self._reading.done and not self._reading.items

    @property
    def retry(self) -> int | None:
        """Milliseconds after which the API wants to be asked again; None if it did not say."""
        return None if self._reading is None else self._reading.retry

    def _begin(self, again: Callable[..., Any]) -> Started:
        if self._started is not None:
            raise MolamError(
                f"The stream of {self._call.operation.id} was read already. Call the method again."
            )
        started: Started = self._client._start(
            self._call, self._key, self._options, again, self._earlier
        )
        self._started = started
        return started

    def _found(self) -> Reading:
        if self._reading is None:
            raise MolamError(
                "Nothing is sent before the block begins: "
                f"{'async with' if self._client._asynchronous else 'with'} client.stream_…() as "
                "items: …"
            )
        if self._closed:
            raise ClientClosedError(
                f"The stream of {self._call.operation.id} is closed, its block was left."
            )
        return self._reading

    def _next(self, reading: Reading) -> T_co:
        item = reading.items.popleft()
        self._count += 1
        self.event, self.last_event_id = item.event, item.last_event_id
        assert reading.result is not None
        assert reading.result.type is not None
        return cast(
            "T_co", reading.result.type.decode(item.wire, Origin(reading.info, item.digits))
        )

    def _broken(self, error: Exception) -> MolamError:
        """Return the error for a stream that cannot be read on, with what is known of its call."""
        assert self._started is not None
        assert self._reading is not None
        operation, came = self._call.operation, self._count
        if isinstance(error, (ClientClosedError, NetworkError, TimeoutError)):
            what = str(error)
        else:
            what = f"{error}."[:1].upper() + f"{error}."[1:]
        kind = TimeoutError if isinstance(error, TimeoutError) else NetworkError
        broken = kind(
            f"The stream of {operation.id} broke off after {came} item{'s' * (came != 1)}, and what "
            f"had come is not asked for again by itself. {what}"
        )
        broken.__cause__ = error.__cause__
        if isinstance(broken, NetworkError):
            broken.repeatable = False
        info = self._reading.info
        broken.delivery = "maybe_processed"
        broken.attempts = info.attempts
        broken.idempotency_key = info.idempotency_key
        return attach(broken, self._started, asynchronous=self._client._asynchronous)


class Stream(_Stream[T_co]):
    """The items of one answer, typed, as they come. Use it in a ``with`` block, in one thread.

        with client.stream_…() as items:
            for item in items:
                ...

    `timeout` bounds the first byte, and then each gap; `deadline` bounds what is repeated before the
    first item. An item has at most 16 MiB.
    """

    _client: Blocking

    @sealed
    def __enter__(self) -> Self:
        """Send the request; return once the first item has come, or the answer ended.

        Raises:
            MolamError: as any call.
        """

        def connect(request: Request) -> Response:
            response, self._source = _open(client._open, self._call.operation, request)
            return response

        client = self._client
        started = self._begin(partial(Stream, client))
        try:
            self._reading = client._drive(started, connect)
        except BaseException:
            self.close()
            raise
        return self

    def __iter__(self) -> Self:
        return self

    @sealed
    def __next__(self) -> T_co:
        reading = self._found()
        problem: Exception | None = None
        try:
            _read_on(reading, self._source)
        except ForeignError as foreign:
            problem = foreign.error
        except MolamError as error:
            problem = self._broken(error)
        except BaseException:
            self.close()
            raise
        if problem is not None:
            self.close()
            raise problem
        if reading.items:
            return self._next(reading)
        self._shut()
        if reading.problem is not None:
            raise self._broken(reading.problem)
        raise StopIteration

    def _shut(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def close(self) -> None:
        """Stop reading and close the connection; safe twice. The end of the block does it."""
        self._closed = True
        self._shut()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncStream(_Stream[T_co]):
    """The items of one answer, typed, as they come. Use it in an ``async with`` block, in one task.

        async with client.stream_…() as items:
            async for item in items:
                ...

    As `Stream`; it may be cancelled at any await.
    """

    _client: Awaiting

    @sealed
    async def __aenter__(self) -> Self:
        """Send the request; return once the first item has come, or the answer ended.

        Raises:
            MolamError: as any call.
        """

        async def connect(request: Request) -> Response:
            response, self._source = await _aopen(client._open, self._call.operation, request)
            return response

        client = self._client
        started = self._begin(partial(_again, client))
        try:
            self._reading = await client._drive(started, connect)
        except BaseException:
            await self.aclose()
            raise
        return self

    def __aiter__(self) -> Self:
        return self

    @sealed
    async def __anext__(self) -> T_co:
        reading = self._found()
        problem: Exception | None = None
        try:
            await _aread_on(reading, self._source)
        except ForeignError as foreign:
            problem = foreign.error
        except MolamError as error:
            problem = self._broken(error)
        except BaseException:
            await self.aclose()
            raise
        if problem is not None:
            await self.aclose()
            raise problem
        if reading.items:
            return self._next(reading)
        await self._shut()
        if reading.problem is not None:
            raise self._broken(reading.problem)
        raise StopAsyncIteration

    async def _shut(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            await source.aclose()

    async def aclose(self) -> None:
        """Stop reading and close the connection; safe twice. The end of the block does it."""
        self._closed = True
        await self._shut()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


async def _again(client: Awaiting, *given: Any) -> AsyncStream[Any]:
    return AsyncStream(client, *given)


# One attempt, up to its first item


def _open(
    send: Callable[[Request], Response | Opened], operation: Operation[Any], request: Request
) -> tuple[Response, Opened | None]:
    """Send a request and wait for the first item; return the answer, and what it goes on from."""
    reading = Reading(operation.result)
    opened = send(request._replace(sink=reading))
    if isinstance(opened, Response):
        return _whole(reading, opened), None
    try:
        _read_on(reading, opened)
    except BaseException:
        opened.close()
        raise
    if not reading.items:
        opened.close()
    return Response(opened.status, opened.headers, cast("Any", reading)), opened


async def _aopen(
    send: Callable[[Request], Awaitable[Response | AsyncOpened]],
    operation: Operation[Any],
    request: Request,
) -> tuple[Response, AsyncOpened | None]:
    reading = Reading(operation.result)
    opened = await send(request._replace(sink=reading))
    if isinstance(opened, Response):
        return _whole(reading, opened), None
    try:
        await _aread_on(reading, opened)
    except BaseException:
        await opened.aclose()
        raise
    if not reading.items:
        await opened.aclose()
    return Response(opened.status, opened.headers, cast("Any", reading)), opened


def _whole(reading: Reading, answer: Response) -> Response:
    """Return what an adapter read whole as a stream, if it is one."""
    good = 200 <= answer.status <= 299
    if not good or not (reading.begun or reading.begin(answer.status, answer.headers)):
        return answer
    reading.write(answer.content)
    reading.end()
    return answer._replace(content=cast("Any", reading))


def _read_on(reading: Reading, source: Opened | None) -> None:
    """Read until there is something to tell, or the end."""
    while not reading.ready and source is not None:
        if not source.advance():
            reading.end()
            break


async def _aread_on(reading: Reading, source: AsyncOpened | None) -> None:
    while not reading.ready and source is not None:
        if not await source.advance():
            reading.end()
            break
