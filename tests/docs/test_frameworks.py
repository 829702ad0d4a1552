"""The page of each framework: its program runs in the real server, sells, and hears of the payment."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from molam_sdk import Config, MolamClient
from molam_sdk.sandbox import Sandbox
from molam_sdk.utils.webhook import generate_signature

from .serving import SERVERS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/frameworks"
KEY = "sk_test_frameworks"
SECRET = "whsec_frameworks"
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def program_of(page: str) -> str:
    program = PROGRAM.findall((PAGES / f"{page}.md").read_text("utf-8"))[0]
    return str(program)


def environment(sandbox: Sandbox) -> dict[str, str]:
    return {
        "MOLAM_API_KEY": KEY,
        "MOLAM_API_BASE": sandbox.url,
        "MOLAM_WEBHOOK_SECRET": SECRET,
    }


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, webhook_secret=SECRET) as running:
        yield running


@pytest.fixture(params=SERVERS)
def shop(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Iterator[str]:
    program = tmp_path / "shop.py"
    program.write_text(program_of(request.param), "utf-8")
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("serving.py")), request.param, str(program)],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            **environment(sandbox),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'overlays'}",
        },
    )
    assert process.stdout is not None
    with process.stdout:
        port = process.stdout.readline().strip()
        assert port, f"{request.param} did not start"
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.wait(timeout=20)


def test_a_shop_sells_and_hears_of_the_payment(shop: str, sandbox: Sandbox) -> None:
    sandbox.subscribe(f"{shop}/webhooks")
    answers = [httpx.post(f"{shop}/orders/7", timeout=20) for _ in range(2)]
    assert {answer.status_code for answer in answers} <= {200, 201}
    first, second = (answer.json() for answer in answers)
    assert first["id"] == second["id"]  # one order, one payment
    assert first["amount"] == 2500
    with MolamClient(Config(api_key=KEY, api_base=sandbox.url)) as client:
        client.confirm_payment_intent(first["id"], "pm_success", "confirm-7")
    deadline = time.monotonic() + 20
    while httpx.get(f"{shop}/paid").json() != [first["id"]]:
        assert time.monotonic() < deadline, "the shop has not heard of its payment"
        time.sleep(0.01)  # another process is told
    forged = httpx.post(f"{shop}/webhooks", content=b"{}")
    assert (forged.status_code, forged.text) == (401, "Missing signature header")


@pytest.fixture
def functions(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    for name, value in environment(sandbox).items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {}
    exec(compile(program_of("lambda"), "docs/frameworks/lambda.md", "exec"), names)
    yield names
    names["client"].close()


def test_function_handlers_sell_and_hear_of_the_payment(functions: dict[str, Any]) -> None:
    event = {"pathParameters": {"order": "7"}}
    assert functions["pay"](event, None) == functions["pay"](event, None)
    body = (
        b'{"id":"evt_1","type":"payment_intent.succeeded","created":1737028800,"livemode":false,'
        b'"data":{"id":"pi_1","status":"succeeded","amount":2500,"currency":"USD"}}'
    )
    signature = generate_signature(body, SECRET)
    for event in (
        {"headers": {"molam-signature": signature}, "body": body.decode()},
        {
            "headers": {"Molam-Signature": signature},
            "multiValueHeaders": {"Molam-Signature": [signature]},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        },
    ):
        functions["paid"].clear()
        assert functions["webhooks"](event, None) == {"statusCode": 200, "body": "ok"}
        assert functions["paid"] == {"pi_1"}
    refused = functions["webhooks"]({"headers": {}, "body": None}, None)
    assert refused["statusCode"] == 401


def test_every_page_is_served_here() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} - {"index", "celery", "sqlalchemy"} == {
        *SERVERS,
        "lambda",
    }
