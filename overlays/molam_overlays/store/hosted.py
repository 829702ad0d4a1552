"""Steps on a connection that a library keeps: SQLAlchemy's, Django's.

Statements go to the driver's connection inside, where the stores know every error. Transactions are
begun and ended by the library, so that it knows of them: its sessions flush and expire, its hooks
run. What a caller began is joined, and never ended here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from typing import Any

from molam_overlays.store.address import wrap
from molam_overlays.store.dialect import Dialect
from molam_overlays.store.session import Session
from molam_overlays.store.sqlite import SQLITE
from molam_overlays.store.statement import Result

LOCK = "UPDATE molam_migrations SET name = name WHERE 0 = 1"
"""Takes SQLite's write lock in a transaction that began without it."""


class Hosted:
    """One blocking step on a library's connection; a `Session`."""

    connection: Any

    def __init__(self, errors: type[Exception]) -> None:
        self.errors = errors
        self.holder: dict[str, object] = {}
        self.began = False
        """True while a transaction is open that this step began."""
        self._inner: Session | None = None
        self._dialect: Dialect = SQLITE

    # What each library does in its own way

    @property
    def in_transaction(self) -> bool:
        """Tell whether somebody has begun one."""
        raise NotImplementedError

    def open(self) -> Any:
        """Return the driver's connection, which the library may have to open first."""
        raise NotImplementedError

    def start(self) -> None:
        """Have the library begin."""
        raise NotImplementedError

    def finish(self) -> None:
        """Have the library commit."""
        raise NotImplementedError

    def abort(self) -> None:
        """Have the library roll back."""
        raise NotImplementedError

    # What is the same for all

    @property
    def closed(self) -> bool:
        """False: a library opens what it needs, or says why it cannot."""
        return False

    @property
    def inherited(self) -> bool:
        """True in a process that was forked since."""
        return self._inner is not None and self._inner.inherited

    @property
    def inner(self) -> Session:
        """The driver's connection, as the stores know it."""
        if self._inner is None:
            with drivers_own(self.errors):
                raw = self.open()
            self._dialect, inner = wrap(raw)
            inner.refuse_unusable()
            self._inner = inner
        return self._inner

    def refuse_unusable(self) -> None:
        """Leave it to `inner`: nothing is open yet."""

    def begin(self) -> None:
        """Begin, and take what the stores' own transactions begin with: SQLite's write lock."""
        self.began = True
        with drivers_own(self.errors):
            self.start()
        if not self.inner.in_transaction:
            self.inner.begin()
        elif self._dialect is SQLITE:
            self.execute(LOCK, {})

    def join(self) -> None:
        self.inner.join()

    def answers(self) -> bool:
        return True

    @property
    def is_failed(self) -> bool:
        """See `Session.is_failed`."""
        return self._inner is not None and self._inner.is_failed

    def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result:
        return self.inner.execute(sql, parameters, then)

    def run_script(self, sql: str) -> None:
        self.began = True
        self.inner.run_script(sql)

    def commit(self) -> None:
        """Commit what this step began; a caller's transaction is the caller's to commit."""
        if self.began:
            with drivers_own(self.errors):
                self.finish()
            self.began = False

    def rollback(self) -> None:
        """Roll back what this step began."""
        if self.began:
            with drivers_own(self.errors):
                self.abort()
            self.began = False

    def close(self) -> None:
        """Do nothing: the library closes what it opened."""


@contextlib.contextmanager
def drivers_own(errors: type[Exception]) -> Generator[None, None, None]:
    """Raise what the driver raised, where a library has wrapped it."""
    try:
        yield
    except errors:
        raise
    except Exception as error:
        own = getattr(error, "orig", None) or error.__cause__
        if isinstance(own, errors):
            raise own from None
        raise
