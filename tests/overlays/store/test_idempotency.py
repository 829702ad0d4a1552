from __future__ import annotations

import gc
import sqlite3
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import psycopg2
import pytest

from molam_overlays.errors import (
    ClaimInFlightError,
    ClaimLostError,
    ConfigurationError,
    IdempotencyKeyExpiredError,
    IdempotencyKeyReusedError,
    NetworkError,
    ResponseNotStoredError,
    StoreError,
)
from molam_overlays.store.claims import Claim, InFlight, Replay
from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.payload import fingerprint

from .conftest import FakeClock

ROUTE = "POST /checkout"
DAY = 24 * 3600.0


def granted(store: IdempotencyStore, key: str = "order-1", **kwargs: Any) -> Claim:
    claim = store.claim(key, ROUTE, **kwargs)
    assert isinstance(claim, Claim)
    return claim


class TestStoredResponses:
    def test_there_is_none_at_first(self, store: IdempotencyStore) -> None:
        assert store.get_cached_response("order-1", ROUTE) is None

    def test_what_is_stored_comes_back_with_its_status(self, store: IdempotencyStore) -> None:
        store.store_response("order-1", ROUTE, {"id": "pi_1"})
        assert store.get_cached_response("order-1", ROUTE) == {
            "response": {"id": "pi_1"},
            "status": "completed",
        }

    def test_a_later_answer_replaces_an_earlier_one(self, store: IdempotencyStore) -> None:
        store.store_response("order-1", ROUTE, {"n": 1}, status="pending")
        store.store_response("order-1", ROUTE, {"n": 2}, "failed")
        assert store.get_cached_response("order-1", ROUTE) == {
            "response": {"n": 2},
            "status": "failed",
        }

    def test_another_route_never_sees_it(self, store: IdempotencyStore) -> None:
        store.store_response("order-1", ROUTE, {"id": "pi_1"})
        assert store.get_cached_response("order-1", "POST /refund") is None
        assert isinstance(store.claim("order-1", "POST /refund"), Claim)

    def test_a_claim_in_progress_is_not_an_answer(self, store: IdempotencyStore) -> None:
        granted(store)
        assert store.get_cached_response("order-1", ROUTE) is None

    @pytest.mark.parametrize(
        "response",
        [
            None,
            [],
            {"text": 'a "quote", \\, é, \u2028, 😀'},
            {"nul": "a\x00b", "lone surrogate": "\ud800"},
            {"big": 2**70, "float": 0.1, "nested": [{"a": None}, True]},
        ],
        ids=["null", "empty list", "text", "what jsonb refuses", "numbers"],
    )
    def test_any_json_data_survives(self, store: IdempotencyStore, response: Any) -> None:
        store.store_response("order-1", ROUTE, response)
        assert store.get_cached_response("order-1", ROUTE) == {
            "response": response,
            "status": "completed",
        }

    def test_an_amount_beyond_a_float_keeps_its_digits(self, store: IdempotencyStore) -> None:
        amount = Decimal("12345678901234567890.01")
        store.store_response("order-1", ROUTE, {"amount": amount})
        found = store.get_cached_response("order-1", ROUTE)
        assert found is not None
        assert found["response"]["amount"] == amount

    def test_an_object_with_to_dict_is_stored_as_its_dict(self, store: IdempotencyStore) -> None:
        class Payment:
            def to_dict(self) -> dict[str, Any]:
                return {"id": "pi_1"}

        store.store_response("order-1", ROUTE, Payment())
        found = store.get_cached_response("order-1", ROUTE)
        assert found is not None
        assert found["response"] == {"id": "pi_1"}

    def test_what_is_not_json_is_refused_by_its_place(self, store: IdempotencyStore) -> None:
        with pytest.raises(TypeError, match=r"response\.items\[1\] is a set"):
            store.store_response("order-1", ROUTE, {"items": [1, {2}]})

    @pytest.mark.parametrize("key", ["", "a\nb", "x" * 256, "nul\0"])
    def test_a_key_that_cannot_be_kept_is_refused(self, store: IdempotencyStore, key: str) -> None:
        with pytest.raises(ValueError, match="1 to 255 printable"):
            store.store_response(key, ROUTE, {})


