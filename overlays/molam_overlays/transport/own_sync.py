"""An exchange through one's own `httpx.Client` or `httpx2.Client`; the rules are in `own`."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Iterator
from typing import Any, cast

import httpx

from molam_overlays.errors import MolamError, mark_unsent
from molam_overlays.transport import failures, library, own
from molam_overlays.transport.adapter import ForeignError
from molam_overlays.transport.incoming import Body
from molam_overlays.transport.library import Library, OwnPool, library_of
from molam_overlays.transport.lines_sync import Line, Lines
from molam_overlays.transport.opened import Opened
from molam_overlays.transport.stack import Slot
from molam_overlays.transport.target import Target
from molam_overlays.transport.trail import Trail
from molam_overlays.transport.wire_sync import Wire
from molam_overlays.wire import Request, Response

_clock = time.monotonic


class OwnClient:
    """A client of one's own, as an adapter uses it."""

    def __init__(self, client: Any, limit: int) -> None:
        self._client = client
        self._library = library_of(client)
        self._limit = limit
        self._lines: dict[Any, Lines] = {}
        self._noted = self._inherited = False

    def exchange(self, request: Request, target: Target) -> Response:
        """Send one request and read the whole response.

        Raises:
            ForeignError: code of the client's owner raised something.
        """
        attempt = self._attempt(request, target)
        failure: MolamError | None
        try:
            answer = attempt.send()
            attempt.read(answer)
        except ForeignError:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised again, in one form or another
            failure = attempt.failure_of(error)
        except BaseException as error:  # KeyboardInterrupt
            if attempt.unsent:
                mark_unsent(error)
            raise
        else:
            failure = attempt.failure
        finally:
            attempt.finish(whole=True)
        if attempt.body is not None:
            return attempt.body.end(failure)
        assert failure is not None
        raise failure

    def stream(self, request: Request, target: Target) -> Response | Opened:
        """Send one request; as `HttpxAdapter.stream`. Each wait has a timeout of its own."""
        attempt = self._attempt(request, target)
        attempt.deadline = math.inf
        return _OpenedOwn(attempt).start()

    def _attempt(self, request: Request, target: Target) -> _Attempt:
        if self._client.is_closed:
            raise failures.closed()
        attempt = _Attempt(request, target, self._library, self._client, self._limit)
        pool = self._library.pool_of(attempt.transport)
        if pool is not None:
            proxied = OwnPool(self._library, pool).proxied
            attempt.lease(self._lines_of(pool), proxied=proxied)
        else:
            self._go_through()
            attempt.watch()
        return attempt

    def _lines_of(self, pool: Any) -> Lines:
        found = self._lines.get(pool)
        if found is None:
            source = OwnPool(self._library, pool)
            made = Lines(source, source.limit, source.expiry, source.resting)
            found = self._lines.setdefault(pool, made)
        return found

    def _go_through(self) -> None:
        """Take note that the client's own connections are used, unless they came here by a fork."""
        if self._inherited:
            raise failures.inherited(f"{self._library.name}.Client")
        if not self._noted:
            self._noted = True
            own.note_use(self._client)

    def close(self) -> None:
        """Close our connections; the client stays open."""
        for each in list(self._lines.values()):
            each.close()

    def forget_inherited(self) -> None:
        """Drop our connections, and look whether those of the client can be used in the child."""
        self._inherited = self._inherited or own.has_connections(self._client)
        for each in list(self._lines.values()):
            each.forget_inherited()


