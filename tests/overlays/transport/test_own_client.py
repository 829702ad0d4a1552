"""A client of one's own: its hooks, transports and subclasses may read and raise.

One table for the blocking and the async half. What hooks do is written once, as a blocking function
of the request or the response; `Own` turns it into whichever the client takes.
"""

from __future__ import annotations

import gzip
import importlib
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx
import pytest

from molam_overlays.errors import MolamError, NetworkError
from molam_overlays.store.migrate import migrate
from molam_overlays.transport.adapter import ForeignError
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request, Response
from molam_sdk import Config, MolamAsyncClient, MolamClient

BODY = b'{"id":"pi_1","status":"succeeded"}'
DECLINED = (
    b'{"error":{"type":"card_error","code":"card_declined","message":"The card was declined"}}'
)
MIGRATIONS = Path(__file__).parents[3] / "migrations"
SCRIPTS = {
    path.relative_to(MIGRATIONS).as_posix(): path.read_text(encoding="utf-8")
    for path in MIGRATIONS.rglob("*.sql")
}


needs_httpx2 = pytest.mark.skipif(find_spec("httpx2") is None, reason="needs Python 3.11")


class Own:
    """A client of one's own behind an adapter, called like a blocking one whatever it is."""

    def __init__(self, flavour: str, stack: ExitStack) -> None:
        self.flavour, _, name = flavour.partition("-")
        self.http: Any = importlib.import_module(name or "httpx")
        self.asynchronous = self.flavour != "sync"
        self.run: Callable[..., Any] = lambda function, *args: function(*args)
        if self.asynchronous:
            self.run = stack.enter_context(
                anyio.from_thread.start_blocking_portal(self.flavour)
            ).call
        self.plain: Any = self.http.AsyncClient if self.asynchronous else self.http.Client
        self._stack = stack

    def error(self, error: Exception) -> Exception:
        """Return one of httpx as the client's own library would raise it."""
        if not type(error).__module__.startswith("httpx"):
            return error
        cls = getattr(self.http, type(error).__name__)
        return cls() if isinstance(error, httpx.StreamError) else cls(str(error))  # type: ignore[no-any-return]

    def client(self, cls: Any = None, **arguments: Any) -> Any:
        client = (cls or self.plain)(**arguments)
        self._stack.callback(self.run, client.aclose if self.asynchronous else client.close)
        return client

    def hooked(self, **hooks: Callable[[Any], object]) -> Any:
        return self.client(event_hooks={when: [self.hook(what)] for when, what in hooks.items()})

    def hook(self, what: Callable[[Any], object]) -> Callable[[Any], object]:
        if not self.asynchronous:
            return what

        async def hook(subject: Any) -> None:
            if what in READS:
                await READS[what](subject)
            else:
                what(subject)

        return hook

    def post(self, client: Any, url: str, timeout: float = 10, **arguments: Any) -> Response:
        request = Request("POST", url, {"Idempotency-Key": "k"}, b'{"a":1}', None, timeout)
        response: Response = self.run(self.adapter(client, **arguments).exchange, request)
        return response

    def adapter(self, client: Any, **arguments: Any) -> Any:
        made: Any = AsyncHttpxAdapter if self.asynchronous else HttpxAdapter
        adapter = made(client, **arguments)
        self._stack.callback(self.run, adapter.aclose if self.asynchronous else adapter.close)
        return adapter


@pytest.fixture(
    params=[
        *("sync", "asyncio", "trio"),
        *(pytest.param(f"{each}-httpx2", marks=needs_httpx2) for each in ("sync", "asyncio")),
    ]
)
def own(request: pytest.FixtureRequest) -> Iterator[Own]:
    with ExitStack() as stack:
        yield Own(request.param, stack)


# What hooks do. The async form stands beside those that read.


def read_all(response: httpx.Response) -> None:
    response.read()


async def aread_all(response: httpx.Response) -> None:
    await response.aread()


def read_some(response: httpx.Response) -> None:
    for _ in response.iter_raw():
        break


async def aread_some(response: httpx.Response) -> None:
    chunks = response.aiter_raw()
    await anext(chunks, None)  # type: ignore[call-overload]
    await chunks.aclose()  # type: ignore[attr-defined]


def close(response: httpx.Response) -> None:
    response.close()


async def aclose(response: httpx.Response) -> None:
    await response.aclose()


def read_and_look(response: httpx.Response) -> None:
    response.read()
    assert response.request.content == b'{"a":1}'
    assert response.text
    assert response.elapsed.total_seconds() >= 0


