"""Operations and calls: what the document says about a request, and one request to be made.

An `Operation` is a constant, one for each operation of the document. Calling it with arguments
checks all of them at once and gives a `Call`, which holds everything a driver needs and does no
I/O. A call can be built, inspected and tested without HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, Final, Generic, NamedTuple, TypeVar
from urllib.parse import quote

from molam_overlays import codec
from molam_overlays.body import JSON, Body, Encoding, Result, UnreadableBodyError, bare
from molam_overlays.codec import Problems, Type, type_of
from molam_overlays.credentials import Credentials
from molam_overlays.errors import ValidationError
from molam_overlays.model import sensitive_values
from molam_overlays.parameters import (
    Parameter,
    cookie_pairs,
    header_value,
    path_segment,
    query_pairs,
)
from molam_overlays.redact import MASK
from molam_overlays.wire import Response

__all__ = [
    "SAFE_METHODS",
    "Body",
    "Call",
    "Encoding",
    "Operation",
    "PageRule",
    "Result",
    "UnreadableBodyError",
    "or_nothing",
]

T_co = TypeVar("T_co", covariant=True)

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class PageRule(NamedTuple):
    """How a list operation pages: names of two query parameters and two response properties."""

    items: str
    more: str
    limit: str
    offset: str


class Operation(Generic[T_co]):
    """All there is to know about one operation of the document."""

    id: str
    """Its operationId."""
    method: str
    """Upper case."""
    path: str
    """The path template, such as ``/v1/connect/refunds/{refund_id}``."""
    parameters: tuple[Parameter, ...]
    bodies: tuple[Body, ...]
    """The media types it takes, the preferred one first."""
    results: tuple[Result, ...]
    keyed: bool
    """Whether it takes ``Idempotency-Key``, which makes it safe to repeat."""
    page: PageRule | None
    """How it pages; None when it returns no list."""
    async_page: Type | None
    """The type of the page the async client returns."""
    deprecated: str | None
    """What a `DeprecationWarning` says at call time; None when it is current."""
    server: str
    """Where it lives when the document gives it a server of its own; empty for the client's. A
    client whose `api_base` is not the document's goes there all the same."""
    credentials: Credentials | None
    """How the key travels when that is not as for the other operations."""
    accept: str
    """The value of ``Accept``: the media types of its results."""
    repeatable: bool
    """Whether an attempt whose fate is unknown may be repeated."""

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - as the document has it
        method: str,
        path: str,
        parameters: tuple[Parameter, ...] = (),
        bodies: tuple[Body, ...] = (),
        results: tuple[Result, ...] = (),
        keyed: bool = False,
        page: PageRule | None = None,
        async_page: Any = None,
        deprecated: str | None = None,
        server: str = "",
        credentials: Credentials | None = None,
    ) -> None:
        self.id = id
        self.method = method
        self.path = path
        self.parameters = parameters
        self.bodies = bodies
        self.results = results
        self.keyed = keyed
        self.page = page
        self.async_page = None if async_page is None else type_of(async_page)
        self.deprecated = deprecated
        self.server = server
        self.credentials = credentials
        self.accept = _accept(results)
        self.repeatable = keyed or method in SAFE_METHODS
        self._paged: Operation[Any] | None = None

    def call(
        self,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        cookie: Mapping[str, Any] | None = None,
        body: Any = None,
        media: str | None = None,
    ) -> Call[T_co]:
        """Check the arguments, keyed by wire name, and build the call.

        None and `UNSET` stand for "left out"; a nullable body field takes None as null.

        Raises:
            ValidationError: with every problem at once; nothing was or will be sent.
        """
        problems: Problems = {}
        target = self.path
        pieces: list[str] = []
        headers: dict[str, str] = {}
        cookies: list[str] = []
        segments: dict[str, str] = {}
        given = (
            {"path": path, "query": query, "header": header, "cookie": cookie}
            if self.parameters
            else {}
        )
        for parameter in self.parameters:
            values = given[parameter.location]
            value = None if values is None else values.get(parameter.name)
            if value is None or value is codec.UNSET:
                if parameter.required:
                    problems[parameter.name] = "is required"
                continue
            found: Problems = {}
            encoded = parameter.encode(value, found)
            if found:
                problems.update(found)
            elif parameter.location == "path":
                segments[parameter.name] = path_segment(parameter, encoded, problems)
            elif parameter.location == "query":
                pieces.extend(query_pairs(parameter, encoded))
            elif parameter.location == "header":
                headers[parameter.name] = header_value(parameter, encoded, problems)
            else:
                cookies.extend(cookie_pairs(parameter, encoded))
        encoded = None
        if body is not None and body is not codec.UNSET and self.bodies:
            found = {}
            try:
                encoded = self._body(media).encode(body, found)
            except RecursionError:
                found = {"": "nests too deeply, or holds itself"}
            if found:
                problems.update({at or "body": problem for at, problem in found.items()})
        elif self.bodies and self.bodies[0].required:
            problems["body"] = "is required"
        if segments:
            target = _PLACEHOLDER.sub(lambda match: segments.get(match[1], ""), target)
            if "/." in target and not problems and not {".", ".."}.isdisjoint(target.split("/")):
                problems[next(iter(segments))] = "must not make a dot segment of the path"
        if problems:
            raise ValidationError(problems)
        if cookies:
            headers["Cookie"] = "; ".join(cookies)
        query_text = "&".join(pieces)
        if encoded is None:
            return Call(self, target, query_text, headers)
        return Call(
            self,
            target,
            query_text,
            headers,
            encoded.content,
            encoded.json,
            encoded.media,
            encoded.data,
        )

    def _body(self, media: str | None) -> Body:
        if media is None:
            return self.bodies[0]
        for body in self.bodies:
            if body.media == media:
                return body
        known = ", ".join(body.media for body in self.bodies)
        raise ValidationError({"media": f"must be one of {known}"})

    def decode(self, response: Response, info: Any) -> Any:
        """Return the typed result of a 2xx response.

        Raises:
            UnreadableBodyError: the body is not what the document and the headers announce.
        """
        results = self.results
        content = response.content
        if len(results) == 1:
            (result,) = results
            media = "" if result.kind == "json" else response.headers.get("content-type", "")
        else:
            media = response.headers.get("content-type", "")
            chosen = self.result(response.status, media)
            if chosen is None:
                return None
            result = chosen
        if not content and (response.status in (204, 205) or self.method == "HEAD"):
            # Nothing was announced, and nothing came.
            return result.type.decode({}, info) if result.type and result.kind == "json" else None
        return result.decode(content, media, info)

    def result(self, status: int, media: str) -> Result | None:
        """Return the result that an answer holds, by its status and ``Content-Type``."""
        ranked = [(result.matches(status), result.speaks(media), result) for result in self.results]
        fitting = [row for row in ranked if row[0]]
        # An undocumented 2xx is read as a documented one: money may have moved.
        fitting = fitting or [row for row in ranked if row[2].status[:1] == "2"]
        best = max(fitting, key=lambda row: row[:2], default=None)
        return None if best is None else best[2]

    def paged(self) -> Operation[Any]:
        """Return the same operation with its page as the async client reads it."""
        if self.async_page is None:
            return self
        twin = self._paged
        if twin is None:
            twin = self._paged = copy(self)
            twin.results = tuple(
                Result(self.async_page, result.status, result.media) for result in self.results
            )
        return twin


