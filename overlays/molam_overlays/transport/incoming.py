"""Reading a response body: bounded, decompressed, and honest about its end. No I/O.

A body is used only when it is whole. A 2xx whose body is cut short, garbled or too large is never
a success: the money may have moved, so it is an error that says ``maybe_processed``. With any
other status the status alone decides, and what came of the body goes along.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable

from molam_overlays.errors import MolamError, NetworkError, ResponseTooLargeError
from molam_overlays.wire import Headers, Response, Sink

DEFAULT_LIMIT = 16 * 1024 * 1024
"""Bytes of a body, after decompression."""


class Body:
    """Collect the body of one response."""

    __slots__ = (
        "_coder", "_host", "_limit", "_parts", "_room", "_sink", "headers", "problem", "status"
    )  # fmt: skip

    def __init__(
        self, status: int, headers: Headers, limit: int, host: str, sink: Sink | None = None
    ) -> None:
        self.status = status
        self.headers = headers
        self.problem: MolamError | None = None
        """Why the body cannot be used, None while all is well."""
        self._host = host
        self._limit = limit
        self._room = limit
        self._parts: list[bytes] = []
        self._sink: Sink | None = None
        self._coder = self._coder_for(self.headers.get("Content-Encoding"))
        if sink is not None and 200 <= status <= 299 and sink.begin(status, headers):
            self._sink = sink

    def _coder_for(self, coding: str | None) -> _Inflater | None:
        if coding is None:
            return None
        folded = coding.strip().lower()
        if folded in ("", "identity"):
            return None
        if folded in ("gzip", "x-gzip"):
            return _Inflater(_GZIP)
        if folded == "deflate":
            return _Inflater(_ZLIB)
        self._garbled("has a Content-Encoding that was not asked for (only gzip and deflate were)")
        return None

    @property
    def streamed(self) -> bool:
        """Whether its bytes go elsewhere, as they come."""
        return self._sink is not None

    def is_decoded(self) -> None:
        """Take what is fed as decompressed already."""
        self._coder = None

    def feed(self, chunk: bytes) -> bool:
        """Take the next bytes as they came; False when reading on is pointless."""
        if self.problem is not None:
            return False
        if self._coder is not None:
            try:
                room = self._room + 1 if self._sink is None else sys.maxsize
                for part in self._coder.inflate(chunk, room):
                    self._add(part)
            except zlib.error:
                self._garbled("could not be decompressed")
        else:
            self._add(chunk)
        return self.problem is None

    def _add(self, part: bytes) -> None:
        if self._sink is not None:
            self._sink.write(part)
            return
        room = self._room - len(part)
        if room < 0:
            self._parts.append(part[: self._room])
            self.problem = ResponseTooLargeError(
                f"The response of {self._host} is larger than {self._limit} bytes and was not "
                "read on. The request may have been processed. Ask for less at a time, or raise "
                "max_response_bytes of the adapter.",
                delivery="maybe_processed",
            )
            room = 0
        else:
            self._parts.append(part)
        self._room = room

    def _garbled(self, how: str) -> None:
        self.problem = NetworkError(
            f"The response of {self._host} {how}. The request may have been processed. Repeat it "
            "with the same idempotency key."
        )

    def whole(self) -> bool:
        """Tell, once everything was fed, whether the body can be used."""
        if self.problem is None and self._coder is not None and not self._coder.whole:
            self._garbled("ended in the middle of its compressed body")
        return self.problem is None

    def end(self, failure: MolamError | None = None) -> Response:
        """Return the response; `failure` is what ended reading before the body did.

        Raises:
            MolamError: the status is 2xx and the body is not whole.
        """
        problem = self.problem or failure
        parts = self._parts
        content = parts[0] if len(parts) == 1 else b"".join(parts)
        if problem is None:
            return Response(self.status, self.headers, content)
        if 200 <= self.status <= 299:
            problem.delivery = "maybe_processed"  # whatever a failure without an answer would say
            raise problem
        return Response(self.status, self.headers, content, cut_short=True)


def headers_of(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return header fields that came as bytes (RFC 9110 section 5.5: any of them may be)."""
    return Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields])


_STEP = 1024 * 1024
"""Bytes that are decompressed at a time."""
# wbits of zlib: 16 added means a gzip header, negative means no header at all.
_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS


class _Inflater:
    """Decompress gzip or deflate, never making more than was asked for at a time."""

    __slots__ = ("_started", "_wbits", "_zlib")

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._zlib = zlib.decompressobj(wbits)
        self._started = False

    def inflate(self, data: bytes, room: int) -> Iterable[bytes]:
        """Yield what `data` decompresses to, at most `room` bytes in all."""
        while data and room > 0:
            if self._zlib.eof:
                # Several gzip members may follow each other (RFC 1952 section 2.2).
                if self._wbits != _GZIP:
                    raise zlib.error("data after the end")
                self._zlib = zlib.decompressobj(_GZIP)
            try:
                part = self._zlib.decompress(data, min(room, _STEP))
            except zlib.error:
                if self._wbits != _ZLIB or self._started:
                    raise
                # RFC 9110 section 8.4.1.2 notes that some servers leave the zlib header out.
                self._wbits = _RAW
                self._zlib = zlib.decompressobj(_RAW)
                part = self._zlib.decompress(data, min(room, _STEP))
            self._started = True
            room -= len(part)
            if part:
                yield part
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail

    @property
    def whole(self) -> bool:
        """True at the end of the compressed data, and when none came at all."""
        return self._zlib.eof or not self._started
