"""``molam rehearse``: whether a webhook endpoint does what Molam's webhooks ask of it."""

from __future__ import annotations

import ipaddress
import shlex
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.markup import escape

from molam_overlays import errors
from molam_overlays.cli.output import err, fail, misuse, out, show_json
from molam_overlays.cli.remote import AsJson, check_address
from molam_overlays.cli.webhooks import SECRET, Kid, Secret, example_of
from molam_overlays.product import Product
from molam_overlays.sandbox.rehearsal import Count, Finding, Rehearsal, Seen, Send, rehearse

_PATIENCE = 10.0
"""Seconds beyond the time-out that an answer is waited for: a slow one is told from none."""


def add(app: typer.Typer, product: Product) -> None:
    """Add the command."""

    @app.command(name="rehearse")
    def rehearse_(
        url: Annotated[str, typer.Argument(help="The webhook endpoint.", metavar="URL")],
        event: Annotated[
            str, typer.Option(help="Type of the event that makes your program act.")
        ] = "payment_intent.succeeded",
        data: Annotated[
            str, typer.Option(help="JSON object: fields of the resource to replace.")
        ] = "{}",
        effects: Annotated[
            str | None,
            typer.Option(
                help="Command that prints how often your program acted, a number, such as the orders "
                "it delivered.",
                metavar="COMMAND",
            ),
        ] = None,
        settle: Annotated[
            float, typer.Option(min=0, help="Seconds until your program has acted.")
        ] = 2.0,
        timeout: Annotated[
            float, typer.Option(min=0.05, help="Seconds that the endpoint may take.")
        ] = 10.0,
        secret: Secret = SECRET,
        kid: Kid = "1",
        allow_remote: Annotated[
            bool, typer.Option("--allow-remote", help="Also another machine's endpoint.")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Judge a webhook endpoint: forged, old, altered, repeated and unknown events.

        Sends about fifteen test events, none of which Molam ever sent. Exit code 1 if the endpoint
        makes a mistake.
        """
        if allow_remote:
            check_address("The endpoint", url, as_json=as_json)
        elif not is_loopback(url):
            misuse(
                "The URL must be absolute and of this machine, such as "
                "http://localhost:8000/webhooks. Add --allow-remote to judge another machine's.",
                as_json=as_json,
            )
        rehearsal = Rehearsal(
            example_of(product, event, data, as_json),
            secret,
            timeout,
            lambda: time.time_ns() // 1_000_000,
            kid,
        )
        count = None if effects is None else _counter(effects, settle, as_json)
        findings = _carried_out(rehearsal, url, count, as_json)
        _show(url, findings, as_json)
        if any(each.passed is False for each in findings):
            raise typer.Exit(1)


def is_loopback(url: str) -> bool:
    """Tell whether a URL is absolute, http or https, and names this machine."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname:
            if parts.hostname == "localhost":
                return True
            return ipaddress.ip_address(parts.hostname).is_loopback
    return False


Counter = Callable[[int | None], int]
"""Counts effects: waits until there are other than so many, or nothing more will happen."""


def _counter(command: str, settle: float, as_json: bool) -> Counter:
    words = shlex.split(command)

    def once() -> int:
        try:
            ran = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the user's own
            return int(ran.stdout)
        except (OSError, subprocess.SubprocessError) as error:
            fail(f"--effects: the command did not run: {error}", as_json=as_json)
        except ValueError:
            fail(
                "--effects: the command must print a whole number, and only that.", as_json=as_json
            )

    def count(other_than: int | None) -> int:
        end = time.monotonic() + settle
        while (number := once()) == other_than and time.monotonic() < end:
            time.sleep(min(0.1, settle))
        return number

    return count


def _carried_out(
    rehearsal: Rehearsal, url: str, count: Counter | None, as_json: bool
) -> list[Finding]:
    """Do what the rehearsal asks for, to its end."""
    from molam_overlays.transport.httpx_sync import HttpxAdapter

    steps = rehearse(rehearsal, effects=count is not None)
    told: Seen | int | None = None
    with closing(HttpxAdapter(trust_env=False, max_response_bytes=1 << 20)) as adapter:
        while True:
            try:
                step = steps.send(told)
            except StopIteration as end:
                findings: list[Finding] = end.value
                return findings
            if isinstance(step, Count):
                assert count is not None
                told = count(step.other_than)
            else:
                with err.status(f"Waiting for {escape(url)}"):
                    told = _posted(adapter, url, step, rehearsal.timeout_seconds)
                if told.status is None and told.seconds < rehearsal.timeout_seconds:
                    # Nobody is there; a good endpoint answers even to refuse.
                    fail(f"{url} does not answer: {told.error}", as_json=as_json)


def _posted(adapter: Any, url: str, step: Send, timeout: float) -> Seen:
    from molam_overlays.wire import Request

    request = Request("POST", url, step.headers, step.content, None, timeout + _PATIENCE)
    began = time.monotonic()
    try:
        status = adapter.exchange(request).status
    except errors.TimeoutError:
        waited = time.monotonic() - began
        return Seen(None, waited, f"did not answer in {waited:.0f} s")
    except errors.MolamError as error:
        return Seen(None, time.monotonic() - began, str(error))
    return Seen(status, time.monotonic() - began)


def _show(url: str, findings: list[Finding], as_json: bool) -> None:
    mistakes = [each for each in findings if each.passed is False]
    if as_json:
        rows = [
            {
                "name": each.check.name,
                "passed": each.passed,
                "expected": each.check.right,
                "saw": each.saw,
                "advice": None if each.passed else each.check.advice,
            }
            for each in findings
        ]
        show_json({"url": url, "mistakes": len(mistakes), "findings": rows})
        return
    marks = {True: "[green]right  [/]", False: "[bold red]MISTAKE[/]", None: "[yellow]unknown[/]"}
    for each in findings:
        right = each.check.right if each.passed else f"expected that it {each.check.right}"
        out.print(f"{marks[each.passed]}  {right}  [dim]({each.check.name})[/]")
        if not each.passed:
            out.print(f"         Seen: {escape(each.saw)}.")
            out.print(f"         {escape(each.check.advice)}")
    if mistakes:
        names = ", ".join(each.check.name for each in mistakes)
        noun = "mistake" if len(mistakes) == 1 else "mistakes"
        out.print(f"\n[bold red]{len(mistakes)} {noun}[/] at {escape(url)}: {names}")
    else:
        out.print(f"\n[bold green]No mistakes[/] at {escape(url)}")
