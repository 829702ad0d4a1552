"""Which methods and events a model reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from generator.compare.changes import Change
from generator.compare.surface import Surface
from generator.understand.schema import Schema


def users(surface: Surface) -> dict[str, list[str]]:
    """Return models to the methods and events that they come and go with."""
    found: dict[str, list[str]] = {}
    for user, schemas in _handed_over(surface):
        todo, seen = list(schemas), set[str]()
        while todo:
            schema = todo.pop()
            if schema.kind == "ref":
                if schema.target in seen:
                    continue
                seen.add(schema.target)
                name = surface.name(schema)
                if name and user not in found.setdefault(name, []):
                    found[name].append(user)
                todo.append(surface.api.named[schema.target].schema)
            todo.extend(schema.parts())
            if schema.base:
                todo.append(Schema(at=schema.at, kind="ref", target=schema.base))
    return found


def with_users(change: Change, users: Mapping[str, Sequence[str]]) -> Change:
    """Say which methods and events a change of a model reaches."""
    known = users.get(change.subject.partition(".")[0])
    if known is not None and not change.used_by[1:]:
        return attrs.evolve(change, used_by=tuple(known))
    # Its own name says it already.
    others = tuple(one for one in change.used_by if not change.subject.startswith(one))
    return attrs.evolve(change, used_by=others)


def _handed_over(surface: Surface) -> Iterator[tuple[str, list[Schema]]]:
    """Yield each method and event with the schemas that it takes or gives."""
    for method in surface.methods.values():
        schemas = [argument.schema for argument in method.arguments if argument.schema]
        schemas.extend(media.schema for media in method.success.values() if media.schema)
        if not any(argument.place == "body" for argument in method.arguments):
            body = method.operation.body
            if body is not None:
                schemas.extend(media.schema for media in body.media if media.schema)
        yield method.name, schemas
    for webhook in surface.api.webhooks:
        if webhook.body is not None:
            yield webhook.path, [media.schema for media in webhook.body.media if media.schema]
