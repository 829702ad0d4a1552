"""Where a store lives: a URL, read and checked."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import attrs

from molam_overlays.errors import ConfigurationError
from molam_overlays.store.statement import Dialect

_FORMS = (
    "Use sqlite:///relative/path.db, sqlite:////absolute/path.db or "
    "postgresql://user:password@host:port/database."
)


@attrs.frozen
class Address:
    """A database to connect to."""

    dialect: Dialect
    location: str = attrs.field(repr=False)
    """A file's path, or a URL for libpq, password included."""
    shown: str
    """The URL without its password, for messages."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read a URL.

        Raises:
            ConfigurationError: it is of another kind, or names a database in memory.
        """
        scheme, separator, rest = url.partition(":")
        if not separator:
            # What stands there may well be a connection string with a password.
            raise ConfigurationError(f"The store's address is not a URL. {_FORMS}")
        if scheme == "sqlite":
            return cls("sqlite", _path(rest), url)
        if scheme in ("postgresql", "postgres"):
            return cls("postgresql", url, _without_password(url))
        raise ConfigurationError(f"A store cannot be kept at {scheme}:. {_FORMS}")


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
    return path


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    query = re.sub(r"(?i)((?:^|&)(?:password|sslpassword)=)[^&]*", r"\1***", parts.query)
    netloc = f"{user.partition(':')[0]}{at}{host}"
    return parts._replace(netloc=netloc, query=query).geturl()
