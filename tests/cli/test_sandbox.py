"""``molam sandbox`` and its neighbours in this process: what they print while they serve."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from molam_overlays.cli import doctor, entry, webhooks
from molam_overlays.cli.commands import application
from molam_overlays.cli.doctor import examine
from molam_overlays.cli.finding import Finding
from molam_overlays.sandbox.server import Server, address_of
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Headers, Response
from molam_sdk import Config, MolamClient
from molam_sdk._product import PRODUCT
from molam_sdk.exceptions import MolamError
from molam_sdk.sandbox import Sandbox

During = Callable[[str, Any], object]


def molam(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(application(PRODUCT), list(words), env=environment)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run ``molam sandbox``; do something with its URL and core while it serves, then Ctrl-C."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)

    def run(during: During, *words: str) -> Result:
        def served(server: Any) -> None:
            server.start()
            try:
                during(address_of(server._listening), server._dispatcher._core)
            finally:
                server.stop()
            raise KeyboardInterrupt

        monkeypatch.setattr(Server, "run", served)
        return molam("sandbox", "--port", "0", *words)

    return run


def pay(url: str, key: str = "order-1", **options: Any) -> str:
    with MolamClient(Config(api_key="sk_test_1", api_base=url, max_retries=0)) as client:
        return str(client.create_payment_intent(5, "USD", idempotency_key=key, **options).id)


def test_each_request_is_one_line(serve: Callable[..., Result]) -> None:
    def during(url: str, _: Any) -> None:
        pay(url)
        pay(url)
        with pytest.raises(MolamError):
            pay(url, "order-2", extra_headers={"Molam-Sandbox-Fault": "status=503"})
        with MolamClient(Config(api_key="sk_test_1", api_base=url)) as client:
            client.list_refunds(limit=3)

    ran = serve(during)
    assert ran.exit_code == 0, ran.output
    lines = ran.stdout.splitlines()
    assert [" ".join(line.split()) for line in lines if "/v1/" in line] == [
        "201 POST /v1/connect/payment_intents key order-1",
        "201 POST /v1/connect/payment_intents key order-1, replayed",
        "503 POST /v1/connect/payment_intents key order-2, fault: status=503",
        "200 GET /v1/connect/refunds?limit=3&offset=0",
    ]
    assert "events go to                         nobody yet" in ran.stdout
    assert "state                                in memory" in ran.stdout


def test_a_state_file_outlives_the_run_and_this_runs_secret_counts(
    serve: Callable[..., Result], tmp_path: Path
) -> None:
    made: list[str] = []
    secrets: list[list[str]] = []

    def during(url: str, core: Any) -> None:
        made.append(pay(url))
        (kept,) = core.outbox.subscriptions()
        secrets.append([each["secret"] for each in kept.secrets])

    words = ["--state", str(tmp_path / "s.db"), "--webhook-url", "http://127.0.0.1:1/hook"]
    for secret in ("whsec_old", "whsec_new"):
        ran = serve(during, *words, "--webhook-secret", secret)
        assert "http://127.0.0.1:1/hook, signed with your secret" in ran.stdout
        assert secret not in ran.stdout
        assert "s.db" in ran.stdout
    assert made[0] == made[1]
    assert secrets == [["whsec_old"], ["whsec_new"]]


def test_listening_to_everyone_is_said_loudly(serve: Callable[..., Result]) -> None:
    ran = serve(lambda *_: None, "--host", "0.0.0.0", "--json")
    assert "everyone who reaches this machine" in " ".join(ran.stderr.split())
    assert set(json.loads(ran.stdout)) == {"url", "page", "webhook_urls"}


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("step", "last"),
    [
        ("{at: 0s, call: listRefunds}", "Played to the end."),
        ("{at: 0s, call: retrieveRefund, with: {refund_id: $nobody.id}}", None),
    ],
)
def test_a_scenario_is_told_step_by_step(
    serve: Callable[..., Result], tmp_path: Path, as_json: bool, step: str, last: str | None
) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(f"name: A [short] day\nsteps:\n  - {step}\n", encoding="utf-8")

    def during(*_: Any) -> None:
        for thread in threading.enumerate():
            if thread.name == "molam-scenario":
                thread.join()

    ran = serve(during, "--play", str(path), *(["--json"] if as_json else []))
    assert ran.exit_code == 0, ran.output
    said = ran.stdout.splitlines()
    told = [json.loads(line).get("played") for line in said] if as_json else said
    assert "Playing: A [short] day" in told
    assert (told[-1] == "Played to the end.") is (last is not None)
    assert ("nobody" in ran.stderr) is (last is None)


def test_without_its_extra_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "molam_overlays.sandbox.server")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = molam("sandbox")
    assert ran.exit_code == 2
    assert ran.stderr.count("\n") == 1
    assert 'pip install "molam-sdk-python[sandbox]"' in ran.stderr


# The command itself


def test_what_is_missing_of_ours_is_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "molam_overlays.cli.commands", None)
    with pytest.raises(ModuleNotFoundError, match="commands"):
        entry.run(PRODUCT, ["doctor"])


def test_it_runs_what_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        entry.run(PRODUCT, ["--version"])
    assert ended.value.code == 0
    assert PRODUCT.version in capsys.readouterr().out


# molam listen, events, trigger


def test_listen_says_to_people_what_was_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    polls: list[float] = []

    def poll(seconds: float) -> None:
        polls.append(seconds)
        if len(polls) == 1:
            sandbox.fault("webhook=duplicate", event="payout.paid")
            sandbox.trigger("payout.paid")
            sandbox.trigger("payout.sent")
            while sandbox.core.outbox.busy():
                sleep(0.01)  # another thread delivers: its time cannot be moved
        elif len(polls) == 3:
            raise KeyboardInterrupt

    sleep = time.sleep

    class Time:
        sleep = staticmethod(poll)

    monkeypatch.setattr(webhooks, "time", Time)
    with Sandbox(port=0) as sandbox:
        words = ["--forward-to", "http://127.0.0.1:1/hook", "--sandbox", sandbox.url]
        ran = molam("listen", *words, "--secret", "whsec_of_the_shop")
        assert sandbox.core.outbox.subscriptions() == []
    assert ran.exit_code == 0, ran.output
    assert "the secret you gave" in ran.stdout
    assert "whsec_of_the_shop" not in ran.output
    paid = [line for line in ran.stdout.splitlines() if "payout.paid" in line]
    assert any(line.endswith("(duplicate)") for line in paid)
    (sent, *_) = [line for line in ran.stdout.splitlines() if "payout.sent" in line]
    assert "refused the connection" in sent


def test_events_are_told_to_people_and_to_programs() -> None:
    with Sandbox(port=0) as sandbox:
        at = ["--sandbox", sandbox.url]
        assert molam("events", *at).stdout == "No events yet.\n"
        event = sandbox.trigger("payout.paid")
        shown = molam("events", *at).stdout
        assert shown.rstrip().endswith(f"{event['id']}  nobody subscribed")
        again = molam("events", "--resend", event["id"], "--json", *at)
        assert json.loads(again.stdout)["deliveries"] == 0


def test_an_event_without_an_example_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = webhooks.Document.resolve

    def without(self: Any, node: Any, *rest: Any) -> Any:
        at, found = resolved(self, node, *rest)
        return at, {name: found[name] for name in found if name != "examples"}

    monkeypatch.setattr(webhooks.Document, "resolve", without)
    ran = molam("trigger", "payout.paid", "--to", "http://127.0.0.1:1/")
    assert ran.exit_code == 1
    assert ran.stderr == "Error: The document has no example of payout.paid.\n"


# molam doctor


@pytest.mark.parametrize(
    ("status", "told", "state", "says"),
    [
        (200, None, "warn", "did not tell the time"),
        (401, "now", "fail", "refuses the key (401)"),
        (503, "now", "fail", "answers with status 503"),
    ],
)
def test_doctor_says_what_the_api_made_of_its_question(
    monkeypatch: pytest.MonkeyPatch, status: int, told: str | None, state: str, says: str
) -> None:
    fields = {"Date": formatdate(usegmt=True)} if told else {}
    answer = Response(status, Headers(fields), b"{}")
    monkeypatch.setattr(HttpxAdapter, "exchange", lambda *_: answer)
    config = PRODUCT.config()(api_key="sk_test_1")
    found = list(doctor._reach(PRODUCT, config, time.time))
    assert any(each.state == state and says in each.detail for each in found)


@pytest.mark.parametrize(
    ("key", "state", "says"),
    [("sk_live_1", "ok", "live: real money moves"), ("sk_test_1", "warn", "no real money moves")],
)
def test_doctor_says_whether_money_moves(
    monkeypatch: pytest.MonkeyPatch, key: str, state: str, says: str
) -> None:
    for slow in ("_reach", "leftovers", "_versions"):
        monkeypatch.setattr(doctor, slow, lambda *_: iter(()))
    monkeypatch.setattr(doctor, "_agreement", lambda _: Finding("document", "ok", ""))
    monkeypatch.setenv("MOLAM_API_KEY", key)
    (found,) = [each for each in examine(PRODUCT, environment={}) if each.what == "key"]
    assert found.state == state
    assert says in found.detail
