"""Answers that come item by item, through every adapter, from a server that does what servers do."""

from __future__ import annotations

import contextlib
import gc
import gzip
import importlib.util
import io
import os
import signal
import sys
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import httpx
import pytest

from molam_overlays.calls.awaiting import Awaiting
from molam_overlays.calls.blocking import Blocking
from molam_overlays.calls.operation import Operation
from molam_overlays.calls.stream import AsyncStream
from molam_overlays.config import Config
from molam_overlays.errors import (
    ApiError,
    ClientClosedError,
    MolamError,
    NetworkError,
    TimeoutError,  # noqa: A004
    ValidationError,
)
from molam_overlays.message import streams
from molam_overlays.message.body import Body
from molam_overlays.message.streams import Streamed
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.fields import field
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import String
from molam_overlays.store.migrate import migrate
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter

loopback: Any = sys.modules["transport_server"]
_spec = importlib.util.spec_from_file_location(
    "transport_interruptions", Path(__file__).with_name("test_interruptions.py")
)
assert _spec is not None
assert _spec.loader is not None
interruptions: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(interruptions)

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"


class Piece(Model):
    text: str = field(String())
    at: Any = field(DateTime(), required=False)


def operation(
    media: str = SSE, method: str = "POST", keyed: bool = True, **of_item: Any
) -> Operation[Any]:
    return Operation(
        id="talk",
        method=method,
        path="/talk",
        bodies=() if method == "GET" else (Body(AnyValue(), required=False),),
        results=(Streamed(of_item.pop("item", Piece), "200", media, **of_item),),
        keyed=keyed,
    )


TALK = operation()


# A client of any kind, used in one way


class Items:
    """A stream, blocking or async, that is read like a blocking one."""

    def __init__(self, stream: Any, run: Callable[..., Any]) -> None:
        self.stream = stream
        self.run = run

    def _call(self, name: str, *given: Any) -> Any:
        name = f"a{name}" if isinstance(self.stream, AsyncStream) else name
        return self.run(getattr(self.stream, f"__{name}__"), *given)

    def __enter__(self) -> Items:  # noqa: PYI034
        self._call("enter")
        return self

    def __exit__(self, *_: object) -> None:
        self._call("exit", None, None, None)

    def __iter__(self) -> Items:
        return self

    def __next__(self) -> Any:
        try:
            return self._call("next")
        except StopAsyncIteration:
            raise StopIteration from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class Caller:
    """A client of some kind, of one connection at most where its adapter can count."""

    def __init__(self, client: Any, adapter: Any, run: Callable[..., Any], kind: str = "") -> None:
        self.client = client
        self.adapter = adapter
        self.run = run
        self.kind = kind

    def stream(self, of: Operation[Any] = TALK, **options: Any) -> Items:
        key = "molam-1" if of.keyed else None
        body = {"q": 1} if of.bodies else None
        return Items(self.client._stream(of.call(body=body), key, options), self.run)

    def held(self) -> int:
        if not hasattr(self.adapter, "_lines"):  # pyreqwest's
            return 0
        own = self.adapter._own
        lines = [self.adapter._lines] if own is None else own._lines.values()
        return sum(each.held for each in lines)


async def _nap(seconds: float) -> None:
    pass


def _call(function: Any, *given: Any) -> Any:
    return function(*given)


PYREQWEST = pytest.mark.skipif(
    importlib.util.find_spec("pyreqwest") is None, reason="needs extra speed"
)
KINDS = [
    "sync", "asyncio", "trio", "own", "own-asyncio", "own-trio", "own-hooks", "own-hooks-asyncio",
    pytest.param("pyreqwest", marks=PYREQWEST), pytest.param("pyreqwest-asyncio", marks=PYREQWEST),
]  # fmt: skip


@pytest.fixture
def server() -> Iterator[Any]:
    with loopback.Server() as running:
        yield running


def hook(_: Any) -> None:
    pass


async def ahook(_: Any) -> None:
    pass


