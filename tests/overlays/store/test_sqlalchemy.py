"""Stores on SQLAlchemy's own objects: what the merchant writes and what we write commit together."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import Engine, String, create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session
from sqlalchemy.orm import sessionmaker as maker

from molam_overlays.errors import (
    ConfigurationError,
    StoreError,
    StoreNotMigratedError,
    StoreUnavailableError,
)
from molam_overlays.store.alchemy_async import driven
from molam_overlays.store.claims import Claim
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.inbox import AsyncDelivery, AsyncInbox, Delivery, Inbox
from molam_overlays.store.journal import Entry

Migrated = Callable[[str], str]


class Rows(DeclarativeBase):
    """A merchant's tables."""


class Order(Rows):
    __tablename__ = "shop_order"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(String(50))


def at(migrated: Migrated, driver: str) -> str:
    """Return a migrated database as SQLAlchemy names it."""
    kind = driver.partition("+")[0]
    return migrated(kind).replace(f"{kind}:", f"{driver}:", 1)


@pytest.fixture(params=["sqlite", "postgresql+psycopg", "postgresql+psycopg2"])
def engine(request: pytest.FixtureRequest, migrated: Migrated) -> Iterator[Engine]:
    engine = create_engine(at(migrated, request.param))
    Rows.metadata.create_all(engine)
    yield engine
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    engine.dispose()


@pytest.fixture(params=["sqlite+aiosqlite", "postgresql+psycopg"])
async def async_engine(
    request: pytest.FixtureRequest, migrated: Migrated
) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(at(migrated, request.param))
    async with engine.begin() as connection:
        await connection.run_sync(Rows.metadata.create_all)
    yield engine
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    await engine.dispose()


def orders(engine: Engine) -> list[int]:
    with Session(engine) as session:
        return list(session.scalars(select(Order.id).order_by(Order.id)))


async def aorders(engine: AsyncEngine) -> list[int]:
    async with AsyncSession(engine) as session:
        return list(await session.scalars(select(Order.id).order_by(Order.id)))


def receive(inbox: Inbox, event: str, connection: object = None) -> bool:
    return inbox.receive(event, "t", b"{}", connection=connection)


# A caller's transaction


def test_an_event_and_an_order_commit_together(engine: Engine) -> None:
    inbox = Inbox(engine)
    with Session(engine) as session:
        session.add(Order(id=1, note="kept"))
        assert receive(inbox, "evt_1", session)
        session.commit()
        session.add(Order(id=2, note="undone"))
        assert receive(inbox, "evt_2", session)
        session.rollback()
    assert orders(engine) == [1]
    assert [each.event_id for each in inbox.events()] == ["evt_1"]


def test_a_connection_serves_as_a_session_does(engine: Engine) -> None:
    inbox = Inbox(engine)
    with engine.connect() as connection:
        assert receive(inbox, "evt_1", connection)
        connection.rollback()
        assert receive(inbox, "evt_1", connection)
        connection.commit()
    assert inbox.counts() == {"pending": 1}


def test_a_savepoint_takes_our_rows_along(engine: Engine) -> None:
    inbox = Inbox(engine)
    with Session(engine) as session:
        session.add(Order(id=1, note="kept"))
        session.flush()
        inner = session.begin_nested()
        session.add(Order(id=2, note="undone"))
        assert receive(inbox, "evt_2", session)
        inner.rollback()
        with session.begin_nested():
            assert receive(inbox, "evt_3", session)
        session.commit()
    assert orders(engine) == [1]
    assert [each.event_id for each in inbox.events()] == ["evt_3"]


def test_an_answer_is_stored_with_the_order(engine: Engine) -> None:
    store = IdempotencyStore(engine)
    claim = store.claim("key", "POST /pay")
    assert isinstance(claim, Claim)
    with Session(engine) as session:
        session.add(Order(id=1, note="undone"))
        store.complete(claim, {"paid": True}, connection=session)
        session.rollback()
        assert store.get_cached_response("key", "POST /pay") is None
        session.add(Order(id=2, note="kept"))
        store.complete(claim, {"paid": True}, connection=session)
        session.commit()
    assert orders(engine) == [2]
    assert store.get_cached_response("key", "POST /pay") == {
        "response": {"paid": True},
        "status": "completed",
    }


