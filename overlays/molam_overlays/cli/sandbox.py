"""``molam sandbox``: serve the API on this machine."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.logging import RichHandler
from rich.markup import escape

from molam_overlays.cli.output import err, misuse, out, show_json
from molam_overlays.cli.remote import check_address
from molam_overlays.product import DOCUMENTATION, Product, missing_extra

if TYPE_CHECKING:
    from molam_overlays.sandbox.core import Core
    from molam_overlays.sandbox.scenario import Scenario

DEFAULT_SECRET = "whsec_sandbox"  # noqa: S105 - public, and signs nothing real
HELP = f"""Serve the Molam API on this machine: stateful, signing webhooks, failing on request.

Use any key that starts with sk_test_ or jwt_. The page at / shows every payment, request and event,
and the table of test values: payment methods that are declined, need action, settle late;
beneficiaries that fail. Faults are told by the header Molam-Sandbox-Fault, such as
"lost_response" or "status=503 retry_after=2, ok", or ahead through POST /_sandbox/faults.
The clock moves with POST /_sandbox/clock. All of it:
{DOCUMENTATION}sandbox.html
"""


def add(app: typer.Typer, product: Product) -> None:
    """Add the command."""

    @app.command(help=HELP)
    def sandbox(
        port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 4010,
        host: Annotated[
            str, typer.Option(help="Address to listen on. Other than loopback lets others in.")
        ] = "127.0.0.1",
        state: Annotated[
            Path | None,
            typer.Option(help="SQLite file that keeps everything; in memory by default."),
        ] = None,
        webhook_url: Annotated[
            list[str] | None,
            typer.Option(help="Send events there; may be given several times."),
        ] = None,
        webhook_secret: Annotated[
            str,
            typer.Option(
                envvar="MOLAM_WEBHOOK_SECRET", help="What signs events.", show_envvar=True
            ),
        ] = DEFAULT_SECRET,
        play: Annotated[
            str | None,
            typer.Option(
                help="Play a scenario: a file, or one of day, outage, payouts.", metavar="FILE"
            ),
        ] = None,
        freeze: Annotated[
            bool, typer.Option("--freeze", help="Let the clock stand still until it is advanced.")
        ] = False,
        as_json: Annotated[
            bool, typer.Option("--json", help="Say where it listens as one line of JSON.")
        ] = False,
    ) -> None:
        try:
            from molam_overlays.sandbox.clock import Clock
            from molam_overlays.sandbox.control import checked_url
            from molam_overlays.sandbox.core import Core
            from molam_overlays.sandbox.delivery import HttpPost
            from molam_overlays.sandbox.harness import contract_of
            from molam_overlays.sandbox.scenario import ScenarioError, load
            from molam_overlays.sandbox.server import (
                LOOPBACK,
                AddressError,
                Server,
                address_of,
                listen,
            )
            from molam_overlays.sandbox.state import State, StateError
        except ImportError as missing:
            if (getattr(missing, "name", None) or "").startswith("molam"):
                raise
            err.print(escape(missing_extra("sandbox", product.distribution)))
            raise typer.Exit(2) from None

        if not 0 <= port <= 65535:
            misuse(f"--port is a number from 0 to 65535; got {port}.", as_json=as_json)
        for url in webhook_url or ():
            check_address("--webhook-url", url, as_json=as_json)
        logging.basicConfig(
            level=logging.WARNING,
            format="%(message)s",
            handlers=[RichHandler(console=err, show_path=False, show_time=False)],
        )
        try:
            scenario = None if play is None else load(play)
        except ScenarioError as error:
            misuse(f"--play: {error}", as_json=as_json)
        try:
            listening = listen(host, port)
        except AddressError as error:
            misuse(str(error), as_json=as_json)
        try:
            store = State(state)
        except StateError as error:
            listening.close()
            misuse(str(error), as_json=as_json)
        core = Core(
            contract_of(product), store, Clock(frozen=freeze), base_url=address_of(listening)
        )
        try:
            for url in webhook_url or ():
                for old in core.outbox.subscriptions():
                    # Kept from the last run in the state file; this run's secret counts.
                    if old.url == url:
                        core.outbox.unsubscribe(old.id)
                core.outbox.subscribe(checked_url(url), webhook_secret)
        except ValueError as error:
            listening.close()
            misuse(f"--webhook-url: {error}", as_json=as_json)
        public = host not in LOOPBACK
        if public:
            err.print(
                f"[bold white on red] OPEN [/] The sandbox listens on [bold]{escape(host)}[/]: "
                "everyone who reaches this machine can use it, see every request on its page, and "
                "make it send HTTP to any address."
            )
        if as_json:
            show_json(
                {
                    "url": core.base_url,
                    "page": f"{core.base_url}/",
                    "webhook_urls": webhook_url or [],
                }
            )
        else:
            _greet(core.base_url, product.version, webhook_url or [], webhook_secret, state)
            core.noted = _show_request
        post = HttpPost()
        server = Server(core, listening, post=post, version=product.version, open_hosts=public)
        if scenario is not None:
            told = _print_json if as_json else _print_line
            playing = threading.Thread(
                target=_play, args=(core, scenario, told), name="molam-scenario", daemon=True
            )
            playing.start()
        try:
            server.run()
        except KeyboardInterrupt:
            pass
        finally:
            post.close()
            store.close()


_SETTLED_SECONDS = 15.0
"""How long the next step of a scenario waits for deliveries."""


def _play(core: Core, scenario: Scenario, tell: Callable[[str], None]) -> None:
    """Play a scenario beside the server, which delivers its events."""
    from molam_overlays.sandbox.scenario import Player, ScenarioError

    def settle() -> None:
        end = time.monotonic() + _SETTLED_SECONDS
        while core.outbox.busy() and time.monotonic() < end:
            time.sleep(0.01)

    tell(f"Playing: {scenario.name}")
    try:
        for line in Player(core, settle).play(scenario):
            tell(line)
    except ScenarioError as error:
        err.print(f"[bold red]Error:[/] {escape(str(error))}")
    else:
        tell("Played to the end.")


def _print_line(line: str) -> None:
    out.print(escape(line))


def _print_json(line: str) -> None:
    show_json({"played": line})


def _show_request(record: dict[str, Any]) -> None:
    """Print one line for a request, as it is answered."""
    status = record["status"]
    colour = "green" if status is not None and status < 300 else "red"
    notes = [f"key {record['idempotency_key']}"] if record["idempotency_key"] else []
    notes += ["replayed"] if record["replayed"] else []
    notes += [f"fault: {record['fault']}"] if record["fault"] else []
    target = record["path"] + (f"?{record['query']}" if record["query"] else "")
    line = f"{record['method']:<4} {target}  {', '.join(notes)}"
    out.print(f"[{colour}]{status or 'none'}[/] {escape(line)}")


def _greet(url: str, version: str, receivers: list[str], secret: str, state: Path | None) -> None:
    out.print(f"[bold]Molam sandbox[/] {version} at [bold]{url}[/]   (Ctrl-C ends it)")
    out.print(f"  page, test values, hosted checkout   {url}/")
    # A secret that was given may be a real one: it is not repeated.
    shared = f" MOLAM_WEBHOOK_SECRET={secret}" if secret == DEFAULT_SECRET else ""
    out.print("  point an SDK at it with this line:")
    out.print(f"export MOLAM_API_BASE={url} MOLAM_API_KEY=sk_test_demo{shared}")
    signed = f"signed with {secret}" if secret == DEFAULT_SECRET else "signed with your secret"
    for receiver in receivers:
        out.print(f"  events go to                         {escape(receiver)}, {signed}")
    if not receivers:
        out.print(
            "  events go to                         nobody yet: --webhook-url URL, or `molam listen`"
        )
    out.print(
        f"  state                                {escape(str(state)) if state else 'in memory'}"
    )
