"""The journal of both clients: what lies on disk, and what `recover` makes of it."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sdk_support import MakeApi, Recorder

from molam_sdk import Config, MolamClient, MolamError
from molam_sdk.exceptions import (
    AuthenticationError,
    ConfigurationError,
    NetworkError,
    StoreError,
    ValidationError,
)
from molam_sdk.exceptions import TimeoutError as MolamTimeoutError
from molam_sdk.idempotency import IdempotencyStore

SCRIPT = Path(__file__).parents[2] / "migrations/sqlite/001_idempotency_and_webhooks.sql"
DECLINED = (402, '{"error": {"type": "card_error", "code": "declined", "message": "no"}}', {})
CREATED = (201, '{"id": "pi_1", "status": "requires_confirmation"}', {})


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCRIPT.read_text("utf-8"))
    path.chmod(0o600)
    return f"sqlite:///{path}"


def entries(store: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM call_journal ORDER BY id")]


def leave_open(make_api: MakeApi, store: str, **config: Any) -> None:
    lost = make_api(
        Recorder(MolamTimeoutError("read timeout")), store=store, max_retries=0, **config
    )
    with pytest.raises(MolamTimeoutError):
        lost.create_payment_intent(2500, "USD", idempotency_key="order-1")
    lost.close()


def test_a_call_is_on_disk_while_it_is_under_way_and_settled_after(
    make_api: MakeApi, store: str
) -> None:
    seen: list[dict[str, Any]] = []

    def answer(request: dict[str, Any]) -> Any:
        seen.extend(entries(store))
        return CREATED

    make_api(Recorder(answer), store=store).create_payment_intent(
        2500, "USD", idempotency_key="order-1"
    )
    (during,) = seen
    assert (during["method"], during["path"]) == ("POST", "/v1/connect/payment_intents")
    assert during["idempotency_key"] == "order-1"
    assert b'"amount":2500' in during["body"].replace(b" ", b"")
    assert during["settled_at"] is None
    (after,) = entries(store)
    assert (after["outcome"], after["body"]) == ("201", None)
    assert after["settled_at"] is not None


def test_a_call_that_reads_or_is_refused_by_us_leaves_no_trace(
    make_api: MakeApi, store: str
) -> None:
    api = make_api(Recorder(), store=store)
    api.retrieve_payment_intent("pi_1")
    with pytest.raises(ValidationError):
        api.create_payment_intent(-1)
    assert entries(store) == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (DECLINED, "402"),
        (NetworkError("refused", delivery="not_sent"), "not_sent"),
    ],
)
def test_a_call_whose_fate_is_known_is_settled(
    make_api: MakeApi, store: str, answer: Any, outcome: str
) -> None:
    api = make_api(Recorder(answer), store=store, max_retries=0)
    with pytest.raises(MolamError):
        api.create_payment_intent(2500, "USD", idempotency_key="order-1")
    assert [(row["outcome"], row["body"]) for row in entries(store)] == [(outcome, None)]
    assert api.recover() == []


def test_what_is_unknown_is_settled_later_with_its_own_key_and_body(
    make_api: MakeApi, store: str
) -> None:
    leave_open(make_api, store)
    adapter = Recorder(CREATED)
    (row,) = make_api(adapter, store=store).recover()
    assert (row.key, row.outcome, row.status) == ("order-1", "settled", 201)
    (sent,) = adapter.sent
    assert sent["headers"]["Idempotency-Key"] == "order-1"
    assert sent["headers"]["Content-Type"] == "application/json"
    assert (sent["json"]["amount"], sent["json"]["capture"]) == (2500, False)
    assert entries(store)[0]["body"] is None


def test_a_refusal_of_the_recovering_client_settles_nothing(make_api: MakeApi, store: str) -> None:
    leave_open(make_api, store)
    (row,) = make_api(Recorder((401, "{}", {})), store=store).recover()
    assert (row.outcome, row.status, row.detail) == ("unknown", 401, AuthenticationError.__name__)
    assert entries(store)[0]["body"] is not None
    (row,) = make_api(Recorder(CREATED), store=store).recover()
    assert row.outcome == "settled"


def test_an_entry_of_another_key_is_not_sent_and_says_what_to_do(
    make_api: MakeApi, store: str
) -> None:
    leave_open(make_api, store)
    adapter = Recorder(CREATED)
    (row,) = make_api(adapter, store=store, api_key="sk_test_rotated").recover()
    assert (row.outcome, adapter.sent) == ("other_account", [])
    assert "another API key" in row.detail
    assert "dismiss(id, note)" in row.detail
    assert "sk_test" not in row.detail
    with IdempotencyStore(store) as opened:
        assert opened.journal().dismiss(row.id, "looked it up: not charged")
    assert make_api(adapter, store=store, api_key="sk_test_rotated").recover() == []


def test_a_recovery_holds_an_entry_longer_than_its_own_call_can_take(
    make_api: MakeApi, store: str
) -> None:
    leave_open(make_api, store)
    seen: list[str] = []

    def answer(request: dict[str, Any]) -> Any:
        with MolamClient(api.client.config, Recorder(), idempotency_store=store) as second:
            (other,) = second.recover()
        assert other.outcome == "in_progress"
        seen.append(other.detail)
        return CREATED

    api = make_api(Recorder(answer), store=store, timeout=100, max_retries=4)
    (row,) = api.recover()
    assert row.outcome == "settled"
    found = re.fullmatch(r"its lease ends in (\d+) s", seen[0])
    assert found is not None
    # Five attempts of 100 s, each but the first after at most a minute.
    assert int(found[1]) > 5 * 100 + 4 * 60


def test_the_key_is_not_on_disk_wherever_the_document_puts_it(
    make_api: MakeApi, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk_test_canary_7f3a"
    for place in ("header", "query", "cookie"):
        credentials = type(Config.credentials)(place, "X-Api-Key", "")
        monkeypatch.setattr(Config, "credentials", credentials)
        leave_open(make_api, store, api_key=key)
    data = Path(store.removeprefix("sqlite:///")).read_bytes()
    assert len(entries(store)) == 3
    assert key.encode() not in data


def test_a_store_that_the_client_made_from_a_url_is_closed_with_it(
    make_api: MakeApi, store: str
) -> None:
    path = store.removeprefix("sqlite:///")

    def is_open() -> bool:
        held = (Path("/proc/self/fd") / each for each in os.listdir("/proc/self/fd"))
        return any(os.path.realpath(each) == path for each in held)

    api = make_api(Recorder(CREATED), store=store)
    api.create_payment_intent(2500, "USD", idempotency_key="order-1")
    assert is_open()
    api.close()
    assert not is_open()


def test_nothing_is_sent_when_the_journal_cannot_be_written(
    make_api: MakeApi, tmp_path: Path
) -> None:
    adapter = Recorder(CREATED)
    api = make_api(adapter, store=f"sqlite:///{tmp_path}/missing.db")
    with pytest.raises(StoreError, match="molam db migrate") as refused:
        api.create_payment_intent(2500, "USD", idempotency_key="order-1")
    assert refused.value.delivery == "not_sent"
    assert refused.value.idempotency_key == "order-1"
    assert adapter.sent == []


def test_a_client_without_a_store_says_that_it_cannot_recover(make_api: MakeApi) -> None:
    with pytest.raises(ConfigurationError, match="idempotency_store"):
        make_api(Recorder()).recover()
