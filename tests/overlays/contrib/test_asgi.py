"""The ASGI receiver, in real Starlette and FastAPI applications."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from molam_overlays.contrib.asgi import webhook_endpoint

from .deliveries import ALIKE, GOOD, LARGE, Handlers, construct_event, signed


def starlette_application(handle: Any) -> ASGIApp:
    endpoint = webhook_endpoint(construct_event, handle)
    return Starlette(routes=[Route("/webhooks", endpoint, methods=["POST"])])


def fastapi_application(handle: Any) -> ASGIApp:
    app = FastAPI()
    app.post("/webhooks")(webhook_endpoint(construct_event, handle))
    return app


def fastapi_route(handle: Any) -> ASGIApp:
    app = FastAPI()
    app.add_route("/webhooks", webhook_endpoint(construct_event, handle), methods=["POST"])
    return app


def browser(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver")


APPLICATIONS = [starlette_application, fastapi_application, fastapi_route]


@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.parametrize(("body", "headers", "status", "text"), ALIKE)
async def test_asgi_answers(
    application: Callable[[Any], ASGIApp],
    body: bytes,
    headers: Callable[[bytes], dict[str, str]],
    status: int,
    text: str,
) -> None:
    handlers = Handlers()
    client = browser(application(handlers.events))
    response = await client.post("/webhooks", content=body, headers=headers(body))
    assert (response.status_code, response.text) == (status, text)
    assert [event["note"] for event in handlers.seen] == (
        ["é"] if status == 200 and body == GOOD else []
    )


@pytest.mark.parametrize("application", APPLICATIONS)
async def test_asgi_takes_post_only(application: Callable[[Any], ASGIApp]) -> None:
    assert (await browser(application(Handlers().events)).get("/webhooks")).status_code == 405


async def test_a_body_of_unannounced_length_is_read_up_to_the_limit() -> None:
    async def pieces(body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1 << 16):
            yield body[start : start + (1 << 16)]

    handlers = Handlers()
    client = browser(starlette_application(handlers.events))
    for body, status in ((GOOD, 200), (LARGE, 413)):
        response = await client.post("/webhooks", content=pieces(body), headers=signed(body))
        assert response.status_code == status
    assert len(handlers.seen) == 1


async def test_several_header_lines_are_read_as_one() -> None:
    handlers = Handlers()
    client = browser(starlette_application(handlers.events))
    first, *rest = signed(GOOD)["Molam-Signature"].split(",")
    lines = [("Molam-Signature", first), ("Molam-Signature", ",".join(rest))]
    assert (await client.post("/webhooks", content=GOOD, headers=lines)).status_code == 200


async def test_coroutine_handlers_are_awaited_and_plain_ones_leave_the_event_loop_free() -> None:
    threads: list[int] = []

    async def awaited(event: Any) -> None:
        threads.append(threading.get_ident())

    def plain(event: Any) -> None:
        threads.append(threading.get_ident())

    handlers = Handlers()
    handlers.events.on("payout.paid")(awaited)
    handlers.events.on("payout.paid")(plain)
    client = browser(starlette_application(handlers.events))
    assert (await client.post("/webhooks", content=GOOD, headers=signed(GOOD))).status_code == 200
    assert len(set(threads)) == 2


def test_the_endpoint_names_its_types_without_looking_them_up() -> None:
    endpoint = webhook_endpoint(construct_event, lambda event: None)
    assert endpoint.__annotations__ == {"request": Request, "return": Response}
