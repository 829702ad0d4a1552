"""No frame of ours holds a key, a secret or an account number when an error leaves."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import json
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from molam_overlays.frames import empty, sealed
from molam_overlays.store.migrate import migrate
from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.events import construct_event, read_event
from molam_sdk.exceptions import MolamError, NetworkError
from molam_sdk.http.adapter import AsyncHttpxAdapter, HttpxAdapter
from molam_sdk.idempotency import IdempotencyStore
from molam_sdk.models import IbanBeneficiary, Payout, PayoutList
from molam_sdk.money import Money
from molam_sdk.observe import Hooks
from molam_sdk.utils.webhook import generate_signature, verify_signature

MIGRATIONS = Path(__file__).parents[2] / "migrations"
SCRIPTS = {
    path.relative_to(MIGRATIONS).as_posix(): path.read_text(encoding="utf-8")
    for path in MIGRATIONS.rglob("*.sql")
}

_spec = importlib.util.spec_from_file_location(
    "revealing", Path(__file__).with_name("revealing.py")
)
assert _spec is not None
assert _spec.loader is not None
revealing = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = revealing
_spec.loader.exec_module(revealing)
KEY, SECRET, IBAN, PHONE = revealing.KEY, revealing.SECRET, revealing.IBAN, revealing.PHONE

BENEFICIARY = {"type": "iban", "iban": IBAN, "account_holder": "Awa"}


def revealed(do: Callable[[], object], *, may: bool = False) -> list[str]:
    """Run what must raise (or `may`), and name what its frames show."""
    try:
        do()
    except BaseException as error:
        return revealing.revealed(error, test=__name__)
    assert may, "nothing was raised"
    return []


def config(**settings: Any) -> Config:
    given = {"api_key": KEY, "webhook_secret": SECRET, "max_retries": 1, **settings}
    return Config(**given)


# The client, its arguments and its adapters -------------------------------------------------------


class Raising:
    """A user's adapter that is broken."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def send(self, method: str, url: str, headers: Any, json: Any = None, timeout: float = 10):
        raise self.error


class Odd(Mapping[str, Any]):
    """A mapping of the caller's that raises in the middle of being read."""

    def __init__(self) -> None:
        self.left = 3

    def __getitem__(self, name: str) -> Any:
        raise RuntimeError("no such thing")

    def get(self, name: str, default: Any = None) -> Any:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("gone")
        return BENEFICIARY.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(BENEFICIARY)

    def __len__(self) -> int:
        return len(BENEFICIARY)


def answering(status: int, text: str) -> Any:
    class Canned:
        def send(self, method: str, url: str, headers: Any, json: Any = None, timeout: float = 10):
            return status, text, {}

    return Canned()


ADAPTERS: dict[str, Callable[[], Any]] = {
    "an adapter with a bug": lambda: Raising(ZeroDivisionError("bug")),
    "an adapter that loses the connection": lambda: Raising(ConnectionResetError(104, "reset")),
    "an adapter that times out": lambda: Raising(TimeoutError()),
    "an adapter with our own error": lambda: Raising(NetworkError("lost")),
    "an adapter that is interrupted": lambda: Raising(KeyboardInterrupt()),
    "an adapter that returns rubbish": lambda: answering(200, 3),  # type: ignore[arg-type]
    "an answer that is not JSON": lambda: answering(201, f"not json {IBAN}"),
    "an answer cut short": lambda: answering(201, f'{{"iban": "{IBAN}'),
    "an answer of another shape": lambda: answering(201, f'["{IBAN}"]'),
    "a refusal that repeats what was sent": lambda: answering(
        422, json.dumps({"error": {"message": f"bad iban {IBAN}", "code": "x"}})
    ),
    "a failure of the server": lambda: answering(500, f"<html>{IBAN}"),
    "an answer that holds itself deep": lambda: answering(201, "[" * 5000 + f'"{IBAN}"'),
}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "": {},
    "amount": {"amount": "many"},
    "iban": {"beneficiary": {**BENEFICIARY, "iban": IBAN * 9}},
    "unknown kind": {"beneficiary": {**BENEFICIARY, "type": "cheque", "phone": PHONE, "x": 1j}},
    "account": {
        "beneficiary": {"type": "bank_account", "account_number": revealing.ACCOUNT, "bank_code": 3}
    },
    "odd mapping": {"beneficiary": Odd()},
    "holds itself": {"metadata": (lambda loop: loop.update(me=loop) or loop)({"iban": IBAN})},
    "key": {"idempotency_key": "line\nbreak"},
    "long key": {"idempotency_key": "x" * 200},
    "timeout": {"timeout": -1},
    "headers": {"extra_headers": {"X-Gateway": f"{KEY}\n"}},
    "own headers": {"extra_headers": {"Authorization": f"Bearer {KEY}"}},
}


