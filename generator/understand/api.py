"""A document in normal form: its operations, what they take and what they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from generator.read.document import Document
from generator.understand.schema import Named, Schema
from generator.understand.schemas import Schemas

Location: TypeAlias = Literal["path", "query", "header", "cookie"]


@attrs.frozen(eq=False)
class Media:
    """One media type of a body."""

    at: str
    media: str
    schema: Schema | None
    encoding: Mapping[str, Mapping[str, Any]]
    item: Schema | None = None
    """Of what comes item by item: the schema of one, where it is said apart (OpenAPI 3.2)."""

    @property
    def held(self) -> Schema | None:
        """What it holds, as a whole or item by item."""
        return self.schema if self.item is None else self.item


@attrs.frozen(eq=False)
class Parameter:
    """One parameter, or one response header."""

    at: str
    name: str
    location: Location
    schema: Schema
    required: bool
    style: str | None
    explode: bool | None
    allow_reserved: bool
    json: bool
    facts: Mapping[str, Any]


@attrs.frozen(eq=False)
class Body:
    """A request body."""

    at: str
    required: bool
    description: str
    media: tuple[Media, ...]


@attrs.frozen(eq=False)
class Response:
    """One response of an operation."""

    at: str
    status: str
    description: str
    media: tuple[Media, ...]
    headers: tuple[Parameter, ...]
    links: tuple[str, ...]


@attrs.frozen(eq=False)
class Operation:
    """One operation; webhooks and callbacks are operations too."""

    at: str
    id: str
    method: str
    path: str
    facts: Mapping[str, Any]
    """What is not resolved: tags, summary, description, deprecated, extensions."""
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: tuple[Response, ...]
    security: tuple[Mapping[str, Any], ...] | None
    servers: tuple[Mapping[str, Any], ...]
    callbacks: tuple[Operation, ...] = ()
    streams: bool = False
    """Whether this is the method whose answer comes item by item."""

    @property
    def title(self) -> str:
        """Method and path, as people name an operation."""
        return f"{self.method.upper()} {self.path}"

    def schemas(self) -> Iterator[Schema]:
        """Yield the schemas of all that it takes and gives, callbacks left out."""
        yield from (parameter.schema for parameter in self.parameters)
        for holder in (self.body, *self.responses):
            for media in holder.media if holder else ():
                yield from filter(None, (media.schema, media.item))
        yield from (header.schema for answer in self.responses for header in answer.headers)


@attrs.frozen(eq=False)
class Api:
    """A document in normal form."""

    document: Document
    info: Mapping[str, Any]
    servers: tuple[Mapping[str, Any], ...]
    tags: Mapping[str, Mapping[str, Any]]
    operations: tuple[Operation, ...]
    webhooks: tuple[Operation, ...]
    named: Mapping[str, Named]
    """Named schemas by key, in the order of the document."""
    security_schemes: Mapping[str, Mapping[str, Any]]
    security: tuple[Mapping[str, Any], ...]

    @property
    def schemas(self) -> Schemas:
        """Answers about its schemas, through references and bases."""
        return Schemas(self.named.__getitem__)
