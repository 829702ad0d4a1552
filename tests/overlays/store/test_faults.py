"""What goes wrong with databases, really done to them."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from molam_overlays.errors import (
    ConfigurationError,
    ResponseNotStoredError,
    StoreError,
    StoreNotMigratedError,
    StoreUnavailableError,
)
from molam_overlays.store import blocking, sqlite
from molam_overlays.store.claims import Claim, Replay
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Delivery, Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.migrate import migrate
from molam_overlays.store.postgresql import PsycopgSession

from .conftest import SCRIPTS, Server

ROUTE = "POST /checkout"
PAYOUT = Entry(key="order-1", method="POST", path="/v1/treasury/payouts", body=b"x" * 100_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A migrated SQLite file."""
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


class TestMissingTables:
    @pytest.mark.parametrize("name", ["claim", "store_response", "journal", "inbox"])
    def test_the_error_says_which_command_creates_them(self, postgresql: Server, name: str) -> None:
        url = postgresql.create()
        with IdempotencyStore(url) as store, Inbox(url) as inbox:
            steps: dict[str, Any] = {
                "claim": lambda: store.claim("order-1", ROUTE),
                "store_response": lambda: store.store_response("order-1", ROUTE, {}),
                "journal": lambda: store.journal().write_ahead(PAYOUT),
                "inbox": lambda: inbox.receive("evt_1", "t", b""),
            }
            with pytest.raises(StoreNotMigratedError) as caught:
                steps[name]()
        assert "psql -d DB -f migrations/001_idempotency_and_webhooks.sql" in str(caught.value)
        assert f"molam db migrate {url.replace(':@', '@')}" in str(caught.value)

    def test_a_table_of_an_older_version_counts_as_missing(self, postgresql: Server) -> None:
        url = postgresql.create()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE server_idempotency (idempotency_key text UNIQUE)")
        with (
            IdempotencyStore(url) as store,
            pytest.raises(StoreNotMigratedError, match="missing or outdated"),
        ):
            store.claim("order-1", ROUTE)

    def test_work_is_not_done(self, postgresql: Server) -> None:
        with (
            IdempotencyStore(postgresql.create()) as store,
            pytest.raises(StoreNotMigratedError),
        ):
            store.run("order-1", ROUTE, pytest.fail)


class TestReadOnly:
    def test_a_read_only_sqlite_file_fails_before_the_work(self, file: Path) -> None:
        opened = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        store = IdempotencyStore(opened)
        with pytest.raises(StoreError, match="read-only"):
            store.run("order-1", ROUTE, pytest.fail)
        with pytest.raises(StoreError, match="read-only"):
            store.journal().write_ahead(PAYOUT)
        opened.close()

    def test_a_read_only_disk_fails_before_the_work(self, file: Path, disk: Path) -> None:
        shutil.copy(file, disk / "store.db")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with (
            IdempotencyStore(f"sqlite:///{disk}/store.db") as store,
            pytest.raises(StoreError, match=r"read-only|cannot be opened|unable to open"),
        ):
            store.run("order-1", ROUTE, pytest.fail)

    def test_a_standby_postgresql_fails_before_the_work(
        self, postgresql: Server, template: str
    ) -> None:
        url = postgresql.create(template)
        with (
            psycopg.connect(url, options="-c default_transaction_read_only=on") as connection,
            pytest.raises(StoreError, match="Connect to the primary"),
        ):
            IdempotencyStore(connection).run("order-1", ROUTE, pytest.fail)


