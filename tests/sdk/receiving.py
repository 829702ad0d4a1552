"""A webhook receiver in a server of its own: ``receiving.py FRAMEWORK STORE``.

Prints its port. Every event goes into the inbox at STORE, as a merchant's receiver would do it,
unless the inbox's file is missing: then the handler raises. The secret is of the environment.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from molam_sdk import Config, MolamClient
from molam_sdk.inbox import AsyncInbox, Inbox


def flask(construct_event: Any, store: str) -> Any:
    from flask import Flask

    from molam_sdk.contrib.flask import webhook_endpoint

    app = Flask(__name__)
    app.post("/webhooks")(webhook_endpoint(construct_event, Inbox(store).receive_event))
    return app


def django(construct_event: Any, store: str, *, awaiting: bool = False) -> Any:
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    from molam_sdk.contrib.django import async_webhook_endpoint, webhook_endpoint

    view = (
        async_webhook_endpoint(construct_event, AsyncInbox(store).receive_event)
        if awaiting
        else webhook_endpoint(construct_event, Inbox(store).receive_event)
    )
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["127.0.0.1"],
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        USE_TZ=True,
    )
    globals()["urlpatterns"] = [path("webhooks", view)]
    return get_asgi_application() if awaiting else get_wsgi_application()


def django_async(construct_event: Any, store: str) -> Any:
    return django(construct_event, store, awaiting=True)


def fastapi(construct_event: Any, store: str) -> Any:
    from fastapi import FastAPI

    from molam_sdk.contrib.asgi import webhook_endpoint

    app = FastAPI()
    app.post("/webhooks")(webhook_endpoint(construct_event, AsyncInbox(store).receive_event))
    return app


def starlette(construct_event: Any, store: str) -> Any:
    from starlette.applications import Starlette

    from molam_sdk.contrib.asgi import webhook_endpoint

    app = Starlette()
    # A blocking handler: it runs in a thread.
    endpoint = webhook_endpoint(construct_event, Inbox(store).receive_event)
    app.add_route("/webhooks", endpoint, methods=["POST"])
    return app


def serve_asgi(app: Any, listening: socket.socket) -> None:
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    server.run(sockets=[listening])


def serve_wsgi(app: Any, listening: socket.socket) -> None:
    from werkzeug.serving import make_server

    make_server("127.0.0.1", 0, app, threaded=True, fd=listening.detach()).serve_forever()


FRAMEWORKS: dict[str, tuple[Any, Any]] = {
    "flask": (flask, serve_wsgi),
    "django": (django, serve_wsgi),
    "django-async": (django_async, serve_asgi),
    "fastapi": (fastapi, serve_asgi),
    "starlette": (starlette, serve_asgi),
}


if __name__ == "__main__":
    make, serve = FRAMEWORKS[sys.argv[1]]
    app = make(MolamClient(Config()).construct_event, sys.argv[2])
    with socket.create_server(("127.0.0.1", 0)) as bound:
        print(bound.getsockname()[1], flush=True)
        serve(app, bound)
