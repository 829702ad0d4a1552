"""Operations and calls: what the document says about a request, and one request to be made.

An `Operation` is a constant, one for each operation of the document. Calling it with arguments
checks all of them at once and gives a `Call`, which holds everything a driver needs and does no
I/O. A call can be built, inspected and tested without HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, Final, Generic, NamedTuple

from molam_overlays.calls.call import Call, T_co
from molam_overlays.calls.words import Strangers, strangers_of
from molam_overlays.errors import ValidationError
from molam_overlays.message.body import Body, Encoding, Result, UnreadableBodyError, is_file
from molam_overlays.message.credentials import Credentials
from molam_overlays.message.media import JSON, bare, stream_kind_of
from molam_overlays.message.parameters import Parameter
from molam_overlays.message.styles import cookie_pairs, header_value, path_segment, query_pairs
from molam_overlays.schema import types
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.digits import NOWHERE, Origin
from molam_overlays.schema.types import Problems, Type, type_of
from molam_overlays.wire import SAFE_METHODS, Response

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
    "with_more",
]

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
        self._strangers: tuple[Strangers, ...] | None = None

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
            if value is None or value is types.UNSET:
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
        for strangers in self._strangers if self._strangers is not None else self._meet():
            name = strangers.name
            value = (path and path.get(name)) or (query and query.get(name))
            if isinstance(value, str) and value.startswith(strangers.prefixes):
                problems[name] = strangers.problem(value)
        encoded = None
        if body is not None and body is not types.UNSET and self.bodies:
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

    def _meet(self) -> tuple[Strangers, ...]:
        """Find out, at the first call, which ids are certainly not those that are wanted."""
        models = (
            getattr(each.type, "model", getattr(each.type, "page", None)) for each in self.results
        )
        model = next(filter(None, models), None)
        package = model.__module__.partition(".models")[0] if model is not None else ""
        found = (strangers_of(each.name, package) for each in self.parameters if package)
        self._strangers = tuple(each for each in found if each is not None)
        return self._strangers

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
            if result.type is None or result.kind != "json":
                return None
            return result.type.decode({}, Origin(info, NOWHERE.digits))
        try:
            return result.decode(content, media, info)
        except UnreadableBodyError:
            came = bare(response.headers.get("content-type") or "")
            if stream_kind_of(came):
                raise UnreadableBodyError(
                    f"it comes item by item ({came:.80}): call the method whose name begins with "
                    "`stream_` for that",
                    repeatable=False,
                ) from None
            if result.kind != "json" or not is_file(response.headers):
                raise
            if isinstance(result.type, AnyValue):
                # Frameworks call any download JSON of any kind.
                return content
            raise UnreadableBodyError(
                f"it is {came!r:.80}, and the document says {result.media}",
                repeatable=self.method not in SAFE_METHODS,
            ) from None

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


def _accept(results: tuple[Result, ...]) -> str:
    medias = [result.media for result in results if result.type is not None]
    # Errors are JSON, whatever a success is.
    return ", ".join(dict.fromkeys([*medias, JSON]))


def or_nothing(
    given: Mapping[str, Any],
    *,
    defaults: Mapping[str, Any] | None = None,
    nullable: Iterable[str] = (),
    more: Mapping[str, Any] | None = None,
) -> Mapping[str, Any] | None:
    """Return a body that may be left out as a whole: None when no field of it was given.

    Args:
        given: every field by wire name; None and `UNSET` stand for "left out".
        defaults: what is sent for fields that are left out, once any other is given.
        nullable: fields of which None is a value.
        more: properties that are no such fields.

    Raises:
        ValidationError: `more` holds what is given as a field.
    """
    null = frozenset(nullable)
    kept = {
        name: value
        for name, value in given.items()
        if value is not types.UNSET and (value is not None or name in null)
    }
    if not kept and not more:
        return None
    sent = {**(defaults or {}), **kept}
    return with_more({name: sent[name] for name in given if name in sent}, more)


def with_more(given: Mapping[str, Any], more: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return a body of fields and of properties that are none.

    Raises:
        ValidationError: a field is given both ways.
    """
    if not more:
        return given
    for name in more:
        if given.get(name) not in (None, types.UNSET):
            raise ValidationError(
                {str(name): "has an argument of its own; it is no additional property"}
            )
    return {**given, **more}
