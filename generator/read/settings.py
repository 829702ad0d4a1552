"""What a document does not say about its package: the settings file beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from generator import toml
from generator.read.position import DocumentError, Position
from generator.read.rules import HOUSE
from generator.read.source import Source

_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9]*", re.ASCII)
_PACKAGE: Final = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!-]*", re.ASCII)
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*", re.ASCII)


@attrs.frozen
class Settings:
    """What the file says; empty texts where it says nothing."""

    name: str = ""
    """What classes are called after: ``Molam`` makes ``MolamClient``."""
    package: str = ""
    """The import name that messages use."""
    distribution: str = ""
    """What is installed."""
    version: str = ""
    command: str = ""
    """The command line's name."""
    environment: str = ""
    """What names of environment variables begin with."""
    user_agent: str = ""
    signature_header: str = ""
    """The header that the signature of a webhook is in."""
    flat_up_to: int = 100
    """A client with more operations has a group for each tag."""
    house: frozenset[str] = frozenset()
    """The house rules that hold for the document."""
    incomplete: DocumentError | None = None
    """What no package can be emitted without; documents can be compared."""


def _fits(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


_HOUSE: Final = frozenset(HOUSE)
_KEYS: Final[Mapping[str, Mapping[str, tuple[Callable[[Any], bool], str]]]] = {
    "brand": {
        "name": (_fits(_NAME), "a name in Pascal case, such as Acme"),
        "package": (_fits(_PACKAGE), "a Python name, such as acme_sdk"),
        "project": (lambda value: isinstance(value, str), "the path of a pyproject.toml"),
        "distribution": (_fits(_WORD), "the name of a distribution, such as acme-sdk"),
        "version": (_fits(_VERSION), "a version, such as 1.0.0"),
        "command": (_fits(_WORD), "the name of a command, such as acme"),
        "environment": (_fits(_VARIABLE), "capitals, such as ACME"),
        "user_agent": (_fits(_WORD), "one word, such as acme-sdk"),
        "signature_header": (_fits(_HEADER), "the name of a header, such as Acme-Signature"),
    },
    "clients": {
        "flat_up_to": (
            lambda value: type(value) is int and value >= 0,
            "the number of operations up to which a client has no groups",
        ),
    },
    "rules": {
        "house": (
            lambda value: isinstance(value, list) and all(one in _HOUSE for one in value),
            f"a list of {', '.join(HOUSE)}",
        ),
    },
}
"""Each key by its table: a check of its value, and what is expected."""


def path_of(document: Path) -> Path:
    """Return where the settings of a document stand: ``shop.settings.toml``."""
    return document.with_name(f"{document.stem}.settings.toml")


def load(document: Path, name: str) -> tuple[Settings, Source] | None:
    """Read the settings beside a document; None where there are none.

    Raises:
        DocumentError: a key is unknown, or its value is not what is expected.
    """
    path = path_of(document)
    if not path.is_file():
        return None
    called = str(Path(name).with_name(path.name))
    text = path.read_text(encoding="utf-8")
    try:
        data = toml.read(path)
    except ValueError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = Position(called, int(line[1]) if line else 1)
        raise _wrong(f"This is no TOML: {error}", where, "Correct it") from None
    for table, keys in data.items():
        if table not in _KEYS or not isinstance(keys, dict):
            known = " and ".join(f"[{one}]" for one in _KEYS)
            raise _wrong(f"{table} is no table of settings", _place(called, text, table),
                         f"There is {known}")  # fmt: skip
        for key, value in keys.items():
            _check(table, key, value, _place(called, text, key))
    return _read(data, path, called, text), Source(
        path, called, text, (data, lambda _: Position(called), [])
    )


def _check(table: str, key: str, value: Any, where: Position) -> None:
    known = _KEYS[table].get(key)
    if known is None:
        raise _wrong(f"{key} is no setting", where, f"[{table}] takes {', '.join(_KEYS[table])}")
    fits, expected = known
    if not fits(value):
        raise _wrong(f"The setting {key} has a wrong value", where, f"Write {expected}")


def _read(data: Mapping[str, Any], path: Path, name: str, text: str) -> Settings:
    brand = dict(data.get("brand", {}))
    brand |= data.get("clients", {})
    brand["house"] = frozenset(data.get("rules", {}).get("house", ()))
    if "project" not in brand:
        return Settings(**brand)
    file = path.parent / brand.pop("project")
    try:
        project = toml.read(file)["project"]
        told: dict[str, Any] = {"distribution": project["name"], "version": project["version"]}
        return Settings(**{**told, **brand})
    except (OSError, ValueError, KeyError):
        # An earlier revision of a document is alone in a folder.
        what = f"{file.name} has no [project] table with name and version"
        where = _place(name, text, "project")
        wrong = _wrong(what, where, "Name the pyproject.toml of the distribution")
        return Settings(**brand, incomplete=wrong)


def _place(name: str, text: str, key: str) -> Position:
    """Return the line that a key or a table stands in."""
    wanted = re.compile(rf'\s*\[?\s*"?{re.escape(key)}"?\s*(?:\]|=|\.)')
    lines = enumerate(text.splitlines(), 1)
    return Position(name, next((number for number, line in lines if wanted.match(line)), 1))


def _wrong(what: str, where: Position, advice: str) -> DocumentError:
    return DocumentError(what, where, advice, "settings")
