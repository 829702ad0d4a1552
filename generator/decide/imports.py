"""Names that emitted code takes from elsewhere, and the import statements they need.

An expression of the plan names what it uses by a token. When a file is complete, each token
becomes a local name: the plain one, or one with an underscore where the file defines that name
itself, as a model with a property called `date` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import attrs

T = TypeVar("T")

RAW: Final = {"raw": True}
"""Metadata of attributes that hold text of the document as it is: no token is looked for there."""

# Private-use characters. All text of the document in an expression or docstring went through
# `docs`, which escapes them, so no document can forge a token.
_OPEN, _CLOSE, _PARTS = "\ue000", "\ue001", "\ue002"
# Names may hold marks that are no \w, in Hindi for instance.
_NAME: Final = f"([^{_OPEN}-{_PARTS}]+)"
_TOKEN: Final = re.compile(f"{_OPEN}([rt]){_PARTS}{_NAME}{_PARTS}{_NAME}{_CLOSE}")


def use(module: str, name: str) -> str:
    """Return the token of a name that may be imported when the file runs."""
    return f"{_OPEN}r{_PARTS}{module}{_PARTS}{name}{_CLOSE}"


def use_for_types(module: str, name: str) -> str:
    """Return the token of a name that must not be imported when the file runs."""
    return f"{_OPEN}t{_PARTS}{module}{_PARTS}{name}{_CLOSE}"


def is_for_types(text: str) -> bool:
    """Tell whether an expression names what must not be imported when the file runs."""
    return f"{_OPEN}t" in text


def builtin(name: str) -> str:
    """Return the token of a builtin."""
    return use("builtins", name)


def spelled(text: str) -> str:
    """Return an expression with plain names, for comparisons and documentation."""
    return _TOKEN.sub(lambda match: match[3], text)


@attrs.frozen
class ImportFrom:
    """One import statement."""

    module: str
    names: tuple[str, ...]
    """``Name`` or ``Name as Name_``."""


@attrs.frozen
class Imports:
    """The import statements of a file; the formatter sorts them."""

    at_top: tuple[ImportFrom, ...] = ()
    for_types: tuple[ImportFrom, ...] = ()
    """What stands under TYPE_CHECKING."""


NO_IMPORTS: Final = Imports()


def settle(view: T, *, here: str, taken: Iterable[str] = ()) -> tuple[T, Imports]:
    """Return a view with all tokens replaced by local names, and the imports they need.

    Args:
        view: an attrs object of the plan, or text, or tuples of them.
        here: the module that the file is.
        taken: names that the file defines itself.
    """
    wanted: dict[tuple[str, str], set[str]] = {}
    _collect(view, wanted)
    blocked = set(taken)
    local: dict[tuple[str, str], str] = {}
    at_top: dict[str, list[str]] = {}
    for_types: dict[str, list[str]] = {}
    for module, name in sorted(wanted):
        if module == here:
            local[module, name] = name
            continue
        given = name
        while given in blocked:
            given += "_"
        if module != "builtins" or given != name:
            blocked.add(given)
            kinds = wanted[module, name]
            group = for_types if kinds == {"t"} else at_top
            statement = name if given == name else f"{name} as {given}"
            group.setdefault(module, []).append(statement)
        local[module, name] = given
    settled = _replace(view, local)
    if for_types:
        at_top.setdefault("typing", []).append("TYPE_CHECKING")
    return settled, Imports(_statements(at_top), _statements(for_types))


def _statements(names: Mapping[str, list[str]]) -> tuple[ImportFrom, ...]:
    return tuple(ImportFrom(module, tuple(sorted(set(names[module])))) for module in sorted(names))


def _collect(value: Any, wanted: dict[tuple[str, str], set[str]]) -> None:
    if isinstance(value, str):
        for kind, module, name in _TOKEN.findall(value):
            wanted.setdefault((module, name), set()).add(kind)
    elif isinstance(value, (tuple, list)):
        for item in value:
            _collect(item, wanted)
    elif attrs.has(type(value)):
        for spec in attrs.fields(type(value)):
            if "raw" not in spec.metadata:
                _collect(getattr(value, spec.name), wanted)


def _replace(value: Any, local: Mapping[tuple[str, str], str]) -> Any:
    if isinstance(value, str):
        if _OPEN not in value:
            return value
        return _TOKEN.sub(lambda match: local[match[2], match[3]], value)
    if isinstance(value, tuple):
        return tuple(_replace(item, local) for item in value)
    if attrs.has(type(value)):
        changed = {
            spec.name: getattr(value, spec.name)
            if "raw" in spec.metadata
            else _replace(getattr(value, spec.name), local)
            for spec in attrs.fields(type(value))
        }
        return type(value)(**changed)
    return value


def isort(name: str) -> tuple[int, str]:
    """Return the place of a name in a sorted list of exports."""
    rank = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return rank, name