# A store on a Session


def test_a_store_on_a_session_is_part_of_its_transaction(engine: Engine) -> None:
    with Session(engine) as session:
        inbox = Inbox(session)
        session.add(Order(id=1, note="undone"))
        assert receive(inbox, "evt_1")
        session.rollback()
        assert inbox.counts() == {}
        assert receive(inbox, "evt_1")  # outside of any, it commits by itself
        assert not session.in_transaction()
    assert orders(engine) == []
    assert Inbox(engine).counts() == {"pending": 1}


def test_what_others_must_see_is_refused_within_a_transaction(engine: Engine) -> None:
    with Session(engine) as session:
        store = IdempotencyStore(session)
        session.add(Order(id=1, note="kept"))
        with pytest.raises(StoreError, match="in a transaction"):
            store.claim("key", "POST /pay")
        session.commit()
        assert isinstance(store.claim("key", "POST /pay"), Claim)
    assert orders(engine) == [1]


def test_a_handler_writes_through_the_inboxs_session(engine: Engine) -> None:
    with scoped_session(maker(engine))() as session:
        inbox = Inbox(session, max_tries=1)
        receive(inbox, "evt_1")
        receive(inbox, "evt_2")

        def handle(delivery: Delivery) -> None:
            session.add(Order(id=int(delivery.event_id[-1]), note=delivery.type))
            session.flush()
            if delivery.event_id == "evt_2":
                raise RuntimeError

        assert inbox.process(handle)
        assert inbox.process(handle)
        assert inbox.counts() == {"processed": 1, "parked": 1}
    assert orders(engine) == [1]


def test_each_thread_has_the_session_of_its_own_scope(engine: Engine) -> None:
    sessions = scoped_session(maker(engine))
    inbox = Inbox(sessions)
    with sessions() as session:
        session.add(Order(id=1, note="not flushed, so it locks nothing"))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(receive, inbox, "evt_1").result()
            pool.submit(sessions.remove).result()
        assert receive(inbox, "evt_2")
        session.rollback()
    sessions.remove()
    assert [each.event_id for each in Inbox(engine).events()] == ["evt_1"]


# A store on an Engine


def test_a_handler_opens_a_session_on_the_events_transaction(engine: Engine) -> None:
    inbox = Inbox(engine, max_tries=1)
    receive(inbox, "evt_1")
    receive(inbox, "evt_2")

    def handle(delivery: Delivery) -> None:
        with Session(delivery.connection()) as session:
            session.add(Order(id=int(delivery.event_id[-1]), note=delivery.type))
            session.commit()  # the Session's part: the inbox's transaction goes on
        if delivery.event_id == "evt_2":
            raise RuntimeError

    assert inbox.process(handle)
    assert inbox.process(handle)
    assert inbox.counts() == {"processed": 1, "parked": 1}
    assert orders(engine) == [1]


def test_work_is_done_once_by_any_number_of_threads(engine: Engine) -> None:
    store = IdempotencyStore(engine)
    done: list[int] = []

    def work() -> int:
        done.append(1)
        return len(done)

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(store.run, "key", "POST /pay", work) for _ in range(4)]
        assert {answer.result() for answer in answers} == {1}


def test_a_journal_is_kept(engine: Engine) -> None:
    journal = IdempotencyStore(engine).journal()
    entry = Entry(key="key", method="POST", path="/v1/x", body=b"{}")
    ticket = journal.write_ahead(entry)
    assert [each.key for each in journal.unsettled()] == ["key"]
    assert journal.settle(ticket, "200")
    assert journal.unsettled() == []


def test_autocommit_is_the_engines_and_not_our_transactions(engine: Engine) -> None:
    inbox = Inbox(engine.execution_options(isolation_level="AUTOCOMMIT"), max_tries=1)
    receive(inbox, "evt_1")

    def handle(delivery: Delivery) -> None:
        delivery.connection().execute(text("INSERT INTO shop_order VALUES (1, 'undone')"))
        raise RuntimeError

    assert inbox.process(handle)
    assert inbox.counts() == {"parked": 1}
    assert orders(engine) == []


