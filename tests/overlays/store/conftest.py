"""A real SQLite file and a real PostgreSQL for every test that asks for `url`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import psycopg
import pytest

from molam_overlays.store.blocking import Database
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Inbox
from molam_overlays.store.migrate import migrate
from tests.postgresql import Server

MIGRATIONS = Path(__file__).parents[3] / "migrations"
SCRIPTS = {
    path.relative_to(MIGRATIONS).as_posix(): path.read_text(encoding="utf-8")
    for path in MIGRATIONS.rglob("*.sql")
}


@pytest.fixture(scope="session")
def template(postgresql_server: Server) -> str:
    """The name of a migrated database to copy."""
    with psycopg.connect(postgresql_server.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    migrate(postgresql_server.url("migrated"), SCRIPTS)
    return "migrated"


@pytest.fixture
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Makes a migrated database of this kind, of its own for this test, and returns its URL."""

    def make(kind: str) -> str:
        if kind == "postgresql":
            server: Server = request.getfixturevalue("postgresql")
            return server.create(request.getfixturevalue("template"))
        address = f"sqlite:///{tmp_path}/store.db"
        migrate(address, SCRIPTS)
        return address

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, migrated: Callable[[str], str]) -> str:
    """A migrated database of its own for this test."""
    return migrated(request.param)


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


@pytest.fixture
def database(url: str, clock: FakeClock) -> Iterator[Database]:
    database = Database(url, clock)
    yield database
    database.close()