async def aread_and_look(response: httpx.Response) -> None:
    await response.aread()
    assert response.request.content == b'{"a":1}'
    assert response.text
    assert response.elapsed.total_seconds() >= 0


def read_and_swallow(response: httpx.Response) -> None:
    with suppress(Exception):
        response.read()


async def aread_and_swallow(response: httpx.Response) -> None:
    with suppress(Exception):
        await response.aread()


READS: dict[Any, Any] = {
    read_all: aread_all,
    read_some: aread_some,
    close: aclose,
    read_and_look: aread_and_look,
    read_and_swallow: aread_and_swallow,
}


@pytest.mark.parametrize("what", [read_all, read_some, close, read_and_look, read_and_swallow])
@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("ok", 200, BODY),
        ("chunked", 200, BODY),
        ("gzipped", 200, BODY),
        ("gzipped-twice", 200, BODY),
        ("deflated", 200, BODY),
        ("last", 200, BODY),
        ("declined", 402, DECLINED),
        ("redirect", 307, b""),
        ("empty", 204, b""),
        ("declined-and-short", 402, b'{"error":'),
    ],
)
def test_a_response_hook_may_read_and_the_answer_is_told_all_the_same(
    server: Any, own: Own, what: Any, path: str, status: int, content: bytes
) -> None:
    if own.http is not httpx and what not in (read_all, read_some, read_and_look):
        pytest.skip("what reads are made of is the same code in both libraries")
    if what is read_and_look and not content:
        pytest.skip("there is no text")
    if path == "declined-and-short":
        what = read_and_swallow
    answer = own.post(own.hooked(response=what), f"{server.url}/{path}")
    assert (answer.status, answer.content) == (status, content)
    assert len(server.seen) == 1


@pytest.mark.parametrize("what", [read_all, read_and_swallow, read_some])
@pytest.mark.parametrize(
    "path",
    ["short", "short-chunked", "bad-gzip", "half-gzip", "bomb", "brotli", "stall-in-body", "large"],
)
def test_a_fault_of_the_wire_is_one_also_where_a_hook_meets_it(
    server: Any, own: Own, what: Any, path: str
) -> None:
    timeout = 0.3 if "stall" in path else 10
    with pytest.raises(MolamError) as caught:
        own.post(
            own.hooked(response=what), f"{server.url}/{path}", timeout, max_response_bytes=100_000
        )
    assert caught.value.delivery == "maybe_processed"
    assert len(server.seen) == 1


def look(request: httpx.Request) -> None:
    assert request.content == b'{"a":1}'
    assert request.read() == b'{"a":1}'
    request.headers["X-Trace"] = "t"


def test_a_request_hook_may_read_and_add(server: Any, own: Own) -> None:
    async def alook(request: httpx.Request) -> None:
        assert request.content == b'{"a":1}'
        assert await request.aread() == b'{"a":1}'
        request.headers["X-Trace"] = "t"

    READS[look] = alook
    assert own.post(own.hooked(request=look), f"{server.url}/ok").content == BODY
    (seen,) = server.seen
    assert (seen.body, seen.header("X-Trace")) == (b'{"a":1}', ["t"])


class Bug(Exception):
    pass


def raising(error: Exception) -> Callable[[Any], None]:
    def hook(_: Any) -> None:
        raise error

    return hook


THROWN = [
    Bug("x"),
    ValueError("x"),
    httpx.ConnectError("to the audit log"),
    httpx.ReadTimeout("of the audit log"),
    OSError("disk full"),
    TimeoutError("of the audit log"),
    NetworkError("of another client of ours", delivery="not_sent"),
]


@pytest.mark.parametrize("when", ["request", "response"])
@pytest.mark.parametrize("error", THROWN, ids=lambda error: type(error).__name__)
def test_what_a_hook_raises_is_not_taken_for_a_fault_of_the_wire(
    server: Any, own: Own, when: str, error: Exception
) -> None:
    error = own.error(error)
    with pytest.raises(ForeignError) as caught:
        own.post(own.hooked(**{when: raising(error)}), f"{server.url}/ok")
    assert caught.value.error is error
    assert len(server.seen) == (when == "response")
    told = caught.value.answer
    assert isinstance(told, MolamError) is (when == "request")
    assert told is None or told.delivery == "not_sent"  # type: ignore[union-attr]


@pytest.mark.parametrize("path", ["declined", "declined-chunked"])
def test_the_apis_refusal_is_known_although_a_hook_raised(server: Any, own: Own, path: str) -> None:
    client = own.hooked(response=lambda response: response.raise_for_status() and None)
    with pytest.raises(ForeignError) as caught:
        own.post(client, f"{server.url}/{path}")
    assert isinstance(caught.value.error, own.http.HTTPStatusError)
    told = caught.value.answer
    assert isinstance(told, Response)
    assert (told.status, told.content) == (402, DECLINED)
    # And the connection was read to its end: it serves again.
    assert own.post(own.client(), f"{server.url}/ok").content == BODY


