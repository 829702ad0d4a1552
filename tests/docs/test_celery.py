"""The page about Celery: its program with a real worker, which is killed in the middle."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/frameworks/celery.md"
EVENTS = 12
# The first three take their time, so that there is a middle to be killed in.
SLOW = """
_handle = handle


def handle(delivery):
    import time

    _handle(delivery)
    if delivery.tries == 1 and int(delivery.event_id[4:]) < 3:
        time.sleep(0.6)


app.conf.broker_transport_options = {
    name: os.environ["SHOP_FOLDER"] for name in ("data_folder_in", "data_folder_out")
}
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    page = PAGE.read_text("utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    program = program.replace("lease_seconds=60", "lease_seconds=3")
    (tmp_path / "shop.py").write_text(program + SLOW, "utf-8")
    (tmp_path / "queue").mkdir()
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        script = ROOT / "migrations/sqlite/001_idempotency_and_webhooks.sql"
        connection.executescript(script.read_text("utf-8"))
        connection.execute("CREATE TABLE shipped (event TEXT, type TEXT)")
    (tmp_path / "shop.db").chmod(0o600)
    return {
        **os.environ,
        "SHOP_DATABASE": f"sqlite:///{tmp_path / 'shop.db'}",
        "SHOP_BROKER": "filesystem://",
        "SHOP_FOLDER": str(tmp_path / "queue"),
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "overlays", tmp_path))),
    }


def worker(environment: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "--app", "shop", "worker", "--pool", "solo"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


RECEIVE = """
import json, sys, shop
from molam_sdk.events import read_event
for number in range(int(sys.argv[1])):
    body = {"id": f"evt_{number}", "type": "payout.paid", "created": 1737028800, "data": {}}
    event = read_event(json.dumps(body).encode())
    shop.receive(event)
    if number % 2:
        shop.receive(event)  # Molam may send it twice
"""


def shipped(folder: Path) -> list[Any]:
    with closing(sqlite3.connect(folder / "shop.db", timeout=20)) as connection:
        return connection.execute("SELECT event FROM shipped ORDER BY event").fetchall()


def until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # other processes work


def test_every_event_is_handled_once_though_a_worker_is_killed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    subprocess.run(
        [sys.executable, "-c", RECEIVE, str(EVENTS)], cwd=tmp_path, env=environment, check=True
    )
    first = worker(environment, tmp_path)
    try:
        until(lambda: shipped(tmp_path))
    finally:
        first.kill()
        first.wait()
    handled = len(shipped(tmp_path))
    assert handled < EVENTS
    second = worker(environment, tmp_path)
    try:
        until(lambda: len(shipped(tmp_path)) >= EVENTS - 1)
        # The last is the killed worker's until its lease ends; the sweep finds it then.
        while len(shipped(tmp_path)) < EVENTS:
            sweep = [sys.executable, "-c", "import shop; shop.look.delay()"]
            subprocess.run(sweep, cwd=tmp_path, env=environment, check=True)
            time.sleep(1)
    finally:
        second.terminate()
        second.wait()
    assert shipped(tmp_path) == sorted((f"evt_{number}",) for number in range(EVENTS))
