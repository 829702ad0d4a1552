from __future__ import annotations

import sqlite3
import stat
import subprocess
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from molam_overlays.errors import (
    IdempotencyKeyExpiredError,
    StoreError,
    StoreNotMigratedError,
)
from molam_overlays.store.claims import Claim, Replay
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.migrate import Step, migrate

from .conftest import MIGRATIONS, SCRIPTS, Server

NAME = "001_idempotency_and_webhooks"
FILE = MIGRATIONS / f"{NAME}.sql"

TABLES_OF_0_1 = """
CREATE TABLE server_idempotency (
    id bigserial PRIMARY KEY,
    idempotency_key varchar(255) NOT NULL UNIQUE,
    route text NOT NULL,
    response jsonb NOT NULL,
    status text NOT NULL DEFAULT 'completed' CHECK (status IN ('completed', 'pending')),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO server_idempotency (idempotency_key, route, response)
SELECT 'order-' || n, 'POST /checkout', jsonb_build_object('n', n, 'amount', 10.50)
FROM generate_series(1, 100) n;
CREATE TABLE received_webhooks (
    event_id text PRIMARY KEY, type text NOT NULL, payload jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO received_webhooks (event_id, type, payload)
SELECT 'evt_' || n, 'payment_intent.succeeded', jsonb_build_object('id', 'evt_' || n)
FROM generate_series(1, 100) n;
CREATE TABLE webhook_subscriptions (
    id serial PRIMARY KEY, url text NOT NULL, secret text NOT NULL
);
INSERT INTO webhook_subscriptions (url, secret) VALUES ('https://shop.example/hook', 'whsec_1');
"""

# What else people may have made of 0.1's tables.
ODD_TABLES_OF_0_1 = """
CREATE TABLE server_idempotency (
    idempotency_key text PRIMARY KEY, route text, response jsonb, status text,
    worker text NOT NULL, created_at timestamptz
);
CREATE UNIQUE INDEX another ON server_idempotency (idempotency_key);
INSERT INTO server_idempotency VALUES ('order-1', NULL, '{"n": 1}', NULL, 'w', NULL),
    ('order-2', 'POST /checkout', NULL, 'pending', 'w', now() - interval '2 days');
CREATE TABLE received_webhooks (event_id text, type text, payload text, received_at timestamptz);
INSERT INTO received_webhooks VALUES ('evt_1', NULL, '{}', NULL), ('evt_1', 't', NULL, now());
"""