def payout(client: Any, **changed: Any) -> Any:
    given: dict[str, Any] = {
        "origin_module": "marketplace",
        "origin_entity_id": "o_1",
        "amount": 5,
        "currency": "XOF",
        "beneficiary": dict(BENEFICIARY),
        **changed,
    }
    return client.create_payout(**given)


def both(adapter: Callable[[], Any], **changed: Any) -> dict[str, Callable[[], object]]:
    settings = changed.pop("client", {})

    def blocking() -> object:
        client = MolamClient(config(), adapter(), **settings)
        client._sleep = lambda seconds: None
        return payout(client, **changed)

    async def once() -> object:
        client = MolamAsyncClient(config(), adapter(), **settings)

        async def sleep(seconds: float) -> None: ...

        client._sleep = sleep
        return await payout(client, **changed)

    return {"blocking": blocking, "async": lambda: asyncio.run(once())}


@pytest.mark.parametrize("client", ["blocking", "async"])
@pytest.mark.parametrize("name", ADAPTERS)
def test_what_an_adapter_raises_shows_neither_key_nor_body(name: str, client: str) -> None:
    assert revealed(both(ADAPTERS[name])[client]) == []


@pytest.mark.parametrize("client", ["blocking", "async"])
@pytest.mark.parametrize("name", list(ARGUMENTS)[1:])
def test_arguments_that_are_refused_stay_with_the_caller(name: str, client: str) -> None:
    do = both(lambda: answering(200, "{}"), **ARGUMENTS[name])[client]
    assert revealed(do) == []


@pytest.mark.parametrize("client", ["blocking", "async"])
def test_what_is_refused_for_an_undocumented_request_shows_nothing(client: str) -> None:
    body = {"iban": IBAN, "odd": object()}

    def blocking() -> object:
        return MolamClient(config(), object()).request("POST", "/v1/x", json=body)

    async def awaiting() -> object:
        return await MolamAsyncClient(config(), object()).request("POST", "/v1/x", json=body)

    assert revealed(blocking if client == "blocking" else lambda: asyncio.run(awaiting())) == []


def test_a_second_page_and_a_resumed_call_show_nothing() -> None:
    class Second(Raising):
        pages = 0

        def send(self, method: str, url: str, headers: Any, json: Any = None, timeout: float = 10):
            Second.pages += 1
            if Second.pages == 1:
                return 200, '{"data": [{"id": "po_1"}], "has_more": true}', {}
            raise self.error

    client = MolamClient(config(), Second(ZeroDivisionError("bug")))
    page = client.list_payouts()
    assert revealed(lambda: list(page)) == []
    failing = MolamClient(config(max_retries=0), Raising(NetworkError("lost")))
    with pytest.raises(NetworkError) as caught:
        payout(failing)
    assert revealed(caught.value.resume) == []


def test_keys_in_a_query_or_cookie_show_as_little_as_those_in_a_header() -> None:
    from molam_overlays.message.credentials import Credentials

    class Elsewhere(Config):
        credentials = Credentials(
            place="query", name="api_key", also=(Credentials("cookie", "sid", key="session"),)
        )

    settings = Elsewhere(api_key=KEY, further_keys={"session": revealing.FURTHER}, max_retries=0)
    for adapter in (Raising(ZeroDivisionError("bug")), HttpxAdapter(trust_env=False)):
        client = MolamClient(settings, adapter)
        client._settings = client._settings._replace(base="http://127.0.0.1:1")
        assert revealed(lambda client=client: payout(client)) == []


# The wire -----------------------------------------------------------------------------------------