class Call(Generic[T_co]):
    """One request to be made: checked, encoded, without key, host and credentials."""

    __slots__ = ("content", "data", "headers", "json", "media", "operation", "path", "query")

    operation: Operation[T_co]
    path: str
    """Expanded and percent-encoded."""
    query: str
    """Encoded, without the question mark; empty when there is none."""
    headers: dict[str, str]
    content: bytes | None
    """The encoded body."""
    json: Any
    """The body as plain JSON data."""
    media: str | None
    """The media type of the body."""
    data: Any
    """The body as data, whatever its media type."""

    def __init__(
        self,
        operation: Operation[T_co],
        path: str,
        query: str,
        headers: dict[str, str],
        content: bytes | None = None,
        json: Any = None,
        media: str | None = None,
        data: Any = None,
    ) -> None:
        self.operation = operation
        self.path = path
        self.query = query
        self.headers = headers
        self.content = content
        self.json = json
        self.media = media
        self.data = data

    def __repr__(self) -> str:
        return f"Call({self.operation.id!r}, path={self.path!r}, query={self.query!r})"

    @property
    def target(self) -> str:
        """Path and query, as they follow the host."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def with_query(self, **changed: int) -> Call[T_co]:
        """Return the same call with some query parameters set to other numbers."""
        kept = [
            pair for pair in self.query.split("&") if pair and pair.partition("=")[0] not in changed
        ]
        added = [f"{name}={number}" for name, number in changed.items()]
        other = copy(self)
        other.query = "&".join(kept + added)
        return other

    def for_async_pages(self) -> Call[Any]:
        """Return the same call, its result read as a page of the async client."""
        paged: Call[Any] = copy(self)
        paged.operation = self.operation.paged()
        return paged

    def query_number(self, name: str) -> int | None:
        """Return the number a query parameter is set to, None when it is not."""
        for pair in self.query.split("&"):
            found, _, text = pair.partition("=")
            if found == name and text.isascii() and text.isdigit():
                return int(text)
        return None

    def without_sensitive_values(self, text: str) -> str:
        """Return a text of the server's with every sensitive value of this request masked."""
        data = self.json if self.data is None else self.data
        if data is None or not text:
            return text
        media = bare(self.media or "")
        declared = next(
            (body.type for body in self.operation.bodies if bare(body.media) == media),
            codec.AnyValue(),
        )
        return without(text, sensitive_values(declared, data))


def _accept(results: tuple[Result, ...]) -> str:
    medias = [result.media for result in results if result.type is not None]
    # Errors are JSON, whatever a success is.
    return ", ".join(dict.fromkeys([*medias, JSON]))


def without(text: str, values: Iterable[str]) -> str:
    """Return a text with values masked, however they are spaced or percent-encoded there."""
    for value in values:
        if value in text:
            text = text.replace(value, MASK)
        characters = [character for character in value if character.isalnum()]
        if len(characters) >= SPACED:
            spaced = r"[\s.\-/()]*".join(re.escape(character) for character in characters)
            text = re.sub(spaced, MASK, text, flags=re.IGNORECASE)
        encoded = quote(value, safe="", errors="surrogatepass")
        if encoded != value:
            text = text.replace(encoded, MASK)
    return text


SPACED: Final = 4
"""Letters and digits that a value has at least to be looked for with other spacing."""


def or_nothing(
    given: Mapping[str, Any],
    *,
    defaults: Mapping[str, Any] | None = None,
    nullable: Iterable[str] = (),
) -> Mapping[str, Any] | None:
    """Return a body that may be left out as a whole: None when no field of it was given.

    Args:
        given: every field by wire name; None and `UNSET` stand for "left out".
        defaults: what is sent for fields that are left out, once any other is given.
        nullable: fields of which None is a value.
    """
    null = frozenset(nullable)
    kept = {
        name: value
        for name, value in given.items()
        if value is not codec.UNSET and (value is not None or name in null)
    }
    if not kept:
        return None
    sent = {**(defaults or {}), **kept}
    return {name: sent[name] for name in given if name in sent}
