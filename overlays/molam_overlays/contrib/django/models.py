"""What the admin pages show. Rows are the stores' to write."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from molam_overlays.contrib.django.fields import Moment


class ReceivedEvent(models.Model):
    """An event in the inbox."""

    seq: Any = models.BigAutoField(primary_key=True)
    event_id: Any = models.TextField()
    type: Any = models.TextField()
    state: Any = models.TextField()
    resource: Any = models.TextField(null=True)
    tries: Any = models.IntegerField()
    received_at: Any = Moment()
    event_time: Any = Moment(null=True)
    due_at: Any = Moment()
    processed_at: Any = Moment(null=True)
    last_error: Any = models.TextField(null=True)
    payload: Any = models.BinaryField(null=True)

    class Meta:
        """Names."""

        app_label = "molam"
        db_table = "received_webhooks"
        ordering: ClassVar[list[str]] = ["-seq"]
        verbose_name = "event"

    def __str__(self) -> str:
        return str(self.event_id)


class JournalEntry(models.Model):
    """A call in the journal, without its body."""

    id: Any = models.BigAutoField(primary_key=True)
    idempotency_key: Any = models.TextField()
    method: Any = models.TextField()
    path: Any = models.TextField()
    encrypted: Any = models.BooleanField()
    created_at: Any = Moment()
    lease_until: Any = Moment(null=True)
    settled_at: Any = Moment(null=True)
    outcome: Any = models.TextField(null=True)

    class Meta:
        """Names."""

        app_label = "molam"
        db_table = "call_journal"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = "call"
        verbose_name_plural = "calls"

    def __str__(self) -> str:
        return f"{self.method} {self.path.partition('?')[0]}"
