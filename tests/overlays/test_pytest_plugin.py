"""A merchant's own test run: one loop a test, under whichever plugin, and clients that nobody closes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = """
import asyncio
import gc

import httpx
import pytest

from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.http.adapter import AsyncHttpxAdapter, HttpxAdapter
from molam_sdk.sandbox import Sandbox


@pytest.fixture(scope="module")
def config():
    with Sandbox(port=0) as sandbox:
        yield Config(api_key="sk_test_1", api_base=sandbox.url)


@pytest.fixture(autouse=True)
def collect():
    yield
    gc.collect()


def pay(client):
    return client.create_payment_intent(2500, "USD", idempotency_key="order-1")


@pytest.mark.asyncio
@pytest.mark.parametrize("turn", [1, 2])
async def test_fixture_on_a_loop_of_its_own(molam_async_client, turn):
    assert (await pay(molam_async_client)).amount == 2500


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_fixture_on_each_backend(molam_async_client, molam_sandbox, anyio_backend):
    payment = await pay(molam_async_client)
    await molam_async_client.confirm_payment_intent(payment.id, "pm_success", idempotency_key="k")
    assert molam_sandbox.events[-1]["type"] == "payment_intent.requires_capture"


def test_blocking_fixture(molam_client):
    assert pay(molam_client).amount == 2500


@pytest.mark.parametrize("kind", ["ours", "own"])
def test_a_client_that_is_never_closed(config, kind):
    adapter = HttpxAdapter(httpx.Client()) if kind == "own" else None
    client = MolamClient(config, adapter)
    client.itself = client
    pay(client)


def test_only_the_httpx_client_is_closed(config):
    with httpx.Client() as own:
        pay(MolamClient(config, HttpxAdapter(own)))


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["ours", "own"])
async def test_an_async_client_that_is_never_closed(config, kind):
    adapter = AsyncHttpxAdapter(httpx.AsyncClient()) if kind == "own" else None
    await pay(MolamAsyncClient(config, adapter))


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_one_client_for_all_loops(config, anyio_backend):
    global everywhere
    everywhere = globals().get("everywhere") or MolamAsyncClient(config)
    await pay(everywhere)
"""
SETTINGS = """
[pytest]
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


def test_fixtures_and_clients_serve_a_run_whose_warnings_are_errors(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 passed" in done.stdout
    assert done.stderr == ""