def test_send_of_the_adapter_raises_what_the_hook_raised(server: Any, own: Own) -> None:
    client = own.hooked(response=raising(Bug("x")))
    adapter = own.adapter(client)
    with pytest.raises(Bug):
        own.run(lambda: adapter.send(method="POST", url=f"{server.url}/ok", headers={}))


def sending(own: Own, after: Callable[[httpx.Response], object]) -> Any:
    """Return a subclass whose `send` does something with the answer."""
    if own.asynchronous:

        class AsyncSending(own.plain):
            async def send(self, request: httpx.Request, **arguments: Any) -> httpx.Response:
                response = await super().send(request, **arguments)
                await READS[after](response) if after in READS else after(response)
                return response

        return AsyncSending

    class Sending(own.plain):
        def send(self, request: httpx.Request, **arguments: Any) -> httpx.Response:
            response = super().send(request, **arguments)
            after(response)
            return response

    return Sending


@pytest.mark.parametrize("path", ["ok", "chunked", "gzipped", "last"])
@pytest.mark.parametrize("what", [read_all, read_and_look])
def test_a_subclass_may_read_the_answer(server: Any, own: Own, path: str, what: Any) -> None:
    client = own.client(sending(own, what))
    assert own.post(client, f"{server.url}/{path}").content == BODY
    assert len(server.seen) == 1


@pytest.mark.parametrize("what", [read_some, close])
def test_a_subclass_that_keeps_no_body_is_told_so_and_nothing_is_repeated(
    server: Any, own: Own, what: Any
) -> None:
    if own.flavour == "trio" and what is read_some:
        pytest.skip("httpx's own generator stops in the middle, which trio warns about")
    with pytest.raises(NetworkError, match="did not keep it") as caught:
        own.post(own.client(sending(own, what)), f"{server.url}/chunked")
    assert (caught.value.delivery, caught.value.repeatable) == ("maybe_processed", False)


@pytest.mark.parametrize(
    "error",
    [Bug("x"), ValueError("x"), httpx.InvalidURL("x"), NetworkError("x"), httpx.StreamConsumed()],
    ids=lambda error: type(error).__name__,
)
def test_what_a_subclass_raises_reaches_the_caller(server: Any, own: Own, error: Exception) -> None:
    error = own.error(error)
    with pytest.raises(ForeignError) as caught:
        own.post(own.client(sending(own, raising(error))), f"{server.url}/ok")
    assert caught.value.error is error


def closing(own: Own, times: int) -> Any:
    """Return a subclass that sends so many times, is closed, and sends once more."""
    if own.asynchronous:

        class AsyncClosing(own.plain):
            async def send(self, request: httpx.Request, **arguments: Any) -> httpx.Response:
                for _ in range(times):
                    await (await super().send(request, **arguments)).aread()
                await self.aclose()
                return await super().send(request, **arguments)

        return AsyncClosing

    class Closing(own.plain):
        def send(self, request: httpx.Request, **arguments: Any) -> httpx.Response:
            for _ in range(times):
                super().send(request, **arguments).read()
            self.close()
            return super().send(request, **arguments)

    return Closing


@pytest.mark.parametrize(("times", "delivery"), [(0, "not_sent"), (1, "maybe_processed")])
def test_a_client_that_is_closed_meanwhile_takes_back_nothing_that_had_left(
    server: Any, own: Own, times: int, delivery: str
) -> None:
    with pytest.raises(MolamError) as caught:
        own.post(own.client(closing(own, times)), f"{server.url}/ok")
    assert caught.value.delivery == delivery
    assert len(server.seen) == times


@pytest.mark.parametrize("error", [Bug("x"), RuntimeError("x"), NetworkError("x")])
def test_what_a_hook_raises_that_closed_its_client_reaches_the_caller(
    server: Any, own: Own, error: Exception
) -> None:
    client = own.client(sending(own, lambda _: None))

    def close_and_raise(_: object) -> None:
        client.close()
        raise error

    async def aclose_and_raise(_: object) -> None:
        await client.aclose()
        raise error

    hook = aclose_and_raise if own.asynchronous else close_and_raise
    client.event_hooks = {"response": [hook]}
    with pytest.raises(ForeignError) as caught:
        own.post(client, f"{server.url}/ok")
    assert caught.value.error is error


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), OSError("x"), httpx.PoolTimeout("x")])
def test_a_transport_error_of_a_subclass_never_says_that_nothing_was_sent_when_it_was(
    server: Any, own: Own, error: Exception
) -> None:
    error = own.error(error)
    with pytest.raises(MolamError) as caught:
        own.post(own.client(sending(own, raising(error))), f"{server.url}/ok")
    assert caught.value.delivery == "maybe_processed"


