"""``molam recover``, ``molam inbox``, ``molam db``: what a merchant's own database holds."""

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
from molam_overlays.errors import ConfigurationError, MolamError
from molam_overlays.product import Product

Url = Annotated[
    str,
    typer.Argument(envvar="MOLAM_STORE", help="The database: sqlite:///shop.db or postgresql://…"),
]
_HARMLESS = {"settled", "rejected", "in_progress"}


def add(app: typer.Typer, product: Product) -> None:
    """Add the commands."""

    @app.command()
    def recover(url: Url, as_json: AsJson = False) -> None:
        """Settle the calls that a crash left open in the journal, each with its own key.

        Uses the key and address of the environment. What is over 24 hours old is listed for a
        person and not sent. Exit code 1 if anything stays open that no other process is on.
        """
        with _errors(as_json), working("Settling", as_json=as_json):
            client = product.client()(product.config()(), idempotency_store=url)
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

    inbox = typer.Typer(no_args_is_help=True, help="The webhook inbox: list, replay.")
    app.add_typer(inbox, name="inbox")

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
        if (event is None) == (not parked):
            misuse("Name one event, or give --parked.", as_json=as_json)
        with (
            _errors(as_json),
            closing(_inbox(url)) as box,
            working("Replaying", as_json=as_json),
        ):
            if event is None:
                count = box.replay_parked()
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
