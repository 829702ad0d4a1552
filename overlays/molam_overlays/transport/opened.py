"""Answers whose head has come and whose body is read piece by piece; no library's own code.

Each adapter that can stream has a subclass. What its `stream` returns is a `Response` where the
request's sink does not want the body, and one of these where it does. Whatever ends the reading, the
end of the body, a failure, a cancellation, `close`, shuts it: the connection goes back or is closed.
In the child of a fork nothing is touched: the connection is the parent's.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod

from molam_overlays.errors import MolamError
from molam_overlays.transport import failures
from molam_overlays.transport.incoming import Body
from molam_overlays.wire import Headers, Response


class _Opened(ABC):
    """What both faces share."""

    def __init__(self) -> None:
        self.body: Body | None = None
        self._process = os.getpid()
        self._over = False

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._begun().status

    @property
    def headers(self) -> Headers:
        """Its header fields."""
        return self._begun().headers

    def _begun(self) -> Body:
        assert self.body is not None
        return self.body

    def _check(self) -> None:
        if os.getpid() != self._process:
            raise failures.stream_inherited()

    @abstractmethod
    def failure_of(self, error: Exception) -> MolamError | None:
        """Return our error for one of the wire; None for what is none.

        Raises:
            ForeignError: code of a client's owner raised it.
        """


class Opened(_Opened):
    """A body that is read blocking, by one thread at a time."""

    @abstractmethod
    def pull(self) -> bytes | None:
        """Return the next bytes as they came, None at the end."""

    @abstractmethod
    def shut(self, whole: bool) -> None:
        """Give up the connection; it may be used again if the body was read to its end."""

    def advance(self) -> bool:
        """Let the sink have the next bytes; False at the end of the body.

        Raises:
            MolamError: the body broke off, or nothing came in time.
        """
        if self._over:
            return False
        self._check()
        body = self._begun()
        failure: MolamError | None = None
        try:
            chunk = self.pull()
            if chunk is not None and body.feed(chunk):
                return True
            whole = body.whole()
        except BaseException as error:
            self.close()
            if not isinstance(error, Exception):
                raise
            failure = self.failure_of(error)
            if failure is None:
                raise
        else:
            self._over = True
            self.shut(whole)
            failure = body.problem
        if failure is not None:
            raise failure
        return False

    def rest(self) -> Response:
        """Read a body that nobody wants piece by piece; return the whole answer."""
        failure: MolamError | None = None
        try:
            while self.advance():
                pass
        except MolamError as error:
            failure = error
        return self._begun().end(failure)

    def close(self) -> None:
        """Stop reading; safe twice."""
        if not self._over:
            self._over = True
            if os.getpid() == self._process:
                self.shut(False)


class AsyncOpened(_Opened):
    """A body that is awaited; it may be cancelled at any await."""

    @abstractmethod
    async def pull(self) -> bytes | None:
        """Return the next bytes as they came, None at the end."""

    @abstractmethod
    async def shut(self, whole: bool) -> None:
        """Give up the connection, whatever is cancelled meanwhile."""

    async def advance(self) -> bool:
        """As `Opened.advance`."""
        if self._over:
            return False
        self._check()
        body = self._begun()
        failure: MolamError | None = None
        try:
            chunk = await self.pull()
            if chunk is not None and body.feed(chunk):
                return True
            whole = body.whole()
        except BaseException as error:
            await self.aclose()
            if not isinstance(error, Exception):
                raise
            failure = self.failure_of(error)
            if failure is None:
                raise
        else:
            self._over = True
            await self.shut(whole)
            failure = body.problem
        if failure is not None:
            raise failure
        return False

    async def rest(self) -> Response:
        """As `Opened.rest`."""
        failure: MolamError | None = None
        try:
            while await self.advance():
                pass
        except MolamError as error:
            failure = error
        return self._begun().end(failure)

    async def aclose(self) -> None:
        """Stop reading; safe twice."""
        if not self._over:
            self._over = True
            if os.getpid() == self._process:
                await self.shut(False)
