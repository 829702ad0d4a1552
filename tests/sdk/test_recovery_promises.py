"""What a journal must never do, through both clients: forget, misjudge, believe, block, send, show."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from molam_sdk import Config, MolamAsyncClient, MolamClient, MolamError
from molam_sdk.exceptions import (
    IdempotencyKeyExpiredError,
    NetworkError,
    PaymentDeclinedError,
    ResumeError,
    StoreError,
)
from molam_sdk.idempotency import AsyncIdempotencyStore, IdempotencyStore

support: Any = sys.modules["sdk_support"]  # conftest.py
calls: Any = sys.modules["molam_overlays.calls"]  # where signals strike
Recorder = support.Recorder

SCRIPT = Path(__file__).parents[2] / "migrations/sqlite/001_idempotency_and_webhooks.sql"
HOUR = 3600.0
CREATED = (201, '{"id": "pi_1", "status": "requires_confirmation"}', {})
OWN = (
    '{"error": {"type": "invalid_request_error", "code": "not_found", "message": "No such charge"}}'
)
PAYOUT = ("shop", "m_1", 500, "USD", {"type": "iban", "iban": "DE89370400440532013000"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCRIPT.read_text("utf-8"))
    path.chmod(0o600)
    return path


class Shop:
    """A store whose time is the clients' time, and clients on it."""

    def __init__(self, make_api: Any, path: Path, clock: Any, flavour: str) -> None:
        self.make_api, self.path, self.clock, self.flavour = make_api, path, clock, flavour

    def now(self) -> float:
        return float(self.clock.now().timestamp())

    def journal(self, **callables: Any) -> Any:
        kind: Any = IdempotencyStore if self.flavour == "sync" else AsyncIdempotencyStore
        return kind(f"sqlite:///{self.path}", clock=self.now).journal(**callables)

    def api(self, *answers: Any, journal: Any = None, **config: Any) -> tuple[Any, Any]:
        recorder = Recorder(*answers)
        config = {"max_retries": 0, **config}
        return self.make_api(recorder, store=journal or self.journal(), **config), recorder

    def leave_open(
        self, *answers: Any, key: str = "k", journal: Any = None, **options: Any
    ) -> None:
        api, _ = self.api(*(answers or [NetworkError("reset")]), journal=journal)
        with pytest.raises(MolamError):
            api.create_payout(*PAYOUT, idempotency_key=key, **options)

    def rows(self) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM call_journal")]

    def open_keys(self) -> list[str]:
        return [row["idempotency_key"] for row in self.rows() if row["settled_at"] is None]


@pytest.fixture
def shop(make_api: Any, path: Path, clock: Any, flavour: str) -> Shop:
    return Shop(make_api, path, clock, flavour)


# Never misjudge an age ---------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "fate", "sent"), [(22.9, "settled", 1), (24.5, "too_old", 0)])
def test_recovery_goes_by_the_first_call_with_the_key(
    shop: Shop, hours: float, fate: str, sent: int
) -> None:
    api, _ = shop.api(CREATED)
    api.create_payout(*PAYOUT, idempotency_key="k")
    shop.clock.pass_time(22.5 * HOUR)
    shop.leave_open()
    shop.clock.pass_time((hours - 22.5) * HOUR)
    api, recorder = shop.api(CREATED)
    (row,) = api.recover()
    assert (row.outcome, len(recorder.sent)) == (fate, sent)
    assert row.age == pytest.approx(hours * HOUR)


def test_resuming_makes_a_key_no_younger(shop: Shop) -> None:
    api, recorder = shop.api(NetworkError("reset"))
    with pytest.raises(NetworkError) as caught:
        api.create_payout(*PAYOUT, idempotency_key="k")
    shop.clock.pass_time(23.5 * HOUR)
    with pytest.raises(NetworkError):
        api.resume(caught.value)
    shop.clock.pass_time(HOUR)
    assert {row.outcome for row in api.recover()} == {"too_old"}
    assert len(recorder.sent) == 2