def test_a_lost_connection_is_said_and_replaced(migrated: Migrated) -> None:
    engine = create_engine(at(migrated, "postgresql+psycopg"), pool_size=1)
    inbox = Inbox(engine)
    receive(inbox, "evt_1")
    with engine.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
    other = create_engine(engine.url)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
    other.dispose()
    with pytest.raises(StoreUnavailableError):
        inbox.counts()
    assert inbox.counts() == {"pending": 1}
    engine.dispose()


# What is refused


def test_missing_tables_are_named_and_the_session_stays_the_callers(tmp_path: Any) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/empty.db")
    Rows.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Order(id=1, note="kept"))
        with pytest.raises(StoreNotMigratedError, match="molam db migrate"):
            receive(Inbox(engine), "evt_1", session)
        session.commit()
        with pytest.raises(StoreNotMigratedError):
            receive(Inbox(session), "evt_1")
    assert orders(engine) == [1]
    engine.dispose()


def test_a_database_out_of_reach_is_said_in_our_words() -> None:
    engine = create_engine("postgresql+psycopg://postgres@/x?host=/nowhere")
    with pytest.raises(OperationalError), engine.connect():
        pass
    with pytest.raises(StoreUnavailableError, match="could not be reached"):
        Inbox(engine).counts()


def test_other_databases_and_drivers_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be kept in mysql"):
        Inbox(create_engine("mysql+pymysql://", module=sqlite3))
    with pytest.raises(ConfigurationError, match=r"postgresql\+psycopg://"):
        driven(object())


def test_blocking_and_async_stores_refuse_each_others_objects(tmp_path: Any) -> None:
    blocking = create_engine(f"sqlite:///{tmp_path}/x.db")
    awaiting = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    with pytest.raises(ConfigurationError, match="AsyncEngine"):
        Inbox(awaiting)
    with pytest.raises(ConfigurationError, match="Engine"):
        AsyncInbox(blocking)


def test_another_kind_of_database_than_the_stores_is_refused(
    migrated: Migrated, engine: Engine
) -> None:
    inbox = Inbox(engine)
    kind = "sqlite" if engine.name == "postgresql" else "postgresql"
    other = create_engine(at(migrated, kind if kind == "sqlite" else "postgresql+psycopg"))
    with Session(other) as session, pytest.raises(StoreError, match="but the store is on"):
        receive(inbox, "evt_1", session)
    other.dispose()


# The async twins


async def test_an_event_and_an_order_commit_together_async(async_engine: AsyncEngine) -> None:
    inbox = AsyncInbox(async_engine)
    async with AsyncSession(async_engine) as session:
        session.add(Order(id=1, note="kept"))
        assert await inbox.receive("evt_1", "t", b"{}", connection=session)
        await session.commit()
        session.add(Order(id=2, note="undone"))
        assert await inbox.receive("evt_2", "t", b"{}", connection=session)
        await session.rollback()
        connection = await session.connection()
        assert await inbox.receive("evt_3", "t", b"{}", connection=connection)
        inner = await session.begin_nested()
        assert await inbox.receive("evt_4", "t", b"{}", connection=session)
        await inner.rollback()
        await session.commit()
    assert await aorders(async_engine) == [1]
    assert [each.event_id for each in await inbox.events()] == ["evt_1", "evt_3"]


async def test_an_answer_is_stored_with_the_order_async(async_engine: AsyncEngine) -> None:
    store = AsyncIdempotencyStore(async_engine)
    claim = await store.claim("key", "POST /pay")
    assert isinstance(claim, Claim)
    async with AsyncSession(async_engine) as session:
        await store.complete(claim, {"paid": True}, connection=session)
        await session.rollback()
        assert await store.get_cached_response("key", "POST /pay") is None
        await store.complete(claim, {"paid": True}, connection=session)
        await session.commit()
    assert await store.get_cached_response("key", "POST /pay") is not None


