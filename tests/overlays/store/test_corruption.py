"""A SQLite file with bytes changed at random: whatever is asked of it, only our errors come out."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from molam_overlays.errors import MolamError, StoreError
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Inbox
from molam_overlays.store.journal import Entry, Outcome
from molam_overlays.store.migrate import migrate

from .conftest import SCRIPTS

PAYOUT = Entry(key="n\u00e9w", method="POST", path="/x", body=b"{}")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file that holds a little of everything, in one piece."""
    path = tmp_path_factory.mktemp("sound") / "store.db"
    url = f"sqlite:///{path}"
    migrate(url, SCRIPTS)
    with IdempotencyStore(url) as store, Inbox(url) as inbox:
        journal = store.journal()
        for n in range(30):
            ticket = journal.write_ahead(PAYOUT)
            (journal.leave if n % 2 else journal.settle)(ticket, "200")
            store.store_response(f"k{n}", "r", {"n": "\u00e9" * 50})
            inbox.receive(f"evt_{n}\u00e9", "payout.paid", b"{}" * 50)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    return path.read_bytes()


STEPS: list[Callable[[IdempotencyStore, Inbox], Any]] = [
    lambda store, _: store.claim("new", "r"),
    lambda store, _: [store.get_cached_response(f"k{n}", "r") for n in range(30)],
    lambda store, _: store.journal().unsettled(),
    lambda store, _: store.journal().recover(lambda _: Outcome(status=200)),
    lambda store, _: store.journal().write_ahead(PAYOUT),
    lambda store, _: (store.purge(0), store.journal().purge(0)),
    lambda _, inbox: inbox.receive("new", "t", b"{}"),
    lambda _, inbox: inbox.process(lambda _: None),
    lambda _, inbox: (inbox.events(limit=100), inbox.counts(), inbox.payload("evt_3\u00e9")),
    lambda _, inbox: inbox.purge(0, 0),
]


def damaged(sound: bytes, chance: random.Random) -> bytes:
    data = bytearray(sound)
    # The first pages hold the names of tables and columns.
    end = 4096 if chance.random() < 0.5 else len(data)
    for _ in range(chance.choice([1, 3, 20, 200])):
        data[chance.randrange(end)] = chance.choice([0xFF, 0x80, 0, chance.randrange(256)])
    return bytes(data if chance.random() < 0.9 else data[: chance.randrange(len(data))])


@pytest.mark.parametrize("seed", range(60))
def test_a_corrupted_file_gives_our_errors_alone(sound: bytes, tmp_path: Path, seed: int) -> None:
    path = tmp_path / "store.db"
    data = damaged(sound, random.Random(seed))
    for step in STEPS:
        for suffix in ("-wal", "-shm", "-journal"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        path.write_bytes(data)
        path.chmod(0o600)
        url = f"sqlite:///{path}"
        with IdempotencyStore(url) as store, Inbox(url) as inbox:
            try:
                step(store, inbox)
            except MolamError:
                continue


def test_an_answer_that_is_no_json_any_more_is_said_to_be_damaged(
    store: IdempotencyStore, url: str
) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL keeps JSON alone in such a column")
    store.store_response("k", "r", {"iban": "canary"})
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute('UPDATE server_idempotency SET response = \'{"iban": "canary\'')
        connection.commit()
    for ask in (lambda: store.claim("k", "r"), lambda: store.get_cached_response("k", "r")):
        with pytest.raises(StoreError, match="damaged") as caught:
            ask()
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None
