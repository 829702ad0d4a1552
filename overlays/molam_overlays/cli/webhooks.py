"""``molam trigger``, ``molam listen``, ``molam events``: webhooks by hand."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from copy import deepcopy
from datetime import datetime, timezone
from typing import Annotated, Any

import typer
from rich.markup import escape

from molam_overlays.cli.output import err, fail, misuse, out, show_json
from molam_overlays.cli.remote import DEFAULT_URL, AsJson, Remote, SandboxUrl, check_address
from molam_overlays.errors import MolamError
from molam_overlays.message.media import JSON
from molam_overlays.product import Product
from molam_overlays.sandbox.document import Document
from molam_overlays.webhook.signature import generate_signature, kid_problem

Secret = Annotated[
    str,
    typer.Option(envvar="MOLAM_WEBHOOK_SECRET", help="What signs the events.", show_default=True),
]


def _check_kid(kid: str) -> str:
    if (problem := kid_problem(kid)) is not None:
        raise typer.BadParameter(f"It {problem}")
    return kid


Kid = Annotated[str, typer.Option(help="Key id in the signature.", callback=_check_kid)]
SECRET = "whsec_sandbox"  # noqa: S105 - public, and signs nothing real
_STALE_MS = 600_000
_DAMAGE = ("none", "duplicate", "stale", "bad_signature")


def add(app: typer.Typer, product: Product) -> None:
    """Add the commands."""

    @app.command()
    def trigger(
        event: Annotated[str, typer.Argument(help="Its type, such as payment_intent.succeeded.")],
        to: Annotated[str, typer.Option(help="URL of the receiver.")],
        data: Annotated[
            str, typer.Option(help="JSON object: fields of the resource to replace.")
        ] = "{}",
        secret: Secret = SECRET,
        kid: Kid = "1",
        damage: Annotated[str, typer.Option(help="One of: " + ", ".join(_DAMAGE) + ".")] = "none",
        as_json: AsJson = False,
    ) -> None:
        """Send a receiver one signed event, made from the document's example. Needs no sandbox.

        Exit code 1 if the receiver refuses it.
        """
        if damage not in _DAMAGE:
            misuse(f"--damage is one of {', '.join(_DAMAGE)}; got {damage!r:.40}.", as_json=as_json)
        check_address("--to", to, as_json=as_json)
        made = example_of(product, event, data, as_json)
        content = json.dumps(made, ensure_ascii=False).encode()
        answers: list[dict[str, Any]] = []
        for _ in range(2 if damage == "duplicate" else 1):
            answers.append(_post(to, content, secret, kid, damage, product.signature_header))
            _show_answer(event, to, answers[-1], as_json)
        if not all(answer["status"] and 200 <= answer["status"] <= 299 for answer in answers):
            raise typer.Exit(1)

    @app.command()
    def listen(
        forward_to: Annotated[str, typer.Option(help="URL of the receiver.")],
        events: Annotated[
            list[str] | None, typer.Option(help="Only these event types; may be repeated.")
        ] = None,
        secret: Secret = SECRET,
        sandbox: SandboxUrl = DEFAULT_URL,
        as_json: AsJson = False,
    ) -> None:
        """Forward a running sandbox's events to a receiver, and show each delivery, until Ctrl-C."""
        check_address("--forward-to", forward_to, as_json=as_json)
        with closing(Remote(sandbox, as_json=as_json)) as remote:
            seen = _delivered(remote)  # before anything can come to us
            subscription = remote.ask(
                "POST",
                "/subscriptions",
                {"url": forward_to, "secret": secret, "types": events or []},
            )
            if as_json:
                told = ("id", "url", "types")
                show_json({"listening": {name: subscription[name] for name in told}})
            else:
                # A secret that was given may be a real one: it is not repeated.
                shown = secret if secret == SECRET else "the secret you gave"
                out.print(f"Events of {escape(sandbox)} go to [bold]{escape(forward_to)}[/].")
                out.print(f"They are signed with [bold]{escape(shown)}[/] (key id 1).")
            try:
                _end_as_by_ctrl_c()
                with nullcontext() if as_json else err.status("Waiting for events; Ctrl-C ends it"):
                    for line in _deliveries(remote, forward_to, seen):
                        _show_delivery(line, as_json)
            except KeyboardInterrupt:
                pass
            finally:
                remote.ask("DELETE", f"/subscriptions/{subscription['id']}")

    @app.command()
    def events(
        limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
        resend: Annotated[
            str | None, typer.Option(help="Send the event with this id again, to everybody.")
        ] = None,
        sandbox: SandboxUrl = DEFAULT_URL,
        as_json: AsJson = False,
    ) -> None:
        """List a running sandbox's events and what became of their deliveries."""
        with closing(Remote(sandbox, as_json=as_json)) as remote:
            if resend is not None:
                answer = remote.ask("POST", f"/events/{resend}/resend")
                if as_json:
                    show_json(answer)
                else:
                    out.print(f"Sent again to {answer['deliveries']} subscription(s).")
                return
            found = remote.ask("GET", f"/events?limit={limit}")["data"]
        if as_json:
            show_json({"data": found})
            return
        for entry in reversed(found):
            event = entry["event"]
            states = ", ".join(_state(each) for each in entry["deliveries"]) or "nobody subscribed"
            out.print(f"{_time(event['created'])}  {event['type']:<32} {event['id']}  {states}")
        if not found:
            out.print("No events yet.")


