"""Types that are found on first use."""

from __future__ import annotations

import importlib
from typing import Any

from molam_overlays.schema.digits import Origin
from molam_overlays.schema.types import Problems, Type, type_of


class Lazy(Type):
    """A type in another module, for schemas that refer to each other in a circle."""

    plain = False
    __slots__ = ("_found", "_module", "_name")

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name
        self._found: Type | None = None
        _pending.append(self)

    def found(self) -> Type:
        """Return the type itself, importing its module at most once."""
        found = self._found
        if found is None:
            found = type_of(getattr(importlib.import_module(self._module), self._name))
            self._found = found
        return found

    def decode(self, wire: Any, origin: Origin) -> Any:
        return self.found().decode(wire, origin)

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        return self.found().encode(value, at, problems)

    def accepts(self, wire: Any) -> bool:
        return self.found().accepts(wire)

    def resembles(self, wire: Any) -> bool:
        return self.found().resembles(wire)

    def json_schema(self) -> dict[str, Any]:
        return self.found().json_schema()

    def fit(self, wire: Any) -> float:
        return self.found().fit(wire)


_pending: list[Lazy] = []


def resolve_pending() -> None:
    """Import all that `Lazy` types name, so that no import is left for the first payment."""
    while _pending:
        _pending.pop().found()
