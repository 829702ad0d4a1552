"""Which methods and events a model reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from generator.compare.changes import Change
from generator.compare.surface import Step, Surface
from generator.understand.schema import Schema


def users(surface: Surface) -> dict[str, list[str]]:
    """Return models to the methods and events that they come and go with."""
    heirs: dict[str, list[str]] = {}
    for key, named in surface.api.named.items():
        if named.schema.base:
            heirs.setdefault(named.schema.base, []).append(key)
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
                target = surface.api.named[schema.target]
                todo.append(target.schema)
                if target.kinds:
                    # What is described as a base comes as any of its kinds.
                    todo.extend(map(_reference, heirs.get(schema.target, ())))
            todo.extend(schema.parts())
            if schema.base:
                todo.append(_reference(schema.base))
    return found


def _reference(key: str) -> Schema:
    return Schema(at=key, kind="ref", target=key)


@attrs.frozen
class Reached:
    """Which methods and events models come and go with, in both documents."""

    old: Mapping[str, Sequence[str]]
    new: Mapping[str, Sequence[str]]

    @classmethod
    def between(cls, step: Step) -> Reached:
        """Return it for the step from one document to the other."""
        return cls(users(step.old), users(step.new))

    def by(self, change: Change) -> Change:
        """Say which methods and events a change reaches."""
        # Its own name says it already.
        told = [one for one in change.used_by if not change.subject.startswith(one)]
        known = [self._of(subject, change.now) for subject in (change.subject, *change.used_by)]
        used = dict.fromkeys([*(known[0] or ()), *told, *(one for row in known[1:] for one in row)])
        return attrs.evolve(change, used_by=tuple(used))

    def _of(self, subject: str, now: str) -> Sequence[str]:
        name = subject.partition(".")[0].removesuffix("[]")
        # One that has another name now is reached by that; one that is gone was reached before.
        return self.new.get(name) or self.new.get(now) or self.old.get(name) or ()


def _handed_over(surface: Surface) -> Iterator[tuple[str, list[Schema]]]:
    """Yield each method and event with the schemas that it takes or gives."""
    for method in surface.methods.values():
        schemas = [argument.schema for argument in method.arguments if argument.schema]
        schemas.extend(media.held for media in method.success.values() if media.held)
        body = method.operation.body
        if body is not None:
            schemas.extend(media.schema for media in body.media if media.schema)
        yield method.name, schemas
    for webhook in surface.api.webhooks:
        if webhook.body is not None:
            yield webhook.path, [media.schema for media in webhook.body.media if media.schema]
