"""One function for any framework: in Litestar, aiohttp, plain WSGI and a function handler."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import aiohttp.web
import httpx
import litestar
import pytest
import uvicorn

from molam_overlays.errors import ConfigurationError
from molam_overlays.webhook.receiver import Answer, areceive_webhook, receive_webhook
from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.events import EventRouter

from .deliveries import ALIKE, GOOD, Handlers, construct_event, signed


def in_litestar(handle: Any) -> Any:
    @litestar.post("/webhooks")
    async def webhooks(request: litestar.Request[Any, Any, Any]) -> litestar.Response[str]:
        status, text = await areceive_webhook(
            request.headers, await request.body(), construct_event, handle
        )
        return litestar.Response(text, status_code=status, media_type="text/plain")

    return litestar.Litestar([webhooks], request_max_body_size=None)


def in_aiohttp(handle: Any) -> Any:
    async def webhooks(request: aiohttp.web.Request) -> aiohttp.web.Response:
        status, text = await areceive_webhook(
            request.headers, await request.read(), construct_event, handle
        )
        return aiohttp.web.Response(text=text, status=status)

    app = aiohttp.web.Application(client_max_size=1 << 22)
    app.add_routes([aiohttp.web.post("/webhooks", webhooks)])
    return app


def in_wsgi(handle: Any) -> Any:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, text = receive_webhook(environ, body, construct_event, handle)
        start_response(f"{status} -", [("Content-Type", "text/plain")])
        return [text.encode()]

    return app


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def serve_litestar(app: Any) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def serve_aiohttp(app: Any) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = aiohttp.web.AppRunner(app)

    async def begin() -> int:
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    yield asyncio.run_coroutine_threadsafe(begin(), loop).result()
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def serve_wsgi(app: Any) -> Iterator[int]:
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture(
    scope="module",
    params=[(in_litestar, serve_litestar), (in_aiohttp, serve_aiohttp), (in_wsgi, serve_wsgi)],
    ids=["litestar", "aiohttp", "wsgi"],
)
def url(request: pytest.FixtureRequest, handlers: Handlers) -> Iterator[str]:
    make, serve = request.param
    for port in serve(make(handlers.events)):
        yield f"http://127.0.0.1:{port}/webhooks"


@pytest.mark.parametrize(("body", "headers", "status", "text"), ALIKE)
def test_a_framework_answers(
    url: str,
    handlers: Handlers,
    body: bytes,
    headers: Callable[[bytes], dict[str, str]],
    status: int,
    text: str,
) -> None:
    handlers.seen.clear()
    answer = httpx.post(url, content=body, headers=headers(body))
    assert (answer.status_code, answer.text) == (status, text)
    handled = ["é"] if status == 200 and body == GOOD else []
    assert [event["note"] for event in handlers.seen] == handled


def now_signed(value: Any) -> Any:
    """Put a signature of this moment where one is to stand."""
    signature = signed(GOOD)["Molam-Signature"]
    match value:
        case httpx.Headers():
            return httpx.Headers(now_signed(dict(value)))
        case dict():
            return {key: now_signed(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(now_signed(item) for item in value)
        case bytes() if value == SIGNED.encode():
            return signature.encode()
        case _:
            return signature if value == SIGNED else value


def lambda_handler(event: dict[str, Any], handle: Any) -> dict[str, Any]:
    body = event["body"] or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    status, text = receive_webhook(
        event.get("multiValueHeaders") or event["headers"] or {}, raw, construct_event, handle
    )
    return {"statusCode": status, "body": text}


SIGNED = "signed when the test runs, for a signature grows old"
TEXT, ENCODED = GOOD.decode(), base64.b64encode(GOOD).decode()


@pytest.mark.parametrize(
    "event",
    [
        # What API Gateway hands over, by its two payload formats, and a load balancer.
        {"headers": {"Molam-Signature": SIGNED}, "multiValueHeaders": None, "body": TEXT},
        {
            "headers": {"Molam-Signature": SIGNED},
            "multiValueHeaders": {"Molam-Signature": [SIGNED], "Host": ["x"]},
            "body": ENCODED,
            "isBase64Encoded": True,
        },
        {
            "version": "2.0",
            "headers": {"molam-signature": SIGNED, "host": "x"},
            "body": ENCODED,
            "isBase64Encoded": True,
        },
        {"headers": {"molam-signature": SIGNED}, "body": TEXT, "isBase64Encoded": False},
        {"multiValueHeaders": {"molam-signature": [SIGNED]}, "body": TEXT},
    ],
    ids=["rest", "rest, base64", "http, base64", "http", "load balancer"],
)
def test_a_function_handler_answers(event: dict[str, Any]) -> None:
    handlers, event = Handlers(), now_signed(event)
    assert lambda_handler(event, handlers.events) == {"statusCode": 200, "body": "ok"}
    assert len(handlers.seen) == 1


@pytest.mark.parametrize(
    "event", [{"headers": None, "body": None}, {"headers": {"Molam-Signature": None}, "body": TEXT}]
)
def test_a_function_handler_refuses_what_is_not_signed(event: dict[str, Any]) -> None:
    assert lambda_handler(event, Handlers().events)["statusCode"] == 401


@pytest.mark.parametrize(
    "headers",
    [
        [(b"molam-signature", SIGNED.encode())],  # ASGI's scope
        [("MOLAM-SIGNATURE", SIGNED)],
        {"HTTP_MOLAM_SIGNATURE": SIGNED, "wsgi.multithread": True, 3: 4},
        httpx.Headers({"Molam-Signature": SIGNED}),
    ],
    ids=["pairs of bytes", "pairs", "environment", "mapping"],
)
def test_headers_may_come_as_frameworks_have_them(headers: Any) -> None:
    headers = now_signed(headers)
    assert receive_webhook(headers, GOOD, construct_event, Handlers().events) == Answer(200, "ok")


def test_a_header_that_is_only_spelled_alike_is_another_one() -> None:
    answer = receive_webhook(
        {"Molam_Signature": signed(GOOD)["Molam-Signature"]}, GOOD, construct_event, print
    )
    assert answer == Answer(401, "Missing signature header")


async def awaited(event: Any) -> None:
    raise AssertionError


def endpoints() -> list[Any]:
    from molam_overlays.contrib import asgi, django, flask

    return [
        pytest.param(flask.webhook_endpoint, False, id="Flask"),
        pytest.param(django.webhook_endpoint, False, id="Django"),
        pytest.param(django.async_webhook_endpoint, True, id="Django, async"),
        pytest.param(asgi.webhook_endpoint, True, id="ASGI"),
        pytest.param(
            lambda construct, handle: receive_webhook({}, b"", construct, handle), False, id="any"
        ),
        pytest.param(
            lambda construct, handle: asyncio.run(areceive_webhook({}, b"", construct, handle)),
            True,
            id="any, async",
        ),
    ]


@pytest.mark.parametrize(("endpoint", "awaits"), endpoints())
def test_misuse_fails_at_start(
    endpoint: Any, awaits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOLAM_WEBHOOK_SECRET", raising=False)
    with MolamClient(Config(api_key="sk_test_1")) as client:
        with pytest.raises(ConfigurationError, match=r"no webhook secret.*MOLAM_WEBHOOK_SECRET"):
            endpoint(client.construct_event, print)
        with pytest.raises(ConfigurationError, match="got MolamClient, pass its construct_event"):
            endpoint(client, print)
    for wrong in (EventRouter(), "whsec_x", None):
        with pytest.raises(ConfigurationError, match=f"got {type(wrong).__name__}, pass a fun"):
            endpoint(wrong, print)
    with pytest.raises(ConfigurationError, match="a coroutine function"):
        endpoint(awaited, print)
    with pytest.raises(ConfigurationError, match=r"EventRouter or a function.*got list") as told:
        endpoint(construct_event, [])
    assert "whsec" not in str(told.value)
    if awaits:
        endpoint(construct_event, awaited)
    else:
        with pytest.raises(ConfigurationError, match="awaited must be awaited"):
            endpoint(construct_event, awaited)


@pytest.mark.parametrize("client", [MolamClient, MolamAsyncClient])
def test_a_client_with_a_secret_will_do(client: Any) -> None:
    for secret in ("whsec_x", {"1": "whsec_x"}, lambda kid: "whsec_x"):
        made = client(Config(api_key="sk_test_1", webhook_secret=secret))
        answer = receive_webhook({}, b"", made.construct_event, print)
        assert answer == Answer(401, "Missing signature header")