def test_resume_goes_by_the_key_and_not_by_its_own_call(shop: Shop) -> None:
    api, _ = shop.api(CREATED)
    api.create_payout(*PAYOUT, idempotency_key="k")
    shop.clock.pass_time(23.5 * HOUR)
    api, recorder = shop.api(NetworkError("reset"), CREATED)
    with pytest.raises(NetworkError) as caught:
        api.create_payout(*PAYOUT, idempotency_key="k")
    shop.clock.pass_time(HOUR)
    with pytest.raises(ResumeError, match="24 hours") as refused:
        api.resume(caught.value)
    assert refused.value.delivery == "maybe_processed"
    assert refused.value.attempts == caught.value.attempts
    assert len(recorder.sent) == 1


def test_a_resume_that_the_store_refuses_is_still_of_unknown_fate(
    shop: Shop, tmp_path: Path
) -> None:
    api, _ = shop.api(NetworkError("reset"))
    with pytest.raises(NetworkError) as caught:
        api.create_payout(*PAYOUT, idempotency_key="k")
    shop.path.rename(tmp_path / "away")
    with pytest.raises(StoreError) as refused:
        api.resume(caught.value)
    assert refused.value.delivery == "maybe_processed"
    assert refused.value.idempotency_key == "k"


@pytest.mark.parametrize("hours", [-5.0, -0.001])
def test_resume_refuses_when_the_clock_was_set_back(
    make_api: Any, clock: Any, hours: float
) -> None:
    recorder = Recorder(NetworkError("reset"))
    api = make_api(recorder, max_retries=0)
    with pytest.raises(NetworkError) as caught:
        api.create_refund("ch_1", idempotency_key="k")
    clock.pass_time(hours * HOUR)
    with pytest.raises(ResumeError, match="set back"):
        api.resume(caught.value)
    assert len(recorder.sent) == 1


def test_what_never_left_can_be_resumed_at_any_time(make_api: Any, clock: Any) -> None:
    recorder = Recorder(NetworkError("refused", delivery="not_sent"), CREATED)
    api = make_api(recorder, max_retries=0)
    with pytest.raises(NetworkError) as caught:
        api.create_refund("ch_1", idempotency_key="k")
    clock.pass_time(100 * HOUR)
    assert api.resume(caught.value)["id"] == "pi_1"


def test_no_attempt_is_made_once_the_key_is_forgotten(make_api: Any, clock: Any) -> None:
    def slow(_: Any) -> Any:
        clock.pass_time(10 * HOUR)
        return NetworkError("reset")

    recorder = Recorder(slow)
    api = make_api(recorder, max_retries=9)
    with pytest.raises(NetworkError) as caught:
        api.create_refund("ch_1", idempotency_key="k")
    assert len(recorder.sent) == 3  # at 0, 10 and 20 hours
    assert caught.value.delivery == "maybe_processed"


def test_a_recovery_makes_no_attempt_once_the_key_is_forgotten(shop: Shop) -> None:
    shop.leave_open()
    shop.clock.pass_time(23.9 * HOUR)

    def slow(_: Any) -> Any:
        shop.clock.pass_time(0.06 * HOUR)
        return NetworkError("reset")

    api, recorder = shop.api(slow, max_retries=9)
    (row,) = api.recover()
    assert (row.outcome, len(recorder.sent)) == ("unknown", 2)


def test_a_clock_that_was_set_back_after_a_recovery_had_the_entry_is_seen(shop: Shop) -> None:
    shop.leave_open()
    shop.clock.pass_time(23 * HOUR)
    api, _ = shop.api(NetworkError("reset"))
    assert [row.outcome for row in api.recover()] == ["unknown"]
    shop.clock.pass_time(-20 * HOUR)
    api, recorder = shop.api(CREATED)
    assert [(row.outcome, recorder.sent) for row in api.recover()] == [("withheld", [])]
    shop.clock.pass_time(20 * HOUR)
    assert [row.outcome for row in api.recover()] == ["settled"]


# Never take a stranger's word --------------------------------------------------------------------

