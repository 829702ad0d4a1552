"""The examples that are programs of several files, run as their READMEs say, against the sandbox."""

from __future__ import annotations

import csv
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from molam_sdk.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir() and path.name[0] != "_")
SECRET = "whsec_examples"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, webhook_secret=SECRET) as running:
        yield running


@pytest.fixture
def environment(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "MOLAM_API_KEY": "sk_test_sandbox",
        "MOLAM_API_BASE": sandbox.url,
        "MOLAM_WEBHOOK_SECRET": SECRET,
        "MOLAM_STORE": f"sqlite:///{tmp_path}/shop.db",
        "SHOP_DATABASE": str(tmp_path / "shop.db"),
        "RECEIVER_DATABASE": str(tmp_path / "receiver.db"),
        "PYTHONUNBUFFERED": "1",
    }


def run(
    *words: str | Path, environment: dict[str, str], cwd: Path, status: int = 0
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


@contextmanager
def serving(
    *words: str | Path, environment: dict[str, str], cwd: Path
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a server on a free port, PORT in its words; yield its address once it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = [str(word).replace("PORT", str(port)) for word in words]
    process = subprocess.Popen(
        [sys.executable, *said],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for _ in range(1200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Hand redirects over instead of following them."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def fetch(url: str, data: bytes | None = None) -> tuple[int, str]:
    opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, data=data), timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def migrate(environment: dict[str, str], cwd: Path) -> None:
    run("-m", "molam_sdk", "db", "migrate", environment["MOLAM_STORE"],
        environment=environment, cwd=cwd)  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_every_program_says_how_it_is_run(program: Path) -> None:
    text = (program / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "```sh" in text
    for name in re.findall(r"\bpython (\w+\.py)", text):
        assert (program / name).is_file(), name


def test_flask_shop_is_paid_by_the_webhook(
    sandbox: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    migrate(environment, tmp_path)
    flask = ("-m", "flask", "--app", EXAMPLES / "flask_shop/shop.py")
    with serving(*flask, "run", "--port", "PORT", environment=environment, cwd=tmp_path) as (
        shop,
        _,
    ):
        sandbox.subscribe(f"{shop}/webhooks")
        action = re.search(r'action="([^"]+)"', fetch(shop)[1])
        assert action is not None
        assert fetch(f"{shop}{action[1]}", b"")[0] == 302
        assert fetch(f"{shop}{action[1]}", b"")[0] == 302  # a double click
        (payment,) = sandbox.client().list_payment_intents().data
        order = f"{shop}/returned/{payment.metadata['order']}"
        assert "waiting" in fetch(order)[1]
        sandbox.pay(payment.id)
        inbox = "SELECT count(*) FROM received_webhooks WHERE type LIKE '%succeeded'"
        for _ in range(600):
            with closing(sqlite3.connect(tmp_path / "shop.db")) as seen:
                if seen.execute(inbox).fetchone()[0]:
                    break
            time.sleep(0.1)
        run(*flask, "work", environment=environment, cwd=tmp_path)
        assert "it is paid" in fetch(order)[1]


def test_fastapi_shop_and_its_worker_ship_what_was_paid(
    sandbox: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    migrate(environment, tmp_path)
    folder = EXAMPLES / "fastapi_shop"
    words = ("-m", "uvicorn", "app:app", "--app-dir", folder, "--port", "PORT")
    with serving(*words, environment=environment, cwd=tmp_path) as (shop, _):
        sandbox.subscribe(f"{shop}/webhooks")
        pay = f"{shop}/orders/1042/pay?amount=2500&payment_method="
        status, refused = fetch(f"{pay}pm_declined", b"")
        assert (status, '"card_declined"' in refused) == (402, True)
        assert fetch(f"{pay}pm_success", b"")[0] == 200
        worker = subprocess.Popen(
            [sys.executable, str(folder / "worker.py")],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert worker.stdout is not None
            assert worker.stdout.readline().startswith("ship pi_")
        finally:
            worker.send_signal(signal.SIGTERM)
            said, _ = worker.communicate(timeout=60)
        assert "events handled" in said


def test_django_receiver_handles_an_event_once(environment: dict[str, str]) -> None:
    project = EXAMPLES / "django_receiver"
    run("manage.py", "migrate", "--run-syncdb", environment=environment, cwd=project)
    words = ("manage.py", "runserver", "--noreload", "PORT")
    with serving(*words, environment=environment, cwd=project) as (receiver, _):
        url = f"{receiver}/webhooks"
        trigger = ("-m", "molam_sdk", "trigger", "payment_intent.succeeded", "--to", url)
        run(*trigger, environment=environment, cwd=project)
        forged = {**environment, "MOLAM_WEBHOOK_SECRET": "whsec_other"}
        run(*trigger, environment=forged, cwd=project, status=1)
    with closing(sqlite3.connect(environment["RECEIVER_DATABASE"])) as stored:
        assert stored.execute("SELECT count(*) FROM receiver_paidorder").fetchone() == (1,)
        assert stored.execute("SELECT count(*) FROM receiver_seenevent").fetchone() == (1,)


BATCH = EXAMPLES / "payout_batch/batch.py"


def results(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["reference"]: row["status"] for row in csv.DictReader(file)}


def test_a_batch_that_was_interrupted_goes_on_and_pays_nothing_twice(
    sandbox: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    rows = "".join(f"{n},merchant_{n},1500,XOF,+22177000000{n}\n" for n in range(1, 7))
    path = tmp_path / "payouts.csv"
    path.write_text(f"reference,entity,amount,currency,phone\n{rows}", encoding="utf-8")
    sandbox.fault("ok, latency=3", operation="createPayout")
    batch = subprocess.Popen(
        [sys.executable, str(BATCH), "payouts.csv"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    done = tmp_path / "payouts.csv.results.csv"
    for _ in range(1200):
        if done.exists() and done.read_text(encoding="utf-8").count("\n") > 1:
            break
        time.sleep(0.05)
    batch.send_signal(signal.SIGINT)
    _, said = batch.communicate(timeout=120)
    assert batch.returncode == 130, said
    assert "Start it again" in said
    first = results(done)
    assert 1 <= len(first) < 6
    run(BATCH, "payouts.csv", environment=environment, cwd=tmp_path)
    assert set(results(done)) == {"1", "2", "3", "4", "5", "6"}
    payouts = list(sandbox.client().list_payouts(limit=100))
    assert sorted(each.metadata["reference"] for each in payouts) == list("123456")


def test_rows_that_are_refused_or_unknown_are_told_apart(
    sandbox: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "payouts.csv"
    path.write_text(
        "reference,entity,amount,currency,phone\n"
        "1,empty_treasury,10,USD,+221770000001\n2,m,10,USD,+221770000002\n",
        encoding="utf-8",
    )
    sandbox.fault("ok, " + ", ".join(["lost_response"] * 4), operation="createPayout")
    run(BATCH, "payouts.csv", environment=environment, cwd=tmp_path, status=1)
    done = tmp_path / "payouts.csv.results.csv"
    assert results(done)["1"] == "refused"
    run(BATCH, "payouts.csv", environment=environment, cwd=tmp_path)
    assert len(list(sandbox.client().list_payouts())) == 1


def test_a_day_is_reconciled_to_the_franc(
    sandbox: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    client = sandbox.client()
    for order, method in (("=1+1", "pm_success"), ("2", "pm_processing")):
        payment = client.create_payment_intent(
            2500, "USD", metadata={"order": order}, capture=True, idempotency_key=f"{order}-c"
        )
        payment = client.confirm_payment_intent(payment.id, method, idempotency_key=f"{order}-p")
        if payment.charge_id:
            client.create_refund(payment.charge_id, 1000, idempotency_key="refund")
    beneficiary = {"type": "mobile_money", "phone": "+221770000000"}
    client.create_payout("shop", "m", 1500, "XOF", beneficiary, idempotency_key="payout")
    sandbox.advance(minutes=1)
    day = payment.created_at.date().isoformat()
    program = EXAMPLES / "reconciliation/day.py"
    told = run(program, day, environment=environment, cwd=tmp_path).stdout
    assert told.splitlines()[1:] == ["USD 15.00", "XOF -1500"]
    with (tmp_path / "day.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["kind"] for row in rows) == ["payment", "payment", "payout", "refund"]
    assert {row["belongs_to"] for row in rows} >= {"'=1+1", "2"}
    assert (tmp_path / "day.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    empty = run(program, "2001-01-01", environment=environment, cwd=tmp_path).stdout
    assert empty.startswith("0 lines")