def caller(kind: str, stack: ExitStack, url: str) -> Caller:
    loop = next((one for one in ("asyncio", "trio") if kind.endswith(one)), "")
    run: Callable[..., Any] = _call
    if loop:
        run = stack.enter_context(anyio.from_thread.start_blocking_portal(loop)).call
    config = Config(api_key="sk_test_canary", api_base=url, timeout=10)
    adapter: Any
    if kind.startswith("pyreqwest"):
        from molam_overlays.transport import pyreqwest

        adapter = (pyreqwest.AsyncPyreqwestAdapter if loop else pyreqwest.PyreqwestAdapter)()
    elif kind.startswith("own"):
        hooks: Any = {"response": [ahook if loop else hook]} if "hooks" in kind else {}
        if loop:
            aclient = httpx.AsyncClient(event_hooks=hooks)
            stack.callback(run, aclient.aclose)
            adapter = AsyncHttpxAdapter(aclient)
        else:
            adapter = HttpxAdapter(stack.enter_context(httpx.Client(event_hooks=hooks)))
    else:
        adapter = (AsyncHttpxAdapter if loop else HttpxAdapter)(max_connections=1)
    client: Any
    if loop:
        client = Awaiting(config, adapter, sleep=_nap)
        stack.callback(run, client.aclose)
    else:
        client = Blocking(config, adapter, sleep=lambda _: None)
        stack.callback(client.close)
    return Caller(client, adapter, run, kind)


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, server: Any) -> Iterator[Caller]:
    with ExitStack() as stack:
        yield caller(request.param, stack, server.url)


def broken(kind: type[Exception], stream: Items, match: str | None = None) -> tuple[list[str], Any]:
    """Return what comes before a stream raises, and the error."""
    came: list[str] = []
    with pytest.raises(kind, match=match) as caught:
        read(stream, came)
    return came, caught.value


def read(stream: Items, came: list[str]) -> list[str]:
    with stream as items:
        for item in items:
            came.append(item.text)
    return came


# What the server sends

HEAD = (
    b"HTTP/1.1 200 OK\r\nX-Request-Id: req_1\r\nTransfer-Encoding: chunked\r\nContent-Type: %s\r\n"
)


def head(media: str = SSE, *fields: bytes) -> bytes:
    return HEAD % media.encode() + b"".join(one + b"\r\n" for one in fields) + b"\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


END = b"0\r\n\r\n"
ONE, TWO = b'data: {"text": "one"}\n\n', b'data: {"text": "two"}\n\n'


def sends(*parts: bytes, media: str = SSE, then: bytes = END) -> Callable[[Any], None]:
    def act(c: Any) -> None:
        c.write(head(media) + b"".join(map(chunk, parts)) + then)
        if not then:
            c.hang_up()

    return act


def test_items_come_typed_and_as_soon_as_they_are_there(client: Caller, server: Any) -> None:
    heard = threading.Event()

    def act(c: Any) -> None:
        c.write(head() + chunk(b'event: piece\nid: 7\ndata: {"text": "one",\n'))
        c.write(chunk(b'data: "at": "2026-01-02T03:04:05Z"}\n\n'))
        assert heard.wait(10)
        c.write(chunk(TWO) + END)

    server.act = act
    with client.stream() as items:
        first = next(items)
        assert (first.text, first.at.year) == ("one", 2026)
        assert (items.event, items.last_event_id) == ("piece", "7")
        heard.set()
        assert next(items).text == "two"
        assert (items.event, items.last_event_id, items.done) == (None, "7", False)
        assert next(items, "end") == "end"
        assert next(items, "end") == "end"
        assert items.response.request_id == "req_1"
        assert items.response.idempotency_key == "molam-1"
        assert first.response.status == 200
    (seen,) = server.seen
    assert seen.header("Accept") == ["text/event-stream, application/json"]
    assert seen.header("Idempotency-Key") == ["molam-1"]
    assert client.held() == 0


def test_a_stream_that_was_read_to_its_end_leaves_its_connection(
    client: Caller, server: Any
) -> None:
    server.act = sends(ONE)
    for _ in range(3):
        with client.stream() as items:
            assert [item.text for item in items] == ["one"]
    assert server.connections == 1