async def test_a_store_on_an_async_session(async_engine: AsyncEngine) -> None:
    async with AsyncSession(async_engine) as session:
        inbox, store = AsyncInbox(session, max_tries=1), AsyncIdempotencyStore(session)
        await inbox.receive("evt_1", "t", b"{}")
        await inbox.receive("evt_2", "t", b"{}")

        async def handle(delivery: AsyncDelivery) -> None:
            session.add(Order(id=int(delivery.event_id[-1]), note=delivery.type))
            await session.flush()
            if delivery.event_id == "evt_2":
                raise RuntimeError

        assert await inbox.process(handle)
        assert await inbox.process(handle)
        assert await inbox.counts() == {"processed": 1, "parked": 1}
        session.add(Order(id=3, note="undone"))
        with pytest.raises(StoreError, match="in a transaction"):
            await store.claim("key", "POST /pay")
        assert await inbox.receive("evt_3", "t", b"{}")
        await session.rollback()
        assert await inbox.counts() == {"processed": 1, "parked": 1}
    assert await aorders(async_engine) == [1]


async def test_an_async_handler_opens_a_session_on_the_events_transaction(
    async_engine: AsyncEngine,
) -> None:
    inbox = AsyncInbox(async_engine, max_tries=1)
    await inbox.receive("evt_1", "t", b"{}")
    await inbox.receive("evt_2", "t", b"{}")

    async def handle(delivery: AsyncDelivery) -> None:
        async with AsyncSession(await delivery.connection()) as session:
            session.add(Order(id=int(delivery.event_id[-1]), note=delivery.type))
            await session.commit()
        if delivery.event_id == "evt_2":
            raise RuntimeError

    assert await inbox.process(handle)
    assert await inbox.process(handle)
    assert await inbox.counts() == {"processed": 1, "parked": 1}
    assert await aorders(async_engine) == [1]


async def test_a_cancelled_handler_leaves_nothing_open(async_engine: AsyncEngine) -> None:
    inbox = AsyncInbox(async_engine)
    await inbox.receive("evt_1", "t", b"{}")
    inside = asyncio.Event()

    async def handle(delivery: AsyncDelivery) -> None:
        connection = await delivery.connection()
        await connection.execute(text("INSERT INTO shop_order VALUES (1, 'undone')"))
        inside.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(inbox.process(handle))
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await aorders(async_engine) == []
    (event,) = await inbox.events()
    assert (event.state, event.tries) == ("pending", 0)


async def test_a_store_with_a_url_joins_an_async_session(migrated: Migrated) -> None:
    url = migrated("sqlite")
    engine = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:", 1))
    inbox = AsyncInbox(url)
    async with AsyncSession(engine) as session:
        assert await inbox.receive("evt_1", "t", b"{}", connection=session)
        await session.rollback()
        assert await inbox.receive("evt_2", "t", b"{}", connection=session)
        await session.commit()
    assert [each.event_id for each in await inbox.events()] == ["evt_2"]
    await inbox.aclose()
    await engine.dispose()


async def test_aiosqlite_serves_without_sqlalchemy(migrated: Migrated) -> None:
    path = migrated("sqlite").removeprefix("sqlite:///")
    async with aiosqlite.connect(path) as connection:
        inbox = AsyncInbox(connection)
        await inbox.receive("evt_1", "t", b"{}")

        async def handle(delivery: AsyncDelivery) -> None:
            assert await delivery.connection() is connection

        assert await inbox.process(handle)
        assert await inbox.counts() == {"processed": 1}
    with pytest.raises(StoreUnavailableError, match="closed"):
        await inbox.counts()


def test_a_worker_on_an_engine_takes_batches_and_on_a_session_one_by_one(engine: Engine) -> None:
    for number in range(6):
        receive(Inbox(engine), f"evt_{number}")
    stop = threading.Event()

    def handle(delivery: Delivery, session: Session) -> None:
        number = int(delivery.event_id[-1])
        session.add(Order(id=number, note=delivery.type))
        session.flush()
        if number in (1, 4):
            raise RuntimeError
        if number in (2, 5):
            stop.set()

    def on_engine(delivery: Delivery) -> None:
        with Session(delivery.connection()) as session:
            handle(delivery, session)
            session.commit()

    Inbox(engine, max_tries=1).run_worker(on_engine, stop)
    assert orders(engine) == [0, 2]
    stop.clear()
    with Session(engine) as session:
        inbox = Inbox(session, max_tries=1)
        inbox.run_worker(lambda delivery: handle(delivery, session), stop)
        assert inbox.counts() == {"processed": 4, "parked": 2}
    assert orders(engine) == [0, 2, 3, 5]