def _end_as_by_ctrl_c() -> None:
    """Let a closed terminal or a ``kill`` end this program as Ctrl-C does: nothing is left behind."""
    for name in ("SIGTERM", "SIGHUP"):
        # There is no SIGHUP on Windows, and no handler outside the main thread.
        if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
            signal.signal(getattr(signal, name), signal.default_int_handler)


def example_of(product: Product, type_: str, data: str, as_json: bool) -> dict[str, Any]:
    """Make an event of a type from the document's example, some fields of its resource replaced.

    Args:
        product: the emitted package.
        type_: the event's type; one that the document does not have ends the command.
        data: a JSON object of fields.
        as_json: how the command speaks when it ends.
    """
    try:
        fields = json.loads(data)
        if not isinstance(fields, dict):
            raise ValueError("not an object")
    except ValueError as error:
        misuse(f"--data is a JSON object: {error}.", as_json=as_json)
    document = Document(product.document())
    known = document.webhook_types()
    if type_ not in known:
        fail(f"There is no event {type_}. There are: {', '.join(known)}.", as_json=as_json)
    _, media = document.resolve(document.webhook_example(type_))
    examples = list(media.get("examples", {}).values())
    if not examples:
        fail(f"The document has no example of {type_}.", as_json=as_json)
    event: dict[str, Any] = deepcopy(examples[0]["value"])
    now = time.time_ns()
    event["id"] = f"evt_{now:x}"
    event["created"] = now // 1_000_000_000
    event["data"].update(fields)
    return event


def _post(
    url: str, content: bytes, secret: str, kid: str, damage: str, header: str
) -> dict[str, Any]:
    from molam_overlays.transport.httpx_sync import HttpxAdapter
    from molam_overlays.wire import Request

    signed_ms = time.time_ns() // 1_000_000 - (_STALE_MS if damage == "stale" else 0)
    key = f"{secret}-not" if damage == "bad_signature" else secret
    headers = {
        "Content-Type": f"{JSON}; charset=utf-8",
        header: generate_signature(content, key, signed_ms, kid),
    }
    adapter = HttpxAdapter(trust_env=False)
    try:
        with err.status(f"Waiting for {escape(url)}"):
            response = adapter.exchange(Request("POST", url, headers, content, None, 10.0))
    except MolamError as error:
        return {"status": None, "error": str(error), "event": json.loads(content)["id"]}
    finally:
        adapter.close()
    return {"status": response.status, "error": None, "event": json.loads(content)["id"]}


def _show_answer(type_: str, url: str, answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json({"type": type_, "to": url, **answer})
    elif answer["status"] is None:
        err.print(f"[red]no answer[/]  {type_} {answer['event']}: {escape(answer['error'])}")
    else:
        out.print(f"{answer['status']}  {type_} {answer['event']} -> {escape(url)}")


def _delivered(remote: Remote) -> dict[tuple[str, int], int]:
    """Count the attempts that were made so far, by event and the number of its delivery."""
    return {
        (entry["event"]["id"], number): len(delivery["attempts"])
        for entry in remote.ask("GET", "/events?limit=1000")["data"]
        for number, delivery in enumerate(entry["deliveries"])
    }


def _deliveries(
    remote: Remote, url: str, seen: dict[tuple[str, int], int]
) -> Iterator[dict[str, Any]]:
    """Yield every attempt to deliver to a URL that was not seen, as it is made."""
    while True:
        for entry in reversed(remote.ask("GET", "/events?limit=100")["data"]):
            for number, delivery in enumerate(entry["deliveries"]):
                place = (entry["event"]["id"], number)
                for attempt in delivery["attempts"][seen.get(place, 0) :]:
                    if delivery["url"] == url:
                        yield {**attempt, "event": entry["event"], "fault": delivery["fault"]}
                seen[place] = len(delivery["attempts"])
        time.sleep(0.3)


def _show_delivery(line: dict[str, Any], as_json: bool) -> None:
    event = line["event"]
    if as_json:
        told = {name: line[name] for name in ("at_ms", "status", "error", "fault")}
        show_json({**told, "id": event["id"], "type": event["type"]})
        return
    outcome = line["status"] or escape(str(line["error"]))
    fault = f"  ({line['fault']})" if line["fault"] else ""
    out.print(f"{_time(line['at_ms'] // 1000)}  {outcome}  {event['type']} {event['id']}{fault}")


def _state(delivery: dict[str, Any]) -> str:
    tries = len(delivery["attempts"])
    return f"{delivery['state']} after {tries} tries" if tries > 1 else str(delivery["state"])


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
