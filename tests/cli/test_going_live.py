"""`molam doctor --live`, and the checklist that says the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from molam_overlays.cli.commands import application
from molam_overlays.cli.going_live import CHECKS, TRIED, examine_live
from molam_overlays.store.inbox import Inbox
from molam_sdk import Config, MolamClient
from molam_sdk._product import PRODUCT
from molam_sdk.exceptions import NetworkError

ROOT = Path(__file__).parents[2]


def states(store: str | None = None, log: str = "", **settings: Any) -> dict[str, str]:
    settings.setdefault("api_key", "sk_live_x")
    settings.setdefault("webhook_secret", "whsec_mine")
    found = examine_live(Config(**settings), store, {"MOLAM_LOG": log} if log else {})
    return {each.what: each.state for each in found}


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/shop.db"
    assert CliRunner().invoke(application(PRODUCT), ["db", "migrate", url]).exit_code == 0
    return url


def test_a_live_setup_is_in_order(store: str) -> None:
    found = states(store)
    assert set(found) == set(CHECKS)
    assert set(found.values()) == {"ok"}


@pytest.mark.parametrize(
    ("what", "state", "settings"),
    [
        ("live key", "fail", {"api_key": "sk_test_x"}),
        ("live key", "fail", {"api_key": "jwt_x"}),
        ("server", "fail", {"api_base": "https://staging-api.molam.com"}),
        ("secret", "fail", {"webhook_secret": "whsec_sandbox"}),
        ("secret", "fail", {"webhook_secret": {"1": ["whsec_mine", "whsec_sandbox"]}}),
        ("log", "warn", {"log": "DEBUG"}),
    ],
)
def test_what_is_not_live_is_named(
    store: str, what: str, state: str, settings: dict[str, Any]
) -> None:
    found = states(store, **settings)
    assert found.pop(what) == state
    assert set(found.values()) == {"ok"}


def test_no_secret_and_no_store_are_worth_a_word() -> None:
    found = {e.what: e for e in examine_live(Config(api_key="sk_live_x"), None, {})}
    assert found["secret"].state == found["store"].state == "warn"


def test_a_store_without_tables_fails(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    assert states(f"sqlite:///{tmp_path}/empty.db")["store"] == "fail"


def test_open_calls_and_parked_events_are_counted(store: str) -> None:
    class Down:
        def send(self, method, url, headers, json=None, timeout=10):  # type: ignore[no-untyped-def]
            raise NetworkError("lost")

    config = Config(api_key="sk_test_x", max_retries=0)
    client = MolamClient(config, Down(), idempotency_store=store)
    with client, pytest.raises(NetworkError):
        client.create_payment_intent(2500, "USD", idempotency_key="order-1")
    with Inbox(store, max_tries=1) as inbox:
        inbox.receive("evt_1", "payout.paid", b"{}")
        assert inbox.process(lambda delivery: 1 / 0)
    (found,) = [
        each
        for each in examine_live(Config(api_key="sk_live_x"), store, {})
        if each.what == "store"
    ]
    assert found.state == "warn"
    assert found.detail.startswith("1 open calls and 1 parked events")


def test_the_command_looks_at_it_all(store: str) -> None:
    shown = CliRunner().invoke(
        application(PRODUCT),
        ["doctor", "--live", "--store", store],
        env={
            "MOLAM_API_KEY": "sk_test_x",
            "MOLAM_API_BASE": "http://127.0.0.1:1",
            "COLUMNS": "200",
        },
    )
    assert shown.exit_code == 1
    for what in CHECKS:
        assert re.search(rf"^(ok  |warn|fail) {what}\b", shown.output, re.MULTILINE), what


def test_the_checklist_of_the_documentation_is_this_one() -> None:
    page = (ROOT / "docs/guides/going-live.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([\w ]+)` \| (.+) \|$", page, re.MULTILINE))
    assert listed.items() >= CHECKS.items()


def test_the_releases_that_were_tried_are_the_declared_ones() -> None:
    declared = re.findall(
        r"Python :: (\d)\.(\d+)\"", (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )
    told = sorted((int(major), int(minor)) for major, minor in declared)
    assert (told[0], told[-1]) == TRIED
