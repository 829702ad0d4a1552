"""Masking of what must not be shown.

What is sensitive in a body is decided by the API document: models know their sensitive fields.
Here are the mask itself and the rules for what has no model: addresses, free text,
and which headers to leave out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

MASK: Final = "***"
"""What is shown in place of a sensitive value; the same whatever its length."""

SECRET_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "molam-signature"}
)
"""Header names, in lower case, that are never written down. ``Idempotency-Key`` is no secret."""

# API keys, webhook secrets and bearer tokens. The prefix stays: it says what leaked. Alone it is no
# key: a message may say what one starts with, and what is masked already stays as it is.
_KEYS: Final = (
    r"(?<![A-Za-z0-9])(sk_live_|sk_test_|sk_(?!live_|test_)|jwt_|whsec_|"
    r"Bearer\s+(?!(?:sk_(?:live_|test_)?|jwt_)(?![A-Za-z0-9_\-.~+/=])))(?=[_\-.~+/=]*[A-Za-z0-9])[A-Za-z0-9_\-.~+/=]+"
)


def redact_text(text: str) -> str:
    """Return the text with API keys, webhook secrets and bearer tokens masked."""
    return re.sub(_KEYS, rf"\1{MASK}", text)


def redact_url(url: str) -> str:
    """Return an address without password and without query values, fit for a message."""
    try:
        parts = urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
        if ":" in user:
            user = f"{user.partition(':')[0]}:{MASK}"
        query = MASK if parts.query else ""
        shown = SplitResult(parts.scheme, f"{user}{at}{host}", parts.path, query, "").geturl()
    except ValueError:
        return MASK
    return redact_text(shown)


def redact_json(data: Any, sensitive: Collection[str]) -> Any:
    """Return a copy of JSON data in which every property with a sensitive name is masked.

    None stays None. Text elsewhere goes through `redact_text`.
    """
    if isinstance(data, Mapping):
        return {
            name: (MASK if value is not None else None)
            if name in sensitive
            else redact_json(value, sensitive)
            for name, value in cast("Mapping[str, Any]", data).items()
        }
    if isinstance(data, (list, tuple)):
        return [redact_json(value, sensitive) for value in cast("list[Any]", data)]
    return redact_text(data) if isinstance(data, str) else data


_WORD: Final = r"v[0-9]+|[A-Za-z_-]{1,40}"


def template(path: str) -> str:
    """Return a path whose ids, or what may be one, are left out: fit for messages and logs."""
    return "/".join(
        piece if not piece or re.fullmatch(_WORD, piece) else "{}" for piece in path.split("/")
    )
