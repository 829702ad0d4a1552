"""Where a store lives: a URL, read and checked.

A password that was pasted as it is makes another URL of it: with a ``/`` or ``#`` in it, what
follows is no longer taken for a password, neither by us nor by libpq, and would be shown. So what
stands before the last ``@`` must be unmistakable, or the URL is refused without a word of it.
"""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import unquote

import attrs

from molam_overlays.errors import ConfigurationError
from molam_overlays.store.statement import Dialect

_FORMS: Final = (
    "Use sqlite:///relative/path.db, sqlite:////absolute/path.db or "
    "postgresql://user:password@host:port/database."
)
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]{0,30}):(?=//)", re.IGNORECASE)
_USER: Final = re.compile(r"(?:[^\s/?#@\[\]:%]|%[0-9A-Fa-f]{2})*")
_PASSWORD: Final = re.compile(r"(?:[^\s/?#@\[\]%]|%[0-9A-Fa-f]{2})*")
# Hosts as libpq has them: several with commas, sockets percent-encoded, IPv6 in brackets.
_HOST: Final = r"(?:\[[0-9A-Fa-f:.%]+\]|(?:[^\s/?#@\[\]:,%]|%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
_HOSTS: Final = re.compile(rf"{_HOST}(?:,{_HOST})*")

_PLACE: Final = re.compile(r"(?:host|hostaddr|port|dbname|user|sslmode)=[\w/.,:%+-]*", re.ASCII)
"""Parameters that say where the database is, without which a command could not be repeated."""


@attrs.frozen
class Address:
    """A database to connect to."""

    dialect: Dialect
    location: str = attrs.field(repr=False)
    """A file's path, or a URL for libpq, password included."""
    shown: str
    """The URL without its password and most parameters, for messages."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read a URL.

        Raises:
            ConfigurationError: it is of another kind, malformed, or names a database in memory.
        """
        scheme, _, rest = url.partition(":")
        if scheme == "sqlite":
            return cls("sqlite", _path(rest), url)
        if scheme in ("postgresql", "postgres") and rest.startswith("//"):
            return cls("postgresql", url, f"{scheme}://{_without_password(rest[2:])}")
        found = _SCHEME.match(url)
        if found is None:
            # What stands there may well be a connection string with a password.
            raise ConfigurationError(f"The store's address is not a URL. {_FORMS}")
        raise ConfigurationError(f"A store cannot be kept at {found[0]} {_FORMS}")


def _path(rest: str) -> str:
    if not rest.startswith("///"):
        raise ConfigurationError(f"The SQLite address has no path. {_FORMS}")
    path = unquote(rest[3:])
    if path in ("", ":memory:"):
        raise ConfigurationError(
            "A SQLite database in memory forgets everything with its process, so it cannot keep "
            "idempotency keys. Name a file."
        )
    if "\0" in path:
        raise ConfigurationError("The SQLite path holds a NUL character.")
    # Connections are opened later, too, and a daemon changes its folder.
    return os.path.abspath(path)


def _without_password(rest: str) -> str:
    """Return what follows the two slashes of a PostgreSQL URL, fit for a message."""
    login, at, place = rest.rpartition("@")
    user, _, password = login.partition(":")
    path, _, query = place.partition("?")
    hosts, slash, database = path.partition("/")
    sound = (
        _USER.fullmatch(user)
        and _PASSWORD.fullmatch(password)
        and _HOSTS.fullmatch(hosts)
        and _PASSWORD.fullmatch(database)
    )
    if not sound or not rest.isprintable():
        raise unreadable()
    shown = [pair for pair in query.split("&") if _PLACE.fullmatch(pair)]
    return f"{user}{at}{hosts}{slash}{database}{'?' if shown else ''}{'&'.join(shown)}"


def unreadable() -> ConfigurationError:
    """Say that a PostgreSQL URL cannot be read, without showing anything of it."""
    return ConfigurationError(
        "The PostgreSQL address cannot be read; it is not shown, since it may hold a password. "
        "Percent-encode what is special in user, password, database and parameters: / is %2F, # is "
        "%23, ? is %3F, @ is %40, [ is %5B, ] is %5D, % is %25, & is %26, = is %3D, a space is %20. "
        "The form is postgresql://user:password@host:port/database."
    )
