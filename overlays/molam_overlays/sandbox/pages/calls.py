"""Calls of the API that a page makes for a person: served and noted like any other."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlencode

from molam_overlays.message.idempotency import KEY_HEADER
from molam_overlays.message.media import JSON
from molam_overlays.sandbox.accounts import account_named
from molam_overlays.sandbox.answer import Asked, Pause, Reply, encode
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.fault_script import HEADER
from molam_overlays.wire import Headers

OWN_ACCOUNT: Final = account_named("sk_test_sandbox")
"""The account of the harness's and the documentation's key, for whoever has none yet."""


async def call(
    core: Core,
    account: str,
    method: str,
    path: str,
    *,
    body: Any = None,
    query: dict[str, str] | None = None,
    key: str = "",
    fault: str = "",
) -> str:
    """Make one request and return its id; faults strike as they would from outside."""
    told = {"Content-Type": JSON}
    if key:
        told[KEY_HEADER] = key
    if fault:
        told[HEADER] = fault
    content = b"" if body is None else encode(body)
    asked = Asked(method, path, urlencode(query or {}), Headers(told), content, account)
    id_ = ""
    for effect in core.serve(asked):
        if isinstance(effect, Pause):
            await asyncio.sleep(effect.seconds)
        elif isinstance(effect, Reply):
            id_ = effect.headers.get("X-Request-Id", "")
    # Where the connection would have ended without a response, the log knows the request.
    return id_ or core.requests(1)[0]["id"]
