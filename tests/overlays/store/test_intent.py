"""An intent that cannot be written down means that the request does not leave."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from molam_overlays.calls.awaiting import Awaiting
from molam_overlays.calls.blocking import Blocking
from molam_overlays.calls.operation import Operation, Result
from molam_overlays.calls.recovery import account_of
from molam_overlays.config import Config
from molam_overlays.errors import StoreError, StoreUnavailableError
from molam_overlays.errors import TimeoutError as MolamTimeoutError
from molam_overlays.schema.anything import AnyValue
from molam_overlays.store.migrate import migrate

from .conftest import SCRIPTS
from .forking import forked

OVERLAYS = Path(__file__).parents[3] / "overlays"


class Wire:
    """Takes note of what leaves."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, method: str, url: str, headers: dict[str, str], **_: object) -> Any:
        self.sent.append(headers["Idempotency-Key"])
        return 200, '{"id": "pi_1"}', {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    migrate(f"sqlite:///{tmp_path}/store.db", SCRIPTS)
    return tmp_path / "store.db"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def client_at(path: Path, wire: Wire) -> Blocking:
    config = Config(api_key="sk_test_1", api_base="http://127.0.0.1:1", max_retries=0)
    return Blocking(config, wire, idempotency_store=f"sqlite:///{path}")


def pay(client: Blocking, key: str) -> None:
    client.request("POST", "/v1/x", json={"note": "x" * 5000}, idempotency_key=key)


@pytest.mark.parametrize("used", [False, True])
def test_on_a_full_disk_nothing_leaves(file: Path, disk: Path, used: bool) -> None:
    shutil.copy(file, disk / "store.db")
    wire = Wire()
    with client_at(disk / "store.db", wire) as client:
        if used:
            pay(client, "before")
        with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 512)
        refused: dict[str, StoreUnavailableError] = {}
        for number in range(30):
            try:
                pay(client, f"order-{number}")
            except StoreUnavailableError as error:
                refused[f"order-{number}"] = error
        assert refused
        assert not refused.keys() & set(wire.sent)
        assert {error.delivery for error in refused.values()} == {"not_sent"}
        assert all("space" in str(error) for error in refused.values())
        (disk / "filler").unlink()
        pay(client, "after")
        assert wire.sent[-1] == "after"


LIMITED = """
import resource, signal, sys
from molam_overlays.calls.blocking import Blocking
from molam_overlays.config import Config
from molam_overlays.errors import StoreUnavailableError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sent = []

class Wire:
    def send(self, method, url, headers, **_):
        sent.append(headers["Idempotency-Key"])
        return 200, '{"id": "pi_1"}', {}

config = Config(api_key="sk_test_1", api_base="http://127.0.0.1:1", max_retries=0)
client = Blocking(config, Wire(), idempotency_store=sys.argv[1])
client.request("POST", "/v1/x", json={}, idempotency_key="before")
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
try:
    client.request("POST", "/v1/x", json={"note": "x" * 200_000}, idempotency_key="order-1")
except StoreUnavailableError as error:
    print(error.delivery, error)
assert sent == ["before"], sent
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
client.request("POST", "/v1/x", json={}, idempotency_key="after")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_beyond_a_limit_of_file_size_nothing_leaves_and_later_calls_work(file: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", LIMITED, f"sqlite:///{file}"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(OVERLAYS)},
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("not_sent")
    assert "space" in told.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_in_a_child_whose_file_the_parent_has_open_nothing_leaves(file: Path) -> None:
    theirs = sqlite3.connect(file)
    wire = Wire()
    client = client_at(file, wire)

    def work() -> tuple[str, str, list[str]]:
        wire.sent.clear()
        with pytest.raises(StoreError) as caught:
            pay(client, "child")
        return str(caught.value), caught.value.delivery, wire.sent

    with forked(work) as child:
        text, delivery, sent = child.next().value
    assert "fork()" in text
    assert delivery == "not_sent"
    assert sent == []
    theirs.close()
    client.close()


def test_a_change_of_folder_leads_to_no_other_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(file, elsewhere / file.name)
    wire = Wire()
    with client_at(Path(file.name), wire) as client:
        client.request("POST", "/v1/x", idempotency_key="before")
        monkeypatch.chdir(elsewhere)
        with ThreadPoolExecutor(1) as pool:  # another thread, another connection
            pool.submit(client.request, "POST", "/v1/x", idempotency_key="after").result()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        keys = connection.execute("SELECT idempotency_key FROM call_journal ORDER BY id").fetchall()
    assert keys == [("before",), ("after",)]


ELSEWHERE = "https://files.molam.test/v2"
UPLOAD: Operation[Any] = Operation(
    id="upload",
    method="POST",
    path="/files",
    results=(Result(AnyValue()),),
    keyed=True,
    server=ELSEWHERE,
)


class Lost(Wire):
    """Loses the first answer, and notes where each request goes."""

    def send(self, method: str, url: str, headers: dict[str, str], **_: object) -> Any:
        self.sent.append(url)
        if len(self.sent) == 1:
            raise MolamTimeoutError("read timeout")
        return 200, '{"id": "file_1"}', {}


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("recovering", ["sk_test_1", "sk_test_2"])
def test_only_a_client_with_the_key_that_wrote_a_row_sends_it_to_an_operations_own_server(
    file: Path, recovering: str, asynchronous: bool
) -> None:
    wire = Lost()

    def client(api_key: str) -> Any:
        config = Config(api_key=api_key, max_retries=0)
        made: Any = Awaiting if asynchronous else Blocking
        return made(config, wire, idempotency_store=f"sqlite:///{file}")

    def run(api_key: str, what: Any) -> Any:
        async def through() -> Any:
            async with client(api_key) as opened:
                return await what(opened)

        if asynchronous:
            return asyncio.run(through())
        with client(api_key) as opened:
            return what(opened)

    with pytest.raises(MolamTimeoutError):
        run("sk_test_1", lambda opened: opened._run(UPLOAD.call(), "order-1", None, None))
    # Whoever writes rows knows what an account looks like.
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        account = account_of(Config(api_key=recovering))
        connection.execute("UPDATE call_journal SET account = ?", (account,))
    found = run(recovering, lambda opened: opened.recover())
    ours = recovering == "sk_test_1"
    assert wire.sent == [f"{ELSEWHERE}/files"] * (2 if ours else 1)
    assert [row.outcome for row in found] == ["settled" if ours else "unknown"]
