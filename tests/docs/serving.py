"""Serves the program of a page in its framework's real server: ``serving.py FRAMEWORK PROGRAM``. Prints its port."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import sys
from typing import Any


def asgi(app: Any, listening: socket.socket) -> None:
    import uvicorn

    uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off")).run([listening])


def wsgi(app: Any, listening: socket.socket) -> None:
    from werkzeug.serving import make_server

    make_server("127.0.0.1", 0, app, threaded=True, fd=listening.detach()).serve_forever()


def aiohttp(app: Any, listening: socket.socket) -> None:
    from aiohttp import web

    web.run_app(app, sock=listening, print=None)


SERVERS: dict[str, Any] = {
    "flask": wsgi,
    "django": wsgi,
    "wsgi": wsgi,
    "fastapi": asgi,
    "starlette": asgi,
    "litestar": asgi,
    "aiohttp": aiohttp,
}


if __name__ == "__main__":
    framework, program = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("shop", program)
    assert spec is not None
    assert spec.loader is not None
    shop = importlib.util.module_from_spec(spec)
    sys.modules["shop"] = shop
    spec.loader.exec_module(shop)
    if framework == "aiohttp":
        asyncio.set_event_loop(asyncio.new_event_loop())
    with socket.create_server(("127.0.0.1", 0)) as bound:
        print(bound.getsockname()[1], flush=True)
        SERVERS[framework](shop.app, bound)
