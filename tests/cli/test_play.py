"""``molam sandbox --play``: a scenario beside a running sandbox, its events delivered as it goes."""

from __future__ import annotations

import http.server
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from molam_overlays.cli.commands import application
from molam_sdk._product import PRODUCT

MOLAM = [sys.executable, "-m", "molam_sdk", "sandbox", "--port=0", "--json"]


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[str]]]:
    types: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            types.append(json.loads(body)["type"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", types
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_scenario_is_played_and_its_events_arrive(receiver: tuple[str, list[str]]) -> None:
    url, types = receiver
    words = [*MOLAM, "--play=payouts", f"--webhook-url={url}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            assert "url" in json.loads(running.stdout.readline())
            lines: list[str] = []
            while not lines or "Played to the end" not in lines[-1]:
                lines.append(json.loads(running.stdout.readline())["played"])
        finally:
            running.terminate()
    assert lines[0] == "Playing: Pay day"
    assert any("createPayout: 402" in line for line in lines)
    assert types.count("payout.reversed") == 2, "the fault of the scenario: it comes twice"
    assert types.count("payout.paid") == 5
    assert types.index("payout.sent") < types.index("payout.paid") < types.index("payout.reversed")


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "There is no scenario"), ("steps: [{cal: x}]", "Did you mean 'call'?")],
)
def test_what_cannot_be_played_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, words: str
) -> None:
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    path = tmp_path / "shop.yaml"
    if text is not None:
        path.write_text(text)
    ran = CliRunner().invoke(application(PRODUCT), [*MOLAM[3:], f"--play={path}"])
    assert ran.exit_code == 2
    assert words in json.loads(ran.stdout)["error"]
