"""Both clients behind one way of calling, a real server, and time that does not pass."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import anyio.from_thread
import pytest

from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.exceptions import MolamError
from molam_sdk.http import AsyncHTTPAdapter, HTTPAdapter

PAYMENT: dict[str, Any] = {
    "id": "pi_7d2c9e40",
    "status": "requires_confirmation",
    "amount": 2500,
    "currency": "USD",
    "capture": False,
    "metadata": {"order": "1042"},
    "last_error": None,
    "livemode": False,
    "created_at": "2025-01-16T12:00:00Z",
}


def load_loopback() -> Any:
    """Import the server of the transport tests, which importlib mode cannot do by name."""
    name = "transport_server"
    if name not in sys.modules:
        path = Path(__file__).parents[1] / "overlays" / "transport" / "server.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


loopback = load_loopback()
sys.modules["sdk_support"] = sys.modules[__name__]  # for tests; importlib mode has no packages


class Clock:
    """Time that passes only while a client waits between attempts."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.elapsed = 0.0
        self.epoch = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
        self.jitter = 0.999

    def monotonic(self) -> float:
        return self.elapsed

    def now(self) -> datetime:
        return self.epoch + timedelta(seconds=self.elapsed)

    def random(self) -> float:
        return self.jitter

    def pass_time(self, seconds: float) -> None:
        self.elapsed += seconds

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.pass_time(seconds)

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


class Recorder(HTTPAdapter):
    """An adapter that answers what it was given, in order; the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers) or [(200, json.dumps(PAYMENT), {"X-Request-Id": "req_1"})]
        self.sent: list[dict[str, Any]] = []
        self.closed = 0

    def send(self, **request: Any) -> Any:  # type: ignore[override]
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        self.closed += 1


class AsyncRecorder(AsyncHTTPAdapter):
    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    async def send(self, **request: Any) -> Any:  # type: ignore[override]
        return self.recorder.send(**request)

    async def aclose(self) -> None:
        self.recorder.close()


class Api:
    """A client, blocking or async, called like a blocking one."""

    def __init__(self, client: Any, clock: Clock, run: Callable[..., Any], flavour: str) -> None:
        self.client = client
        self.clock = clock
        self.run = run
        self.flavour = flavour

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._call, getattr(self.client, method))

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self.run(partial(function, *args, **kwargs))

    def using(self, **options: Any) -> Api:
        return Api(self.client.with_options(**options), self.clock, self.run, self.flavour)

    def resume(self, error: MolamError) -> Any:
        return self.run(error.resume if self.flavour == "sync" else error.aresume)

    def next_page(self, page: Any) -> Any:
        return self.run(page.next_page)

    def all(self, page: Any) -> list[Any]:
        if self.flavour == "sync":
            return list(page)

        async def collect() -> list[Any]:
            return [item async for item in page]

        return self.run(collect)

    def close(self) -> None:
        self.run(self.client.close if self.flavour == "sync" else self.client.aclose)


MakeApi = Callable[..., Api]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> Any:
    return clock  # a clock has all that a client asks of the world


@pytest.fixture(params=["sync", "asyncio"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make_api(flavour: str, clock: Clock, world: Any) -> Iterator[MakeApi]:
    """Return what builds a client from a Config's fields, for each of the two clients."""
    with ExitStack() as stack:
        portal: Any = None
        if flavour != "sync":
            portal = stack.enter_context(anyio.from_thread.start_blocking_portal(flavour))

        def run(function: Callable[[], Any]) -> Any:
            if portal is None:
                return function()

            async def awaited() -> Any:
                outcome = function()
                return await outcome if hasattr(outcome, "__await__") else outcome

            return portal.call(awaited)

        def build(
            adapter: Any = None, *, hooks: Any = None, store: Any = None, **config: Any
        ) -> Api:
            settings = Config(
                **{"api_key": "sk_test_1", "api_base": "http://localhost:9", **config}
            )
            kind: Any = MolamClient if flavour == "sync" else MolamAsyncClient
            if isinstance(adapter, Recorder) and flavour != "sync":
                adapter = AsyncRecorder(adapter)
            sleep = clock.sleep if flavour == "sync" else clock.asleep
            client = kind(
                settings, adapter, hooks=hooks, idempotency_store=store, world=world, sleep=sleep
            )
            api = Api(client, clock, run, flavour)
            stack.callback(api.close)
            return api

        yield build


@pytest.fixture
def server() -> Iterator[Any]:
    with loopback.Server() as running:
        yield running
