"""The two shapes of a call, `send`'s tuple and the bytes of `exchange`, turned into each other."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from typing import Any

from molam_overlays.wire import Request, Response


def request_of(
    method: str, url: str, headers: Mapping[str, str], json: Any, timeout: float
) -> Request:
    """Return the request for the arguments of `send`."""
    fields = dict(headers)
    content = None
    if json is not None:
        content = jsonlib.dumps(json, separators=(",", ":"), allow_nan=False).encode()
        if not any(name.lower() == "content-type" for name in fields):
            fields["Content-Type"] = "application/json"
    return Request(method.upper(), url, fields, content, json, timeout)


def answer_of(response: Response) -> tuple[int, str, Mapping[str, str]]:
    """Return what `send` returns."""
    return response.status, response.content.decode("utf-8", "replace"), response.headers
