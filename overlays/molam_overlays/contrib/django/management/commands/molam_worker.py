"""``manage.py molam_worker shop.events.handle``: hands the inbox's events to a function."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils.module_loading import import_string

from molam_overlays.store.handling import Delivery
from molam_overlays.store.inbox import Inbox


class Command(BaseCommand):
    """Runs until it is told to stop; what it is at ends first."""

    help = (
        "Hand the inbox's events to a function of yours, each in one transaction with what it writes "
        "through the ORM. SIGTERM and Ctrl-C let the event at hand end first. Run as many as you like."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("handler", help="such as shop.events.handle; it takes a Delivery")
        parser.add_argument("--database", default="default", help="an alias of DATABASES")
        parser.add_argument("--in-order", action="store_true", help="events of a resource in order")
        parser.add_argument("--lease-seconds", type=float, default=300.0, help="300 by default")

    def handle(self, *_: Any, **options: Any) -> None:
        handler, stop = _handler(options["handler"]), threading.Event()
        inbox = Inbox(
            connections[options["database"]],
            in_order=options["in_order"],
            lease_seconds=options["lease_seconds"],
        )

        def handle(delivery: Delivery) -> None:
            _close_old_connections()
            handler(delivery)

        before = {
            number: signal.signal(number, lambda *_: stop.set())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            count = inbox.run_worker(handle, stop)
        finally:
            for number, former in before.items():
                signal.signal(number, former)
            connections.close_all()
        self.stdout.write(f"{count} event(s) handled.")


def _close_old_connections() -> None:
    """As Django between two requests; its own would close the one that the event is handled on."""
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:
            each.close_if_unusable_or_obsolete()


def _handler(path: str) -> Any:
    try:
        found = import_string(path)
    except ImportError as error:
        raise CommandError(str(error)) from error
    if not callable(found):
        raise CommandError(f"{path} is no function.")
    return found