def test_leaving_early_closes_the_connection_and_leaks_no_slot(client: Caller, server: Any) -> None:
    def act(c: Any) -> None:
        c.write(head() + chunk(ONE))
        if len(server.seen) < 3:
            with contextlib.suppress(OSError):
                left.append(c.sock.recv(1))
            c.hang_up()
        c.write(END)

    left: list[bytes] = []
    server.act = act
    for _ in range(2):
        with client.stream() as items:
            next(items)
            assert client.held() == (not client.kind.startswith("pyreqwest"))
        assert client.held() == 0
        server.wait_until(lambda: not server.open)
    with client.stream() as items:  # the only slot there is
        assert [item.text for item in items] == ["one"]
    assert set(left) <= {b""}
    assert server.connections == 3


def test_an_api_error_is_one_as_ever(client: Caller, server: Any) -> None:
    server.act = loopback.DEEDS["declined"]
    came, error = broken(ApiError, client.stream())
    assert came == []
    assert error.code == "card_declined"
    assert error.delivery == "rejected"
    assert len(server.seen) == 1
    assert client.held() == 0


def test_until_the_first_item_the_request_is_repeated(client: Caller, server: Any) -> None:
    def act(c: Any) -> None:
        n = len(server.seen)
        if n == 1:
            c.answer(503, b"{}")
        elif n == 2:
            c.reset()
        elif n == 3:
            sends(b": a comment is no item\n\n", then=b"")(c)
        else:
            sends(ONE)(c)

    server.act = act
    with client.stream() as items:
        assert [item.text for item in items] == ["one"]
    assert len(items.response.attempts) == 4
    assert {seen.header("Idempotency-Key")[0] for seen in server.seen} == {"molam-1"}


def test_after_the_first_item_nothing_is_repeated_and_the_error_tells(
    client: Caller, server: Any
) -> None:
    server.act = sends(ONE, TWO, then=b"")
    came, error = broken(NetworkError, client.stream())
    assert came == ["one", "two"]
    assert "talk broke off after 2 items" in str(error)
    assert error.delivery == "maybe_processed"
    assert error.idempotency_key == "molam-1"
    assert [each.status for each in error.attempts] == [200]
    assert len(server.seen) == 1
    assert client.held() == 0
    server.act = sends(ONE)
    again = client.run(error.aresume if isinstance(client.client, Awaiting) else error.resume)
    with Items(again, client.run) as items:
        assert next(items).text == "one"
    assert server.seen[-1].header("Idempotency-Key") == ["molam-1"]


def test_what_cannot_be_repeated_is_not(client: Caller, server: Any) -> None:
    server.act = sends(b": nothing\n\n", then=b"")
    _, error = broken(NetworkError, client.stream(operation(keyed=False)))
    assert error.delivery == "maybe_processed"
    assert len(server.seen) == 1


def test_the_timeout_bounds_the_first_byte(client: Caller, server: Any) -> None:
    server.act = loopback.DEEDS["stall"]
    _, error = broken(TimeoutError, client.stream(timeout=0.2, max_retries=0))
    assert error.delivery == "maybe_processed"
    assert client.held() == 0


def test_the_timeout_bounds_each_gap_and_not_the_whole(client: Caller, server: Any) -> None:
    def act(c: Any) -> None:
        c.write(head())
        for _ in range(8):
            c.write(chunk(ONE))
            if c.closing.wait(0.1):
                return
        c.closing.wait()

    server.act = act
    came, error = broken(TimeoutError, client.stream(timeout=0.5, max_retries=0))
    assert came == ["one"] * 8
    assert "broke off after 8 items" in str(error)
    assert error.delivery == "maybe_processed"
    assert client.held() == 0


def test_an_item_has_a_limit(client: Caller, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "ITEM_LIMIT", 1000)
    server.act = sends(*[b'data: {"text": "%s"}\n\n' % (b"x" * 900)] * 3, b"data: " + b"x" * 1001)
    came, error = broken(NetworkError, client.stream(), "larger than 1000 bytes")
    assert len(came) == 3
    assert "x" * 20 not in str(error)
    assert client.held() == 0


