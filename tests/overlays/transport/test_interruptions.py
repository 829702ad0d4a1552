"""Exceptions that are not ours, at any moment: a signal handler may raise between two instructions.

A soft time limit or Ctrl-C may end a call. It must never end the client: afterwards no connection
slot is lost, no lock is held, and the next call works. `strike_at` raises where a handler would.
"""

from __future__ import annotations

import gc
import random
import signal
import ssl
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h11
import httpcore
import httpx
import pytest

from molam_overlays.errors import MolamError
from molam_overlays.transport import httpx_sync
from molam_overlays.transport.adapter import ForeignError
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request

BODY = b'{"id":"pi_1","status":"succeeded"}'
TLS = ssl.create_default_context()
OURS = str(Path(httpx_sync.__file__).parent)
# What is struck down may leave its socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def _collect() -> Iterator[None]:
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Struck(Exception):
    pass


def strike_at(step: int, what: Callable[[], object], where: str = OURS) -> bool:
    """Run something; raise before its n-th instruction in the files of a folder. False if it ended."""
    left = step

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(where):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode":
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise Struck
        return trace

    def work() -> None:
        sys.settrace(trace)
        try:
            what()
        except (
            Struck,
            MolamError,
            ForeignError,
        ):  # what the path does, or it struck where others are suppressed
            pass
        finally:
            sys.settrace(None)

    # In a thread of its own: an exception in the middle of the interpreter's entering of a handler
    # would stay "the one being handled" of this thread, and all later ones be chained to it.
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return left < 0


def post(adapter: HttpxAdapter, url: str, timeout: float = 2) -> bytes:
    return adapter.exchange(Request("POST", url, {}, b"{}", None, timeout)).content


class Once:
    """An adapter of one connection, struck once in every call, one instruction later each time."""

    def __init__(
        self, url: str, where: str = OURS, stride: int = 1, first: int = 0, *, own: bool = False
    ) -> None:
        self.url = url
        self.where = where
        self.stride = stride
        self.first = first
        self.own = own

    def adapter(self) -> HttpxAdapter:
        if not self.own:
            return HttpxAdapter(max_connections=1)
        limits = httpx.Limits(max_connections=1)
        return HttpxAdapter(httpx.Client(limits=limits, verify=TLS, trust_env=False))

    def survives(
        self, path: str, timeout: float = 5, *, connected: bool, busy: bool = False
    ) -> int:
        """Return how many instructions were tried."""
        for step in range(self.first, 100_000, self.stride):
            adapter = self.adapter()
            if connected:
                post(adapter, f"{self.url}/ok")
            busy_slot = (
                adapter._lines.stack.take(("http", "127.0.0.1", 1), 0, 1e12) if busy else None
            )
            ended = not strike_at(
                step,
                lambda: post(adapter, f"{self.url}/{path}", timeout),  # noqa: B023
                self.where,
            )
            if busy_slot is not None:
                adapter._lines.stack.give_back(busy_slot, 0)
            assert post(adapter, f"{self.url}/ok") == BODY, step
            lines = [adapter._lines] if adapter._own is None else adapter._own._lines.values()
            assert [each.held for each in lines] == [0], step
            adapter.close()
            if ended:
                return step
        raise AssertionError("it never ends")


@pytest.mark.parametrize(
    ("path", "first"), [("ok", 0), ("last", 1), ("gzipped", 2), ("short", 0)], ids=str
)
@pytest.mark.parametrize("connected", [False, True])
def test_a_call_struck_down_anywhere_takes_no_slot_along(
    server: Any, path: str, first: int, connected: bool
) -> None:
    # Most instructions are the same whatever is answered: between them, the paths take each.
    once = Once(server.url, stride=3, first=first)
    assert once.survives(path, connected=connected) > 300


@pytest.mark.parametrize("package", [httpcore, h11, httpx])
def test_nor_does_one_struck_down_in_the_libraries_below(server: Any, package: Any) -> None:
    where = str(Path(package.__file__).parent)
    assert Once(server.url, where, stride=37).survives("last", connected=False) > 100


@pytest.mark.parametrize("connected", [False, True])
def test_nor_does_one_through_a_client_of_ones_own(server: Any, connected: bool) -> None:
    once = Once(server.url, stride=5, own=True)
    assert once.survives("last", connected=connected) > 300


@pytest.mark.parametrize("package", [httpcore, httpx, threading])
def test_nor_one_that_is_struck_down_in_the_libraries_below_such_a_client(
    server: Any, package: Any
) -> None:
    where = str(Path(package.__file__).parent) if package is not threading else package.__file__
    # Whatever lock of theirs is held then, or slot lost: the next call takes others.
    assert Once(server.url, where, stride=37, own=True).survives("last", connected=False) >= 0


def test_nor_does_one_that_waits_for_a_connection(server: Any) -> None:
    assert Once(server.url).survives("ok", 0.001, connected=False, busy=True) > 50


def test_who_waits_gets_the_slot_of_a_call_that_was_struck_down(server: Any) -> None:
    adapter = HttpxAdapter(max_connections=1)
    slot = adapter._lines.stack.take(("http", "127.0.0.1", 1), 0, 1e12)
    answers: list[bytes] = []
    waiting = threading.Thread(target=lambda: answers.append(post(adapter, f"{server.url}/ok")))
    waiting.start()
    while not adapter._lines.stack._queue:
        pass
    assert slot is not None
    del slot  # as a call does that was struck before it could give it back
    waiting.join()
    adapter.close()
    assert answers == [BODY]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals")
def test_a_signal_handler_may_raise_or_call_at_random_moments(server: Any) -> None:
    adapter = HttpxAdapter(max_connections=3)
    chance = random.Random(5)
    struck = nested = 0
    armed = False

    def handle(*_: Any) -> None:
        nonlocal nested
        if not armed:
            return
        if chance.random() < 0.3:
            assert post(adapter, f"{server.url}/ok") == BODY
            nested += 1
        raise Struck

    before = signal.signal(signal.SIGALRM, handle)
    try:
        for number in range(400):
            try:
                armed = True
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 1.5e-3))
                post(adapter, f"{server.url}/{('ok', 'last', 'chunked')[number % 3]}")
                armed = False
            except Struck:
                struck += 1
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert struck > 5
    assert nested > 0
    for _ in range(10):
        assert post(adapter, f"{server.url}/ok") == BODY
    gc.collect()  # what was struck may hang in a circle, its slot with it
    assert adapter._lines.stack.held == 0
    adapter.close()


def test_what_a_signal_handler_raises_while_a_name_is_looked_up_is_told_as_it_is(
    server: Any,
) -> None:
    # threading's own start() would tell of a KeyError: `strike_at` lets nothing but its own pass.
    url = server.url.replace("127.0.0.1", "localhost")
    for step in range(0, 400, 3):
        adapter = HttpxAdapter(max_connections=1)
        strike_at(step, lambda: post(adapter, f"{url}/last"), threading.__file__)  # noqa: B023
        assert post(adapter, f"{server.url}/ok") == BODY
        adapter.close()
    assert not any(each.name == "molam-resolve" for each in threading.enumerate())
