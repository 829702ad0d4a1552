"""The app: what Django is told of the stores' tables when it starts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import pre_migrate

from molam_overlays.product import Product


class StoresApp(AppConfig):
    """Migrations, checks, admin pages and a worker; an emitted package brings the `Product`."""

    name = "molam_overlays.contrib.django"
    label = "molam"
    verbose_name = "Molam"
    default_auto_field = "django.db.models.BigAutoField"
    default = False
    product: ClassVar[Product]

    def ready(self) -> None:
        from molam_overlays.contrib.django import checks as ours

        checks.register(ours.check_settings, "molam")
        checks.register(ours.check_deployment, "molam", deploy=True)
        checks.register(ours.check_tables, checks.Tags.database)
        pre_migrate.connect(_without_migrations, sender=self)


def _without_migrations(using: str, **_: Any) -> None:
    """Make the tables where migrations are turned off, as test runners do; never from the models."""
    from django.db.migrations.loader import MigrationLoader

    from molam_overlays.contrib.django.scripts import migrate_without_history

    if MigrationLoader.migrations_module(StoresApp.label)[0] is None:
        migrate_without_history(using)