def test_an_item_that_is_no_json_ends_the_stream(client: Caller, server: Any) -> None:
    server.act = sends(ONE, b"data: secret\n\n", TWO)
    came, error = broken(NetworkError, client.stream(), "An item of it is not JSON")
    assert came == ["one"]
    assert "secret" not in str(error)


def test_a_stream_without_items_is_empty(client: Caller, server: Any) -> None:
    server.act = sends(b": nothing\n\nretry: 3000\n\n")
    with client.stream() as items:
        assert list(items) == []
        assert items.retry == 3000
    server.act = loopback.DEEDS["empty"]
    with client.stream() as items:
        assert list(items) == []
        assert items.response.status == 204


def test_compressed_streams_are_read_as_they_come(client: Caller, server: Any) -> None:
    heard = threading.Event()
    coder = zlib.compressobj(wbits=31)

    def act(c: Any) -> None:
        c.write(head(SSE, b"Content-Encoding: gzip"))
        c.write(chunk(coder.compress(ONE) + coder.flush(zlib.Z_SYNC_FLUSH)))
        assert heard.wait(10)
        c.write(chunk(coder.compress(TWO) + coder.flush()) + END)

    server.act = act
    with client.stream() as items:
        assert next(items).text == "one"
        heard.set()
        assert next(items).text == "two"
        assert list(items) == []


def test_a_compressed_stream_that_is_cut_is_told(client: Caller, server: Any) -> None:
    def act(c: Any) -> None:
        c.write(head(SSE, b"Content-Encoding: gzip") + chunk(gzip.compress(ONE)[:-9]) + END)

    server.act = act
    came, _ = broken(NetworkError, client.stream(), "middle of its compressed body")
    assert came == ["one"]


def test_what_is_no_stream_is_told_and_not_repeated(client: Caller, server: Any) -> None:
    server.act = lambda c: c.answer(200, b'{"id": 1}', "Content-Type: application/json")
    _, error = broken(NetworkError, client.stream(), "'application/json' and no stream")
    assert error.delivery == "maybe_processed"
    assert len(server.seen) == 1


def test_json_lines_and_sequences_are_streams_too(client: Caller, server: Any) -> None:
    server.act = sends(
        b'{"text": "one"}\n\n{"te', b'xt": "two"}\r\n{"text": "three"}', media=NDJSON
    )
    with client.stream(operation(NDJSON)) as items:
        assert [item.text for item in items] == ["one", "two", "three"]
    media = "application/json-seq"
    server.act = sends(b'\x1e{"text": "one"}\n\x1e{\n"text":', b' "two"}\n', media=media)
    with client.stream(operation(media)) as items:
        assert [item.text for item in items] == ["one", "two"]


def test_the_sentinel_ends_a_stream_and_is_no_item(client: Caller, server: Any) -> None:
    def act(c: Any) -> None:
        c.write(head() + chunk(ONE) + chunk(b"data: [DONE]\n\n"))
        c.closing.wait()  # whoever waits for the end of the connection waits in vain

    server.act = act
    with client.stream(timeout=5) as items:
        assert next(items).text == "one"
        assert list(items) == []
        assert items.done
    assert client.held() == 0


def test_options_that_mean_nothing_are_refused(client: Caller) -> None:
    broken(ValidationError, client.stream(into=io.BytesIO()), "returns no file")


def test_a_stream_is_read_in_its_block_and_once(client: Caller, server: Any) -> None:
    server.act = sends(ONE, TWO)
    items = client.stream()
    with pytest.raises(MolamError, match="before the block begins"):
        next(items)
    assert server.seen == []
    with items:
        next(items)
    with pytest.raises(ClientClosedError, match="is closed"):
        next(items)
    with pytest.raises(MolamError, match="was read already"), items:
        pass


def test_a_closed_client_says_so(client: Caller, server: Any) -> None:
    client.run(getattr(client.client, "aclose", None) or client.client.close)
    broken(ClientClosedError, client.stream())
    assert server.seen == []


# Cancellation, signals, forks