class TestFullDisk:
    def test_a_full_disk_fails_before_the_work(self, file: Path, disk: Path) -> None:
        shutil.copy(file, disk / "store.db")
        done: list[int] = []

        def work() -> dict[str, int]:
            done.append(1)
            return {"n": len(done)}

        with IdempotencyStore(f"sqlite:///{disk}/store.db") as store:
            claim = store.claim("before", ROUTE)
            assert isinstance(claim, Claim)
            filler = disk / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
                while True:
                    stream.write(b"x" * 4096)
            with pytest.raises(StoreUnavailableError, match="no space left"):
                store.journal().write_ahead(PAYOUT)

            def fill() -> None:
                for n in range(1000):
                    store.run(f"order-{n}", ROUTE, work)

            with pytest.raises(StoreUnavailableError, match="no space left"):
                fill()
            filler.unlink()
            for n, _ in enumerate(done):
                assert isinstance(store.claim(f"order-{n}", ROUTE), Replay)
            assert isinstance(store.claim(f"order-{len(done)}", ROUTE), Claim)
            assert store.journal().unsettled() == []
            store.complete(claim, {})

    def test_a_file_that_may_not_grow_fails_before_the_work(self, file: Path) -> None:
        opened = sqlite3.connect(file)
        pages = opened.execute("PRAGMA page_count").fetchone()[0]
        opened.execute(f"PRAGMA max_page_count = {pages}")
        store = IdempotencyStore(opened)
        with pytest.raises(StoreUnavailableError, match="no space left"):
            store.journal().write_ahead(PAYOUT)
        assert store.journal().unsettled() == []
        opened.close()

    def test_an_answer_that_no_longer_fits_is_on_the_error(self, file: Path) -> None:
        opened = sqlite3.connect(file)
        store = IdempotencyStore(opened)

        def work() -> dict[str, str]:
            pages = opened.execute("PRAGMA page_count").fetchone()[0]
            opened.execute(f"PRAGMA max_page_count = {pages}")
            return {"id": "pi_1", "pad": "x" * 1_000_000}

        with pytest.raises(ResponseNotStoredError) as caught:
            store.run("order-1", ROUTE, work)
        assert caught.value.response["id"] == "pi_1"
        assert caught.value.delivery == "maybe_processed"
        assert caught.value.idempotency_key == "order-1"
        assert store.get_cached_response("order-1", ROUTE) is None
        opened.close()