class Rude:
    """A server that does one wrong thing to every connection."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.held: list[socket.socket] = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            if self.what == "silence":
                self.held.append(peer)
                continue
            with peer, contextlib.suppress(OSError):
                self.wrong(peer)

    def wrong(self, peer: socket.socket) -> None:
        peer.recv(65536)
        if self.what == "reset":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        elif self.what == "garbage":
            peer.sendall(b"what do you want\r\n\r\n")
        elif self.what == "short":
            peer.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{")
        elif self.what == "gzip":
            peer.sendall(
                b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
            )

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.socket.close()
        self.thread.join(10)
        for peer in self.held:
            peer.close()


@pytest.fixture(params=["reset", "garbage", "short", "gzip", "close", "silence", "refused"])
def rude(request: pytest.FixtureRequest) -> Iterator[Rude]:
    server = Rude(request.param)
    if request.param == "refused":
        server.close()
    yield server
    server.close()


def _bad_hook(request: Any) -> None:
    raise ZeroDivisionError("a hook of the user's")


async def _bad_async_hook(request: Any) -> None:
    raise ZeroDivisionError("a hook of the user's")


def _fast() -> Any:
    from molam_sdk.http.pyreqwest import PyreqwestAdapter

    return PyreqwestAdapter(trust_env=False)


def _fast_async() -> Any:
    from molam_sdk.http.pyreqwest import AsyncPyreqwestAdapter

    return AsyncPyreqwestAdapter(trust_env=False)


def _through(kind: str) -> Any:
    """Return an adapter that goes through httpx2's own pool, whose frames all take part."""
    httpx2 = pytest.importorskip("httpx2", reason="needs Python 3.11")
    transport = type("Own", (getattr(httpx2, f"{kind}HTTPTransport"),), {})()
    client = getattr(httpx2, f"{kind}Client")(transport=transport)
    return AsyncHttpxAdapter(client) if kind else HttpxAdapter(client)


WIRES: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "default": (
        lambda: HttpxAdapter(trust_env=False),
        lambda: AsyncHttpxAdapter(trust_env=False),
    ),
    "own client": (
        lambda: HttpxAdapter(httpx.Client(trust_env=False)),
        lambda: AsyncHttpxAdapter(httpx.AsyncClient(trust_env=False)),
    ),
    "own client with hooks": (
        lambda: HttpxAdapter(httpx.Client(trust_env=False, event_hooks={"request": [_bad_hook]})),
        lambda: AsyncHttpxAdapter(
            httpx.AsyncClient(trust_env=False, event_hooks={"request": [_bad_async_hook]})
        ),
    ),
    "own client of httpx2": (lambda: _through(""), lambda: _through("Async")),
    "through a proxy": (
        lambda: HttpxAdapter(proxy="http://user:proxyTOPTOPTOP@127.0.0.1:1"),
        lambda: AsyncHttpxAdapter(proxy="http://user:proxyTOPTOPTOP@127.0.0.1:1"),
    ),
    "speed": (_fast, _fast_async),
}


@pytest.mark.parametrize("client", ["blocking", "async"])
@pytest.mark.parametrize("wire", WIRES)
def test_a_fault_of_the_wire_shows_no_header_and_no_body(
    rude: Rude, wire: str, client: str
) -> None:
    if wire == "speed":
        pytest.importorskip("pyreqwest")
    blocking, awaiting = WIRES[wire]
    settings = config(api_base=rude.url, max_retries=0, timeout=0.3)

    def call() -> object:
        return payout(MolamClient(settings, blocking()))

    async def acall() -> object:
        return await payout(MolamAsyncClient(settings, awaiting()))

    assert revealed(call if client == "blocking" else lambda: asyncio.run(acall())) == []


