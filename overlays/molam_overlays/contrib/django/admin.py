"""Admin pages: the inbox and the journal, to look at. Events can be replayed and skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import connections
from django.http import HttpRequest

from molam_overlays.contrib.django.models import JournalEntry, ReceivedEvent
from molam_overlays.store import deliveries
from molam_overlays.store.blocking import Database
from molam_overlays.store.statement import Decision


class _ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Pages that show and change nothing."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view") or self._may(request, "change")

    def _may(self, request: HttpRequest, verb: str) -> bool:
        user: Any = request.user
        return bool(user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}"))


@admin.register(ReceivedEvent)
class ReceivedEventAdmin(_ReadOnly):
    """The inbox."""

    list_display = ("event_id", "type", "state", "tries", "received_at", "due_at", "last_error")
    list_filter = ("state", "type")
    search_fields = ("event_id", "resource")
    fields = (
        *("event_id", "type", "state", "resource", "tries", "received_at", "event_time"),
        *("due_at", "processed_at", "last_error", "body"),
    )
    readonly_fields = ("body",)
    actions = ("replay", "skip")

    @admin.display(description="payload")
    def body(self, event: ReceivedEvent) -> str:
        """Show the event as it was signed; nothing once its retention has passed."""
        return bytes(event.payload or b"").decode("utf-8", "replace") or "-"

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """Let those replay and skip who may change events."""
        return self._may(request, "change")

    @admin.action(description="Replay: have a worker handle it again", permissions=["handle"])
    def replay(self, request: HttpRequest, queryset: Any) -> None:
        """Make events pending again."""
        done = self._each(queryset, deliveries.replaying, "replayed")
        self._tell(request, done, "pending again", "its payload is gone")

    @admin.action(description="Skip: give up on it", permissions=["handle"])
    def skip(self, request: HttpRequest, queryset: Any) -> None:
        """Give up on events that are parked or pending."""
        done = self._each(queryset, deliveries.skipping, True)
        self._tell(request, done, "skipped", "it is neither pending nor parked")

    def _each(
        self, queryset: Any, decide: Callable[[str], Decision[Any]], good: object
    ) -> list[bool]:
        database = Database(connections[queryset.db])
        ids = queryset.values_list("event_id", flat=True)
        # Within a request's own transaction, where ATOMIC_REQUESTS makes one.
        return [database.run_as("join", decide, each) == good for each in ids]

    def _tell(self, request: HttpRequest, done: list[bool], well: str, why: str) -> None:
        if any(done):
            self.message_user(request, f"{sum(done)} event(s) {well}.", messages.SUCCESS)
        if not all(done):
            left = len(done) - sum(done)
            self.message_user(request, f"{left} left as they were: {why}.", messages.WARNING)


@admin.register(JournalEntry)
class JournalEntryAdmin(_ReadOnly):
    """The journal; what is open is `molam recover`'s to settle."""

    list_display = (
        "id",
        "idempotency_key",
        "method",
        "path",
        "created_at",
        "settled_at",
        "outcome",
    )
    list_filter = (("settled_at", admin.EmptyFieldListFilter), "method")
    search_fields = ("idempotency_key",)
