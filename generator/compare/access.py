"""Who may call, with which credentials, and where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from generator.compare.rules import WORDS
from generator.compare.surface import Surface
from generator.understand.api import Operation

_Requirement = Mapping[str, Sequence[str]]


def requirements_of(surface: Surface, operation: Operation) -> list[_Requirement]:
    """Return the ways to authenticate; an empty one stands for none at all."""
    given = surface.api.security if operation.security is None else operation.security
    return list(given) or [{}]


def covers(new: _Requirement, old: _Requirement) -> bool:
    """Return whether what was enough for the old requirement is enough for the new one."""
    return all(name in old and set(scopes) <= set(old[name]) for name, scopes in new.items())


def ways_of(requirements: Sequence[_Requirement]) -> str:
    """Return sets of credentials in words."""
    ways = []
    for one in requirements:
        parts = [
            f"{name} ({', '.join(scopes)})" if scopes else name for name, scopes in one.items()
        ]
        ways.append(" and ".join(parts) or "nothing")
    return " or ".join(ways)


def without_words(value: Mapping[str, Any]) -> str:
    """Return what a security scheme asks for, its descriptions left out."""
    kept = {key: item for key, item in value.items() if key not in (*WORDS, "bearerFormat")}
    return json.dumps(kept, sort_keys=True)
