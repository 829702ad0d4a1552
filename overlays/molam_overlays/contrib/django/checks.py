"""System checks: what would go wrong in production, said when Django starts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution
from django.db import connections, router

from molam_overlays.config import TEST_PREFIX
from molam_overlays.contrib.django.scripts import LABEL, names, product
from molam_overlays.errors import ConfigurationError, StoreError
from molam_overlays.store.blocking import Database
from molam_overlays.store.migrate import recorded


def check_settings(**_: Any) -> list[CheckMessage]:
    """Look at key, secret and ATOMIC_REQUESTS."""
    return [*_check_key(), *_check_secret(), *_check_requests()]


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Look whether a deployment would take real money."""
    if not _setting("API_KEY").startswith(TEST_PREFIX):
        return []
    return [
        Caution(
            "The API key is a test key: no money moves.",
            hint="Deploy with a live key (sk_live_…).",
            id="molam.W005",
        )
    ]


def check_tables(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Look whether the tables are there, in the databases that Django is asked to look at."""
    return [
        found
        for alias in databases or ()
        if router.allow_migrate(alias, LABEL)
        for found in _check_tables(alias)
    ]


def _check_key() -> list[CheckMessage]:
    prefix = product().environment
    if not _setting("API_KEY"):
        return [
            Caution(
                f"{prefix}_API_KEY is in neither the environment nor the settings.",
                hint="Set it; or silence this check, if Config(api_key=…) has it from elsewhere.",
                id="molam.W001",
            )
        ]
    try:
        product().config()(api_key=_setting("API_KEY"))
    except ConfigurationError as error:
        return [Error(str(error), id="molam.E001")]
    return []


def _check_secret() -> list[CheckMessage]:
    prefix = product().environment
    if _setting("WEBHOOK_SECRET"):
        return []
    return [
        Caution(
            f"{prefix}_WEBHOOK_SECRET is in neither the environment nor the settings: no webhook can "
            "be verified.",
            hint="Set it; or silence this check, if Config(webhook_secret=…) has it from elsewhere.",
            id="molam.W002",
        )
    ]


def _check_requests() -> list[CheckMessage]:
    return [
        Caution(
            f"ATOMIC_REQUESTS is on for the database {alias!r}: a view that pays and then fails "
            "forgets its order though money has moved, and claims and journal are refused in it.",
            hint="Decorate views that pay with django.db.transaction.non_atomic_requests, and write "
            "the order before and after the call in atomic() blocks; or silence this check.",
            id="molam.W003",
        )
        for alias in connections
        if connections.settings[alias]["ATOMIC_REQUESTS"] and router.allow_migrate(alias, LABEL)
    ]


def _check_tables(alias: str) -> list[CheckMessage]:
    try:
        missing = set(names()) - recorded(Database(connections[alias]))
    except ConfigurationError as error:
        return [Error(str(error), hint="See DATABASE_ROUTERS.", id="molam.E002")]
    except StoreError as error:
        return [Caution(str(error), id="molam.W004")]
    if not missing:
        return []
    return [
        Caution(
            f"The database {alias!r} lacks {', '.join(sorted(missing))}.",
            hint="Run manage.py migrate.",
            id="molam.W004",
        )
    ]


def _setting(name: str) -> str:
    name = f"{product().environment}_{name}"
    found = getattr(settings, name, None) or os.environ.get(name) or ""
    return found if isinstance(found, str) else "set"
