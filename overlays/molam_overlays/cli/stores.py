"""``molam recover``, ``molam inbox``, ``molam journal``, ``molam db``: what a merchant's own database holds."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from typing import Annotated, Any, get_args

import attrs
import typer
from rich.markup import escape
from rich.table import Table

from molam_overlays.cli.output import fail, misuse, out, show_json, working
from molam_overlays.cli.remote import AsJson
from molam_overlays.drive import drive
from molam_overlays.errors import ConfigurationError, MolamError
from molam_overlays.product import Product
from molam_overlays.store.retention import (
    ANSWER_RETENTION_SECONDS,
    CALL_RETENTION_SECONDS,
    EVENT_RETENTION_SECONDS,
    PAYLOAD_RETENTION_SECONDS,
    Retention,
)

Url = Annotated[
    str,
    typer.Argument(envvar="MOLAM_STORE", help="The database: sqlite:///shop.db or postgresql://…"),
]
Days = Annotated[float, typer.Option(min=0.0, help="How many days they are kept.")]
_DAY = 24 * 3600.0
_HARMLESS = {"settled", "rejected", "in_progress"}


def add(app: typer.Typer, product: Product) -> None:
    """Add the commands."""

    @app.command()
    def recover(url: Url, as_json: AsJson = False) -> None:
        """Settle the calls that a crash left open in the journal, each with its own key.

        Uses the key and address of the environment. What is over 24 hours old is listed for a
        person and not sent. Exit code 1 if anything stays open that no other process is on.
        """
        from molam_overlays.watch.hooks import Hooks

        with _errors(as_json), working("Settling", as_json=as_json) as told:
            hooks = Hooks(on_response=lambda _: told(1))
            client = product.client()(product.config()(), idempotency_store=url, hooks=hooks)
            with closing(client):
                found = client.recover()
        if as_json:
            show_json({"data": [attrs.asdict(each) for each in found]})
        else:
            _table(
                ("id", "key", "call", "age", "outcome", "detail"),
                [
                    (
                        str(each.id),
                        each.key,
                        f"{each.method} {each.path}",
                        f"{each.age:.0f} s",
                        f"{each.outcome} {each.status or ''}",
                        each.detail,
                    )
                    for each in found
                ],
                "Nothing was left open.",
            )
        if any(each.outcome not in _HARMLESS for each in found):
            raise typer.Exit(1)

    inbox = typer.Typer(no_args_is_help=True, help="The webhook inbox: status, list, replay.")
    app.add_typer(inbox, name="inbox")

    @inbox.command("status")
    def inbox_status(url: Url, as_json: AsJson = False) -> None:
        """Show what waits and since when, what comes in and goes out, and what is parked, by reason."""
        with _errors(as_json), closing(_inbox(url)) as box:
            found = box.status()
        if as_json:
            show_json(attrs.asdict(found))
            return
        out.print(
            f"{found.due:,} due, the oldest for {found.oldest_seconds:.0f} s; {found.later:,} later"
        )
        out.print(
            f"{found.received_per_minute:,.0f} received and {found.handled_per_minute:,.0f} handled a minute"
        )
        _reasons(found.parked, "parked", found.parked_by_reason)

    journal = typer.Typer(no_args_is_help=True, help="The journal of calls: status.")
    app.add_typer(journal, name="journal")

    @journal.command("status")
    def journal_status(url: Url, as_json: AsJson = False) -> None:
        """Show which calls are open and since when, and how many are made."""
        from molam_overlays.store.idempotency import IdempotencyStore

        with _errors(as_json), closing(IdempotencyStore(url)) as store:
            found = store.journal().status()
        if as_json:
            show_json(attrs.asdict(found))
            return
        out.print(
            f"{found.calls_per_minute:,.0f} calls a minute; the oldest open for {found.oldest_seconds:.0f} s"
        )
        _reasons(found.open, "open", found.open_by_outcome)

    @inbox.command("list")
    def list_(
        url: Url,
        state: Annotated[str | None, typer.Option(help="Only this state, such as parked.")] = None,
        limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
        as_json: AsJson = False,
    ) -> None:
        """List the events of an inbox, in the order of arrival."""
        from molam_overlays.store.deliveries import State

        if state is not None and state not in get_args(State):
            states = ", ".join(get_args(State))
            misuse(f"--state is one of {states}; got {state!r:.40}.", as_json=as_json)
        with _errors(as_json), closing(_inbox(url)) as box:
            found = box.events(state=state, limit=limit)
            counts = box.counts()
        if as_json:
            show_json({"data": [attrs.asdict(each) for each in found], "counts": counts})
            return
        _table(
            ("event", "type", "state", "tries", "received", "last error"),
            [
                (
                    each.event_id,
                    each.type,
                    each.state,
                    str(each.tries),
                    _time(each.received_at),
                    each.last_error or "",
                )
                for each in found
            ],
            "No events.",
        )

    @inbox.command()
    def replay(
        url: Url,
        event: Annotated[str | None, typer.Argument(help="The id of one event.")] = None,
        parked: Annotated[bool, typer.Option("--parked", help="All that are parked.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Make events pending again, so that a worker handles them."""
        from molam_overlays.store.blocking import Database
        from molam_overlays.store.deliveries import replaying_all

        if (event is None) == (not parked):
            misuse("Name one event, or give --parked.", as_json=as_json)
        with (
            _errors(as_json),
            closing(_inbox(url)) as box,
            closing(Database(url)) as database,
            working("Replaying", as_json=as_json) as told,
        ):
            if event is None:
                count = drive(
                    replaying_all(None, told),
                    lambda step: database.run(step.decide, *step.arguments),
                )
            elif box.replay(event):
                count = 1
            else:
                fail(f"The inbox has no event {event}.", as_json=as_json)
        if as_json:
            show_json({"replayed": count})
        else:
            out.print(f"{count} event(s) pending again.")

    db = typer.Typer(no_args_is_help=True, help="The tables of stores, journal and inbox.")
    app.add_typer(db, name="db")

    @db.command()
    def migrate(url: Url, as_json: AsJson = False) -> None:
        """Create or complete the tables; running it again does no harm."""
        from molam_overlays.store.migrate import migrate as run

        scripts = {
            path.relative_to(product.migrations).as_posix(): path.read_text("utf-8")
            for path in sorted(product.migrations.rglob("*.sql"))
        }
        with _errors(as_json), working("Migrating", as_json=as_json):
            steps = run(url, scripts)
        if as_json:
            show_json({"data": [attrs.asdict(step) for step in steps]})
            return
        for step in steps:
            out.print(f"{'done' if step.fresh else 'was there already'}  {escape(step.name)}")

    @db.command()
    def purge(
        url: Url,
        payload_days: Days = PAYLOAD_RETENTION_SECONDS / _DAY,
        event_days: Days = EVENT_RETENTION_SECONDS / _DAY,
        answer_days: Days = ANSWER_RETENTION_SECONDS / _DAY,
        call_days: Days = CALL_RETENTION_SECONDS / _DAY,
        as_json: AsJson = False,
    ) -> None:
        """Remove what is old, in steps of some milliseconds beside workers; it may be interrupted.

        Payloads of events that are finished, then their rows, answers of the idempotency store, and
        calls of the journal. What is unfinished stays, and so do answers and calls of the last 24 hours.
        """
        from molam_overlays.store.blocking import Database
        from molam_overlays.store.upkeep import ages, sweep

        retention = Retention(
            payload_seconds=payload_days * _DAY,
            event_seconds=event_days * _DAY,
            answer_seconds=answer_days * _DAY,
            call_seconds=call_days * _DAY,
        )
        counts: dict[str, int] = {}
        with (
            _errors(as_json),
            closing(Database(url)) as database,
            working("Purging", as_json=as_json) as told,
        ):
            for chore, age in ages(retention):
                name = chore.name.removeprefix("full ")
                counts[name] = counts.get(name, 0) + sweep(database, (chore,), age, told)
        if as_json:
            show_json(counts)
        else:
            out.print(
                ", ".join(f"{count:,} {name}" for name, count in counts.items()) + " removed."
            )


def _inbox(url: str) -> Any:
    from molam_overlays.store.inbox import Inbox

    return Inbox(url)


@contextmanager
def _errors(as_json: bool) -> Generator[None, None, None]:
    """End in one line for whatever the SDK has to say."""
    try:
        yield
    except ConfigurationError as error:
        misuse(str(error), as_json=as_json)
    except (MolamError, ImportError) as error:
        fail(str(error), as_json=as_json)


def _reasons(count: int, what: str, reasons: dict[str, int]) -> None:
    told = ", ".join(f"{number:,} {reason or 'unknown'}" for reason, number in reasons.items())
    out.print(escape(f"{count:,} {what}{': ' if told else ''}{told}"))


def _table(names: tuple[str, ...], rows: list[tuple[str, ...]], empty: str) -> None:
    if not rows:
        out.print(empty)
        return
    table = Table(*names, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(escape, row))
    out.print(table)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