def psql(server: Server, url: str, *arguments: str) -> str:
    done = subprocess.run(
        [server.psql, url, "-v", "ON_ERROR_STOP=1", "-X", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def shape(url: str) -> list[Any]:
    """Columns, types, defaults and indexes, in no particular order."""
    with psycopg.connect(url) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable FROM"
            " information_schema.columns WHERE table_schema = 'public' AND column_name <> 'id'"
        ).fetchall()
        indexes = connection.execute(
            "SELECT tablename, indexname, indexdef FROM pg_indexes"
            " WHERE schemaname = 'public' AND indexname NOT LIKE '%\\_pkey'"
        ).fetchall()
    return sorted(columns) + sorted(indexes)


class TestPsql:
    def test_the_file_runs_on_an_empty_database_twice_in_a_row(self, postgresql: Server) -> None:
        url = postgresql.create()
        psql(postgresql, url, "-f", str(FILE))
        before = shape(url)
        psql(postgresql, url, "-f", str(FILE))
        assert shape(url) == before
        with IdempotencyStore(url) as store:
            assert isinstance(store.claim("order-1", "r"), Claim)

    def test_it_upgrades_0_1_without_losing_a_row(self, postgresql: Server) -> None:
        fresh, old = postgresql.create(), postgresql.create()
        psql(postgresql, fresh, "-f", str(FILE))
        psql(postgresql, old, "-c", TABLES_OF_0_1)
        for _ in range(2):
            psql(postgresql, old, "-f", str(FILE))
        types = {row for row in shape(old) if "varying" not in str(row)}
        assert types <= set(shape(fresh))
        with IdempotencyStore(old) as store, Inbox(old) as inbox:
            for n in range(1, 101):
                assert store.claim(f"order-{n}", "POST /checkout", "any body") == Replay(
                    f"order-{n}", "POST /checkout", {"n": n, "amount": 10.5}, "completed"
                )
            assert isinstance(store.claim("order-1", "POST /refund"), Claim)
            assert not inbox.process(pytest.fail), "what 0.1 handled must not be handled again"
            assert not inbox.receive("evt_1", "t", b"")
            assert inbox.receive("evt_101", "t", b"{}")
            assert inbox.payload("evt_7") == b'{"id": "evt_7"}'
            assert inbox.counts() == {"processed": 100, "pending": 1}
            assert inbox.replay("evt_7")
        with psycopg.connect(old) as connection:
            found = connection.execute("SELECT url, secret, kid FROM webhook_subscriptions")
            assert found.fetchall() == [("https://shop.example/hook", "whsec_1", "1")]

    def test_it_upgrades_odd_tables_as_well(self, postgresql: Server) -> None:
        url = postgresql.create()
        psql(postgresql, url, "-c", ODD_TABLES_OF_0_1)
        for _ in range(2):
            psql(postgresql, url, "-f", str(FILE))
        with IdempotencyStore(url) as store, Inbox(url) as inbox:
            assert isinstance(store.claim("order-1", ""), Replay)
            with pytest.raises(IdempotencyKeyExpiredError):
                store.claim("order-2", "POST /checkout")
            assert isinstance(store.claim("order-2", "POST /refund"), Claim)
            assert inbox.counts() == {"processed": 2}
            assert {event.event_id for event in inbox.events()} >= {"evt_1"}

    def test_the_retention_functions_can_be_called_without_arguments(
        self, postgresql: Server, template: str
    ) -> None:
        url = postgresql.create(template)
        for function in ("idempotency", "journal", "webhook_payloads", "webhooks"):
            assert psql(postgresql, url, "-Atc", f"SELECT molam_purge_{function}()") == "0\n"


class TestMigrate:
    def test_it_says_what_it_ran_and_what_was_new(self, postgresql: Server, tmp_path: Path) -> None:
        for url in (postgresql.create(), f"sqlite:///{tmp_path}/store.db"):
            assert migrate(url, SCRIPTS) == [Step(NAME, fresh=True)]
            assert migrate(url, SCRIPTS) == [Step(NAME, fresh=False)]

    def test_it_knows_what_psql_ran(self, postgresql: Server) -> None:
        url = postgresql.create()
        psql(postgresql, url, "-f", str(FILE))
        assert migrate(url, SCRIPTS) == [Step(NAME, fresh=False)]

    def test_it_repairs_a_table_that_was_dropped(self, url: str) -> None:
        connection: Any = (
            sqlite3.connect(url.removeprefix("sqlite:///"))
            if url.startswith("sqlite")
            else psycopg.connect(url)
        )
        connection.execute("DROP TABLE server_idempotency")
        connection.commit()
        connection.close()
        with IdempotencyStore(url) as store:
            with pytest.raises(StoreNotMigratedError):
                store.claim("order-1", "r")
            migrate(url, SCRIPTS)
            assert isinstance(store.claim("order-1", "r"), Claim)

    def test_two_at_once_take_turns(self, postgresql: Server) -> None:
        url = postgresql.create()
        failures: list[Exception] = []

        def run() -> None:
            try:
                migrate(url, SCRIPTS)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []

    def test_it_takes_a_connection(self, postgresql: Server, tmp_path: Path) -> None:
        with psycopg.connect(postgresql.create(), autocommit=True) as connection:
            assert migrate(connection, SCRIPTS) == [Step(NAME, fresh=True)]
        opened = sqlite3.connect(tmp_path / "store.db")
        assert migrate(opened, SCRIPTS) == [Step(NAME, fresh=True)]
        assert isinstance(IdempotencyStore(opened).claim("order-1", "r"), Claim)
        opened.close()

    def test_a_script_that_fails_changes_nothing(self, postgresql: Server) -> None:
        url = postgresql.create()
        broken = {"001_x.sql": FILE.read_text(encoding="utf-8").replace("COMMIT;", "SELECT 1/0;")}
        with pytest.raises(StoreError, match="division by zero"):
            migrate(url, broken)
        assert shape(url) == []

    def test_both_databases_have_the_same_tables_and_columns(
        self, postgresql: Server, template: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "store.db"
        migrate(f"sqlite:///{path}", SCRIPTS)
        opened = sqlite3.connect(path)
        ours = {
            (table, column[1])
            for (table,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for column in opened.execute(f"PRAGMA table_info({table})")
            if not table.startswith("sqlite_") and column[1] != "id"
        }
        opened.close()
        theirs = {row[:2] for row in shape(postgresql.create(template)) if len(row) == 4}
        assert ours == theirs


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("server_idempotency", "idempotency_key = 'k' AND route = 'r'"),
        ("call_journal", "id = 1"),
        ("call_journal", "settled_at IS NULL AND id > 1 ORDER BY id LIMIT 1"),
        ("received_webhooks", "seq = 1"),
        ("received_webhooks", "event_id = 'e'"),
        (
            "received_webhooks",
            "state IN ('pending', 'processing') AND due_at <= now() ORDER BY due_at, seq LIMIT 1",
        ),
        ("received_webhooks", "resource = 'r' AND state IN ('pending', 'processing', 'parked')"),
    ],
)
def test_what_every_step_looks_up_has_an_index(
    postgresql: Server, template: str, table: str, condition: str
) -> None:
    with psycopg.connect(postgresql.create(template)) as connection:
        connection.execute("SET enable_seqscan = off")
        query = f"EXPLAIN SELECT 1 FROM {table} WHERE {condition}"
        plan = "\n".join(row[0] for row in connection.execute(query.encode()).fetchall())
    assert "Index" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


class TestSqliteFiles:
    def test_they_are_for_their_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        migrate(f"sqlite:///{path}", SCRIPTS)
        with IdempotencyStore(f"sqlite:///{path}") as store:
            store.journal().write_ahead(Entry(key="k", method="POST", path="/", body=b"secret"))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}

    def test_a_file_that_others_can_read_is_closed_to_them_with_a_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "store.db"
        opened = sqlite3.connect(path)
        opened.executescript(SCRIPTS[f"sqlite/{NAME}.sql"])
        opened.close()
        path.chmod(0o644)
        with IdempotencyStore(f"sqlite:///{path}") as store:
            store.claim("order-1", "r")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "now for its owner alone" in caplog.text

    def test_only_a_migration_creates_one(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        with IdempotencyStore(f"sqlite:///{path}") as store:
            with pytest.raises(StoreNotMigratedError, match="molam db migrate sqlite:///"):
                store.claim("order-1", "r")
            assert not path.exists()

    def test_a_path_may_hold_odd_characters(self, tmp_path: Path) -> None:
        path = tmp_path / "a b?c#d%20.db"
        url = f"sqlite:///{tmp_path}/a b?c#d%2520.db"
        migrate(url, SCRIPTS)
        assert path.exists()
        with IdempotencyStore(url) as store:
            assert isinstance(store.claim("order-1", "r"), Claim)

    def test_a_folder_that_does_not_exist_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="folder must exist"):
            migrate(f"sqlite:///{tmp_path}/none/store.db", SCRIPTS)
