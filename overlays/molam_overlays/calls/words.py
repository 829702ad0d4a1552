"""Messages about what a caller wrote, in the caller's words: methods, keywords and ids as they are used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from molam_overlays.keywords import unexpected
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import prefix_of


def called(operation_id: str) -> str:
    """Return the name of the method that an operation is called by."""
    if not operation_id.isidentifier():
        return operation_id
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation_id).lower()


def no_setting(client: str, settings: Iterable[str], known: Iterable[str], name: str) -> str:
    """Say that a client has no such keyword; settings are a Config's."""
    if name in settings:
        return f"{client}() takes settings in a Config: {client}(Config({name}=…))"
    return unexpected(client, name, known)


class Strangers(NamedTuple):
    """Ids that are certainly not what an argument wants."""

    name: str
    prefixes: tuple[str, ...]
    """What they start with."""
    wanted: str
    """What the right ones start with."""
    models: tuple[type[Model], ...]
    """Whose ids they are, in the order of the prefixes."""

    def problem(self, value: str) -> str:
        """Say whose id was given, and where the right one is."""
        owner = next(
            m for p, m in zip(self.prefixes, self.models, strict=True) if value.startswith(p)
        )
        found = f", whose {self.name} has it" if self.name in owner.__fields__ else ""
        return (
            f"must be a {self.name.replace('_', ' ')}, which starts with {self.wanted}; this is the "
            f"id of a {_words(owner, ' ')}{found}"
        )


def strangers_of(name: str, package: str) -> Strangers | None:
    """Return the ids of a package's other models, None when nothing says what an argument wants."""
    models = [each for each in _models(Model) if each.__module__.startswith(f"{package}.")]
    ids = {
        prefix: model
        for model in models
        if "id" in model.__fields__ and (prefix := prefix_of(model.__fields__["id"].type))
    }
    declared = [model.__fields__[name].type for model in models if name in model.__fields__]
    wanted = next(filter(None, map(prefix_of, declared)), None) or next(
        (prefix for prefix, model in ids.items() if f"{_words(model, '_')}_id" == name), None
    )
    if wanted is None:
        return None
    others = {prefix: model for prefix, model in ids.items() if not wanted.startswith(prefix)}
    return Strangers(name, tuple(others), wanted, tuple(others.values()))


def _models(model: type[Model]) -> Iterable[type[Model]]:
    for each in model.__subclasses__():
        yield each
        yield from _models(each)


def _words(model: type[Model], between: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", between, model.__name__).lower()
