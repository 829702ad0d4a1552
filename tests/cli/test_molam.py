"""The command ``molam``: what it prints, as text and as JSON, and how it ends."""

from __future__ import annotations

import http.server
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from typer.testing import CliRunner, Result

from molam_overlays.cli import webhooks
from molam_overlays.cli.commands import application
from molam_overlays.cli.doctor import examine
from molam_overlays.errors import NetworkError, PaymentDeclinedError, SignatureError
from molam_overlays.product import DOCUMENTATION
from molam_overlays.store.inbox import Inbox
from molam_overlays.webhook.signature import verify_signature
from molam_sdk._product import PRODUCT
from molam_sdk.sandbox import Sandbox

Molam = Callable[..., Result]


@pytest.fixture
def molam(monkeypatch: pytest.MonkeyPatch) -> Molam:
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str, **environment: str) -> Result:
        return CliRunner().invoke(application(PRODUCT), list(words), env=environment)

    return run


# As a person starts it at a terminal: who runs the tests in the background, with nohup or in some CI,
# has SIGINT ignored, and processes inherit that.
MOLAM = """\
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from molam_sdk.__main__ import main
main()
"""


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command, and end it whatever happens."""
    with subprocess.Popen(
        [sys.executable, "-c", MOLAM, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def stop(process: subprocess.Popen[str], by: signal.Signals = signal.SIGINT) -> str:
    """Interrupt it; what it said on standard error."""
    process.send_signal(by)
    _, err = process.communicate(timeout=20)
    return err


@attrs.define
class Receiver:
    url: str
    got: list[tuple[str, bytes]]
    answers: list[int]
    arrived: threading.Event


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver("", [], [], threading.Event())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append((self.headers["Molam-Signature"], body))
            self.send_response(made.answers.pop(0) if made.answers else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()
            made.arrived.set()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# molam itself


def test_without_the_extra_one_line_names_it() -> None:
    code = (
        "import sys; sys.modules['typer'] = None; sys.argv = ['molam', 'doctor']\n"
        "from molam_sdk.__main__ import main\nmain()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert 'pip install "molam-sdk-python[cli]"' in ran.stderr


def test_help_lists_the_commands_and_exit_codes(molam: Molam) -> None:
    shown = molam("--help")
    assert shown.exit_code == 0
    for word in ["sandbox", "trigger", "listen", "events", "doctor", "recover", "inbox", "db"]:
        assert word in shown.output
    assert "Exit codes" in shown.output


def test_no_command_is_wrong_usage(molam: Molam) -> None:
    assert molam().exit_code == 2
    assert molam("dance").exit_code == 2


def test_it_tells_its_version(molam: Molam) -> None:
    assert molam("--version").output == f"molam {PRODUCT.version}\n"


def test_the_help_of_the_sandbox_points_to_the_test_values(molam: Molam) -> None:
    shown = molam("sandbox", "--help").output
    assert "test values" in shown
    assert "Molam-Sandbox-Fault" in shown
    assert f"{DOCUMENTATION}sandbox.html" in shown


# molam sandbox


def test_the_sandbox_serves_until_interrupted() -> None:
    with started("sandbox", "--port", "0", "--json") as process:
        config = PRODUCT.config()(api_key="sk_test_1", api_base=first_line(process)["url"])
        with PRODUCT.client()(config) as client:
            assert client.create_payment_intent(5, "USD", idempotency_key="k").status
        err = stop(process)
    assert process.returncode == 0, err
    assert "Traceback" not in err


def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [sys.executable, "-m", "molam_sdk", "sandbox", "--port", port],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"Error: Port {port} is in use.")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--state", "/nowhere/at/all.db"], "Cannot use the state file"),
        (["--webhook-url", "ftp://shop"], "--webhook-url"),
        (["--host", "192.0.2.1"], "Cannot listen on 192.0.2.1"),
    ],
)
def test_the_sandbox_says_in_one_line_why_it_cannot_start(
    molam: Molam, words: list[str], says: str
) -> None:
    ran = molam("sandbox", "--port", "0", *words)
    assert ran.exit_code == 2
    assert says in ran.output
    as_json = molam("sandbox", "--port", "0", "--json", *words)
    assert says in json.loads(as_json.stdout)["error"]


# molam trigger, listen, events


def test_trigger_sends_one_signed_event(molam: Molam, receiver: Receiver) -> None:
    ran = molam(
        "trigger",
        "payment_intent.succeeded",
        "--to",
        receiver.url,
        "--data",
        '{"id": "pi_mine"}',
        "--secret",
        "whsec_1",
        "--json",
    )
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["status"] == 204
    ((header, body),) = receiver.got
    assert verify_signature(header, body, "whsec_1")
    event = json.loads(body)
    assert (event["type"], event["data"]["id"]) == ("payment_intent.succeeded", "pi_mine")


@pytest.mark.parametrize("kid", ["a,b", "", " 1", "\n", "é"])
@pytest.mark.parametrize("command", ["trigger", "rehearse"])
def test_a_key_id_that_no_header_takes_is_refused_in_a_few_words(
    molam: Molam, command: str, kid: str
) -> None:
    given = {
        "trigger": ["trigger", "payment_intent.succeeded", "--to", "http://127.0.0.1:9/"],
        "rehearse": ["rehearse", "http://127.0.0.1:9/"],
    }[command]
    ran = molam(*given, "--kid", kid)
    assert ran.exit_code == 2
    assert "--kid" in ran.output
    assert "printable ASCII" in ran.output


def test_trigger_can_duplicate_and_damage(molam: Molam, receiver: Receiver) -> None:
    assert (
        molam("trigger", "payout.paid", "--to", receiver.url, "--damage", "duplicate").exit_code
        == 0
    )
    assert len(receiver.got) == 2
    assert receiver.got[0][1] == receiver.got[1][1]
    for damage in ("stale", "bad_signature"):
        molam("trigger", "payout.paid", "--to", receiver.url, "--damage", damage)
        with pytest.raises(SignatureError, match=r"Timestamp|mismatch"):
            verify_signature(*receiver.got[-1], "whsec_sandbox")


def test_trigger_fails_when_the_receiver_refuses(molam: Molam, receiver: Receiver) -> None:
    receiver.answers.append(500)
    assert molam("trigger", "payout.paid", "--to", receiver.url).exit_code == 1
    assert molam("trigger", "payout.paid", "--to", "http://127.0.0.1:1/").exit_code == 1


def test_trigger_names_the_events_there_are(molam: Molam) -> None:
    ran = molam("trigger", "wish.granted", "--to", "http://127.0.0.1:1/")
    assert ran.exit_code == 1
    assert "payment_intent.created" in ran.output
    assert molam("trigger", "payout.paid", "--to", "http://x/", "--data", "[1]").exit_code == 2
    assert molam("trigger", "payout.paid", "--to", "http://x/", "--damage", "eat").exit_code == 2


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_listen_forwards_and_shows_each_delivery_and_leaves_nothing_behind(
    receiver: Receiver, by: signal.Signals
) -> None:
    with (
        Sandbox(port=0) as sandbox,
        started(
            "listen", "--forward-to", receiver.url, "--sandbox", sandbox.url, "--json"
        ) as process,
    ):
        assert first_line(process)["listening"]["url"] == receiver.url
        sandbox.trigger("payout.paid")
        line = first_line(process)
        assert (line["type"], line["status"]) == ("payout.paid", 204)
        err = stop(process, by)
        assert process.returncode == 0, err
        assert sandbox.core.outbox.subscriptions() == []


def test_listen_shows_what_is_delivered_the_moment_it_listens(
    molam: Molam, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[Any] = []

    def show(told: dict[str, Any]) -> None:
        lines.append(told)
        if "listening" in told:
            sandbox.trigger("payout.paid")
            while not sandbox.core.outbox.events(1)[0]["deliveries"][0]["attempts"]:
                sleep(0.01)  # another thread delivers: its time cannot be moved

    polls = iter([None, None])

    def poll(_: float) -> None:
        if next(polls, "enough"):
            raise KeyboardInterrupt

    sleep = time.sleep
    monkeypatch.setattr(webhooks, "show_json", show)
    monkeypatch.setattr(webhooks, "time", SimpleNamespace(sleep=poll))
    with Sandbox(port=0) as sandbox:
        ran = molam("listen", "--forward-to", receiver.url, "--sandbox", sandbox.url, "--json")
    assert ran.exit_code == 0, ran.output
    assert [line.get("type") for line in lines] == [None, "payout.paid"]


def test_events_lists_and_resends(molam: Molam, receiver: Receiver) -> None:
    with Sandbox(port=0) as sandbox:
        sandbox.subscribe(receiver.url)
        event = sandbox.trigger("payout.paid")
        assert receiver.arrived.wait(10)
        receiver.arrived.clear()
        shown = molam("events", "--sandbox", sandbox.url)
        assert event["id"] in shown.output
        as_json = molam("events", "--sandbox", sandbox.url, "--json")
        assert json.loads(as_json.stdout)["data"][0]["event"]["id"] == event["id"]
        assert molam("events", "--resend", event["id"], "--sandbox", sandbox.url).exit_code == 0
        assert receiver.arrived.wait(10)
        assert molam("events", "--resend", "evt_no", "--sandbox", sandbox.url).exit_code == 1


def test_no_sandbox_is_one_line(molam: Molam) -> None:
    for words in (["events"], ["listen", "--forward-to", "http://127.0.0.1:1/"]):
        ran = molam(*words, "--sandbox", "http://127.0.0.1:1")
        assert ran.exit_code == 1
        assert "No sandbox answers" in ran.output
        assert "molam sandbox" in ran.output
        assert "Traceback" not in ran.output


def test_something_else_is_no_sandbox(molam: Molam, receiver: Receiver) -> None:
    ran = molam("events", "--sandbox", receiver.url)
    assert ran.exit_code == 1
    assert "no sandbox" in ran.output


# molam doctor


def findings(shown: Result) -> dict[str, dict[str, Any]]:
    return {each["what"]: each for each in json.loads(shown.stdout)["findings"]}


def test_doctor_finds_everything_in_order(molam: Molam) -> None:
    with Sandbox(port=0) as sandbox:
        shown = molam(
            "doctor",
            "--json",
            MOLAM_API_KEY="sk_test_secret",
            MOLAM_API_BASE=sandbox.url,
            MOLAM_WEBHOOK_SECRET="whsec_secret",
        )
    found = findings(shown)
    assert shown.exit_code == 0, shown.output
    assert {each["state"] for each in found.values()} == {"ok"}
    assert {"versions", "extras", "document", "config", "key", "api", "clock"} <= set(found)
    assert "secret" not in shown.stdout.replace("webhook_secret=", "")


def test_doctor_says_what_is_missing(molam: Molam) -> None:
    shown = molam("doctor", "--json")
    assert shown.exit_code == 1
    assert "MOLAM_API_KEY is required" in findings(shown)["config"]["detail"]


def test_doctor_says_that_the_api_cannot_be_reached(molam: Molam) -> None:
    shown = molam("doctor", MOLAM_API_KEY="sk_test_1", MOLAM_API_BASE="http://127.0.0.1:1")
    assert shown.exit_code == 1
    assert "cannot be reached" in shown.output
    assert "Traceback" not in shown.output


def test_doctor_refuses_a_live_key_inside_pytest(molam: Molam) -> None:
    shown = molam("doctor", "--json", MOLAM_API_KEY="sk_live_secret")
    found = findings(shown)
    assert shown.exit_code == 1
    assert found["key"]["state"] == "fail"
    assert "refused" in found["key"]["detail"]
    assert "api" not in found, "nothing was sent"
    assert "sk_live_secret" not in shown.stdout


@pytest.mark.parametrize(
    ("ahead", "state"), [(0, "ok"), (-60, "warn"), (60, "warn"), (400, "fail")]
)
def test_doctor_compares_the_clocks(
    monkeypatch: pytest.MonkeyPatch, ahead: float, state: str
) -> None:
    with Sandbox(port=0) as sandbox:
        monkeypatch.setenv("MOLAM_API_KEY", "sk_test_1")
        monkeypatch.setenv("MOLAM_API_BASE", sandbox.url)
        found = {each.what: each for each in examine(PRODUCT, now=lambda: time.time() + ahead)}
    assert found["clock"].state == state


def test_doctor_finds_emitted_files_that_do_not_match_the_document() -> None:
    class Stub:
        create_payment_intent = None

    broken = attrs.evolve(PRODUCT, package="nowhere_sdk", client=lambda: Stub)
    found = {each.what: each for each in examine(broken)}
    assert found["document"].state == "fail"
    assert "createRefund" in found["document"].detail


def test_doctor_finds_an_emitted_file_that_was_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "shop_sdk"
    package.mkdir()
    (package / "__init__.py").write_text("edited = True\n")
    (package / ".generated.json").write_text(json.dumps({"files": {"__init__.py": "0" * 64}}))
    monkeypatch.syspath_prepend(tmp_path)
    found = {each.what: each for each in examine(attrs.evolve(PRODUCT, package="shop_sdk"))}
    assert found["document"].state == "fail"
    assert "__init__.py" in found["document"].detail


# molam db, recover, inbox


@pytest.fixture
def store(tmp_path: Path, molam: Molam) -> str:
    url = f"sqlite:///{tmp_path}/shop.db"
    ran = molam("db", "migrate", url)
    assert ran.exit_code == 0, ran.output
    assert "001_idempotency_and_webhooks" in ran.output
    return url


def test_migrating_again_does_no_harm(molam: Molam, store: str) -> None:
    ran = molam("db", "migrate", store, "--json")
    (step,) = json.loads(ran.stdout)["data"]
    assert step["fresh"] is False


def test_a_purge_removes_what_is_old_and_says_how_much(molam: Molam, store: str) -> None:
    with Inbox(store) as inbox:
        inbox.receive("evt_1", "t", b"{}")
        inbox.process(lambda delivery: None)
    nothing = {"payloads": 0, "events": 0, "answers": 0, "calls": 0}
    assert json.loads(molam("db", "purge", store, "--json").stdout) == nothing
    ran = molam("db", "purge", store, "--payload-days", "0")
    assert ran.stdout == "1 payloads, 0 events, 0 answers, 0 calls removed.\n"
    assert ran.stderr == "", "no progress where nobody looks"
    ran = molam("db", "purge", store, "--event-days", "0", "--json")
    assert json.loads(ran.stdout) == {**nothing, "events": 1}


def test_recover_settles_what_a_crash_left_open(molam: Molam, store: str) -> None:
    with Sandbox(port=0) as sandbox:
        settings = {"MOLAM_API_KEY": "sk_test_sandbox", "MOLAM_API_BASE": sandbox.url}
        assert "Nothing was left open." in molam("recover", store, **settings).output
        config = sandbox.config(max_retries=0)
        client = PRODUCT.client()(config, idempotency_store=store)
        with pytest.raises(NetworkError) as lost:
            client.create_payment_intent(
                2500,
                "USD",
                idempotency_key="order-1",
                extra_headers={"Molam-Sandbox-Fault": "lost_response"},
            )
        assert lost.value.delivery == "maybe_processed"
        client.close()
        ran = molam("recover", store, "--json", **settings)
        (row,) = json.loads(ran.stdout)["data"]
        assert (row["key"], row["outcome"], row["status"]) == ("order-1", "settled", 201)
        assert ran.exit_code == 0
        assert len(list(sandbox.client("sk_test_sandbox").list_payment_intents())) == 1


def test_recover_says_by_its_exit_code_that_something_was_left_open(
    molam: Molam, store: str
) -> None:
    with Sandbox(port=0) as sandbox:
        settings = {"MOLAM_API_KEY": "sk_test_sandbox", "MOLAM_API_BASE": sandbox.url}
        client = PRODUCT.client()(sandbox.config(max_retries=0), idempotency_store=store)
        payment = client.create_payment_intent(2500, "USD", idempotency_key="order-1-create")
        with pytest.raises(PaymentDeclinedError) as declined:
            client.confirm_payment_intent(payment.id, "pm_declined", "order-1-confirm")
        assert declined.value.delivery == "rejected"
        assert "Nothing was left open." in molam("recover", store, **settings).output
        for key in ("order-2", "order-3"):
            with pytest.raises(NetworkError):
                client.create_payment_intent(
                    2500,
                    "USD",
                    idempotency_key=key,
                    extra_headers={"Molam-Sandbox-Fault": "lost_response"},
                )
        client.close()
        with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as database:
            database.execute(
                "UPDATE call_journal SET headers = '{' WHERE idempotency_key = 'order-2'"
            )
            database.commit()
        ran = molam("recover", store, "--json", **settings)
        rows = {row["key"]: row["outcome"] for row in json.loads(ran.stdout)["data"]}
        assert rows == {"order-2": "unreadable", "order-3": "settled"}
        assert ran.exit_code == 1
        assert "unreadable" in molam("recover", store, **settings).output


def test_the_inbox_lists_and_replays(molam: Molam, store: str) -> None:
    with Inbox(store, max_tries=1) as inbox:
        inbox.receive("evt_1", "payout.paid", b"{}")

        def fail(_: Any) -> None:
            raise RuntimeError("no")

        inbox.process(fail)
        assert inbox.counts()["parked"] == 1
    shown = molam("inbox", "list", store, "--json")
    (row,) = json.loads(shown.stdout)["data"]
    assert (row["event_id"], row["state"]) == ("evt_1", "parked")
    assert "evt_1" in molam("inbox", "list", store, "--state", "parked").output
    assert json.loads(molam("inbox", "replay", store, "evt_1", "--json").stdout) == {"replayed": 1}
    assert molam("inbox", "replay", store, "evt_2").exit_code == 1
    assert molam("inbox", "replay", store).exit_code == 2
    assert molam("inbox", "replay", store, "--parked").exit_code == 0


@pytest.mark.parametrize(
    "words", [["inbox", "list"], ["db", "migrate"], ["db", "purge"], ["recover"]]
)
def test_a_store_that_is_none_is_one_line(molam: Molam, words: list[str]) -> None:
    ran = molam(*words, "mysql://shop", MOLAM_API_KEY="sk_test_1")
    assert ran.exit_code == 2
    assert "sqlite:///" in ran.output
    assert "Traceback" not in ran.output