HTML = "<html><body><h1>nginx</h1></body></html>"
STRANGERS = [
    HTML,
    "",
    "null",
    "[]",
    "{}",
    '"no"',
    '{"message": "no Route matched with those values"}',
    '{"error": "not found"}',
    '{"error": {"message": "not found"}}',
    '{"error": {"code": "NotFound", "message": "not found"}}',
    '{"error": {"type": "t", "code": 404, "message": "not found"}}',
    '{"error": {"type": "", "code": "", "message": ""}}',
    '{"error": [{"type": "t", "code": "c", "message": "m"}]}',
    '{"type": "t", "code": "c", "message": "m"}',
    '{"error": {"type": "t", "code": "c", "message": "m"',
]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 407, 409, 410, 413, 418, 422, 429,
                                    451, 499, 500, 503, 302, 200, 201, 202, 204])  # fmt: skip
@pytest.mark.parametrize("page", [HTML, "", '{"message": "hello"}'])
def test_a_page_of_a_proxy_settles_nothing_in_a_recovery(
    shop: Shop, status: int, page: str
) -> None:
    shop.leave_open()
    api, _ = shop.api((status, page, {"Content-Type": "text/html"}))
    (row,) = api.recover()
    assert row.outcome == "unknown"
    assert shop.open_keys() == ["k"]
    assert shop.rows()[0]["body"] is not None


@pytest.mark.parametrize("page", STRANGERS)
def test_an_ordinary_call_that_a_stranger_refused_stays_open_and_says_so(
    shop: Shop, page: str
) -> None:
    api, _ = shop.api((404, page, {}))
    with pytest.raises(MolamError) as caught:
        api.create_payout(*PAYOUT, idempotency_key="k")
    assert caught.value.delivery == "maybe_processed"
    assert caught.value.idempotency_key == "k"
    assert shop.open_keys() == ["k"]


@pytest.mark.parametrize(
    "page",
    [
        '{"welcome": "to the hotel"}',
        '{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}}',
        '{"id": true}',
        '{"id": {"request": "r-1"}}',
        '{"id": ["r-1"]}',
        '{"id": " "}',
    ],
)
def test_a_strangers_success_leaves_the_entry_open(shop: Shop, page: str) -> None:
    api, _ = shop.api((200, page, {}))
    api.create_payout(*PAYOUT, idempotency_key="k")
    assert shop.open_keys() == ["k"]
    api, _ = shop.api((200, page, {}))
    assert [row.outcome for row in api.recover()] == ["unknown"]
    assert shop.open_keys() == ["k"]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422, 429])
def test_the_apis_own_refusal_of_a_first_attempt_closes_the_entry(shop: Shop, status: int) -> None:
    api, _ = shop.api((status, OWN, {}))
    with pytest.raises(MolamError) as caught:
        api.create_payout(*PAYOUT, idempotency_key="k")
    assert caught.value.delivery == "rejected"
    assert shop.open_keys() == []


@pytest.mark.parametrize("first", [NetworkError("reset"), (503, OWN, {}), (429, HTML, {})])
def test_it_does_not_after_an_attempt_of_unknown_fate(shop: Shop, first: Any) -> None:
    api, _ = shop.api(first, (404, OWN, {}), max_retries=1)
    with pytest.raises(MolamError) as caught:
        api.create_payout(*PAYOUT, idempotency_key="k")
    assert caught.value.delivery == "maybe_processed"
    assert shop.open_keys() == ["k"]


def test_nor_while_an_earlier_call_with_the_key_is_of_unknown_fate(shop: Shop) -> None:
    shop.leave_open()
    api, _ = shop.api((404, OWN, {}))
    with pytest.raises(MolamError) as caught:
        api.create_payout(*PAYOUT, idempotency_key="k")
    assert caught.value.delivery == "maybe_processed"
    assert shop.open_keys() == ["k", "k"]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422, 429])
