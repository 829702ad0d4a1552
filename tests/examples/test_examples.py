"""The examples, run as a newcomer runs them: each a process of its own, against the sandbox."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from molam_sdk.sandbox import Sandbox
from molam_sdk.utils.webhook import generate_signature

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "whsec_examples"
BODY = (
    b'{"id":"evt_1","type":"payment_intent.succeeded","created":1737028800,"livemode":false,'
    b'"data":{"id":"pi_1","status":"succeeded","amount":2500,"currency":"USD"}}'
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, webhook_secret=SECRET) as running:
        yield running


def environment(sandbox: Sandbox) -> dict[str, str]:
    return {
        **os.environ,
        "MOLAM_API_KEY": "sk_test_sandbox",
        "MOLAM_API_BASE": sandbox.url,
        "MOLAM_WEBHOOK_SECRET": SECRET,
        "PYTHONUNBUFFERED": "1",
    }


def run(
    sandbox: Sandbox, name: str, *arguments: str, body: bytes = b""
) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        input=body,
        capture_output=True,
        timeout=60,
        env=environment(sandbox),
        check=False,
    )
    return subprocess.CompletedProcess(
        finished.args, finished.returncode, finished.stdout.decode(), finished.stderr.decode()
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(sandbox: Sandbox, name: str, *arguments: str) -> Iterator[str]:
    """Run a server example on a free port; yield its address once it answers."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLES / name), *arguments, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(sandbox),
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, process.communicate()[0].decode()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=10)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Hand redirects over instead of following them."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def fetch(url: str, data: bytes | None = None, **headers: str) -> tuple[int, str, str]:
    """Return status, body and the Location header."""
    request = urllib.request.Request(url, data=data, headers=headers)
    opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as response:
            return response.status, response.read().decode(), ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers.get("Location", "")


def test_demo_runs_both_orders_and_verifies_every_webhook(sandbox: Sandbox) -> None:
    done = run(sandbox, "demo.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("verified ") == 16
    assert "Both orders were paid, refunded in part and paid out" in done.stdout


def test_async_checkout_pays_a_batch_and_a_second_run_pays_nothing_more(sandbox: Sandbox) -> None:
    first = run(sandbox, "async_checkout.py", "--count", "3")
    assert first.returncode == 0, first.stderr
    paid = re.findall(r"batch-1-\d: pi_\w+ succeeded", first.stdout)
    assert len(paid) == 3
    second = run(sandbox, "async_checkout.py", "--count", "3")
    assert re.findall(r"batch-1-\d: pi_\w+ succeeded", second.stdout) == paid
    assert len(sandbox.client().list_payment_intents(limit=100).data) == 3


def test_webhook_receiver_verifies_standard_input(sandbox: Sandbox) -> None:
    header = generate_signature(BODY, SECRET)
    good = run(sandbox, "webhook_receiver.py", header, body=BODY)
    assert good.returncode == 0, good.stderr
    assert "verified payment_intent.succeeded pi_1 paid, USD\xa025.00" in good.stdout
    bad = run(sandbox, "webhook_receiver.py", header, body=BODY + b" ")
    assert bad.returncode == 1
    assert "not verified: Signature mismatch" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_webhook_receiver_serves_and_refuses_forgeries(sandbox: Sandbox) -> None:
    with serving(sandbox, "webhook_receiver.py", "--server") as address:
        header = generate_signature(BODY, SECRET)
        url = f"{address}/webhooks"
        assert fetch(url, BODY, **{"Molam-Signature": header})[0] == 200
        assert fetch(url, BODY, **{"Molam-Signature": header.replace("v1=", "v1=0")})[0] == 401
        assert fetch(url, BODY)[0] in (400, 401)


def test_checkout_server_takes_an_order_from_basket_to_paid(sandbox: Sandbox) -> None:
    with serving(sandbox, "checkout_server.py") as shop:
        status, basket, _ = fetch(shop)
        assert status == 200
        action = re.search(r'action="([^"]+)"', basket)
        assert action is not None
        status, _, hosted_page = fetch(f"{shop}{action[1]}", b"")
        assert status == 302
        (payment,) = sandbox.client().list_payment_intents().data
        if hosted_page.startswith(sandbox.url):
            sandbox.pay(payment.id)
        order = payment["metadata"]["order"]
        status, thanks, _ = fetch(f"{shop}/returned/{order}")
        assert status == 200
        assert "25.00 paid" in thanks
        assert sandbox.client().retrieve_payment_intent(payment.id).status == "succeeded"
        # A second click on Pay is the same payment.
        fetch(f"{shop}{action[1]}", b"")
        assert len(sandbox.client().list_payment_intents().data) == 1
