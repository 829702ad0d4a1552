"""The Django receiver, in a real Django."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from molam_overlays.contrib.django import (
    async_webhook_endpoint,
    async_webhook_view,
    webhook_endpoint,
    webhook_view,
)
from tests.django_project import Urls, configure

from .deliveries import ALIKE, GOOD, Handlers, construct_event, signed


@pytest.fixture(autouse=True)
def _django() -> Iterator[None]:
    configure()
    with override_settings(ROOT_URLCONF=Urls):
        yield


@pytest.fixture
def handlers() -> Handlers:
    made = Handlers()
    Urls.urlpatterns = [
        path("webhooks", webhook_endpoint(construct_event, made.events)),
        path("awaiting", async_webhook_endpoint(construct_event, made.events)),
    ]
    django.urls.clear_url_caches()
    return made


def arguments(body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    headers = dict(headers)
    return {
        "data": body,
        "content_type": headers.pop("Content-Type", "application/json"),
        "headers": headers,
    }


@pytest.mark.parametrize(("body", "headers", "status", "text"), ALIKE)
async def test_django_answers(
    body: bytes,
    headers: Callable[[bytes], dict[str, str]],
    status: int,
    text: str,
    handlers: Handlers,
) -> None:
    # The checks for cross-site requests are on, and the receiver is exempt.
    client = AsyncClient(enforce_csrf_checks=True)
    response = await client.post("/awaiting", **arguments(body, headers(body)))
    assert (response.status_code, response.content.decode()) == (status, text)
    assert [event["note"] for event in handlers.seen] == (
        ["é"] if status == 200 and body == GOOD else []
    )


@pytest.mark.parametrize(("body", "headers", "status", "text"), ALIKE)
def test_blocking_django_answers(
    body: bytes,
    headers: Callable[[bytes], dict[str, str]],
    status: int,
    text: str,
    handlers: Handlers,
) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/webhooks", **arguments(body, headers(body)))
    assert (response.status_code, response.content.decode()) == (status, text)
    assert len(handlers.seen) == (1 if status == 200 and body == GOOD else 0)


def test_django_takes_post_only(handlers: Handlers) -> None:
    assert Client().get("/webhooks").status_code == 405


def test_djangos_own_limit_is_answered_alike(handlers: Handlers) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10):
        response = Client().post("/webhooks", **arguments(GOOD, signed(GOOD)))
    assert response.status_code == 413


async def test_the_awaiting_view_awaits_handlers() -> None:
    seen: list[Any] = []

    async def handle(event: Any) -> None:
        seen.append(event["id"])

    Urls.urlpatterns = [path("awaiting", async_webhook_endpoint(construct_event, handle))]
    django.urls.clear_url_caches()
    response = await AsyncClient().post("/awaiting", **arguments(GOOD, signed(GOOD)))
    assert (response.status_code, seen) == (200, ["evt_1"])


def test_the_old_names_warn_and_work() -> None:
    with pytest.warns(DeprecationWarning, match="called webhook_endpoint"):
        assert callable(webhook_view(construct_event, print))
    with pytest.warns(DeprecationWarning, match="called async_webhook_endpoint"):
        assert callable(async_webhook_view(construct_event, print))
