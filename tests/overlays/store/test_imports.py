"""Building a client with a store imports all that a call needs: nothing is left for a payment.

An import takes its time within the first payment, and a process that forks meanwhile leaves its
child an import lock that nobody gives back.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

SCRIPT = """
import asyncio, json, sys
from molam_overlays.config import Config
from molam_overlays.calls.awaiting import Awaiting
from molam_overlays.calls.blocking import Blocking

which, url = sys.argv[1:]

class Up:
    def send(self, *args, **kwargs):
        return 200, '{"id": "pi_1"}', {}

class AsyncUp:
    async def send(self, *args, **kwargs):
        return 200, '{"id": "pi_1"}', {}

config = Config(api_key="sk_test_1", api_base="http://127.0.0.1:1", max_retries=0)
before = None

def look():
    global before
    if before is None:
        before = set(sys.modules)
    else:
        print(json.dumps(sorted(set(sys.modules) - before)))

def pay(client):
    try:
        return client.request("POST", "/v1/x", json={}, idempotency_key="order-1")
    except Exception:
        if "127.0.0.1" not in url and "localhost" not in url:
            raise

async def apay(client):
    try:
        return await client.request("POST", "/v1/x", json={}, idempotency_key="order-1")
    except Exception:
        if "127.0.0.1" not in url and "localhost" not in url:
            raise

if which == "blocking":
    client = Blocking(config, Up(), idempotency_store=url)
    look()
    pay(client)
    look()
else:
    async def main():
        client = Awaiting(config, AsyncUp(), idempotency_store=url)
        look()
        await apay(client)
        look()
        await client.aclose()
    asyncio.run(main())
"""


@pytest.mark.parametrize("which", ["blocking", "awaiting"])
@pytest.mark.parametrize("far", [False, True])
def test_a_first_payment_with_a_journal_imports_nothing(
    request: pytest.FixtureRequest, which: str, far: bool, url: str
) -> None:
    if far:
        if url.startswith("sqlite"):
            pytest.skip("a file has no host name to look up")
        url = "postgresql://localhost:1/none"
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, which, url],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "overlays"), str(ROOT)))},
    )
    assert found.stdout.strip() == "[]", found.stderr