@pytest.mark.parametrize("kind", ["asyncio", "trio", "own-asyncio", "own-hooks-asyncio"])
def test_a_stream_may_be_cancelled_while_it_waits(kind: str, server: Any) -> None:
    def act(c: Any) -> None:
        if len(server.seen) > 1:
            sends(ONE)(c)
            return
        c.write(head() + chunk(ONE))
        c.closing.wait()

    server.act = act

    async def use(client: Caller) -> tuple[bool, int, list[str]]:
        stream = client.stream().stream
        with anyio.move_on_after(0.2) as scope:
            async with stream as items:
                async for _ in items:
                    pass
        held = client.held()
        async with client.stream().stream as items:
            return scope.cancelled_caught, held, [item.text async for item in items]

    with ExitStack() as stack:
        client = caller(kind, stack, server.url)
        assert client.run(use, client) == (True, 0, ["one"])


@pytest.mark.parametrize("kind", ["asyncio", "trio", "own-asyncio"])
def test_a_stream_may_be_cancelled_before_its_head(kind: str, server: Any) -> None:
    server.act = lambda c: c.closing.wait() if len(server.seen) == 1 else sends(ONE)(c)

    async def use(client: Caller) -> tuple[bool, int, list[str]]:
        with anyio.move_on_after(0.2) as scope:
            async with client.stream().stream:
                pass
        held = client.held()
        async with client.stream().stream as items:
            return scope.cancelled_caught, held, [item.text async for item in items]

    with ExitStack() as stack:
        client = caller(kind, stack, server.url)
        assert client.run(use, client) == (True, 0, ["one"])


@pytest.mark.parametrize("kind", ["sync", "own", "own-hooks"])
def test_a_signal_handler_may_end_a_stream(kind: str, server: Any) -> None:
    class Struck(Exception):
        pass

    def strike(*_: object) -> None:
        raise Struck

    def act(c: Any) -> None:
        if len(server.seen) > 1:
            sends(ONE)(c)
            return
        c.write(head() + chunk(ONE))
        os.kill(os.getpid(), signal.SIGALRM)
        c.closing.wait()

    server.act = act
    before = signal.signal(signal.SIGALRM, strike)
    try:
        with ExitStack() as stack:
            client = caller(kind, stack, server.url)
            with pytest.raises(Struck), client.stream() as items:
                for _ in items:
                    pass
            assert client.held() == 0
            with client.stream() as items:
                assert [item.text for item in items] == ["one"]
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("early", [False, True])
def test_a_stream_struck_down_anywhere_takes_no_slot_along(server: Any, early: bool) -> None:
    where = str(Path(streams.__file__).parents[1])
    server.act = sends(ONE, TWO)

    def use(client: Caller) -> None:
        with client.stream(max_retries=0) as items:
            next(items)
            if not early:
                read_on(items)

    def read_on(items: Items) -> None:
        assert [item.text for item in items] == ["two"]

    for step in range(0, 100_000, 41):
        with ExitStack() as stack:
            client = caller("sync", stack, server.url)
            ended = not interruptions.strike_at(step, lambda: use(client), where)  # noqa: B023
            with client.stream(timeout=5) as items:
                assert [item.text for item in items] == ["one", "two"]
            assert client.held() == 0
        if ended:
            break
    with warnings.catch_warnings():  # or a test that comes later has to answer for it
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert step > 2000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("kind", ["sync", "own"])
def test_the_child_of_a_fork_takes_nothing_of_a_stream(kind: str, server: Any) -> None:
    heard = threading.Event()

    def act(c: Any) -> None:
        c.write(head() + chunk(ONE))
        heard.wait(10)
        c.write(chunk(TWO) + END)

    server.act = act
    with ExitStack() as stack:
        client = caller(kind, stack, server.url)
        with client.stream() as items:
            assert next(items).text == "one"
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                try:
                    told = str(next(items))
                except BaseException as error:
                    told = f"{type(error).__name__}: {error}"
                items.stream.close()
                os.write(writing, told.encode())
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading, "rb") as pipe:
                told = pipe.read().decode()
            assert os.waitpid(child, 0)[1] == 0
            assert "opened before fork()" in told
            heard.set()
            assert [item.text for item in items] == ["two"]


