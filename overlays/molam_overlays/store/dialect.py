"""What the drivers ask a kind of database. `sqlite` and `postgresql` answer, each in one file."""

from __future__ import annotations

from typing import ClassVar

from molam_overlays.errors import StoreError, StoreNotMigratedError, StoreUnavailableError
from molam_overlays.store.session import Session


class Dialect:
    """A kind of database: how it is reached, what its errors mean, what it does otherwise."""

    name: ClassVar[str]
    schemes: ClassVar[tuple[str, ...]]
    form: ClassVar[str]
    """How its URL is written."""
    folder: ClassVar[str]
    """Where its migrations are, below ``migrations``."""
    own_clock: ClassVar[bool]
    """True where the database's clock decides; else this machine's does."""
    notice: ClassVar[str]
    """How those who listen are told of a new event; empty where they look for themselves."""
    implicit: ClassVar[bool]
    """True where beginning and committing are round trips that a single statement can do without."""
    gated: ClassVar[bool]
    """True where no transaction may be open while the process forks; see `fork`."""

    row_seconds: ClassVar[float]
    """How long a purge rests for each row, at least; else as long as its step took."""

    def locate(self, url: str) -> tuple[str, str]:
        """Return what to open, and the URL as it can be shown.

        Raises:
            ConfigurationError: the URL cannot be read.
        """
        raise NotImplementedError

    def import_errors(self) -> type[Exception]:
        """Import the driver, and return the root of what it raises.

        Raises:
            ConfigurationError: it is not installed.
        """
        raise NotImplementedError

    def connect(self, location: str, shown: str) -> Session:
        """Open a session of the store's own.

        Raises:
            StoreError: it cannot be opened.
            ConfigurationError: the driver is not installed.
        """
        raise NotImplementedError

    def create(self, location: str, shown: str) -> None:
        """Make a database for a migration, where a URL alone can."""

    def wrap(self, connection: object) -> Session | None:
        """Return a session over a connection that a caller handed in; None if it is not ours."""
        raise NotImplementedError

    def explain(self, error: Exception, shown: str | None) -> StoreError:
        """Say what a driver's exception means and what to do."""
        raise NotImplementedError

    def may_repeat(self, error: Exception) -> bool:
        """Tell whether the transaction was undone only because of others that ran beside it."""
        raise NotImplementedError

    def is_busy(self, error: Exception) -> bool:
        """Tell whether beginning failed only because another writer has the database."""
        raise NotImplementedError

    def translate(
        self, error: Exception, shown: str | None, *, committing: bool = False
    ) -> StoreError:
        """Make a `StoreError` of what a driver raised.

        `shown` is the store's URL without its password, None for a connection that was handed in.
        With `committing` the failure came while a transaction was being committed.
        """
        found = self.explain(error, shown)
        if committing:
            return StoreUnavailableError(
                f"{found} It broke while committing, so this last step may or may not be stored."
            )
        return found


def text_of(error: Exception, words: str | None = None) -> str:
    """Return a driver's words on one line."""
    return (words or str(error)).strip().replace("\n", " ") or type(error).__name__


def not_migrated(text: str, command: str) -> StoreNotMigratedError:
    """Say that tables are missing, and which command makes them."""
    return StoreNotMigratedError(
        f"The store's tables are missing or outdated ({text}). Create them with {command}, in Django with "
        "`manage.py migrate`."
    )


def check_dialect(given: Dialect, expected: Dialect) -> None:
    """Refuse a connection to another kind of database than the store's."""
    if given != expected:
        raise StoreError(
            f"The connection is to {given.name}, but the store is on {expected.name}. Sharing a transaction "
            "takes a connection to the store's own database."
        )