def test_nor_in_a_recovery_since_the_attempt_that_left_it_open_is_of_unknown_fate(
    shop: Shop, status: int
) -> None:
    shop.leave_open()
    api, _ = shop.api((status, OWN, {}))
    (row,) = api.recover()
    assert (row.outcome, row.status) == ("unknown", status)
    assert shop.open_keys() == ["k"]
    api, _ = shop.api(CREATED)
    (row,) = api.recover()
    assert row.outcome == "settled"


def test_without_a_journal_a_status_says_what_it_says(make_api: Any) -> None:
    api = make_api(Recorder((402, HTML, {})))
    with pytest.raises(PaymentDeclinedError) as caught:
        api.create_payout(*PAYOUT, idempotency_key="k")
    assert caught.value.delivery == "rejected"


# Never let one block the rest --------------------------------------------------------------------

HUGE = "9" * 400
NUMBERS = [HUGE, f"{HUGE}.5", "1e400", "-1e400", "1e99999999999999999999", "9" * 5000, "-" + HUGE,
           "NaN", "Infinity", "true", "null", '"7"', "[]", "{}", "0", "1e-400", "0.5"]  # fmt: skip
BODIES = [
    *(f'{{"error": {{"code": "c", "retry_after": {number}}}}}' for number in NUMBERS),
    *(f'{{"error": {number}}}' for number in NUMBERS),
    *(f'{{"error": {{"code": {number}, "message": {number}, "param": {number}}}}}'
      for number in NUMBERS),
    *(f'{{"error": {{"type": {number}}}, "retry_after": {number}}}' for number in NUMBERS),
    *NUMBERS,
    *STRANGERS,
    "[" * 100_000,
    '{"error":' * 50_000,
    '{"error":' * 600 + "1" + "}" * 600,
    '{"error": {"message": "\\ud800\\u0000\\r\\n"}}',
    '{"error": {"message": "' + "x" * 100_000 + '"}}',
    "\ufeff{}",
    "\x00\x01",
    "\xff\xfe",
]  # fmt: skip


@pytest.mark.parametrize("status", [200, 302, 400, 402, 404, 409, 429, 500, 503])
def test_no_error_body_raises_anything_but_our_errors(make_api: Any, status: int) -> None:
    for body in BODIES:
        for headers in ({}, {"Retry-After": HUGE}, {"Retry-After": "-1e400"}):
            api = make_api(Recorder((status, body, headers)), max_retries=1)
            with contextlib.ExitStack() as stack:
                caught: Any = None
                if status != 200:
                    caught = stack.enter_context(pytest.raises(MolamError))
                else:
                    stack.enter_context(contextlib.suppress(MolamError))
                api.create_payout(*PAYOUT, idempotency_key="k")
            api.close()
            if caught is not None:
                error = caught.value
                assert error.idempotency_key == "k"
                assert error.delivery in ("rejected", "maybe_processed")
                waited = getattr(error, "retry_after", None)
                assert waited is None or waited >= 0


def test_an_error_that_asks_to_wait_for_ever_blocks_no_recovery(shop: Shop) -> None:
    for key in ("k0", "k1", "k2"):
        shop.leave_open(key=key)

    def answer(request: dict[str, Any]) -> Any:
        bad = request["headers"]["Idempotency-Key"] == "k1"
        return (500, BODIES[0], {"Retry-After": HUGE}) if bad else CREATED

    api, _ = shop.api(answer)
    assert [row.outcome for row in api.recover()] == ["settled", "unknown", "settled"]


