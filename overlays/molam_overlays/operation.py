"""Operations and calls: what the document says about a request, and one request to be made.

An `Operation` is a constant, one for each operation of the document. Calling it with arguments
checks all of them at once and gives a `Call`, which holds everything a driver needs and does no
I/O. A call can be built, inspected and tested without HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import attrs

from molam_overlays import codec
from molam_overlays.codec import Problems, Type, type_of
from molam_overlays.errors import ValidationError
from molam_overlays.jsontext import dumps, loads
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

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class UnreadableBodyError(Exception):
    """A response body is not what was announced. Stays inside the runtime."""


@attrs.frozen(eq=False, slots=True)
class Body:
    """One media type an operation takes."""

    type: Type = attrs.field(converter=type_of)
    media: str = "application/json"
    required: bool = True


@attrs.frozen(eq=False, slots=True)
class Result:
    """What one response of an operation holds."""

    type: Type | None = attrs.field(converter=attrs.converters.optional(type_of))
    """The type of its JSON body; None for no body."""
    status: str = "2XX"
    """The status it comes with: exact, a range such as ``2XX``, or ``default``."""
    media: str = "application/json"

    def matches(self, status: int) -> int:
        """Return how exactly this result fits a status: 3 exact, 2 range, 1 default, 0 not."""
        if self.status == str(status):
            return 3
        if self.status[1:].upper() == "XX" and self.status[:1] == str(status)[:1]:
            return 2
        return 1 if self.status == "default" else 0


@attrs.frozen(slots=True)
class PageRule:
    """How a list operation pages: names of two query parameters and two response properties."""

    items: str
    more: str
    limit: str
    offset: str


@attrs.frozen(eq=False, slots=True, kw_only=True)
class Operation(Generic[T_co]):
    """All there is to know about one operation of the document."""

    id: str
    """Its operationId."""
    method: str
    """Upper case."""
    path: str
    """The path template, such as ``/v1/connect/refunds/{refund_id}``."""
    parameters: tuple[Parameter, ...] = ()
    bodies: tuple[Body, ...] = ()
    """The media types it takes, the preferred one first."""
    results: tuple[Result, ...] = ()
    keyed: bool = False
    """Whether it takes ``Idempotency-Key``, which makes it safe to repeat."""
    page: PageRule | None = None
    """How it pages; None when it returns no list."""
    async_page: Type | None = attrs.field(
        default=None, converter=attrs.converters.optional(type_of)
    )
    """The type of the page the async client returns."""
    deprecated: str | None = None
    """What a `DeprecationWarning` says at call time; None when it is current."""

    @property
    def repeatable(self) -> bool:
        """Whether an attempt whose fate is unknown may be repeated."""
        return self.keyed or self.method in SAFE_METHODS

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
        given = {"path": path, "query": query, "header": header, "cookie": cookie}
        target = self.path
        pieces: list[str] = []
        headers: dict[str, str] = {}
        cookies: list[str] = []
        segments: dict[str, str] = {}
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
                headers[parameter.name] = header_value(parameter.name, encoded, problems)
            else:
                cookies.extend(cookie_pairs(parameter, encoded))
        content = data = None
        media_type = None
        if self.bodies and body is not None:
            chosen = self._body(media)
            data = chosen.type.encode(body, "", problems)
            media_type = chosen.media
        if problems:
            raise ValidationError(problems)
        if segments:
            target = _PLACEHOLDER.sub(lambda match: segments[match[1]], target)
        if cookies:
            headers["Cookie"] = "; ".join(cookies)
        if media_type is not None:
            content = dumps(data)
        return Call(self, target, "&".join(pieces), headers, content, data, media_type)

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
        result = results[0] if len(results) == 1 else self._result(response)
        content = response.content
        if not content and (
            result is None
            or result.type is None
            or response.status in (204, 205)
            or self.method == "HEAD"
        ):
            return None if result is None or result.type is None else result.type.decode({}, info)
        if result is None or result.type is None:
            return None
        try:
            data = loads(content)
        except ValueError as error:
            raise UnreadableBodyError("the body is not JSON") from error
        value = result.type.decode(data, info)
        if (
            value is data
            and isinstance(data, (list, str, int, float, type(None)))
            and (not result.type.plain)
        ):
            raise UnreadableBodyError("the body is JSON, but not of the announced shape")
        return value

    def _result(self, response: Response) -> Result | None:
        ranked = [(result.matches(response.status), result) for result in self.results]
        fitting = [(rank, result) for rank, result in ranked if rank]
        if fitting:
            return max(fitting, key=lambda pair: pair[0])[1]
        # An undocumented 2xx is read as the first documented one: money may have moved.
        return next((result for result in self.results if result.status[:1] == "2"), None)


@attrs.frozen(eq=False, slots=True)
class Call(Generic[T_co]):
    """One request to be made: checked, encoded, without key, host and credentials."""

    operation: Operation[T_co]
    path: str
    """Expanded and percent-encoded."""
    query: str
    """Encoded, without the question mark; empty when there is none."""
    headers: dict[str, str] = attrs.field(repr=False)
    content: bytes | None = attrs.field(default=None, repr=False)
    """The encoded body."""
    json: Any = attrs.field(default=None, repr=False)
    """The body as plain JSON data."""
    media: str | None = None
    """The media type of the body."""

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
        return attrs.evolve(self, query="&".join(kept + added))

    def for_async_pages(self) -> Call[Any]:
        """Return the same call, its result read as a page of the async client."""
        operation = self.operation
        if operation.async_page is None:
            return self
        results = tuple(
            attrs.evolve(result, type=operation.async_page) for result in operation.results
        )
        return attrs.evolve(self, operation=attrs.evolve(operation, results=results))

    def query_number(self, name: str) -> int | None:
        """Return the number a query parameter is set to, None when it is not."""
        for pair in self.query.split("&"):
            found, _, text = pair.partition("=")
            if found == name and text.isascii() and text.isdigit():
                return int(text)
        return None

    def without_sensitive_values(self, text: str) -> str:
        """Return a text of the server's with every sensitive value of this request masked."""
        if self.json is None or not self.operation.bodies:
            return text
        for value in sensitive_values(self.operation.bodies[0].type, self.json):
            text = text.replace(value, MASK)
        return text
