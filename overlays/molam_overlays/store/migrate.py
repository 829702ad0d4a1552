"""Brings a database to the tables this SDK needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import attrs

from molam_overlays.errors import StoreNotMigratedError
from molam_overlays.frames import sealed
from molam_overlays.store.address import Address
from molam_overlays.store.blocking import Database
from molam_overlays.store.statement import Decision, Statement


@attrs.frozen
class Step:
    """One migration that was run."""

    name: str
    """The script's name without ``.sql``, such as ``001_idempotency_and_webhooks``."""
    fresh: bool
    """False when it had been run before; running it again repairs what is missing."""


@sealed
def migrate(target: object, scripts: Mapping[str, str]) -> list[Step]:
    """Run the migrations and return what was run, in order.

    `target` is a URL or a connection, as for `IdempotencyStore`; a SQLite file is created, for its
    owner alone. `scripts` maps names to SQL: ``001_….sql`` for PostgreSQL and
    ``sqlite/001_….sql`` for SQLite. Every script is one transaction and may run any number of
    times.

    Raises:
        StoreError: the database refuses; then the script that failed has changed nothing.
    """
    database = Database(target)
    if isinstance(target, str):
        address = Address.parse(target)
        address.dialect.create(address.location, address.shown)
    try:
        before = recorded(database)
        steps: list[Step] = []
        for name, sql in sorted(_chosen(scripts, database.dialect.folder).items()):
            database.run_script(sql)
            steps.append(Step(name, fresh=name not in before))
        return steps
    finally:
        database.close()


def recorded(database: Database) -> frozenset[str]:
    """Return the names of the migrations that a database has had."""
    try:
        return database.run_as("join", _recorded)
    except StoreNotMigratedError:
        return frozenset()


def _chosen(scripts: Mapping[str, str], folder: str) -> dict[str, str]:
    placed = {PurePosixPath(name): sql for name, sql in scripts.items()}
    return {
        path.stem: sql
        for path, sql in placed.items()
        if path.suffix == ".sql" and path.parent == PurePosixPath(folder)
    }


def _recorded() -> Decision[frozenset[str]]:
    found = yield Statement("SELECT name FROM molam_migrations")
    return frozenset(row[0] for row in found.rows)
