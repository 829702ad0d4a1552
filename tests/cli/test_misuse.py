"""What a command was not given: one line, exit code 2, and never a traceback."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from molam_overlays.cli import output
from molam_overlays.cli.commands import application
from molam_overlays.cli.output import working
from molam_overlays.cli.sandbox import _greet
from molam_sdk._product import PRODUCT

WRONG_URLS = ["nonsense", "http://", "ftp://x", "http://a b", "http://x:99999", "http://[", ""]


def molam(*words: str) -> Result:
    return CliRunner().invoke(application(PRODUCT), list(words))


def misused(*words: str) -> str:
    ran = molam(*words)
    assert ran.exit_code == 2, ran.output
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.startswith("Error: ")
    assert not ran.stdout
    asked = molam(*words, "--json")
    assert asked.exit_code == 2
    assert set(json.loads(asked.stdout)) == {"error"}
    return ran.stderr


def test_an_unknown_state_is_never_an_empty_list(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/shop.db"
    assert molam("db", "migrate", store).exit_code == 0
    said = misused("inbox", "list", store, "--state", "bogus")
    assert "pending, processing, processed, parked, skipped" in said
    assert molam("inbox", "list", store, "--state", "parked").stdout == "No events.\n"


@pytest.mark.parametrize("port", ["99999", "-1", "65536"])
def test_a_port_that_is_none(port: str) -> None:
    assert "0 to 65535" in misused("sandbox", "--port", port)


@pytest.mark.parametrize("url", WRONG_URLS)
@pytest.mark.parametrize(
    "words",
    [
        ("events", "--sandbox"),
        ("listen", "--forward-to", "http://127.0.0.1:1/", "--sandbox"),
        ("listen", "--forward-to"),
        ("trigger", "payout.paid", "--to"),
        ("sandbox", "--port", "0", "--webhook-url"),
    ],
)
def test_a_url_that_is_none(words: tuple[str, ...], url: str) -> None:
    assert words[-1] in misused(*words, url)


def test_an_endpoint_that_is_none_or_elsewhere() -> None:
    for url in ("nonsense", "https://shop.example/webhooks"):
        assert "--allow-remote" in misused("rehearse", url)
    assert "The endpoint is a URL" in misused("rehearse", "nonsense", "--allow-remote")


@pytest.mark.parametrize("words", [("inbox", "list"), ("db", "migrate"), ("inbox", "replay")])
def test_a_store_that_is_none(words: tuple[str, ...]) -> None:
    event = ["evt_1"] if words[-1] == "replay" else []
    assert "sqlite:///" in misused(*words, "nonsense", *event)


def test_words_that_contradict_each_other(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/shop.db"
    assert "--parked" in misused("inbox", "replay", store)
    assert "--parked" in misused("inbox", "replay", store, "evt_1", "--parked")
    assert "--damage" in misused("trigger", "payout.paid", "--to", "http://x/", "--damage", "eat")
    assert "--data" in misused("trigger", "payout.paid", "--to", "http://x/", "--data", "[1]")


def test_a_state_file_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "state"
    broken.write_bytes(b"no database at all" * 100)
    misused("sandbox", "--port", "0", "--state", str(broken))


def test_the_banner_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    _greet("http://127.0.0.1:4010", "1", [], "whsec_sandbox", None)
    (line,) = [each for each in capsys.readouterr().out.splitlines() if "MOLAM_API_BASE" in each]
    assert line == (
        "export MOLAM_API_BASE=http://127.0.0.1:4010 MOLAM_API_KEY=sk_test_demo "
        "MOLAM_WEBHOOK_SECRET=whsec_sandbox"
    )
    _greet("http://127.0.0.1:4010", "1", [], "whsec_of_somebody", None)
    assert "whsec_of_somebody" not in capsys.readouterr().out


@pytest.mark.parametrize(("terminal", "as_json"), [(True, False), (False, False), (True, True)])
def test_long_work_shows_itself_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, as_json: bool
) -> None:
    shown = io.StringIO()
    console: Any = Console(file=shown, force_terminal=terminal, width=80)
    monkeypatch.setattr(output, "err", console)
    with working("Replaying", as_json=as_json):
        pass
    assert ("Replaying" in shown.getvalue()) is (terminal and not as_json)
