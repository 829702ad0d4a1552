"""Where a store lives: a URL, or a connection that somebody opened, and of which database it is."""

from __future__ import annotations

import re
from typing import Any, Final

import attrs

from molam_overlays.errors import ConfigurationError
from molam_overlays.store.dialect import Dialect
from molam_overlays.store.postgresql import POSTGRESQL
from molam_overlays.store.session import Session
from molam_overlays.store.sqlite import SQLITE

DIALECTS: Final[tuple[Dialect, ...]] = (SQLITE, POSTGRESQL)

_FORMS: Final = f"Use {' or '.join(dialect.form for dialect in DIALECTS)}."
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]{0,30}):(?=//)", re.IGNORECASE)


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
        scheme = url.partition(":")[0]
        for dialect in DIALECTS:
            if scheme in dialect.schemes:
                return cls(dialect, *dialect.locate(url))
        found = _SCHEME.match(url)
        if found is None:
            # What stands there may well be a connection string with a password.
            raise ConfigurationError(f"The store's address is not a URL. {_FORMS}")
        raise ConfigurationError(f"A store cannot be kept at {found[0]} {_FORMS}")

    def connect(self) -> Session:
        """Open a session of the store's own; see `Dialect.connect`."""
        return self.dialect.connect(self.location, self.shown)


def wrap(connection: object) -> tuple[Dialect, Session]:
    """Return a session over a connection that a caller handed in, and the kind of its database.

    Raises:
        ConfigurationError: it is none of sqlite3, psycopg or psycopg2.
    """
    inner = bare(connection)
    for dialect in DIALECTS:
        session = dialect.wrap(inner)
        if session is not None:
            return dialect, session
    raise ConfigurationError(refusal(inner, "a connection of sqlite3, psycopg or psycopg2"))


def bare(connection: object) -> Any:
    """Return a driver's own connection; SQLAlchemy's pooled ones are looked through."""
    return getattr(connection, "driver_connection", None) or connection


def refusal(connection: object, wanted: str) -> str:
    """Say which connections a store takes."""
    kind = type(connection)
    return (
        f"A store cannot use a {kind.__module__}.{kind.__qualname__}. Give {wanted}, or a URL such "
        "as sqlite:///molam.db or postgresql://host/database."
    )
