"""Checks over an object as a whole, where the document asks for them.

Each function returns a check: given the object as it would be sent, it says what is wrong, None
when nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Rule = Callable[[Mapping[str, Any]], str | None]


def one_of_required(*alternatives: tuple[str, ...]) -> Rule:
    """Exactly one of several groups of properties must be there (``oneOf`` of ``required``)."""

    def check(value: Mapping[str, Any]) -> str | None:
        fitting = sum(all(name in value for name in names) for names in alternatives)
        return None if fitting == 1 else f"must have exactly one of {_listed(alternatives)}"

    return check


def any_of_required(*alternatives: tuple[str, ...]) -> Rule:
    """One of several groups of properties must be there (``anyOf`` of ``required``)."""

    def check(value: Mapping[str, Any]) -> str | None:
        if any(all(name in value for name in names) for names in alternatives):
            return None
        return f"must have one of {_listed(alternatives)}"

    return check


def dependent_required(name: str, needed: tuple[str, ...]) -> Rule:
    """With one property, others must be there (``dependentRequired``)."""

    def check(value: Mapping[str, Any]) -> str | None:
        missing = [other for other in needed if other not in value] if name in value else []
        return f"must have {', '.join(missing)} where it has {name}" if missing else None

    return check


def min_properties(count: int) -> Rule:
    """At least so many properties must be there (``minProperties``)."""

    def check(value: Mapping[str, Any]) -> str | None:
        return None if len(value) >= count else f"must have at least {count} properties"

    return check


def max_properties(count: int) -> Rule:
    """At most so many properties may be there (``maxProperties``)."""

    def check(value: Mapping[str, Any]) -> str | None:
        return None if len(value) <= count else f"must have at most {count} properties"

    return check


def names_match(patterns: tuple[str, ...], declared: tuple[str, ...]) -> Rule:
    """Names that are not declared must match a pattern (``patternProperties`` of a closed object)."""
    compiled = [re.compile(pattern, re.ASCII) for pattern in patterns]

    def check(value: Mapping[str, Any]) -> str | None:
        for name in value:
            if name not in declared and not any(one.search(name) for one in compiled):
                return f"must not have a property {name}"
        return None

    return check


def _listed(alternatives: tuple[tuple[str, ...], ...]) -> str:
    return ", ".join(" and ".join(names) for names in alternatives)