class _Lease:
    """A transport for one exchange: takes a connection when the request is to leave."""

    __slots__ = ("_deadline", "_lines", "_target", "_timeout", "slot", "wire")

    def __init__(self, lines: Lines, target: Target, deadline: float, timeout: float) -> None:
        self._lines = lines
        self._target = target
        self._deadline = deadline
        self._timeout = timeout
        self.slot: Slot[Line] | None = None
        self.wire: Wire | None = None
        """The connection's socket, once one was taken."""

    def handle_request(self, prepared: httpx.Request) -> httpx.Response:
        slot = self.slot = self._lines.acquire(self._target, self._deadline, self._timeout)
        used = cast("Line", slot.line)
        self.wire = used.wire
        used.wire.begin(self._deadline)
        answer: httpx.Response = used.transport.handle_request(prepared)
        return answer

    def end(self, whole: bool) -> None:
        """Give the connection back; `whole` tells whether the response was read as it should be."""
        slot, self.slot = self.slot, None
        if slot is not None:
            used = cast("Line", slot.line)
            self._lines.release(slot, whole and library.settled(used.connection))


class _Attempt(own.Attempt):
    """An exchange that blocks, and its deadline."""

    __slots__ = ("deadline",)

    client: httpx.Client
    tap: _Tap | None
    _lease: _Lease | None

    def __init__(
        self,
        request: Request,
        target: Target,
        library: Library,
        client: httpx.Client,
        limit: int,
    ) -> None:
        super().__init__(request, target, library, client, "Client", limit)
        self.deadline = _clock() + request.timeout

    def lease(self, lines: Lines, *, proxied: bool) -> None:
        """Send through a connection of ours instead of the client's transport."""
        timeout = self.request.timeout
        self.transport = self._lease = _Lease(lines, self.target, self.deadline, timeout)
        if proxied:
            self.trail = Trail(self.target.origin, self.deadline, self.prepared.extensions)

    def watch(self) -> None:
        """Watch what the client does."""
        # Hooks run by `send` may meet a fault of the response, which is then to be known as one.
        to_the_end = self.transport is None
        extensions = self.prepared.extensions
        self.trail = Trail(self.target.origin, self.deadline, extensions, to_the_end=to_the_end)

    def wait_anew(self) -> None:
        """Give the next bytes the whole timeout; httpx's own does so by itself."""
        if self._lease is not None and self._lease.wire is not None:
            self._lease.wire.deadline = _clock() + self.request.timeout

    def finish(self, *, whole: bool) -> None:
        """Close the answer, and give a connection of ours back; `whole` if it was read to its end."""
        try:
            if self.tap is not None:
                self.tap.finish()
        finally:
            if self._lease is not None:
                self._lease.end(self.is_whole(whole))

    def send(self) -> httpx.Response:
        """Get the answer, hooks included; its body is still to be read, or was by a hook."""
        client, prepared = self.client, self.prepared
        transport = self.transport
        if transport is None:
            return client.send(prepared, stream=True, auth=None, follow_redirects=False)
        hooks = client.event_hooks
        try:
            for hook in hooks["request"]:
                hook(prepared)
        except Exception as error:  # noqa: BLE001 - whatever a hook raises
            raise ForeignError(error, own.refused(self.request)) from None
        answer: httpx.Response = transport.handle_request(prepared)
        if hooks["response"]:
            self._show(answer, hooks["response"])
        return answer

    def _show(self, answer: httpx.Response, hooks: list[Any]) -> None:
        library.introduce(answer, self.prepared, self.client)
        body = self._body_of(answer)
        if own.already_read(answer, body, self.library):
            tap = None
        else:
            tapped = self.library.joined(_Tap, "SyncByteStream")
            answer.stream = tap = self.tap = tapped(answer, body, self.deadline)
        try:
            for hook in hooks:
                hook(answer)
        except Exception as error:
            if tap is not None and own.is_of_wire(error, tap.failed, body):
                raise
            raise ForeignError(error, self._answer_after(body, tap)) from None

    def _answer_after(self, body: Body, tap: _Tap | None) -> Response | None:
        """Return the API's refusal, read to its end, that had come before a hook raised."""
        failure: MolamError | None = None
        if not 400 <= body.status <= 499:
            return None
        if tap is not None:
            try:
                tap.drain()
            except Exception as error:  # noqa: BLE001 - the hook's is raised
                failure = self.failure_of(error)
        body.whole()
        return body.end(failure)

    def chunks_of(self, answer: httpx.Response) -> Iterator[bytes]:
        """Return what nobody has read yet, as it comes; none where somebody has read it all."""
        if self.body is not None or own.already_read(answer, self._body_of(answer), self.library):
            return iter(())
        return iter(cast("httpx.SyncByteStream", answer.stream))

    def read(self, answer: httpx.Response) -> None:
        """Read what nobody has read yet."""
        try:
            if self.tap is not None:
                self.tap.drain()
            elif self.body is None:
                body = self._body_of(answer)
                if not own.already_read(answer, body, self.library):
                    self._feed(answer, body)
            cast("Body", self.body).whole()
        finally:
            if self.tap is None:
                answer.close()

    def _feed(self, answer: httpx.Response, body: Body) -> None:
        for chunk in cast("httpx.SyncByteStream", answer.stream):
            if not body.feed(chunk):
                break
            if _clock() > self.deadline:
                self.failure = failures.response_timeout(self.target.host, self.request.timeout)
                break