@pytest.mark.parametrize("client", ["blocking", "async", "of httpx2"])
def test_an_interruption_while_bytes_are_on_their_way_shows_none_of_them(
    client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rude = Rude("silence")
    settings = config(api_base=rude.url, max_retries=0)

    def call() -> object:
        def interrupted(self: Any, data: bytes, *flags: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            if client == "blocking":
                patch.setattr("httpcore._backends.sync.SyncStream.write", interrupted)
                return payout(MolamClient(settings, HttpxAdapter(trust_env=False)))
            adapter = _through("")
            patch.setattr("httpcore2._backends.sync.SyncStream.write", interrupted)
            return payout(MolamClient(settings, adapter))

    async def acall() -> object:
        client = MolamAsyncClient(settings, AsyncHttpxAdapter(trust_env=False))
        return await asyncio.wait_for(payout(client), 0.2)

    try:
        assert revealed(call if client != "async" else lambda: asyncio.run(acall())) == []
    finally:
        rude.close()


def test_one_error_in_several_tasks_ends_none_that_is_still_under_way() -> None:
    shared = NetworkError("lost", delivery="not_sent")
    calls = 0

    class Flaky:
        async def send(self, method, url, headers, json=None, timeout=10):  # type: ignore[no-untyped-def]
            nonlocal calls
            calls += 1
            await asyncio.sleep(0)
            if calls <= 20:
                raise shared
            return 201, '{"id": "po_1"}', {}

    async def main() -> list[Any]:
        patient = MolamAsyncClient(config(max_retries=30), Flaky())
        hasty = patient.with_options(max_retries=0)

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(0.01)

        patient._sleep = hasty._sleep = sleep
        return await asyncio.gather(
            *(payout(patient if number % 2 else hasty) for number in range(10)),
            return_exceptions=True,
        )

    ended = asyncio.run(main())
    assert [type(each).__name__ for each in ended[1::2]] == ["Payout"] * 5


# Webhooks -----------------------------------------------------------------------------------------

BODY = json.dumps({"id": "evt_1", "data": {"beneficiary": BENEFICIARY}}).encode()


def _now() -> int:
    return time.time_ns() // 1_000_000


HEADERS: dict[str, Callable[[], Any]] = {
    "forged": lambda: f"t={_now()},v1={'a' * 64},kid=1",
    "other secret": lambda: generate_signature(BODY, "whsec_other"),
    "missing": lambda: None,
    "empty": lambda: "",
    "not text": lambda: 5,
    "not ASCII": lambda: f"t={_now()},v1=é,kid=1",
    "no kid": lambda: f"t={_now()},v1=ab",
    "repeated": lambda: "t=1,t=2,v1=ab,kid=1",
    "old": lambda: generate_signature(BODY, SECRET, 5),
    "odd time": lambda: "t=soon,v1=ab,kid=1",
    "huge": lambda: "," * 5000,
    "signed, but no event": lambda: generate_signature(BODY, SECRET),
}


def _raising(kid: str) -> str:
    raise ZeroDivisionError("the vault is closed")


SOURCES: dict[str, Any] = {
    "one": SECRET,
    "bytes": SECRET.encode(),
    "several": [SECRET, f"{SECRET}2"],
    "by kid": {"1": SECRET},
    "another kid": {"2": SECRET},
    "function": lambda kid: SECRET,
    "partial": functools.partial(lambda secret, kid: secret, SECRET),
    "raising": _raising,
    "odd": {"1": [SECRET, 5]},
    "surrogate": f"{SECRET}\ud800",
    "coroutine": lambda kid: asyncio.sleep(0),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("header", HEADERS)
def test_a_webhook_that_is_refused_shows_neither_secret_nor_body(header: str, source: str) -> None:
    given = SOURCES[source]
    settings = config()
    settings.__dict__["webhook_secret"] = given
    for client in (MolamClient(settings, object()), MolamAsyncClient(settings, object())):
        for method in (client.construct_event, client.verify_webhook_signature):
            assert revealed(lambda method=method: method(HEADERS[header](), BODY), may=True) == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_webhook_verified_by_the_plain_functions_shows_no_secret(source: str) -> None:
    for verify in (verify_signature, construct_event):
        assert (
            revealed(lambda verify=verify: verify(HEADERS["forged"](), BODY, SOURCES[source])) == []
        )


def test_a_stored_body_that_is_no_event_is_not_shown() -> None:
    assert revealed(lambda: read_event(BODY)) == []
    assert revealed(lambda: read_event(b"\xff" + IBAN.encode())) == []
    assert revealed(lambda: generate_signature(5, SECRET)) == []  # type: ignore[arg-type]
    assert revealed(lambda: generate_signature(BODY, SECRET, kid="a,b")) == []


def test_a_receiver_logs_a_traceback_without_body_and_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from molam_overlays.webhook.receiver import areceive, receive

    typed = json.dumps({"id": "evt_1", "type": "payout.paid", "data": BENEFICIARY}).encode()

    def broken(event: Any) -> None:
        raise ZeroDivisionError("a handler of the user's")

    for source, handler in ((SECRET, broken), (_raising, print)):
        settings = config()
        settings.__dict__["webhook_secret"] = source
        client = MolamClient(settings, object())
        header = generate_signature(typed, SECRET)
        receive(header, typed, client.construct_event, handler)
        asyncio.run(areceive(header, typed, client.construct_event, handler))
    logged = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert len(logged) == 4
    for error in logged:
        assert error is not None
        assert revealing.revealed(error, test=__name__) == []


# Settings, models, stores -------------------------------------------------------------------------

REFUSED: dict[str, Callable[[], object]] = {
    "a key of another kind": lambda: Config(api_key=KEY[8:]),
    "a key with a line break": lambda: Config(api_key=f"{KEY}\n"),
    "a bad timeout": lambda: config(timeout=-1),
    "a bad base": lambda: config(api_base=f"https://user:{KEY}@api.molam.com"),
    "a malformed base": lambda: config(api_base=f"https://user:{KEY}@[::1"),
    "http": lambda: config(api_base="http://example.com"),
    "a bad further key": lambda: config(further_keys={"a": KEY, "b": f"{KEY} "}),
    "a bad secret": lambda: config(webhook_secret={"1": [SECRET, 5]}),
    "a secret with a space": lambda: config(webhook_secret=f"{SECRET} "),
    "a client of something else": lambda: MolamClient(KEY),  # type: ignore[arg-type]
    "an async client of something else": lambda: MolamAsyncClient(KEY),  # type: ignore[arg-type]
    "hooks that are none": lambda: Hooks(on_request=3),  # type: ignore[arg-type]
    "hooks of something else": lambda: MolamClient(config(), hooks=3),  # type: ignore[arg-type]
    "a model": lambda: IbanBeneficiary(iban=IBAN * 9),
    "a model with a name too many": lambda: IbanBeneficiary(iban=IBAN, other=1),  # type: ignore[call-arg]
    "a model without what it needs": lambda: IbanBeneficiary(account_holder=3),  # type: ignore[call-arg, arg-type]
    "a bad option": lambda: MolamClient(config(), object()).with_options(
        extra_headers={"X-Key": f"{KEY}\n"}
    ),
    "an amount": lambda: Money("ten", "XOF"),  # type: ignore[arg-type]
    "a page": lambda: PayoutList(),
    "a page of something else": lambda: PayoutList.from_dict(3),  # type: ignore[arg-type]
    "a proxy": lambda: HttpxAdapter(proxy=f"ftp://user:{KEY}@proxy"),
}


PAYOUT = {"id": "po_1", "beneficiary": {"type": "iban", "iban": IBAN}}
CHANGED: dict[str, Callable[[], object]] = {
    "a setting": lambda: setattr(config(), "api_key", KEY),
    "an attribute": lambda: setattr(Payout.from_dict(PAYOUT), "beneficiary", PAYOUT),
    "an item": lambda: Payout.from_dict({}).__setitem__("beneficiary", PAYOUT),  # type: ignore[attr-defined]
    "several items": lambda: Payout.from_dict({}).update(PAYOUT),  # type: ignore[attr-defined]
    "an attribute of a page": lambda: setattr(PayoutList.from_dict({}), "data", [PAYOUT]),
    "a page": lambda: PayoutList.from_dict({}).update(data=[PAYOUT]),  # type: ignore[attr-defined]
}
WRITTEN: dict[str, Callable[[], object]] = {
    "a model that JSON cannot hold": lambda: Payout.from_dict({**PAYOUT, "x": {1, 2}}).to_json(),
    "a page that JSON cannot hold": lambda: PayoutList.from_dict(
        {"data": [PAYOUT], "x": {1, 2}}
    ).to_json(),
}


@pytest.mark.parametrize("what", [*CHANGED, *WRITTEN])
def test_what_cannot_be_changed_or_written_shows_nothing(what: str) -> None:
    assert revealed({**CHANGED, **WRITTEN}[what]) == []


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_built_shows_nothing_and_can_be_printed(what: str) -> None:
    assert revealed(REFUSED[what]) == []


@pytest.mark.parametrize("cls", [Config, MolamClient, MolamAsyncClient, IdempotencyStore])
def test_an_object_that_is_half_built_has_a_repr(cls: type) -> None:
    assert cls.__name__ in repr(cls.__new__(cls))


def test_a_key_from_the_environment_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLAM_API_KEY", KEY)
    monkeypatch.setenv("MOLAM_WEBHOOK_SECRET", f"{SECRET}\n")
    assert revealed(Config) == []


def _claimed(store: IdempotencyStore) -> Any:
    return store.claim("k", "r")


STORE: dict[str, Callable[[IdempotencyStore], object]] = {
    "no tables": lambda store: store.store_response("k", "r", {"iban": IBAN}),
    "not JSON": lambda store: store.store_response("k", "r", {"iban": IBAN, "odd": object()}),
    "holds itself": lambda store: store.store_response(
        "k", "r", (lambda loop: loop.update(me=loop) or loop)({"iban": IBAN})
    ),
    "work that raises": lambda store: store.run("k", "r", lambda: 1 / 0, fingerprint=IBAN),
    "a decorated function": lambda store: store.idempotent(route="r", key=lambda iban: "k")(
        lambda iban: 1 / 0
    )(IBAN),
}


@pytest.mark.parametrize("migrated", [False, True])
@pytest.mark.parametrize("what", list(STORE)[1:])
def test_an_error_of_a_store_shows_no_body(what: str, migrated: bool, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    if migrated:
        migrate(url, SCRIPTS)
    store = IdempotencyStore(url)
    assert revealed(lambda: STORE[what](store)) == []
    store.close()


def test_a_journal_that_cannot_be_written_shows_no_body(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    for do in both(lambda: answering(201, "{}"), client={"idempotency_store": url}).values():
        assert revealed(do) == []


# What is left alone -------------------------------------------------------------------------------


def test_frames_of_others_keep_their_variables_and_ours_their_places() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        payout(MolamClient(config(), Raising(ZeroDivisionError("bug"))))
    frames = list(revealing.frames(caught.value.__traceback__))
    assert frames[-1].f_code.co_name == "send"
    assert frames[-1].f_locals["method"] == "POST"
    named = [(frame.f_globals["__name__"], frame.f_code.co_name) for frame in frames]
    assert ("molam_sdk.client", "create_payout") in named
    assert ("molam_overlays.calls.blocking", "_run") in named
    assert ("molam_overlays.transport.exchange", "through_send") in named


def test_what_was_being_handled_when_a_call_was_made_keeps_its_variables() -> None:
    def own() -> None:
        precious = 1  # noqa: F841
        raise KeyError("theirs")

    def recovering() -> None:
        try:
            own()
        except KeyError:
            payout(MolamClient(config(), Raising(NetworkError("lost"))), amount="many")

    with pytest.raises(MolamError) as caught:
        recovering()
    theirs = [
        frame
        for link in revealing.chain(caught.value)
        if isinstance(link, KeyError)
        for frame in revealing.frames(link.__traceback__)
    ]
    assert theirs[-1].f_locals["precious"] == 1


def test_sealed_functions_keep_name_signature_and_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    import inspect

    # Else this module would count as ours for all tests that come after.
    monkeypatch.setattr("molam_overlays.frames._emitted", set())

    assert inspect.iscoroutinefunction(MolamAsyncClient.request)
    assert list(inspect.signature(verify_signature).parameters)[:2] == ["header", "raw_body"]
    assert verify_signature.__doc__ is not None

    @sealed
    def plain(a: int) -> int:
        return a

    assert plain(3) == 3


def test_emptying_leaves_a_traceback_that_can_be_raised_again() -> None:
    def deep(n: int) -> None:
        if n == 0:
            raise ValueError("bottom")
        deep(n - 1)

    def emptied() -> None:
        try:
            deep(20)
        except ValueError as error:
            empty(error)
            raise

    with pytest.raises(ValueError, match="bottom") as caught:
        emptied()
    assert len(list(revealing.frames(caught.value.__traceback__))) >= 20
    logging.getLogger(__name__).debug("printed", exc_info=caught.value)


# Proxies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("special", [*"/#?@[]:% ", "%zz", "\u00e9", "//"])
@pytest.mark.parametrize(
    "form", ["http://user:{}@127.0.0.1:1", "socks5://user:{}@127.0.0.1:1", "user:{}@127.0.0.1:1"]
)
def test_the_password_of_a_proxy_is_not_shown_however_it_is_written(
    form: str, special: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for password in (f"pa{special}TOPTOPTOP", f"77777{special}TOPTOPTOP", f"TOPTOPTOP{special}9"):
        url = form.format(password)
        monkeypatch.setenv("HTTPS_PROXY", url)
        for make in (lambda url=url: HttpxAdapter(proxy=url), HttpxAdapter):
            do = lambda make=make: payout(MolamClient(config(max_retries=0), make()))  # noqa: E731
            assert revealed(do) == []


def test_a_piece_of_a_proxys_password_is_not_taken_for_its_port() -> None:
    from molam_sdk.exceptions import ConfigurationError

    for url in ("http://user:12/x@proxy:1", "http://user:12?x@proxy:1", "http://user:12#x@proxy"):
        with pytest.raises(ConfigurationError, match="percent-encode"):
            HttpxAdapter(proxy=url)
