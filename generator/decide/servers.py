"""Where calls go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def address(server: Mapping[str, Any]) -> str:
    """Return a server's URL, its variables at their defaults."""
    url = str(server.get("url") or "")
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url.rstrip("/")