@pytest.mark.parametrize(
    "damage",
    [
        "path = '@evil.example/v1/treasury/payouts'",
        "path = '.evil.example/'",
        "path = ':80/'",
        "path = ''",
        "path = '/a b'",
        "path = '/\r\nHost: evil'",
        "path = '/\u00e9'",
        "method = 'GET'",
        "method = 'POST /evil'",
        'headers = \'{"X": "a\\r\\nb"}\'',
        "headers = '{\"X\": null}'",
        "idempotency_key = 'a\nb'",
        "idempotency_key = ''",
    ],
)
def test_a_damaged_entry_is_listed_and_never_sent(shop: Shop, damage: str) -> None:
    for key in ("k0", "k1", "k2"):
        shop.leave_open(key=key)
    with closing(sqlite3.connect(shop.path)) as connection:
        connection.execute(f"UPDATE call_journal SET {damage} WHERE idempotency_key = 'k1'")
        connection.commit()
    api, recorder = shop.api(CREATED)
    rows = api.recover()
    assert [row.outcome for row in rows] == ["settled", "unknown", "settled"]
    assert rows[1].detail
    assert len(recorder.sent) == 2


def test_a_body_that_is_no_json_is_listed(shop: Shop) -> None:
    journal = shop.journal(encrypt=lambda data: data, decrypt=lambda data: data)
    shop.leave_open(journal=journal)
    with closing(sqlite3.connect(shop.path)) as connection:
        connection.execute("UPDATE call_journal SET body = x'00'")
        connection.commit()
    api, recorder = shop.api(CREATED, journal=journal)
    (row,) = api.recover()
    assert (row.outcome, recorder.sent) == ("unreadable", [])


@pytest.mark.parametrize("given", ["text", None, 7])
def test_an_encrypt_callable_that_gives_no_bytes_stops_the_call_before_it_leaves(
    shop: Shop, given: Any
) -> None:
    api, recorder = shop.api(CREATED, journal=shop.journal(encrypt=lambda _: given))
    with pytest.raises(StoreError, match="bytes were expected") as caught:
        api.create_payout(*PAYOUT, idempotency_key="k")
    assert (caught.value.delivery, caught.value.idempotency_key) == ("not_sent", "k")
    assert (recorder.sent, shop.rows()) == ([], [])


# Never send what never left ----------------------------------------------------------------------


class Stop(BaseException):
    pass


@pytest.mark.parametrize("error", [Stop(), ZeroDivisionError("a bug"), KeyboardInterrupt()])
def test_what_is_interrupted_on_its_way_is_recovered_at_once(
    path: Path, error: BaseException
) -> None:
    config = Config(api_key="sk_test_1", api_base="http://localhost:9")
    with MolamClient(config, Recorder(error), idempotency_store=f"sqlite:///{path}") as client:
        with pytest.raises(type(error)):
            client.create_payout(*PAYOUT, idempotency_key="k")
        with MolamClient(config, Recorder(CREATED), idempotency_store=f"sqlite:///{path}") as other:
            (row,) = other.recover()
    assert row.outcome == "settled"


class Strike:
    """Raises as the n-th function of a call's own code begins or goes on: signals are seen there."""

    def __init__(self, at: int) -> None:
        self.left, self.where = at, ""
        self.folder = str(Path(calls.__file__).parent)

    def __enter__(self) -> None:
        sys.settrace(self._enter)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: Any, event: str, argument: object) -> None:
        # Where a coroutine goes on after an await, no signal is seen.
        waits = frame.f_code.co_flags & inspect.CO_COROUTINE
        if frame.f_code.co_filename.startswith(self.folder) and not waits and self.left >= 0:
            self.left -= 1
            if self.left < 0:
                self.where = f"{frame.f_code.co_name}:{frame.f_lineno}"
                raise Stop


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # struck in closing
@pytest.mark.parametrize(
    "answer",
    [CREATED, (402, OWN, {}), (500, "", {}), NetworkError("reset")],
    ids=["success", "refusal", "failure", "reset"],
)
def test_what_left_is_never_withdrawn_wherever_a_signal_falls(shop: Shop, answer: Any) -> None:
    config = Config(api_key="sk_test_1", api_base="http://localhost:9", max_retries=0)

    def call(recorder: Any, key: str) -> None:
        store = f"sqlite:///{shop.path}"
        if shop.flavour == "sync":
            client = MolamClient(config, recorder, idempotency_store=store)
            with client, contextlib.suppress(Stop, MolamError), strike:
                client.create_payout(*PAYOUT, idempotency_key=key)
            return

        async def awaited() -> None:
            async with MolamAsyncClient(config, recorder, idempotency_store=store) as client:
                with contextlib.suppress(Stop, MolamError), strike:
                    await client.create_payout(*PAYOUT, idempotency_key=key)

        asyncio.run(awaited())

    at, unfinished = 0, True
    while unfinished:
        strike, key = Strike(at), f"k-{at}"
        recorder = Recorder(answer)
        call(recorder if shop.flavour == "sync" else support.AsyncRecorder(recorder), key)
        if recorder.sent:
            (row,) = (row for row in shop.rows() if row["idempotency_key"] == key)
            assert row["outcome"] != "not_sent", strike.where
        with MolamClient(
            config, Recorder(CREATED), idempotency_store=f"sqlite:///{shop.path}"
        ) as other:
            other.recover()
        assert shop.open_keys() == [], strike.where  # nothing is left to a lease
        unfinished, at = strike.left < 0, at + 1
    assert at > 20


