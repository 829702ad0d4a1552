"""See ``migrations/001_idempotency_and_webhooks.sql``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from molam_overlays.contrib.django.fields import Moment
from molam_overlays.contrib.django.scripts import RunScript


class Migration(migrations.Migration):
    """The tables of stores, journal and inbox."""

    initial = True
    # The script is a transaction of its own.
    atomic = False
    operations: ClassVar[Sequence[Operation]] = [
        migrations.SeparateDatabaseAndState(
            database_operations=[RunScript("001_idempotency_and_webhooks")],
            state_operations=[
                migrations.CreateModel(
                    name="ReceivedEvent",
                    fields=[
                        ("seq", models.BigAutoField(primary_key=True, serialize=False)),
                        ("event_id", models.TextField()),
                        ("type", models.TextField()),
                        ("state", models.TextField()),
                        ("resource", models.TextField(null=True)),
                        ("tries", models.IntegerField()),
                        ("received_at", Moment()),
                        ("event_time", Moment(null=True)),
                        ("due_at", Moment()),
                        ("processed_at", Moment(null=True)),
                        ("last_error", models.TextField(null=True)),
                        ("payload", models.BinaryField(null=True)),
                    ],
                    options={
                        "db_table": "received_webhooks",
                        "ordering": ["-seq"],
                        "verbose_name": "event",
                    },
                ),
                migrations.CreateModel(
                    name="JournalEntry",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("idempotency_key", models.TextField()),
                        ("method", models.TextField()),
                        ("path", models.TextField()),
                        ("encrypted", models.BooleanField()),
                        ("created_at", Moment()),
                        ("lease_until", Moment(null=True)),
                        ("settled_at", Moment(null=True)),
                        ("outcome", models.TextField(null=True)),
                    ],
                    options={
                        "db_table": "call_journal",
                        "ordering": ["-id"],
                        "verbose_name": "call",
                        "verbose_name_plural": "calls",
                    },
                ),
            ],
        )
    ]
