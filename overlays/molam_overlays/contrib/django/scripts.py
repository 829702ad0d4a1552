"""The SQL files in ``migrations/`` as Django's migrations: one source for both ways to the tables."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections, router
from django.db.migrations.operations.base import Operation

from molam_overlays.product import Product
from molam_overlays.store.blocking import Database
from molam_overlays.store.migrate import migrate

LABEL = "molam"


class RunScript(Operation):
    """Run one script, for whichever database it is; it is a transaction of its own.

    Going back does nothing: the tables hold what was paid.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, name: str) -> None:
        self.name = name

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change nothing: models are described beside it."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        connection = schema_editor.connection
        if not router.allow_migrate(connection.alias, app_label):
            return
        database = Database(connection)
        sql = script(self.name, database.dialect.folder)
        if schema_editor.collect_sql:
            schema_editor.collected_sql.append(sql)
        else:
            database.run_script(sql)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Keep the tables, and what is in them."""

    def describe(self) -> str:
        return f"Run {self.name}.sql"


def product() -> Product:
    """Return the package whose app it is."""
    app: Any = apps.get_app_config(LABEL)
    found: Product = app.product
    return found


def script(name: str, folder: str) -> str:
    """Return a script's text."""
    return (product().migrations / folder / f"{name}.sql").read_text("utf-8")


def names() -> list[str]:
    """Return the names of all scripts, in order."""
    return sorted(path.stem for path in product().migrations.glob("*.sql"))


def migrate_without_history(alias: str) -> None:
    """Run every script on a database, unless it is for other apps."""
    if router.allow_migrate(alias, LABEL):
        folder = Database(connections[alias]).dialect.folder
        prefix = f"{folder}/" if folder else ""
        migrate(
            connections[alias], {f"{prefix}{name}.sql": script(name, folder) for name in names()}
        )
