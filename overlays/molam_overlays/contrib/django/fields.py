"""A moment in the stores' tables."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from django.db import models


class Moment(models.Field):  # type: ignore[type-arg]
    """A time: timestamptz on PostgreSQL, unix seconds on SQLite, an aware datetime in Python."""

    empty_strings_allowed = False

    def db_type(self, connection: Any) -> str:
        return "real" if connection.vendor == "sqlite" else "timestamp with time zone"

    def from_db_value(self, value: Any, expression: object, connection: object) -> datetime | None:
        """Return it in UTC."""
        if value is None or isinstance(value, datetime):
            return value
        return datetime.fromtimestamp(value, timezone.utc)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, datetime) and connection.vendor == "sqlite":
            return value.timestamp()
        return value
