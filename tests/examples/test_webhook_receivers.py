"""The receivers of `examples/`, started as a newcomer starts them, with deliveries over loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from molam_sdk.utils.webhook import generate_signature

ROOT = Path(__file__).resolve().parents[2]
SECRET = "whsec_example"
RECEIVERS = {
    "flask": ["examples/webhook_receiver.py", "--server"],
    "fastapi": ["examples/webhook_fastapi.py"],
    "django": ["examples/webhook_django.py"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Receiver:
    """A receiver in a process of its own."""

    def __init__(self, name: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, *RECEIVERS[name], "--port", str(self.port)],
            cwd=ROOT,
            env={
                **os.environ,
                "MOLAM_API_KEY": "sk_test_example",
                "MOLAM_WEBHOOK_SECRET": SECRET,
                "PYTHONWARNINGS": "ignore",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(self.stop()) from None
                time.sleep(0.02)

    def deliver(self, event: dict[str, object], secret: str = SECRET) -> int:
        body = json.dumps(event).encode()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {
            "Molam-Signature": generate_signature(body, secret),
            "Content-Type": "application/json",
        }
        connection.request("POST", "/webhooks", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self) -> str:
        self.process.terminate()
        out, _ = self.process.communicate(timeout=10)
        return out


@pytest.fixture(params=sorted(RECEIVERS))
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    started = Receiver(request.param)
    yield started
    if started.process.poll() is None:
        started.stop()


def test_a_receiver_answers_200_to_molam_and_401_to_anybody_else(receiver: Receiver) -> None:
    payment = {"id": "pi_1", "status": "succeeded", "amount": 2500, "currency": "XOF"}
    succeeded: dict[str, object] = {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "created": 1705420800,
        "livemode": False,
        "data": payment,
    }
    unknown: dict[str, object] = {"id": "evt_2", "type": "brand.new", "data": {}}
    assert receiver.deliver(succeeded) == 200
    assert receiver.deliver(unknown) == 200
    assert receiver.deliver(succeeded, "whsec_forged") == 401
    out = receiver.stop()
    assert "pi_1" in out
    assert "2,500" in out
    assert "brand.new" in out
    assert SECRET not in out
