"""Rows of a journal that we did not write like that: each is listed for a person, none leaves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sdk_support import MakeApi, Recorder

from molam_sdk.exceptions import TimeoutError as MolamTimeoutError

SCRIPT = Path(__file__).parents[2] / "migrations/sqlite/001_idempotency_and_webhooks.sql"
CREATED: Any = (201, '{"id": "pi_1", "status": "requires_confirmation"}', {})


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCRIPT.read_text("utf-8"))
    path.chmod(0o600)
    return f"sqlite:///{path}"


def leave_open(make_api: MakeApi, store: str, key: str = "order-1") -> None:
    lost = make_api(Recorder(MolamTimeoutError("read timeout")), store=store, max_retries=0)
    with pytest.raises(MolamTimeoutError):
        lost.create_payment_intent(2500, "USD", idempotency_key=key)
    lost.close()


def damage(store: str, sql: str, *given: Any) -> None:
    with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = 1")
        connection.execute(
            f"UPDATE call_journal SET {sql} WHERE idempotency_key = 'order-1'", given
        )


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.test/v1/payouts",
        "https://evil.test",
        "https://api.molam.com@evil.test/v1",
        "http://evil.test/v1/payouts",
        "https://files.molam.test/v2/x",
        "ftp://evil.test/",
        "://evil.test/",
        "@evil.test/v1",
        ".evil.test/v1",
        ":80@evil.test/v1",
    ],
)
def test_a_row_that_names_another_server_is_not_sent_there(
    make_api: MakeApi, store: str, path: str
) -> None:
    leave_open(make_api, store)
    leave_open(make_api, store, "order-2")
    damage(store, "path = ?", path)
    adapter = Recorder(CREATED)
    bad, good = make_api(adapter, store=store).recover()
    assert bad.outcome in ("unknown", "unreadable")
    assert "server" in bad.detail or "damaged" in bad.detail
    assert good.outcome == "settled"
    assert [request["headers"]["Idempotency-Key"] for request in adapter.sent] == ["order-2"]


ODD: list[Any] = [
    None, "", "\0", "\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe", -1, 0, 2**63 - 1,
    -(2**63), 1e308, float("inf"), "x" * 100_000, "POST /x HTTP/1.1\r\n\r\n", "[]", '{"a": 1}',
    "null", "[" * 10_000,
]  # fmt: skip
COLUMNS = [
    "idempotency_key", "method", "path", "headers", "body", "encrypted", "fingerprint", "account",
    "owner", "fence", "lease_until", "created_at", "outcome",
]  # fmt: skip
HARMLESS = {"owner", "fence", "lease_until", "created_at", "outcome", "idempotency_key"}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_damaged_column_blocks_nothing_and_sends_nothing_else(
    make_api: MakeApi, store: str, column: str
) -> None:
    leave_open(make_api, store)
    leave_open(make_api, store, "order-2")
    with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as connection:
        (columns,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'call_journal'")
        undamaged = connection.execute(
            f"SELECT {column} FROM call_journal WHERE idempotency_key = 'order-1'"
        ).fetchone()[0]
        number = connection.execute("SELECT min(id) FROM call_journal").fetchone()[0]
    assert column in columns[0]
    for value in ODD:
        with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute("PRAGMA ignore_check_constraints = 1")
            try:
                connection.execute(
                    f"UPDATE call_journal SET {column} = ?, settled_at = NULL WHERE id = ?",
                    (value, number),
                )
            except sqlite3.IntegrityError:
                continue  # cannot lie there
            connection.execute("UPDATE call_journal SET settled_at = NULL WHERE id <> ?", (number,))
        adapter = Recorder(MolamTimeoutError("read timeout"))
        rows = make_api(adapter, store=store, max_retries=0).recover()
        assert [row.id for row in rows] == [number, number + 1], value
        assert all(each["url"].startswith("http://localhost:9/v1/") for each in adapter.sent)
        bodies = [each["json"] for each in adapter.sent]
        assert all(body and body["amount"] == 2500 for body in bodies), value
        with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute(
                f"UPDATE call_journal SET {column} = ? WHERE id = ?", (undamaged, number)
            )


@pytest.mark.parametrize("number", [0, -1, -(2**63) + 1])
def test_a_row_with_an_id_that_was_never_given_is_listed_and_not_sent(
    make_api: MakeApi, store: str, number: int
) -> None:
    leave_open(make_api, store)
    leave_open(make_api, store, "order-2")
    damage(store, "id = ?", number)
    adapter = Recorder(CREATED)
    api = make_api(adapter, store=store)
    bad, good = api.recover()
    assert (bad.id, bad.outcome, good.outcome) == (number, "unreadable", "settled")
    assert [request["headers"]["Idempotency-Key"] for request in adapter.sent] == ["order-2"]
