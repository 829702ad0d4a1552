"""Stores on Django's connections: each thread's own, in Django's own transactions.

In Django's TestCase, whose transactions are there to be undone, a step counts as outside of any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molam_overlays.errors import ConfigurationError, StoreError
from molam_overlays.store.address import DIALECTS
from molam_overlays.store.dialect import Dialect
from molam_overlays.store.hosted import Hosted
from molam_overlays.store.session import IN_TRANSACTION
from molam_overlays.store.statement import Result

_ROOTS = ("ConnectionProxy", "BaseDatabaseWrapper")


class DjangoConnections:
    """The connections of one alias, such as ``default``: one a thread, opened by Django."""

    ambient: bool = True
    takes_turns: bool = False

    def __init__(self, wrapper: Any) -> None:
        # What a step imports is imported here: not within the first payment.
        from django.db import connections

        self._alias: str = wrapper.alias
        self._connections = connections
        self.errors: type[Exception] = wrapper.Database.Error
        self.dialect = _dialect(wrapper)

    def here(self) -> _Step:
        """Return the session for a step of this thread."""
        return _Step(self._connections[self._alias], self.errors)

    def leave(self, step: object) -> None:
        """Leave the connection to Django."""


class _Step(Hosted):
    def __init__(self, wrapper: Any, errors: type[Exception]) -> None:
        super().__init__(errors)
        self.connection = wrapper
        self._atomic: Any = None

    @property
    def in_transaction(self) -> bool:
        wrapper = self.connection
        if wrapper.in_atomic_block:
            return not all(block._from_testcase for block in wrapper.atomic_blocks)
        return not wrapper.autocommit and wrapper.connection is not None

    def open(self) -> Any:
        wrapper = self.connection
        if wrapper.errors_occurred and not wrapper.in_atomic_block:
            wrapper.close_if_unusable_or_obsolete()  # nobody else does in a worker
        wrapper.close_if_health_check_failed()
        wrapper.ensure_connection()
        return wrapper.connection

    def start(self) -> None:
        from django.db.transaction import atomic

        block = atomic(self.connection.alias)
        self.open()
        block.__enter__()
        self._atomic = block

    def finish(self) -> None:
        from django.db.transaction import TransactionManagementError

        if self.connection.needs_rollback:
            raise TransactionManagementError(
                "An error in an inner atomic block has broken this transaction; let it out of the "
                "handler, or give that block a savepoint."
            )
        block, self._atomic = self._atomic, None
        block.__exit__(None, None, None)

    def abort(self) -> None:
        block, self._atomic = self._atomic, None
        if block is not None:
            block.__exit__(StoreError, StoreError(), None)

    def join(self) -> None:
        """Be part of what is open; outside of it each statement commits, as all of Django's."""

    def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result:
        try:
            return super().execute(sql, parameters, then)
        except self.errors:
            self.connection.errors_occurred = True
            raise

    def run_script(self, sql: str) -> None:
        if self.in_transaction:
            raise StoreError(IN_TRANSACTION)
        self.inner.run_script(sql)


def host(connection: object) -> DjangoConnections | None:
    """Return the connections that one of Django's stands for; None if it is not Django's."""
    bases = type(connection).__mro__
    if any(base.__module__.startswith("django.") and base.__name__ in _ROOTS for base in bases):
        return DjangoConnections(connection)
    return None


def _dialect(wrapper: Any) -> Dialect:
    for dialect in DIALECTS:
        if dialect.name == wrapper.vendor:
            return dialect
    raise ConfigurationError(
        f"A store cannot be kept in {wrapper.display_name}, where the database {wrapper.alias!r} is. "
        "Give another of DATABASES, on SQLite or PostgreSQL, or a URL."
    )