class _Tap:
    """The body of an answer, on its way to hooks: what they read goes into our `Body` as well."""

    def __init__(self, answer: httpx.Response, body: Body, deadline: float) -> None:
        self._answer = answer
        self._stream = cast("httpx.SyncByteStream", answer.stream)
        self._chunks: Iterator[bytes] | None = None
        self._body = body
        self._deadline = deadline
        self._started = time.perf_counter()
        self.failed: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        while (chunk := self.advance()) is not None:
            yield chunk

    def advance(self) -> bytes | None:
        """Return the next bytes, which the body has got as well; None at the end."""
        if self.failed is not None:
            raise self.failed
        try:
            if self._chunks is None:
                self._chunks = iter(self._stream)
            chunk = next(self._chunks, None)
            if chunk is not None:
                if not self._body.feed(chunk):
                    raise cast("MolamError", self._body.problem)
                if _clock() > self._deadline:
                    raise httpx.ReadTimeout("the attempt's time is up")
        except Exception as error:
            self.failed = error
            raise
        return chunk

    def drain(self) -> None:
        """Read what hooks have left."""
        while self.advance() is not None:
            pass

    def close(self) -> None:
        """Close for hooks; whoever made this reads on."""
        self._answer.elapsed = datetime.timedelta(seconds=time.perf_counter() - self._started)

    def finish(self) -> None:
        """Close the answer's stream."""
        self.close()
        self._stream.close()


class _OpenedOwn(Opened):
    """An answer to a client of one's own, read piece by piece."""

    def __init__(self, attempt: _Attempt) -> None:
        super().__init__()
        self._attempt = attempt
        self._answer: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())

    def start(self) -> Response | Opened:
        """Send the request; return the answer, whole where nobody wants it piece by piece."""
        attempt = self._attempt
        failure: MolamError | None = None
        try:
            self._answer = attempt.send()
            if attempt.tap is None:
                self._chunks = attempt.chunks_of(self._answer)
        except BaseException as error:
            self.close()
            if not isinstance(error, Exception) or isinstance(error, ForeignError):
                raise
            failure = attempt.failure_of(error)
        self.body = attempt.body
        if self.body is None:
            assert failure is not None
            raise failure
        if failure is not None:
            return self.body.end(failure)
        if not self.body.streamed:
            return self.rest()
        attempt.hold()
        return self

    def pull(self) -> bytes | None:
        tap = self._attempt.tap
        if self._begun().streamed:
            self._attempt.wait_anew()
        if tap is None:
            return next(self._chunks, None)
        return None if tap.advance() is None else b""  # it has fed the body itself

    def failure_of(self, error: Exception) -> MolamError | None:
        return self._attempt.failure_of(error)

    def shut(self, whole: bool) -> None:
        try:
            if self._attempt.tap is None and self._answer is not None:
                self._answer.close()
        finally:
            self._attempt.finish(whole=whole)