# The journal


@pytest.mark.parametrize("media", [SSE, NDJSON])
def test_a_stream_that_a_crash_left_open_is_settled_by_a_recovery(
    server: Any, tmp_path: Path, media: str
) -> None:
    server.act = loopback.DEEDS["reset"]
    config = Config(api_key="sk_test_1", api_base=server.url)
    store = f"sqlite:///{tmp_path / 'store.db'}"
    scripts = Path(__file__).parents[3] / "migrations" / "sqlite"
    migrate(store, {f"sqlite/{each.name}": each.read_text() for each in scripts.glob("*.sql")})
    with Blocking(config, HttpxAdapter(), idempotency_store=store) as made:
        talk = Caller(made, None, _call).stream
        broken(NetworkError, talk(operation(media), max_retries=0))
        server.act = sends(ONE, media=media)
        (row,) = made.recover()
        assert row.outcome == "settled", row
        assert made.recover() == []
        server.act = sends(ONE, TWO)
        with talk() as items:
            next(items)
        assert made.recover() == []


# Adapters of other people


class Canned:
    """Four lines, and no stream."""

    def __init__(self, *answers: tuple[int, str, dict[str, str]]) -> None:
        self.answers = list(answers)

    def send(self, **_: Any) -> tuple[int, str, dict[str, str]]:
        return self.answers.pop(0)


class AsyncCanned(Canned):
    async def send(self, **_: Any) -> tuple[int, str, dict[str, str]]:  # type: ignore[override]
        return self.answers.pop(0)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_adapter_that_cannot_stream_reads_whole(asynchronous: bool) -> None:
    text = (ONE + TWO + b"data: [DONE]\n\n").decode()
    answers = ((503, "{}", {}), (200, text, {"content-type": f"{SSE}; charset=utf-8"}))
    config = Config(api_key="sk_test_1", api_base="http://localhost:1")
    with ExitStack() as stack:
        if asynchronous:
            run = stack.enter_context(anyio.from_thread.start_blocking_portal()).call
            made: Any = Awaiting(config, AsyncCanned(*answers), sleep=_nap)
        else:
            run = _call
            made = Blocking(config, Canned(*answers), sleep=lambda _: None)
        with Caller(made, None, run).stream() as items:
            assert [item.text for item in items] == ["one", "two"]
            assert items.done
            assert len(items.response.attempts) == 2


def test_a_subclass_that_overrides_exchange_sees_streams_as_well(server: Any) -> None:
    asked: list[str] = []

    class Logging(HttpxAdapter):
        def exchange(self, request: Any) -> Any:
            asked.append(request.method)
            return super().exchange(request)

    server.act = sends(ONE, TWO)
    config = Config(api_key="sk_test_1", api_base=server.url)
    with Blocking(config, Logging()) as made, Caller(made, None, _call).stream() as items:
        assert [item.text for item in items] == ["one", "two"]
    assert asked == ["POST"]


def test_a_hook_that_reads_the_answer_takes_nothing(server: Any) -> None:
    server.act = sends(ONE, TWO)
    config = Config(api_key="sk_test_1", api_base=server.url)
    read: list[str] = []

    def reads(answer: httpx.Response) -> None:
        read.append(answer.read().decode())

    with httpx.Client(event_hooks={"response": [reads]}) as own:
        made = Blocking(config, HttpxAdapter(own))
        with made, Caller(made, None, _call).stream() as items:
            assert [item.text for item in items] == ["one", "two"]
    assert read == [(ONE + TWO).decode()]


def test_what_ends_in_the_middle_of_an_item_is_no_end() -> None:
    config = Config(api_key="sk_test_1", api_base="http://localhost:1")
    text = f"{ONE.decode()}data: {{"
    made = Blocking(config, Canned((200, text, {"content-type": SSE})))
    came, error = broken(NetworkError, Caller(made, None, _call).stream(), "middle of an item")
    assert came == ["one"]
    assert [each.status for each in error.attempts] == [200]