def test_what_is_interrupted_between_attempts_that_never_left_is_withdrawn(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, flavour: str
) -> None:
    if flavour != "sync":
        pytest.skip("the sleep of the async client is interrupted by cancellation, below")
    api, recorder = shop.api(NetworkError("refused", delivery="not_sent"), max_retries=3)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    api.client._sleep = interrupted
    with pytest.raises(KeyboardInterrupt):
        api.create_payout(*PAYOUT, idempotency_key="k")
    assert len(recorder.sent) == 1
    assert [row["outcome"] for row in shop.rows()] == ["not_sent"]


def test_a_call_that_is_interrupted_while_it_connects_is_withdrawn(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("molam_overlays.transport.wire_sync.Wire._resolve", interrupted)
    config = Config(api_key="sk_test_1", api_base="http://localhost:9")
    with MolamClient(config, idempotency_store=f"sqlite:///{path}") as client:
        with pytest.raises(KeyboardInterrupt):
            client.create_payout(*PAYOUT, idempotency_key="k")
        assert client.recover() == []


async def test_a_call_that_is_cancelled_while_it_connects_is_withdrawn(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()

    async def never(*_: Any) -> Any:
        reached.set()
        await asyncio.sleep(3600)

    monkeypatch.setattr("molam_overlays.transport.asyncio_socket.connect", never)
    config = Config(api_key="sk_test_1", api_base="http://localhost:9")
    async with MolamAsyncClient(config, idempotency_store=f"sqlite:///{path}") as client:
        task = asyncio.ensure_future(client.create_payout(*PAYOUT, idempotency_key="k"))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await client.recover() == []


async def test_a_call_that_is_cancelled_after_it_left_is_recovered_at_once(
    path: Path, server: Any
) -> None:
    arrived, over = threading.Event(), threading.Event()

    def silent(c: Any) -> None:
        arrived.set()
        over.wait(20)
        c.hang_up()

    server.act = silent
    config = Config(api_key="sk_test_1", api_base=server.url)
    async with MolamAsyncClient(config, idempotency_store=f"sqlite:///{path}") as client:
        task = asyncio.ensure_future(client.create_payout(*PAYOUT, idempotency_key="k"))
        assert await asyncio.to_thread(arrived.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        over.set()
        server.act = lambda c: c.answer(201, b'{"id": "po_1"}')
        (row,) = await client.recover()
        assert row.outcome == "settled"


@pytest.mark.parametrize("again", [False, True])
async def test_a_call_that_is_cancelled_while_it_is_written_down_is_never_sent(
    path: Path, again: bool
) -> None:
    recorder = Recorder(CREATED)
    url = f"sqlite:///{path}"
    config = Config(api_key="sk_test_1", api_base="http://localhost:9")
    busy = sqlite3.connect(path, isolation_level=None)
    async with (
        AsyncIdempotencyStore(url) as store,
        MolamAsyncClient(
            config, support.AsyncRecorder(recorder), idempotency_store=store
        ) as client,
    ):
        busy.execute("BEGIN IMMEDIATE")
        task = asyncio.ensure_future(client.create_payout(*PAYOUT, idempotency_key="k"))
        await asyncio.sleep(0.05)  # until it waits for the file
        task.cancel()
        if again:
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.sleep(0)
        busy.execute("ROLLBACK")
        busy.close()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await client.create_payout(*PAYOUT, idempotency_key="other")
    later = IdempotencyStore(url, clock=lambda: time.time() + 600)
    with MolamClient(config, recorder, idempotency_store=later) as reader:
        assert [row for row in reader.recover() if row.key == "k"] == []
    later.close()
    assert [sent["headers"]["Idempotency-Key"] for sent in recorder.sent] == ["other"]


def test_a_withdrawal_that_is_lost_is_listed_and_not_sent(shop: Shop, tmp_path: Path) -> None:
    def away(_: Any) -> Any:
        shop.path.rename(tmp_path / "away")
        return NetworkError("refused", delivery="not_sent")

    api, _ = shop.api(away)
    with pytest.raises(NetworkError):
        api.create_payout(*PAYOUT, idempotency_key="k")
    (tmp_path / "away").rename(shop.path)
    shop.clock.pass_time(600)
    other, recorder = shop.api(CREATED)
    (row,) = other.recover()
    assert (row.outcome, recorder.sent) == ("withheld", [])
    assert api.recover() == []  # who owes the withdrawal pays it first
    assert [row["outcome"] for row in shop.rows()] == ["not_sent"]


# Never keep in clear what was to be encrypted ----------------------------------------------------


def flip(data: bytes) -> bytes:
    return bytes(byte ^ 0x55 for byte in data)


@pytest.mark.parametrize("encrypt", [None, flip])
def test_no_added_header_field_lies_in_clear(shop: Shop, encrypt: Any) -> None:
    journal = shop.journal(encrypt=encrypt, decrypt=encrypt)
    shop.leave_open(journal=journal, extra_headers={"X-Gateway-Token": "canary"})
    disk = b"".join(file.read_bytes() for file in shop.path.parent.iterdir() if file.is_file())
    assert b"canary" not in disk
    api, recorder = shop.api(CREATED, journal=journal)
    (row,) = api.recover()
    if encrypt is not None:
        assert row.outcome == "settled"
        assert recorder.sent[0]["headers"]["X-Gateway-Token"] == "canary"
        return
    assert (row.outcome, recorder.sent) == ("unknown", [])
    assert "X-Gateway-Token" in row.detail
    (row,) = api.using(extra_headers={"x-gateway-token": "canary"}).recover()
    assert row.outcome == "settled"
    assert recorder.sent[0]["headers"]["x-gateway-token"] == "canary"


def test_what_means_nothing_to_the_api_does_not_hold_up_a_recovery(shop: Shop) -> None:
    shop.leave_open(extra_headers={"traceparent": "canary", "X-Request-ID": "canary"})
    assert "canary" not in repr(shop.rows())
    api, _ = shop.api(CREATED)
    (row,) = api.recover()
    assert row.outcome == "settled"


def test_encrypted_nothing_that_anybody_put_in_is_readable(shop: Shop) -> None:
    journal = shop.journal(encrypt=flip, decrypt=flip)
    api, _ = shop.api(NetworkError("canary"), (500, '{"error": {"message": "canary"}}', {}),
                      journal=journal)  # fmt: skip
    for key in ("k0", "k1"):
        with pytest.raises(MolamError):
            api.request(
                "POST", "/v1/x", json={"a": "canary"}, params={"q": "canary"}, idempotency_key=key,
                extra_headers={"X-A": "canary"},
            )  # fmt: skip
    api, _ = shop.api((404, '{"error": {"message": "canary"}}', {}), journal=journal)
    rows = api.recover()
    assert [row.path for row in rows] == ["/v1/x"] * 2
    assert "canary" not in repr(rows)
    disk = b"".join(file.read_bytes() for file in shop.path.parent.iterdir() if file.is_file())
    assert b"canary" not in disk
    api, recorder = shop.api((200, '{"a": 1}', {}), journal=journal)
    assert [row.outcome for row in api.recover()] == ["settled"] * 2
    assert all(sent["url"].endswith("/v1/x?q=canary") for sent in recorder.sent)
    assert json.dumps(recorder.sent[0]["json"]) == '{"a": "canary"}'


# A run that made several calls -------------------------------------------------------------------

PAID = (201, '{"id": "po_1"}', {})
REFUSED = (404, OWN, {})


@pytest.mark.parametrize(
    ("answers", "again"),
    [
        ([REFUSED], True),  # nothing was done: the key may be used a day later
        ([NetworkError("x", delivery="not_sent"), REFUSED], True),
        ([PAID, REFUSED], False),
        ([PAID, NetworkError("x", delivery="not_sent")], False),
        ([NetworkError("reset"), REFUSED], False),
        ([(404, HTML, {}), REFUSED], False),  # a stranger's word
        ([(404, HTML, {})], False),
        ([(503, "", {})], False),
    ],
)
def test_a_run_is_of_unknown_fate_as_long_as_one_of_its_calls_is(
    make_api: Any, path: Path, clock: Any, answers: list[Any], again: bool
) -> None:
    store = IdempotencyStore(f"sqlite:///{path}", clock=lambda: clock.now().timestamp())
    api = make_api(Recorder(*answers), max_retries=0)

    def work() -> Any:
        for left in reversed(range(len(answers))):
            try:
                made = api.create_payout(*PAYOUT, idempotency_key="k")
            except MolamError:
                if not left:
                    raise
        return made

    with store:
        with pytest.raises(MolamError):
            store.run("k", "settle", work)
        clock.pass_time(25 * HOUR)
        if again:
            assert store.run("k", "settle", lambda: {"done": 1}) == {"done": 1}
        else:
            with pytest.raises(IdempotencyKeyExpiredError):
                store.run("k", "settle", lambda: pytest.fail("paid again"))


async def test_an_async_run_counts_the_calls_of_its_tasks(path: Path, clock: Any) -> None:
    url = f"sqlite:///{path}"
    config = Config(api_key="sk_test_1", api_base="http://localhost:9", max_retries=0)
    adapter = support.AsyncRecorder(Recorder(PAID, REFUSED))
    async with (
        AsyncIdempotencyStore(url, clock=lambda: clock.now().timestamp()) as store,
        MolamAsyncClient(config, adapter) as client,
    ):

        async def work() -> Any:
            pay = [client.create_payout(*PAYOUT, idempotency_key="k") for _ in range(2)]
            return await asyncio.gather(*pay)

        with pytest.raises(MolamError):
            await store.run("k", "settle", work)
        clock.pass_time(25 * HOUR)
        with pytest.raises(IdempotencyKeyExpiredError):
            await store.run("k", "settle", work)


def test_a_call_that_work_left_behind_in_a_thread_counts(path: Path, clock: Any) -> None:
    config = Config(api_key="sk_test_1", api_base="http://localhost:9", max_retries=0)
    entered, leave = threading.Event(), threading.Event()

    def slow(_: Any) -> Any:
        entered.set()
        leave.wait(20)
        return PAID

    store = IdempotencyStore(f"sqlite:///{path}", clock=lambda: clock.now().timestamp())
    behind = MolamClient(config, Recorder(slow))
    thread = threading.Thread(
        target=lambda: behind.create_payout(*PAYOUT, idempotency_key="k"), daemon=True
    )

    def work() -> Any:
        thread.start()
        assert entered.wait(20)
        return MolamClient(config, Recorder(REFUSED)).create_payout(*PAYOUT, idempotency_key="k")

    with store, pytest.raises(MolamError):
        store.run("k", "settle", work)
    leave.set()
    thread.join()
    clock.pass_time(25 * HOUR)
    with pytest.raises(IdempotencyKeyExpiredError):
        store.run("k", "settle", lambda: pytest.fail("paid again"))
    store.close()