class TestClaims:
    def test_the_first_caller_gets_to_work_and_the_second_waits(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        claim = granted(store, lease_seconds=60)
        assert not claim.takeover
        clock.now += 20
        second = store.claim("order-1", ROUTE)
        assert isinstance(second, InFlight)
        assert second.retry_after == pytest.approx(40, abs=0.01)

    def test_an_answer_is_replayed(self, store: IdempotencyStore) -> None:
        store.complete(granted(store), {"id": "pi_1"})
        assert store.claim("order-1", ROUTE) == Replay(
            "order-1", ROUTE, {"id": "pi_1"}, "completed"
        )

    def test_another_body_is_an_error_in_every_state(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        one, two = fingerprint({"amount": 1}), fingerprint({"amount": 2})
        claim = granted(store, fingerprint=one)
        for change in (lambda: None, lambda: store.fail(claim), lambda: clock.sleep(1000)):
            change()
            with pytest.raises(IdempotencyKeyReusedError, match="another body") as caught:
                store.claim("order-1", ROUTE, two)
            assert caught.value.idempotency_key == "order-1"
        store.complete(granted(store, fingerprint=one), {})
        with pytest.raises(IdempotencyKeyReusedError):
            store.claim("order-1", ROUTE, two)
        assert isinstance(store.claim("order-1", ROUTE, one), Replay)

    def test_an_ended_lease_is_taken_over_with_a_higher_token(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        first = granted(store, lease_seconds=60)
        clock.now += 61
        second = granted(store)
        assert second.takeover
        assert second.token > first.token

    def test_a_stale_token_cannot_complete_fail_or_release(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        stale = granted(store, lease_seconds=60)
        clock.now += 61
        successor = granted(store)
        for late in (
            lambda: store.complete(stale, {"late": True}),
            lambda: store.fail(stale, "late"),
            lambda: store.release(stale),
        ):
            with pytest.raises(ClaimLostError, match="another worker took over"):
                late()
        store.complete(successor, {"id": "pi_1"})
        with pytest.raises(ClaimLostError):
            store.complete(stale, {"late": True})
        assert isinstance(store.claim("order-1", ROUTE), Replay)

    def test_an_ended_lease_that_nobody_took_can_still_be_completed(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        claim = granted(store, lease_seconds=60)
        clock.now += 3600
        store.complete(claim, {"id": "pi_1"})
        assert isinstance(store.claim("order-1", ROUTE), Replay)

    def test_a_token_is_stale_even_after_the_key_was_forgotten(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        stale = granted(store)
        store.forget("order-1", ROUTE)
        with pytest.raises(ClaimLostError, match="no longer in the store"):
            store.complete(stale, {})
        clock.now += 1
        assert granted(store).token > stale.token
        with pytest.raises(ClaimLostError):
            store.complete(stale, {})

    def test_completing_twice_with_the_same_answer_is_no_error(
        self, store: IdempotencyStore
    ) -> None:
        claim = granted(store)
        store.complete(claim, {"id": "pi_1"})
        store.complete(claim, {"id": "pi_1"})
        with pytest.raises(ClaimLostError, match="an answer is already stored"):
            store.complete(claim, {"id": "pi_2"})

    def test_store_response_beats_a_claim_in_progress(self, store: IdempotencyStore) -> None:
        claim = granted(store)
        store.store_response("order-1", ROUTE, {"by": "hand"})
        with pytest.raises(ClaimLostError):
            store.complete(claim, {"by": "worker"})

    @pytest.mark.parametrize("end", ["fail", "release"])
    def test_a_claim_that_was_given_back_is_granted_at_once(
        self, store: IdempotencyStore, end: str
    ) -> None:
        claim = granted(store)
        getattr(store, end)(claim)
        again = granted(store)
        assert again.token > claim.token
        assert again.takeover == (end == "fail")
        with pytest.raises(ClaimLostError):
            getattr(store, end)(claim)

    def test_work_that_began_in_the_future_is_for_a_person(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        store.fail(granted(store, "failed"))
        store.release(granted(store, "released"))
        clock.now -= DAY
        with pytest.raises(IdempotencyKeyExpiredError, match="set back"):
            store.claim("failed", ROUTE)
        assert isinstance(store.claim("released", ROUTE), Claim)

    def test_work_of_unknown_fate_is_not_repeated_once_the_api_forgot_the_key(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        granted(store, "died", lease_seconds=60)
        store.fail(granted(store, "failed"))
        store.release(granted(store, "released"))
        clock.now += DAY - 1
        store.fail(granted(store, "died"))
        clock.now += 2
        for key in ("died", "failed"):
            with pytest.raises(IdempotencyKeyExpiredError, match="could charge twice") as caught:
                store.claim(key, ROUTE)
            assert caught.value.delivery == "maybe_processed"
        assert not granted(store, "released").takeover
        store.store_response("died", ROUTE, {"looked": "up"})
        assert isinstance(store.claim("died", ROUTE), Replay)
        assert store.forget("failed", ROUTE)
        assert granted(store, "failed")

    @pytest.mark.parametrize("lease", [0, -1, float("nan"), float("inf")])
    def test_a_lease_that_never_ends_or_never_holds_is_refused(
        self, store: IdempotencyStore, lease: float
    ) -> None:
        with pytest.raises(ValueError, match="lease_seconds"):
            store.claim("order-1", ROUTE, lease_seconds=lease)

    def test_the_databases_own_clock_serves_without_another(self, url: str) -> None:
        with IdempotencyStore(url) as store:
            claim = granted(store, lease_seconds=60)
            found = store.claim("order-1", ROUTE)
            assert isinstance(found, InFlight)
            assert 50 < found.retry_after <= 60
            store.complete(claim, {})


class TestPurge:
    def test_answers_go_and_what_is_unexplained_stays(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        store.complete(granted(store, "answered"), {})
        store.release(granted(store, "released"))
        store.fail(granted(store, "failed"))
        granted(store, "in progress")
        clock.now += 8 * DAY
        store.store_response("fresh", ROUTE, {})
        assert store.purge() == 2
        assert store.get_cached_response("fresh", ROUTE) is not None
        with pytest.raises(IdempotencyKeyExpiredError):
            store.claim("failed", ROUTE)
        clock.now += DAY
        assert store.purge(0) == 0  # the API remembers the key for so long
        clock.now += 1
        assert store.purge(0) == 1


class TestRun:
    def test_work_is_done_once_and_all_get_its_answer(self, store: IdempotencyStore) -> None:
        done: list[int] = []

        def work() -> dict[str, Any]:
            done.append(1)
            return {"id": "pi_1"}

        answers = [store.run("order-1", ROUTE, work) for _ in range(3)]
        assert answers == [{"id": "pi_1"}] * 3
        assert done == [1]

    def test_decode_makes_the_same_thing_for_worker_and_replay(
        self, store: IdempotencyStore
    ) -> None:
        answers = [
            store.run("order-1", ROUTE, lambda: {"id": "pi_1"}, decode=lambda d: d["id"])
            for _ in range(2)
        ]
        assert answers == ["pi_1", "pi_1"]

    def test_threads_that_race_do_the_work_once(self, url: str) -> None:
        done: list[int] = []
        answers: list[Any] = []
        with IdempotencyStore(url) as store:

            def work() -> dict[str, Any]:
                done.append(1)
                return {"n": len(done)}

            threads = [
                threading.Thread(target=lambda: answers.append(store.run("order-1", ROUTE, work)))
                for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert done == [1]
        assert answers == [{"n": 1}] * 8

    def test_a_failure_gives_the_claim_back_and_is_raised(self, store: IdempotencyStore) -> None:
        def work() -> None:
            raise NetworkError("reset")

        with pytest.raises(NetworkError, match="reset"):
            store.run("order-1", ROUTE, work)
        assert granted(store).takeover

    def test_work_that_sent_nothing_leaves_no_doubt(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        def work() -> None:
            error = NetworkError("refused", delivery="not_sent")
            error.idempotency_key = "order-1"
            raise error

        with pytest.raises(NetworkError):
            store.run("order-1", ROUTE, work)
        clock.now += 2 * DAY
        assert not granted(store).takeover

    def test_an_interrupted_worker_gives_the_claim_back(self, store: IdempotencyStore) -> None:
        def work() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            store.run("order-1", ROUTE, work)
        assert granted(store)

    def test_it_waits_for_another_worker_no_longer_than_told(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        granted(store)
        start = clock.now
        with pytest.raises(ClaimInFlightError) as caught:
            store.run("order-1", ROUTE, dict, wait_seconds=10, sleep=clock.sleep)
        assert clock.now == pytest.approx(start + 10)
        assert caught.value.retry_after == pytest.approx(290, abs=0.01)

    def test_a_waiting_worker_gets_the_answer_when_it_comes(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        claim = granted(store)

        def sleep(seconds: float) -> None:
            clock.sleep(seconds)
            if clock.now > 1_800_000_003:
                store.complete(claim, {"id": "pi_1"})

        answer = store.run("order-1", ROUTE, pytest.fail, wait_seconds=10, sleep=sleep)
        assert answer == {"id": "pi_1"}

    def test_a_worker_that_was_overtaken_gets_its_successors_answer(
        self, store: IdempotencyStore, clock: FakeClock
    ) -> None:
        def work() -> dict[str, Any]:
            clock.now += 301
            store.complete(granted(store), {"by": "successor"})
            return {"by": "me"}

        assert store.run("order-1", ROUTE, work) == {"by": "successor"}

    def test_an_answer_that_cannot_be_stored_is_on_the_error(self, store: IdempotencyStore) -> None:
        answer = {"id": "pi_1", "odd": object()}
        with pytest.raises(ResponseNotStoredError, match="work was done") as caught:
            store.run("order-1", ROUTE, lambda: answer)
        assert caught.value.response is answer
        assert caught.value.delivery == "maybe_processed"
        assert granted(store).takeover

    def test_a_decorated_function_runs_once_for_each_key(self, store: IdempotencyStore) -> None:
        calls: list[str] = []

        @store.idempotent(route=ROUTE, key=lambda order, amount=0: f"order-{order}")
        def charge(order: str, amount: int = 0) -> dict[str, Any]:
            calls.append(order)
            return {"order": order}

        assert charge("a", amount=5) == charge("a", amount=5) == {"order": "a"}
        assert charge("b") == {"order": "b"}
        assert calls == ["a", "b"]
        with pytest.raises(IdempotencyKeyReusedError):
            charge("a", amount=6)

    def test_a_decorated_function_with_odd_arguments_says_what_to_give(
        self, store: IdempotencyStore
    ) -> None:
        @store.idempotent(route=ROUTE, key=lambda order: "k")
        def charge(order: object) -> None: ...

        with pytest.raises(TypeError, match=r"body\.order is a object.*fingerprint="):
            charge(object())

        @store.idempotent(route=ROUTE, key=lambda order: "k", fingerprint=lambda order: None)
        def charge_anyway(order: object) -> str:
            return "done"

        assert charge_anyway(object()) == "done"


@pytest.fixture(
    params=[
        "sqlite3",
        "sqlite3 autocommit",
        "psycopg",
        "psycopg autocommit",
        "psycopg dict rows",
        "psycopg2",
        "psycopg2 autocommit",
    ]
)
def connection(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One connection of each kind that a merchant may hand in."""
    from molam_overlays.store.migrate import migrate

    from .conftest import SCRIPTS, Server

    driver, _, kind = request.param.partition(" ")
    if driver == "sqlite3":
        path = request.getfixturevalue("tmp_path") / "store.db"
        migrate(f"sqlite:///{path}", SCRIPTS)
        opened: Any = sqlite3.connect(path, isolation_level=None if kind else "")
    else:
        server: Server = request.getfixturevalue("postgresql")
        url = server.create(request.getfixturevalue("template"))
        if driver == "psycopg":
            from psycopg.rows import dict_row

            opened = psycopg.connect(url, autocommit=kind == "autocommit")
            if kind == "dict rows":
                opened.row_factory = dict_row
        else:
            opened = psycopg2.connect(url)
            opened.autocommit = bool(kind)
    yield opened
    opened.close()


def execute(connection: Any, sql: str) -> list[Any]:
    cursor = connection.cursor()
    cursor.execute(sql)
    rows = cursor.fetchall() if cursor.description else []
    cursor.close()
    return list(rows)


def begun_by_hand(connection: Any) -> bool:
    """Tell whether a transaction begins only when it is told to."""
    if isinstance(connection, sqlite3.Connection):
        return connection.isolation_level is None
    return bool(connection.autocommit)


class TestHandedInConnections:
    def test_claim_complete_and_replay(self, connection: Any) -> None:
        store = IdempotencyStore(connection)
        claim = granted(store)
        assert isinstance(store.claim("order-1", ROUTE), InFlight)
        store.complete(claim, {"id": "pi_1"})
        assert store.claim("order-1", ROUTE) == Replay(
            "order-1", ROUTE, {"id": "pi_1"}, "completed"
        )
        assert store.purge() == 0
        store.close()
        assert execute(connection, "SELECT count(*) AS n FROM server_idempotency")

    def test_store_response_commits(self, connection: Any) -> None:
        IdempotencyStore(connection).store_response("order-1", ROUTE, {"a": 1})
        connection.rollback()
        assert IdempotencyStore(connection).get_cached_response("order-1", ROUTE) == {
            "response": {"a": 1},
            "status": "completed",
        }

    def test_store_response_commits_what_the_caller_wrote(self, connection: Any) -> None:
        execute(connection, "CREATE TABLE orders (id integer)")
        connection.commit()
        if begun_by_hand(connection):
            execute(connection, "BEGIN")
        execute(connection, "INSERT INTO orders VALUES (1)")
        IdempotencyStore(connection).store_response("order-1", ROUTE, {"a": 1})
        connection.rollback()
        assert len(execute(connection, "SELECT * FROM orders")) == 1

    def test_a_claim_inside_a_transaction_is_refused(self, connection: Any) -> None:
        execute(connection, "CREATE TABLE orders (id integer)")
        connection.commit()
        if begun_by_hand(connection):
            execute(connection, "BEGIN")
        execute(connection, "INSERT INTO orders VALUES (1)")
        store = IdempotencyStore(connection)
        with pytest.raises(StoreError, match="in a transaction"):
            store.claim("order-1", ROUTE)
        assert store.get_cached_response("order-1", ROUTE) is None
        execute(connection, "ROLLBACK")
        assert execute(connection, "SELECT * FROM orders") == []
        connection.commit()
        assert granted(store)

    def test_a_completion_shares_the_callers_transaction(self, connection: Any) -> None:
        execute(connection, "CREATE TABLE orders (id integer)")
        connection.commit()
        store = IdempotencyStore(connection)
        claim = granted(store)
        for end in ("ROLLBACK", "COMMIT"):
            if isinstance(connection, sqlite3.Connection) or connection.autocommit:
                execute(connection, "BEGIN")
            execute(connection, "INSERT INTO orders VALUES (1)")
            store.complete(claim, {"id": "pi_1"}, connection=connection)
            execute(connection, end)
            orders = execute(connection, "SELECT id FROM orders")
            connection.commit()
            answer = store.get_cached_response("order-1", ROUTE)
            assert bool(orders) == bool(answer) == (end == "COMMIT")

    def test_a_stale_completion_in_a_shared_transaction_fails(self, connection: Any) -> None:
        clock = FakeClock()
        store = IdempotencyStore(connection, clock=clock)
        stale = granted(store, lease_seconds=1)
        clock.now += 2
        granted(store)
        with pytest.raises(ClaimLostError):
            store.complete(stale, {}, connection=connection)


class TestBadInput:
    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("mysql://localhost/db", "cannot be kept at mysql:"),
            ("store.db", "not a URL"),
            ("sqlite://", "no path"),
            ("sqlite:///:memory:", "in memory"),
            (object(), r"cannot use a builtins\.object"),
        ],
    )
    def test_what_a_store_cannot_be_kept_in_is_refused(self, target: Any, message: str) -> None:
        with pytest.raises(ConfigurationError, match=message):
            IdempotencyStore(target)

    def test_a_password_never_shows(self) -> None:
        store = IdempotencyStore(
            "postgresql://me:hush@127.0.0.1:1/db?sslpassword=hush&password=hush"
        )
        with pytest.raises(StoreError) as caught:
            store.claim("order-1", ROUTE)
        assert "hush" not in f"{caught.value!r} {store!r}"
        assert "127.0.0.1" in str(caught.value)


def test_nobody_is_warned_of_a_store_that_he_forgot_to_close(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    store = IdempotencyStore(url)
    granted(store)
    del store
    gc.collect()
    assert told == []