class TestLockedSqlite:
    def test_a_writer_that_never_ends_is_an_error_in_the_end(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in (blocking, sqlite):
            monkeypatch.setattr(module, "BUSY_SECONDS", 0.01)
        hog = sqlite3.connect(file, isolation_level=None)
        hog.execute("BEGIN IMMEDIATE")
        with IdempotencyStore(f"sqlite:///{file}") as store:
            with pytest.raises(StoreUnavailableError, match="locked by another writer"):
                store.run("order-1", ROUTE, pytest.fail)
            hog.execute("ROLLBACK")
            assert isinstance(store.claim("order-1", ROUTE), Claim)
        hog.close()

    @pytest.mark.parametrize("replaced", [False, True])
    def test_a_file_that_was_moved_away_is_not_written_to_any_longer(
        self, file: Path, replaced: bool
    ) -> None:
        with IdempotencyStore(f"sqlite:///{file}") as store:
            assert isinstance(store.claim("order-1", ROUTE), Claim)
            moved = file.rename(file.with_suffix(".moved"))
            if replaced:
                migrate(f"sqlite:///{file}", SCRIPTS)
                # Whoever opens the path from now on sees this claim, not one in the moved file.
                assert isinstance(store.claim("order-2", ROUTE), Claim)
                with IdempotencyStore(f"sqlite:///{file}") as other:
                    assert not isinstance(other.claim("order-2", ROUTE), Claim)
            else:
                with pytest.raises(StoreNotMigratedError, match="no file"):
                    store.run("order-2", ROUTE, pytest.fail)
        with contextlib.closing(sqlite3.connect(moved)) as connection:
            rows = connection.execute("SELECT idempotency_key FROM server_idempotency").fetchall()
        assert ("order-2",) not in rows

    def test_a_file_that_is_no_database_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        path.write_bytes(b"not a database " * 1000)
        path.chmod(0o600)
        with (
            IdempotencyStore(f"sqlite:///{path}") as store,
            pytest.raises(StoreError, match="not a sound SQLite database"),
        ):
            store.claim("order-1", ROUTE)


def kill_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


class TestDroppedConnections:
    @pytest.fixture
    def url(self, postgresql: Server, template: str) -> str:
        return postgresql.create(template)

    def test_a_connection_that_died_idle_is_replaced(self, url: str) -> None:
        with IdempotencyStore(url) as store:
            claim = store.claim("order-1", ROUTE)
            assert isinstance(claim, Claim)
            kill_connections(url)
            store.complete(claim, {"id": "pi_1"})
            kill_connections(url)
            assert isinstance(store.claim("order-1", ROUTE), Replay)

    def test_a_restart_during_the_work_loses_nothing(self, url: str, postgresql: Server) -> None:
        def work() -> dict[str, str]:
            postgresql.crash()
            return {"id": "pi_1"}

        with IdempotencyStore(url) as store:
            assert store.run("order-1", ROUTE, work) == {"id": "pi_1"}
            assert isinstance(store.claim("order-1", ROUTE), Replay)

    @pytest.mark.parametrize("step", ["INSERT", "SELECT", "UPDATE", "COMMIT"])
    def test_a_drop_in_mid_transaction_leaves_nothing_half_written(
        self, url: str, step: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The server ends the connection just before each statement of a take-over."""
        with IdempotencyStore(url) as store:
            first = store.claim("order-1", ROUTE)
            assert isinstance(first, Claim)
            store.fail(first)
            armed = [True]
            execute, commit = PsycopgSession.execute, PsycopgSession.commit

            def dropping(self: Any, *words: Any) -> Any:
                if armed and words[0].strip().startswith(step) and "now" in words[0]:
                    armed.clear()
                    kill_connections(url)
                return execute(self, *words)

            def dropping_commit(self: Any) -> None:
                if armed and step == "COMMIT":
                    armed.clear()
                    kill_connections(url)
                commit(self)

            monkeypatch.setattr(PsycopgSession, "execute", dropping)
            monkeypatch.setattr(PsycopgSession, "commit", dropping_commit)
            with pytest.raises(StoreUnavailableError, match="dropped the connection"):
                store.claim("order-1", ROUTE)
            assert not armed
            second = store.claim("order-1", ROUTE)
            assert isinstance(second, Claim)
            store.complete(second, {})

    def test_a_drop_while_completing_is_survived(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit = PsycopgSession.commit
        armed: list[str] = []

        def dropping(self: Any) -> None:
            if armed:
                armed.clear()
                commit(self)  # it was stored, but nobody hears of it
                kill_connections(url)
                self.connection.execute("SELECT 1")
            commit(self)

        def work() -> dict[str, str]:
            armed.append("now")
            return {"id": "pi_1"}

        monkeypatch.setattr(PsycopgSession, "commit", dropping)
        with IdempotencyStore(url) as store:
            assert store.run("order-1", ROUTE, work) == {"id": "pi_1"}
            assert not armed

    def test_a_server_that_is_not_there_is_named_and_no_work_is_done(self) -> None:
        with (
            IdempotencyStore("postgresql://127.0.0.1:1/none") as store,
            pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:1/none could not be reached"),
        ):
            store.run("order-1", ROUTE, pytest.fail)

    def test_a_closed_connection_that_was_handed_in_is_named(self, url: str) -> None:
        connection = psycopg.connect(url)
        store = IdempotencyStore(connection)
        connection.close()
        with pytest.raises(StoreUnavailableError, match="is closed"):
            store.claim("order-1", ROUTE)

    def test_a_drop_in_a_handlers_transaction_puts_the_event_off(self, url: str) -> None:
        with Inbox(url) as inbox:
            inbox.receive("evt_1", "t", b"{}")

            def handler(delivery: Delivery) -> None:
                delivery.connection().execute("CREATE TABLE shipments (id text)")
                kill_connections(url)

            assert inbox.process(handler)
            (event,) = inbox.events()
            assert (event.state, event.tries) == ("pending", 1)
            assert "StoreUnavailableError" in str(event.last_error)

    def test_an_error_never_quotes_a_row(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            connection.execute(
                "ALTER TABLE call_journal ADD CONSTRAINT c CHECK (length(body) < 10)"
            )
        with IdempotencyStore(url) as store, pytest.raises(StoreError) as caught:
            store.journal().write_ahead(
                Entry(key="order-1", method="POST", path="/", body=b"account number 42")
            )
        assert "account" not in str(caught.value)


class TestOthersBeside:
    @pytest.mark.parametrize("times", [1, 5])
    def test_a_transaction_undone_for_others_sake_is_run_again_a_few_times(
        self, postgresql: Server, template: str, monkeypatch: pytest.MonkeyPatch, times: int
    ) -> None:
        execute = PsycopgSession.execute
        left = [psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected] * 5
        del left[times:]

        def undone(self: Any, *words: Any) -> Any:
            if left and "UPDATE" in words[0]:
                raise left.pop()
            return execute(self, *words)

        with IdempotencyStore(postgresql.create(template)) as store:
            claim = store.claim("order-1", ROUTE)
            assert isinstance(claim, Claim)
            monkeypatch.setattr(PsycopgSession, "execute", undone)
            if times == 1:
                store.complete(claim, {})
            else:
                with pytest.raises(StoreError):
                    store.complete(claim, {})
                store.complete(claim, {})
            assert isinstance(store.claim("order-1", ROUTE), Replay)


def test_the_works_own_error_is_raised_even_if_the_claim_cannot_be_given_back(
    postgresql: Server, template: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = postgresql.create(template)

    def work() -> None:
        with psycopg.connect(url) as connection:
            connection.execute("ALTER TABLE server_idempotency RENAME TO elsewhere")
        raise ZeroDivisionError

    with IdempotencyStore(url) as store, pytest.raises(ZeroDivisionError):
        store.run("order-1", ROUTE, work)
    assert "was not given back" in caplog.text


def test_a_missing_driver_is_one_line_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"molam-sdk-python\[postgres\]"):
        IdempotencyStore("postgresql://localhost/db")