@pytest.mark.parametrize("error", THROWN, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("when", ["request", "response"])
def test_hooks_of_a_subclass_that_sends_otherwise_are_told_apart_as_well(
    server: Any, own: Own, when: str, error: Exception
) -> None:
    error = own.error(error)
    hooks = {when: [own.hook(raising(error))]}
    client = own.client(sending(own, lambda _: None), event_hooks=hooks)
    with pytest.raises(ForeignError) as caught:
        own.post(client, f"{server.url}/ok")
    assert caught.value.error is error


def transporting(own: Own, what: Any) -> Any:
    """Return a transport of one's own that does something with the answer."""
    if own.asynchronous:

        class AsyncTransport(own.http.AsyncHTTPTransport):  # type: ignore[misc,name-defined]
            async def handle_async_request(self, request: Any) -> Any:
                response = await super().handle_async_request(request)
                await READS[what](response) if what in READS else what(response)
                return response

        return AsyncTransport()

    class Transport(own.http.HTTPTransport):  # type: ignore[misc,name-defined]
        def handle_request(self, request: Any) -> Any:
            response = super().handle_request(request)
            what(response)
            return response

    return Transport()


@pytest.mark.parametrize("hooked", [False, True])
@pytest.mark.parametrize("path", ["ok", "chunked", "gzipped", "last"])
def test_a_transport_may_read_the_answer(server: Any, own: Own, path: str, hooked: bool) -> None:
    transport = transporting(own, read_all)
    hooks = {"response": [own.hook(read_all)]} if hooked else {}
    client = own.client(transport=transport, event_hooks=hooks)
    assert own.post(client, f"{server.url}/{path}").content == BODY
    assert len(server.seen) == 1


def test_what_a_transport_raises_reaches_the_caller(server: Any, own: Own) -> None:
    transport = transporting(own, raising(Bug("x")))
    with pytest.raises(ForeignError) as caught:
        own.post(own.client(transport=transport), f"{server.url}/ok")
    assert isinstance(caught.value.error, Bug)


@pytest.mark.parametrize("hooked", [False, True])
def test_a_mock_transport_answers(own: Own, hooked: bool) -> None:
    def answer(request: Any) -> Any:
        assert request.content == b'{"a":1}'
        fields = {"Content-Encoding": "gzip"}
        return own.http.Response(200, content=gzip.compress(BODY), headers=fields)

    hooks = {"response": [own.hook(read_all)]} if hooked else {}
    client = own.client(transport=own.http.MockTransport(answer), event_hooks=hooks)
    assert own.post(client, "https://api.molam.test/x").content == BODY


def test_an_auth_flow_of_a_subclass_may_read_both(server: Any, own: Own) -> None:
    class Signed(own.http.Auth):  # type: ignore[misc,name-defined]
        requires_request_body = requires_response_body = True

        def auth_flow(self, request: httpx.Request) -> Any:
            request.headers["X-Length"] = str(len(request.content))
            response = yield request
            assert response.content == BODY

    class Async(own.plain):
        async def send(self, request: httpx.Request, **arguments: Any) -> httpx.Response:
            return await super().send(request, **{**arguments, "auth": Signed()})

    class Sync(own.plain):
        def send(self, request: httpx.Request, **arguments: Any) -> httpx.Response:
            return super().send(request, **{**arguments, "auth": Signed()})

    client = own.client(Async if own.asynchronous else Sync)
    assert own.post(client, f"{server.url}/ok").content == BODY
    assert [seen.header("X-Length") for seen in server.seen] == [["7"]]


def test_a_subclass_that_sends_as_usual_is_not_gone_through(server: Any, own: Own) -> None:
    class Named(own.plain):  # type: ignore[misc,name-defined]
        def build_request(self, *args: Any, **arguments: Any) -> Any:
            raise AssertionError

    assert own.post(own.client(Named), f"{server.url}/ok").content == BODY


@pytest.mark.parametrize("hooked", [False, True])
def test_a_refused_connection_was_not_sent(own: Own, hooked: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    client = own.hooked(response=read_all) if hooked else own.client()
    with pytest.raises(NetworkError, match=f":{port}") as caught:
        own.post(client, f"http://127.0.0.1:{port}/ok")
    assert (caught.value.delivery, caught.value.repeatable) == ("not_sent", True)


@pytest.mark.parametrize("when", ["request", "response"])
def test_an_interruption_in_a_hook_passes_and_closes(server: Any, own: Own, when: str) -> None:
    def interrupt(_: Any) -> None:
        raise KeyboardInterrupt

    client = own.hooked(**{when: interrupt})
    if own.asynchronous:
        pytest.skip("it would end the event loop")
    with pytest.raises(KeyboardInterrupt):
        own.post(client, f"{server.url}/ok")
    client.event_hooks = {}
    assert own.post(client, f"{server.url}/ok").content == BODY


# The same through the clients: one request, the key in the log, and what the journal keeps.


class Shop:
    """A client with a journal, on a client of one's own that may have hooks."""

    def __init__(self, own: Own, url: str, store: str) -> None:
        self.own = own
        self.config = Config(api_key="sk_test_x", api_base=url, timeout=5)
        self.store = store

    def pay(self, client: Any) -> Any:
        made = self.client(client)
        try:
            return self.own.run(
                lambda: made.create_payment_intent(5, "USD", idempotency_key="order-1")
            )
        finally:
            self.close(made)

    def open_calls(self) -> list[Any]:
        """Return what a recovery finds open, through a client without hooks."""
        made = self.client(self.own.client())
        try:
            rows: list[Any] = self.own.run(made.recover)
            return rows
        finally:
            self.close(made)

    def client(self, client: Any) -> Any:
        adapter = self.own.adapter(client)
        made: Any = MolamAsyncClient if self.own.asynchronous else MolamClient
        return made(self.config, adapter, idempotency_store=self.store)

    def close(self, made: Any) -> None:
        self.own.run(made.aclose if self.own.asynchronous else made.close)


@pytest.fixture
def shop(server: Any, own: Own, tmp_path: Path) -> Shop:
    if own.flavour == "trio":
        pytest.skip("the stores are for asyncio")
    store = f"sqlite:///{tmp_path}/molam.db"
    migrate(store, SCRIPTS)
    return Shop(own, server.url, store)


def answering(status: int, body: bytes) -> Any:
    return lambda conversation: conversation.answer(status, body)


@pytest.mark.parametrize(
    ("status", "body", "settled"),
    [
        (402, DECLINED, True),
        (201, BODY, False),
        (500, DECLINED, False),
        (404, b"<html>of a proxy", False),
        (403, b"", False),
    ],
)
@pytest.mark.parametrize(
    "error",
    [Bug("x"), httpx.ReadTimeout("x"), NetworkError("of another call", delivery="not_sent")],
    ids=lambda error: type(error).__name__,
)
def test_a_hook_that_raises_ends_the_call_as_it_is_and_nothing_is_repeated(
    server: Any,
    own: Own,
    shop: Shop,
    status: int,
    body: bytes,
    settled: bool,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = own.error(error)
    server.act = answering(status, body)
    with pytest.raises(type(error)) as caught:
        shop.pay(own.hooked(response=raising(error)))
    assert caught.value is error
    assert getattr(error, "attempts", ()) == ()
    assert getattr(error, "delivery", "not_sent") == "not_sent"  # its own, whatever became of ours
    assert getattr(error, "idempotency_key", None) is None
    assert len(server.seen) == 1
    warned = [each for each in caplog.records if each.levelname == "WARNING"]
    assert any("order-1" in each.getMessage() for each in warned)
    server.act = answering(201, BODY)
    assert (shop.open_calls() == []) is settled


def test_what_a_request_hook_stopped_is_never_sent_later(server: Any, own: Own, shop: Shop) -> None:
    server.act = answering(201, BODY)
    with pytest.raises(Bug):
        shop.pay(own.hooked(request=raising(Bug("a limit of ours"))))
    shop.open_calls()
    assert server.seen == []


def test_raise_for_status_tells_a_decline_once(server: Any, own: Own, shop: Shop) -> None:
    server.act = answering(402, DECLINED)
    with pytest.raises(own.http.HTTPStatusError, match="402"):
        shop.pay(own.hooked(response=lambda response: response.raise_for_status() and None))
    assert len(server.seen) == 1


def test_transport_errors_are_repeated_through_hooks_that_read(
    server: Any, own: Own, shop: Shop
) -> None:
    def act(conversation: Any) -> None:
        if len(server.seen) == 1:
            conversation.reset()
        else:
            conversation.answer(201, BODY)

    server.act = act
    assert shop.pay(own.hooked(response=read_all)).id == "pi_1"
    assert len(server.seen) == 2
