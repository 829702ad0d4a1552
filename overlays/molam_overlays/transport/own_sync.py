"""An exchange through one's own `httpx.Client`; the rules are in `own`."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Iterator
from typing import Any, cast

import httpx

from molam_overlays.errors import MolamError
from molam_overlays.transport import failures, own
from molam_overlays.transport.adapter import ForeignError
from molam_overlays.transport.incoming import Body
from molam_overlays.transport.opened import Opened
from molam_overlays.transport.target import Target
from molam_overlays.transport.trail import Trail
from molam_overlays.wire import Request, Response

_clock = time.monotonic


class OwnClient:
    """A client of one's own, as an adapter uses it."""

    def __init__(self, client: httpx.Client, limit: int) -> None:
        self._client = client
        self._limit = limit
        self._noted = self._inherited = False

    def exchange(self, request: Request, prepared: httpx.Request, target: Target) -> Response:
        """Send one request and read the whole response.

        Raises:
            ForeignError: code of the client's owner raised something.
        """
        self._check()
        attempt = _Attempt(request, prepared, target, self._client, self._limit)
        failure: MolamError | None
        try:
            answer = attempt.send()
            attempt.read(answer)
        except ForeignError:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised again, in one form or another
            failure = attempt.failure_of(error)
        else:
            failure = attempt.failure
        finally:
            if attempt.tap is not None:
                attempt.tap.finish()
        if attempt.body is not None:
            return attempt.body.end(failure)
        assert failure is not None
        raise failure

    def stream(
        self, request: Request, prepared: httpx.Request, target: Target
    ) -> Response | Opened:
        """Send one request; as `HttpxAdapter.stream`. Each wait ends by httpx's own timeouts."""
        self._check()
        attempt = _Attempt(request, prepared, target, self._client, self._limit)
        attempt.deadline = math.inf
        return _OpenedOwn(attempt).start()

    def _check(self) -> None:
        if self._inherited:
            raise failures.inherited("httpx.Client")
        if self._client.is_closed:
            raise failures.closed()
        if not self._noted:
            self._noted = True
            own.note_use(self._client)

    def forget_inherited(self) -> None:
        """Look, in the child of a fork, whether the client can still be used."""
        self._inherited = self._inherited or own.has_connections(self._client)


class _Attempt:
    """One exchange, and what is known about it so far."""

    __slots__ = (
        "body", "client", "deadline", "failure", "limit", "prepared", "request", "tap", "target",
        "trail", "transport",
    )  # fmt: skip

    def __init__(
        self,
        request: Request,
        prepared: httpx.Request,
        target: Target,
        client: httpx.Client,
        limit: int,
    ) -> None:
        self.request = request
        self.prepared = prepared
        self.target = target
        self.client = client
        self.limit = limit
        self.deadline = _clock() + request.timeout
        self.transport = own.transport_of(client, httpx.Client, target.url)
        self.trail: Trail | None = None
        if not own.connects_plainly(self.transport):
            # Hooks run by `send` may meet a fault of the response, which is then to be known as one.
            to_the_end = self.transport is None
            extensions = prepared.extensions
            self.trail = Trail(target.origin, self.deadline, extensions, to_the_end=to_the_end)
        self.body: Body | None = None
        self.failure: MolamError | None = None
        self.tap: _Tap | None = None

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
        answer = cast("httpx.Response", transport.handle_request(prepared))
        if hooks["response"]:
            self._show(answer, hooks["response"])
        return answer

    def _show(self, answer: httpx.Response, hooks: list[Any]) -> None:
        own.introduce(answer, self.prepared, self.client)
        body = self._body_of(answer)
        if own.already_read(answer, body):
            tap = None
        else:
            answer.stream = tap = self.tap = _Tap(answer, body, self.deadline)
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

    def _body_of(self, answer: httpx.Response) -> Body:
        self.body = own.body_of(answer, self.limit, self.target.host, self.request.sink)
        return self.body

    def chunks_of(self, answer: httpx.Response) -> Iterator[bytes]:
        """Return what nobody has read yet, as it comes; none where somebody has read it all."""
        if self.body is not None or own.already_read(answer, self._body_of(answer)):
            return iter(())
        return iter(cast("httpx.SyncByteStream", answer.stream))

    def read(self, answer: httpx.Response) -> None:
        """Read what nobody has read yet."""
        try:
            if self.tap is not None:
                self.tap.drain()
            elif self.body is None:
                body = self._body_of(answer)
                if not own.already_read(answer, body):
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

    def failure_of(self, error: Exception) -> MolamError:
        """Return our error for one of the wire.

        Raises:
            ForeignError: it is none.
        """
        host = self.target.host
        if self.tap is not None and isinstance(error, MolamError):
            return error
        hooks = self.client.event_hooks if self.transport is None else {}
        closed = self.client.is_closed
        failure = own.failure_of(error, host, self.request.timeout, self.trail, hooks, closed)
        if failure is not None:
            if self.body is None and not (self.trail and self.trail.unsent(error)):
                self.body = failures.interim(error, host)
            return failure
        raise ForeignError(error, own.answer_of(error)) from None


class _Tap(httpx.SyncByteStream):
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
        return self if self.body.streamed else self.rest()

    def pull(self) -> bytes | None:
        tap = self._attempt.tap
        if tap is None:
            return next(self._chunks, None)
        return None if tap.advance() is None else b""  # it has fed the body itself

    def failure_of(self, error: Exception) -> MolamError | None:
        return self._attempt.failure_of(error)

    def shut(self, whole: bool) -> None:
        if self._attempt.tap is not None:
            self._attempt.tap.finish()
        elif self._answer is not None:
            self._answer.close()
