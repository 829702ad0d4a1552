"""The drivers, on operations of their own; the emitted clients are tested in tests/sdk."""

from __future__ import annotations

import asyncio
import inspect
import types
import warnings
from typing import Any

import pytest

from molam_overlays.calls.awaiting import Awaiting
from molam_overlays.calls.blocking import Blocking
from molam_overlays.calls.operation import Operation
from molam_overlays.calls.undocumented import template as shown_path
from molam_overlays.config import Config
from molam_overlays.errors import ConfigurationError, MolamError
from molam_overlays.message.body import Body, Result
from molam_overlays.schema.fields import field
from molam_overlays.schema.files import Binary
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import String
from molam_overlays.wire import Headers, Request, Response

CONFIG = Config(api_key="sk_test_1", api_base="http://localhost:1")


class Upload(Model):
    note: str = field(String(), sensitive=True)
    file: bytes = field(Binary())


class Bytes:
    """An adapter that takes bodies of any kind."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def exchange(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answers.pop(0)


class AsyncBytes(Bytes):
    async def exchange(self, request: Request) -> Response:  # type: ignore[override]
        return Bytes.exchange(self, request)


UPLOAD: Operation[Any] = Operation(
    id="upload",
    method="POST",
    path="/files",
    bodies=(Body(Upload, "multipart/form-data"),),
    results=(Result(Binary(), "200", "application/pdf"),),
    keyed=True,
)
OLD: Operation[Any] = Operation(
    id="old", method="GET", path="/old", deprecated="old is deprecated; use new"
)


def pdf(status: int = 200) -> Response:
    return Response(status, Headers({"Content-Type": "application/pdf"}), b"%PDF")


def run(adapter: Any, call: Any) -> Any:
    if isinstance(adapter, AsyncBytes):
        return asyncio.run(Awaiting(CONFIG, adapter, sleep=nap)._run(call, "k"))
    return Blocking(CONFIG, adapter, sleep=lambda _: None)._run(call, "k")


async def nap(seconds: float) -> None:
    pass


@pytest.mark.parametrize("kind", [Bytes, AsyncBytes])
def test_bodies_other_than_json_go_out_alike_in_every_attempt(kind: Any) -> None:
    adapter = kind(Response(503, Headers(), b""), pdf())
    call = UPLOAD.call(body={"note": "n", "file": b"\x00\x01"})
    assert run(adapter, call) == b"%PDF"
    first, second = adapter.requests
    assert first.content == second.content
    assert first.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert first.headers["Accept"] == "application/pdf, application/json"


def test_sensitive_values_of_a_form_are_masked_in_errors_too() -> None:
    body = b'{"error": {"message": "bad note: canary"}}'
    with pytest.raises(MolamError) as caught:
        run(
            Bytes(Response(422, Headers(), body)), UPLOAD.call(body={"note": "canary", "file": b""})
        )
    assert "canary" not in str(caught.value)


def test_an_adapter_with_send_alone_says_that_it_takes_json_only() -> None:
    class Send:
        def send(self, **request: Any) -> Any:
            raise AssertionError("must not be called")

    with pytest.raises(MolamError, match="JSON bodies only"):
        Blocking(CONFIG, Send())._run(UPLOAD.call(body={"note": "n", "file": b""}), "k")


# Deprecation --------------------------------------------------------------------------------------


def facade() -> Any:
    """Build what the generator emits, in a package of its own."""
    module = types.ModuleType("some_sdk.client")
    vars(module).update(Blocking=Blocking, Awaiting=Awaiting, OLD=OLD)
    source = """
class Client(Blocking):
    def old(self):
        return self._run(OLD.call(), None, {})
class AsyncClient(Awaiting):
    async def old(self):
        return await self._run(OLD.call(), None, {})
"""
    exec(source, vars(module))
    return module


def empty() -> Response:
    return Response(204, Headers(), b"")


def test_a_deprecated_operation_warns_at_the_line_that_calls_it() -> None:
    client = facade().Client(CONFIG, Bytes(empty()))
    with pytest.warns(DeprecationWarning, match="use new") as caught:
        client.old()
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
    (warning,) = caught
    assert warning.filename == __file__
    assert warning.lineno == line


def test_a_deprecated_operation_warns_where_it_is_awaited() -> None:
    async def shop() -> int:
        await facade().AsyncClient(CONFIG, AsyncBytes(empty())).old()
        return inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]

    with pytest.warns(DeprecationWarning, match="use new") as caught:
        line = asyncio.run(shop())
    (warning,) = caught
    assert (warning.filename, warning.lineno) == (__file__, line)


def test_resuming_a_deprecated_call_does_not_warn_again() -> None:
    client = facade().Client(CONFIG, Bytes(Response(500, Headers(), b""), empty()), sleep=None)
    with pytest.warns(match="use new"), pytest.raises(MolamError) as caught:
        client.with_options(max_retries=0).old()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert caught.value.resume() is None


# Others -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/v1/connect/refunds", "/v1/connect/refunds"),
        ("/v1/connect/refunds/ref_123/cancel", "/v1/connect/refunds/{}/cancel"),
        ("/v1/phones/%2B221770000000", "/v1/phones/{}"),
        ("/v1/" + "a" * 50, "/v1/{}"),
        ("/v1/a@b.c", "/v1/{}"),
        ("/", "/"),
    ],
)
def test_a_path_is_shown_without_what_may_be_an_id(path: str, template: str) -> None:
    assert shown_path(path) == template


def test_both_drivers_decide_nothing_themselves() -> None:
    """The rules stand in one place: a driver knows neither statuses nor the fault table."""
    for driver in (Blocking._drive, Awaiting._drive):
        source = inspect.getsource(driver)
        assert len(source.splitlines()) < 40
        for word in ("status", "retr", "delivery", "quota"):
            assert word not in source


@pytest.mark.parametrize("kind", [Blocking, Awaiting])
def test_an_environment_that_lacks_a_key_says_so(kind: Any) -> None:
    with pytest.raises(ConfigurationError, match="MOLAM_API_KEY is required"):
        kind()


@pytest.mark.parametrize(
    "name", ["X-Api-Key", "x-api-key", "X_Api_Key", "X-API_KEY", "Idempotency_Key"]
)
def test_credentials_cannot_be_replaced_wherever_the_document_puts_them(name: str) -> None:
    from molam_overlays.errors import ValidationError
    from molam_overlays.message.credentials import Credentials

    class Keyed(Config):
        credentials = Credentials(name="X-Api-Key", scheme="")

    client = Blocking(Keyed(api_key="sk_test_1", api_base="http://localhost:1"), Bytes(empty()))
    with pytest.raises(ValidationError, match="is set by the SDK"):
        client._run(OLD_BUT_FINE.call(), None, {"extra_headers": {name: "other"}})
    client._run(OLD_BUT_FINE.call(), None, {"extra_headers": {"Accept": "text/plain"}})


OLD_BUT_FINE: Operation[Any] = Operation(id="fine", method="GET", path="/fine")
